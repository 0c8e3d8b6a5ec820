//! The commands that build and run: each is a list of steps, and the first that fails ends it.

use std::process::Command;
use std::thread;

use crate::run::{Done, cargo, root, run, say, target_dir};
use crate::{codec, fuzz, plugins, scenarios, setup};

/// Every check and test.
pub(crate) fn test() -> Done {
    setup::wasm_target()?;
    setup::protoc()?;
    let java = setup::java()?;
    // Their tests look for them themselves, and say so where one is missing.
    setup::registries()?;
    let go = setup::go()?;
    let node = setup::node()?;
    // Maven, Go and npm wait for the network while rustc wants the cores, so they run side by side.
    let peers = thread::spawn(move || {
        if java {
            java_peers()?;
        }
        if go {
            go_peer("go")?;
        }
        if node { node_peer() } else { Ok(()) }
    });
    run("format", cargo().args(["fmt", "--all", "--check"]))?;
    run(
        "lints",
        cargo().args([
            "clippy",
            "--workspace",
            "--all-targets",
            "--quiet",
            "--",
            "-D",
            "warnings",
        ]),
    )?;
    plugins::build()?;
    run("build", cargo().args(["build", "--workspace", "--bins"]))?;
    peers
        .join()
        .map_err(|_| "building the real peers panicked")??;
    // All of them, so that one run tells of every failure.
    run(
        "tests",
        cargo().args(["test", "--workspace", "--no-fail-fast"]),
    )?;
    // The light form that a Rust service links: no wasmtime, no command line.
    run(
        "light features",
        cargo().args([
            "check",
            "--quiet",
            "-p",
            "echo-provider",
            "--no-default-features",
        ]),
    )
}

/// The long forms of the same tests, and further versions of the peers; the tests build those themselves.
pub(crate) fn full() -> Done {
    setup::wasm_target()?;
    setup::protoc()?;
    setup::registries()?;
    setup::java()?;
    setup::go()?;
    setup::node()?;
    plugins::build()?;
    run("build", cargo().args(["build", "--workspace", "--bins"]))?;
    run(
        "ten minutes of random modules and answers",
        cargo()
            .args([
                "test",
                "--workspace",
                "--test",
                "engine",
                "--",
                "property",
                "--nocapture",
            ])
            .env("WUBBO_FULL", "on"),
    )?;
    run(
        "long forms",
        cargo()
            .args(["test", "--workspace", "--test", "it"])
            // What they measured is why they are run: of each by itself, since they run side by side.
            .args(["--", "--show-output"])
            .env(scenarios::FOLDER, scenarios::folder()?)
            .env("WUBBO_FULL", "on"),
    )?;
    scenarios::write()?;
    run(
        "long forms of the plugin host",
        cargo()
            .args(["test", "--workspace", "--test", "engine"])
            .args(["--", "--nocapture", "a_thousand_swaps"])
            .env("WUBBO_FULL", "on"),
    )?;
    run(
        "a hundred reconnects to each registry, and thousands of services",
        cargo()
            .args(["test", "--workspace", "--test", "registries"])
            .args(["--", "many_services", "many_reconnects", "--show-output"])
            .env("WUBBO_FULL", "on"),
    )?;
    fuzz::all()
}

/// The demo: builds, then hands over to the driver.
pub(crate) fn demo(arguments: &[&str]) -> Done {
    setup::wasm_target()?;
    setup::protoc()?;
    say("building; the first time this takes some minutes\n");
    plugins::build()?;
    run("build", cargo().args(["build", "--workspace", "--bins"]))?;
    run(
        "demo",
        Command::new(target_dir().join("debug/demo")).args(arguments),
    )
}

/// The hostile guests as wasm files, in a folder relative to where the reader is.
pub(crate) fn fixtures(folder: &str) -> Done {
    let folder = std::path::absolute(folder).map_err(|error| format!("{folder}: {error}"))?;
    let program = ["run", "--quiet", "-p", "wubbo-tests", "--bin", "fixtures"];
    run(
        "hostile guests",
        cargo().args(program).arg("--").arg(folder),
    )
}

/// The figures: those of Hessian, of a plugin, of providers, consumers and gateways under load, and what a call asks the allocator for.
///
/// The real peers are measured in the same run. Releases are built at once, so that their dependencies are built once.
pub(crate) fn bench() -> Done {
    setup::wasm_target()?;
    setup::protoc()?;
    if setup::java()? {
        java_peers()?;
    }
    if setup::go()? {
        go_peer("go")?;
        go_peer("go3")?;
    }
    plugins::build()?;
    let mut build = cargo();
    build.args(["build", "--release", "--workspace"]);
    for name in ["wubbo", "echo-provider"] {
        build.args(["--bin", name]);
    }
    for name in ["codec", "peers", "plugin"] {
        build.args(["--bench", name]);
    }
    run("build what is measured", &mut build)?;
    run(
        "build what measures",
        cargo().args(["build", "--workspace", "--bins"]),
    )?;
    say("\nbuilt; measuring takes about ten minutes, in five parts\n");
    say("\n== 1 of 5: Hessian beside the codecs of Java and Go\n");
    codec::table()?;
    let short = ["--warm-up-time", "0.3", "--measurement-time", "0.7"];
    run(
        "2 of 5: Hessian and the frames, by the form of the value",
        cargo()
            .args(["bench", "--workspace", "--bench", "codec", "--"])
            .args(short),
    )?;
    run(
        "3 of 5: plugins",
        cargo().args(["bench", "--workspace", "--bench", "plugin"]),
    )?;
    let program = |name: &str| Command::new(target_dir().join("debug").join(name));
    run(
        "4 of 5: providers, consumers and gateways",
        &mut program("figures"),
    )?;
    run("5 of 5: allocations", &mut program("allocations"))
}

/// The peers of each line of Dubbo, one after the other: both builds share a folder.
fn java_peers() -> Done {
    let pom = root().join("tests/interop/java/pom.xml");
    for (line, profile) in [("Dubbo 3", None), ("Dubbo 2.7", Some("dubbo2"))] {
        let mut maven = Command::new("mvn");
        maven.args(["-q", "-B", "-f"]).arg(&pom).arg("package");
        if let Some(profile) = profile {
            maven.args(["-P", profile]);
        }
        run(&format!("build the Java peers of {line}"), &mut maven)?;
    }
    Ok(())
}

/// A peer of one line of dubbo-go, below `tests/interop`.
fn go_peer(line: &str) -> Done {
    let folder = root().join("tests/interop").join(line);
    run(
        "build the Go peer",
        Command::new("go").args(["build", "-C"]).arg(folder).args([
            "-trimpath",
            "-o",
            "target/wubbo-go-peer",
            ".",
        ]),
    )
}

fn node_peer() -> Done {
    let folder = root().join("tests/interop/node");
    run(
        "fetch the packages of the Node peer",
        Command::new("npm").arg("--prefix").arg(folder).args([
            "ci",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
        ]),
    )
}

const ATTACH_DEMO: &str = "
Three stories over a real ZooKeeper, some ten minutes. Providers are two of Dubbo Java 3.3.6, one of 2.7.23 and one of dubbo-go 1.5.9.
A running consumer of Dubbo Java, of 2.7.23 and then of 3.3.6, is led through two gateways and back: `wubbo attach`, routers in wasm that
come, are swapped 20 times, trap and loop, `kill -9` of a gateway, `wubbo detach`, and at last both gateways killed while they are preferred.
The third attaches and detaches 20 times at 1,000 calls a second. Each line says what was done and what the consumer counted then.
";

/// The story of `examples/attach` with real Java parties: built, then told by the test that checks it.
pub(crate) fn attach_demo() -> Done {
    setup::wasm_target()?;
    setup::protoc()?;
    if !(setup::java()? && setup::go()? && setup::registries()?) {
        return Err("a JDK, Maven, Go and ZooKeeper are needed".to_owned());
    }
    go_peer("go")?;
    plugins::build()?;
    run("build", cargo().args(["build", "--workspace", "--bins"]))?;
    say(ATTACH_DEMO);
    run(
        "attach",
        cargo()
            .args(["test", "--workspace", "--test", "it", "--", "attach::java"])
            .args(["--nocapture", "--test-threads=1"]),
    )
}
