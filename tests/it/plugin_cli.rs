//! `wubbo plugin`: from nothing to a filter that a call sees, by the commands that an author types; and what they say about files that
//! a host would refuse.
//!
//! New crates are made and built below the workspace's target folder, with one folder for what cargo builds, so that their
//! dependencies are compiled once. Nothing is downloaded: cargo is told to stay offline.

mod files;
mod operate;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use wubbo_tests::artifacts;
use wubbo_tests::hosts::{EchoProvider, Gateway};
use wubbo_tests::plugin_files::put;
use wubbo_tests::scratch::Scratch;

/// What the issue allows from nothing to live, with warm dependencies; the test asserts five times it.
const GOAL: Duration = Duration::from_secs(60);
/// What a host may take to see a file.
const SEEN: Duration = Duration::from_secs(20);
/// The three commands, for people and for this test.
const SCRIPT: &str = "examples/new-plugin.sh";
/// The kinds that a crate can be made for.
const KINDS: [&str; 4] = ["filter", "router", "loadbalance", "configurator"];

/// Where crates are made.
fn home() -> PathBuf {
    let built = artifacts::built();
    built.parent().unwrap_or(&built).join("plugin-cli")
}

/// A folder for a new crate, which is not there yet.
fn place(name: &str) -> PathBuf {
    removed(home().join(name))
}

fn removed(place: PathBuf) -> PathBuf {
    if place.exists() {
        std::fs::remove_dir_all(&place).unwrap();
    }
    place
}

/// A folder in no repository, not there yet, always the same for this target folder: cargo keeps what it built by path.
fn outside() -> PathBuf {
    let mut hasher = DefaultHasher::new();
    home().hash(&mut hasher);
    removed(std::env::temp_dir().join(format!("wubbo-plugin-cli-{:x}", hasher.finish())))
}

fn offline(mut command: Command) -> Command {
    command
        .env("CARGO_TARGET_DIR", home().join("target"))
        .env("CARGO_NET_OFFLINE", "true")
        .env("CARGO_TERM_COLOR", "never");
    command
}

fn wubbo(arguments: &[&str]) -> Output {
    let mut command = offline(Command::new(artifacts::binary("wubbo")));
    command.args(arguments).output().unwrap()
}

fn said(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

/// Standard output of a command that must succeed.
fn done(arguments: &[&str]) -> String {
    let output = wubbo(arguments);
    let (out, err) = said(&output);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {out}{err}");
    out
}

/// Standard error of a command that must fail with 1.
fn failed(arguments: &[&str]) -> String {
    let output = wubbo(arguments);
    let (out, err) = said(&output);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {out}{err}");
    err
}

fn utf8(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Waits until `what` is said by `ask`.
fn until(what: &str, ask: &dyn Fn() -> String) -> String {
    let deadline = Instant::now() + SEEN;
    loop {
        let answer = ask();
        if answer.contains(what) {
            return answer;
        }
        assert!(Instant::now() < deadline, "no {what:?}: {answer}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The three commands that people are shown, run in the folder of a gateway's configuration; what they printed.
fn script(folder: &Path, admin: &str) -> String {
    let wubbo = artifacts::binary("wubbo");
    let mut path = vec![wubbo.parent().unwrap().to_owned()];
    path.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap()));
    let mut shell = offline(Command::new("sh"));
    let shell = shell.arg(artifacts::root().join(SCRIPT)).arg(admin);
    let shell = shell.env("PATH", std::env::join_paths(path).unwrap());
    let output = shell.current_dir(folder).output().unwrap();
    let (out, err) = said(&output);
    assert!(output.status.success(), "{out}{err}");
    out
}

#[test]
fn the_script_holds_the_three_commands_that_people_read() {
    let text = |path: &str| std::fs::read_to_string(artifacts::root().join(path)).unwrap();
    let script = text(SCRIPT).replace("\"$admin\"", "http://127.0.0.1:9090");
    let code = script.lines().filter(|line| !line.starts_with('#'));
    let commands: Vec<&str> = code
        .filter_map(|line| line.get(line.find("wubbo plugin")?..)?.split(" |").next())
        .collect();
    assert_eq!(commands.len(), 3, "{commands:?}");
    for readme in ["README.md", "host/wubbo/README.md"] {
        let lines = text(readme);
        let mut shown = lines
            .lines()
            .map(|line| line.split(" # ").next().unwrap().trim_end())
            .filter(|line| line.starts_with("wubbo plugin"));
        assert!(shown.by_ref().take(3).eq(commands.clone()), "{readme}");
    }
}

#[test]
fn a_new_filter_is_live_in_a_running_gateway_after_three_commands() {
    let folder = outside();
    let plugins = folder.join("plugins.d");
    std::fs::create_dir_all(&plugins).unwrap();
    let registry = format!("file:{}", folder.join("registry").display());
    let _provider = EchoProvider::start(&["--registry", &registry]).unwrap();
    let yaml = format!(
        "application: plugin-cli\nregistries: {{ main: {{ address: \"{registry}\" }} }}\nplugins: {{ dir: ./plugins.d, builtins: off }}\n\
         gateway: {{ listen: [\"dubbo://127.0.0.1:0\"], services: [\"org.wubbo.*\"] }}\nadmin: {{ listen: \"127.0.0.1:0\" }}\n"
    );
    let gateway = Gateway::start(&yaml, &folder).unwrap();
    let admin = format!("http://{}", gateway.admin().unwrap());
    let url = format!("{}/org.wubbo.demo.EchoService?version=1.0.0", gateway.url());
    let seen = || done(&["call", &url, "attachments"]);
    let listed = || done(&["plugin", "list", "--admin", &admin]);
    assert!(!seen().contains("tenant"));
    assert!(listed().contains("no plugins"));

    let since = Instant::now();
    let compiled = script(&folder, &admin);
    until(r#""tenant":"default""#, &seen);
    println!(
        "from nothing to a call that sees it in {:.1} s; the script says: {}",
        since.elapsed().as_secs_f64(),
        compiled.lines().last().unwrap()
    );
    assert!(since.elapsed() < 5 * GOAL);
    assert!(compiled.contains("wubbo plugin build"), "{compiled}");
    for line in [
        "plugin  filter/tenant 0.1.0",
        "hooks   on_request",
        "schema  in the file",
        "trial   starts without a configuration",
    ] {
        assert!(compiled.lines().any(|found| found == line), "{compiled}");
    }
    let table = until("filter/tenant", &listed);
    let row = table.lines().nth(1).unwrap();
    let words: Vec<&str> = row.split_whitespace().collect();
    let start = ["filter/tenant", "0.1.0", "tenant.wasm", "1", "live"];
    assert_eq!(words[..5], start, "{table}");
    assert!(
        words[5].parse::<u64>().unwrap() > 0 && words[6] == "0",
        "{table}"
    );

    put(&plugins, "tenant.yaml", b"config: { value: blue }").unwrap();
    until(r#""tenant":"blue""#, &seen);
    put(&plugins, "tenant.yaml", b"config: { key: '' }").unwrap();
    until("key: expected the name of an attachment", &listed);
    assert!(seen().contains(r#""tenant":"blue""#), "the old one serves");
    let json: serde_json::Value =
        serde_json::from_str(&done(&["plugin", "list", "--json", "--admin", &admin])).unwrap();
    assert_eq!(json["plugins"][0]["identity"], "filter/tenant");
    assert_eq!(gateway.stop().unwrap(), 0);
    let gone = failed(&["plugin", "list", "--admin", &admin]);
    assert!(
        gone.contains(&format!("no admin server answers at {admin}")),
        "{gone}"
    );
}

#[test]
fn a_new_crate_of_every_kind_passes_its_tests_and_is_taken_by_a_host() {
    for kind in KINDS {
        let dir = place(&format!("kind-{kind}"));
        done(&["plugin", "new", kind, "my.own", "--dir", utf8(&dir)]);
        let mut tests = offline(Command::new(env!("CARGO")));
        let tests = tests.args(["test", "--quiet"]).current_dir(&dir).output();
        let tests = tests.unwrap();
        let (out, err) = said(&tests);
        assert!(tests.status.success(), "{kind}: {out}{err}");
        assert!(!err.contains("warning"), "{kind}: {err}");
        assert!(
            !out.contains("running 0 tests"),
            "{kind} has no test: {out}"
        );
        let built = done(&["plugin", "build", utf8(&dir)]);
        assert!(built.contains("trial   starts without"), "{kind}: {built}");
        let module = dir.join(format!("{kind}-my-own.wasm"));
        let checked = done(&["plugin", "check", utf8(&module)]);
        let verdict = format!(": {kind}/my.own 0.1.0: a host takes it");
        assert!(checked.contains(&verdict), "{checked}");
    }
}

#[test]
fn the_sdk_beside_a_new_crate_is_the_one_of_this_tree() {
    let dir = place("sdk");
    done(&["plugin", "new", "filter", "x", "--dir", utf8(&dir)]);
    let listed = Command::new("git")
        .args(["ls-files", "-z", "plugin-sdk"])
        .current_dir(artifacts::root())
        .output();
    let listed = String::from_utf8(listed.unwrap().stdout).unwrap();
    let mut ours: Vec<&str> = listed.split('\0').filter(|path| !path.is_empty()).collect();
    assert!(ours.len() > 30, "{ours:?}");
    for path in &ours {
        let copy = path.replacen("plugin-sdk", "sdk", 1);
        let (copy, our) = (dir.join(copy), artifacts::root().join(path));
        let copied = std::fs::read(&copy).unwrap_or_else(|error| panic!("{path}: {error}"));
        assert_eq!(copied, std::fs::read(our).unwrap(), "{path}");
    }
    let mut copies = Vec::new();
    walk(&dir.join("sdk"), &mut copies);
    let mut copies: Vec<String> = copies
        .iter()
        .map(|path| format!("plugin-{}", utf8(path.strip_prefix(&dir).unwrap())))
        .collect();
    copies.sort();
    ours.sort();
    assert_eq!(copies, ours);
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, files);
        } else {
            files.push(path);
        }
    }
}

#[test]
fn a_build_that_cannot_be_says_why() {
    let dir = place("broken");
    done(&["plugin", "new", "filter", "broken", "--dir", utf8(&dir)]);
    let source = dir.join("src/lib.rs");
    let good = std::fs::read_to_string(&source).unwrap();

    let wrong = good.replace("Ok(Flow::Continue)", "Ok(Flow::Onward)");
    std::fs::write(&source, wrong).unwrap();
    let said = failed(&["plugin", "build", utf8(&dir)]);
    assert!(
        said.contains("no variant") && said.contains("Onward"),
        "{said}"
    );
    assert!(said.contains("broken does not compile"), "{said}");
    assert!(!dir.join("filter-broken.wasm").exists());

    let no_schema = good.replace("\"type\": \"object\",", "\"type\": \"object\"");
    std::fs::write(&source, no_schema).unwrap();
    let said = failed(&["plugin", "build", utf8(&dir)]);
    assert!(said.contains("its schema cannot be had"), "{said}");
    assert!(said.contains("`describe` answered no JSON"), "{said}");

    let said = failed(&["plugin", "build", utf8(&home())]);
    assert!(
        said.contains("holds no Cargo.toml; name the folder"),
        "{said}"
    );
}

#[test]
fn a_toolchain_without_the_target_is_told_how_to_get_it() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Scratch::new("no-target").unwrap();
    folder.write("Cargo.toml", "").unwrap();
    let rustc = folder.write("rustc", "#!/bin/sh\necho /nowhere\n").unwrap();
    std::fs::set_permissions(&rustc, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = offline(Command::new(artifacts::binary("wubbo")));
    command.args(["plugin", "build", utf8(folder.path())]);
    let output = command.env("RUSTC", &rustc).output().unwrap();
    let (_, err) = said(&output);
    assert_eq!(output.status.code(), Some(1), "{err}");
    assert!(
        err.contains("run `rustup target add wasm32-unknown-unknown`"),
        "{err}"
    );
}

#[test]
fn a_wrong_command_line_exits_with_2() {
    for arguments in [
        &["plugin"][..],
        &["plugin", "new", "filter", "Bad Name"],
        &["plugin", "new", "thing", "x"],
        &["plugin", "check"],
        &["plugin", "list", "extra"],
    ] {
        assert_eq!(wubbo(arguments).status.code(), Some(2), "{arguments:?}");
    }
}
