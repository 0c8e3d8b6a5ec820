//! The scripts of `examples` that people are told to run, run as they are told. Some build programs with features of their own, which
//! takes minutes, and one has fixed ports: therefore with `WUBBO_FULL=on` only.

use std::path::PathBuf;
use std::process::Command;

use wubbo_tests::artifacts;
use wubbo_tests::length::full;

use crate::server::Kind;

/// For what the scripts build, apart from the binaries of the same names that other tests start.
fn target() -> PathBuf {
    let built = artifacts::built();
    built.parent().unwrap_or(&built).join("quickstart")
}

/// What a script in `examples` printed, which must succeed.
fn printed(script: &str, argument: &str) -> String {
    let mut shell = Command::new("sh");
    artifacts::as_outside(&mut shell);
    let shell = shell.arg(format!("examples/{script}")).arg(argument);
    let shell = shell.current_dir(artifacts::root());
    let output = shell.env("CARGO_TARGET_DIR", target()).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(
        output.status.success(),
        "{script} {argument}: {:?}\n{out}{err}",
        output.status
    );
    out
}

fn quickstart(kind: Kind) {
    let Some(server) = full().then(|| kind.own()).flatten() else {
        return;
    };
    let out = printed("quickstart.sh", server.address("").trim_end_matches('?'));
    println!("{out}");
    for line in ["READY dubbo://", "PASS whoami", "passed=4 failed=0"] {
        assert!(out.contains(line), "{line}: {out}");
    }
}

#[test]
fn the_quickstart_finds_its_provider_at_zookeeper() {
    quickstart(Kind::Zookeeper);
}

#[test]
fn the_quickstart_finds_its_provider_at_etcd() {
    quickstart(Kind::Etcd);
}

#[test]
fn the_quickstart_says_how_it_is_called() {
    let mut shell = Command::new("sh");
    let shell = shell.arg("examples/quickstart.sh").arg("redis://h:1");
    let output = shell.current_dir(artifacts::root()).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.contains("usage: sh examples/quickstart.sh zookeeper://"),
        "{said}"
    );
}

#[test]
fn the_sidecar_is_shown_by_one_command() {
    if !full() {
        return;
    }
    artifacts::binary("wubbo");
    let out = printed("sidecar/run.sh", artifacts::built().to_str().unwrap());
    println!("{out}");
    let steps: Vec<&str> = out.lines().filter(|line| line.starts_with("== ")).collect();
    assert_eq!(steps.len(), 5, "{out}");
}
