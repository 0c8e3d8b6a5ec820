//! What is wrong gets a message that names it, and everything else goes on.

use std::net::TcpListener;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value as Json;
use wubbo::{CallOptions, Client};
use wubbo_core::{ErrorKind, ServiceKey};
use wubbo_hessian2::Value;
use wubbo_tests::artifacts;
use wubbo_tests::hosts::{EchoProvider, Gateway};
use wubbo_tests::plugin_files::{fixture, put};
use wubbo_tests::scratch::Scratch;

const SERVICE: &str = "org.wubbo.demo.EchoService";
const LIMIT: Duration = Duration::from_secs(20);

/// Runs `wubbo run` on this YAML until it ends; exit code and standard error.
fn run(yaml: &str) -> (Option<i32>, String) {
    let folder = Scratch::new("bad").unwrap();
    let file = folder.write("wubbo.yaml", yaml).unwrap();
    let output = Command::new(artifacts::binary("wubbo"))
        .args(["run", "-c"])
        .arg(&file)
        .output()
        .unwrap();
    (
        output.status.code(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}

/// A share or preference among registries that is none would count as not said.
#[test]
fn a_registry_with_a_weight_that_is_none_is_refused_by_name() {
    let yaml = "application: edge\nregistries:\n  a: { address: \"zookeeper://me:secret@127.0.0.1:1?weight=heavy\" }\n  \
                b: { address: \"memory://b?preferred=maybe\" }\n  c: { address: \"memory://c?weight=0&preferred=true\" }\n\
                gateway: { listen: [\"dubbo://127.0.0.1:0\"], services: [\"org.wubbo.*\"] }\n";
    let (code, said) = run(yaml);
    assert_eq!(code, Some(64), "{said}");
    for words in [
        "\n  registries.a.address: ",
        "weight=heavy is no whole number from 0 to 4294967295",
        "\n  registries.b.address: ",
        "preferred=maybe is neither true nor false",
    ] {
        assert!(said.contains(words), "{words} is missing in {said}");
    }
    assert!(!said.contains("registries.c"), "{said}");
}

#[test]
fn a_wrong_configuration_lists_every_problem_and_binds_nothing() {
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let yaml = format!(
        "registries: {{ main: {{ address: nonsense }} }}\ngateway: {{ listen: [\"dubbo://{free}\"], services: [] }}\nadmin: {{ listen: 5 }}\ncolour: red\n"
    );
    let (code, said) = run(&yaml);
    assert_eq!(code, Some(64), "{said}");
    for key in [
        "application",
        "registries.main.address",
        "gateway.services",
        "admin.listen",
        "colour",
    ] {
        assert!(
            said.contains(&format!("\n  {key}: ")),
            "{key} is missing in {said}"
        );
    }
    assert!(TcpListener::bind(free).is_ok(), "nothing was bound");
}

#[test]
fn a_port_in_use_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let yaml = format!(
        "application: a\nregistries: {{ main: {{ address: \"memory://a\" }} }}\ngateway: {{ listen: [\"dubbo://{address}\"], services: [\"a.*\"] }}\n"
    );
    let (code, said) = run(&yaml);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains(&address.to_string()), "{said}");
}

#[test]
fn a_wrong_command_line_exits_with_2() {
    for arguments in [
        vec!["nonsense"],
        vec!["call"],
        vec!["run", "--nonsense"],
        vec![],
    ] {
        let output = Command::new(artifacts::binary("wubbo"))
            .args(&arguments)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
}

#[tokio::test]
async fn a_provider_that_is_gone_is_failed_over_and_then_named() {
    let alive = tokio::task::spawn_blocking(|| EchoProvider::start::<&str>(&[]).unwrap())
        .await
        .unwrap();
    let dead = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let client = Client::builder("bad-input").build().await.unwrap();
    let service = ServiceKey::new(SERVICE, "", "1.0.0");
    let both = client
        .direct_stub(&service, &format!("dubbo://{dead};{}", alive.url()))
        .unwrap();
    let options = || CallOptions::new().timeout(Duration::from_secs(5));
    for _ in 0..20 {
        let answer = both
            .with(options())
            .invoke("echo", &["java.lang.String"], vec![Value::from("x")])
            .await;
        assert_eq!(answer.unwrap(), Value::from("x"));
    }
    let none = client
        .direct_stub(&service, &format!("dubbo://{dead}"))
        .unwrap();
    let since = Instant::now();
    let error = none
        .with(options())
        .invoke("echo", &["java.lang.String"], vec![Value::from("x")])
        .await
        .unwrap_err();
    assert!(since.elapsed() < Duration::from_secs(5));
    assert_eq!(error.kind(), Some(ErrorKind::Connect));
    assert!(error.to_string().contains(&dead.to_string()), "{error}");
    tokio::task::spawn_blocking(move || alive.stop())
        .await
        .unwrap()
        .unwrap();
}

struct Host {
    folder: Scratch,
    gateway: Gateway,
    _provider: EchoProvider,
}

impl Host {
    fn start() -> Self {
        let folder = Scratch::new("host").unwrap();
        let plugins = folder.folder("plugins.d").unwrap();
        put(
            &plugins,
            "hello-filter.yaml",
            b"side: provider\nconfig: { greeting: kept }\n",
        )
        .unwrap();
        put(
            &plugins,
            "hello-filter.wasm",
            &std::fs::read(artifacts::wasm("hello-filter")).unwrap(),
        )
        .unwrap();
        let registry = format!("file:{}", folder.join("registry").display());
        let provider = EchoProvider::start(&["--registry", &registry]).unwrap();
        let yaml = format!(
            "application: host\nregistries: {{ main: {{ address: \"{registry}\" }} }}\nplugins: {{ dir: ./plugins.d }}\n\
             gateway: {{ listen: [\"dubbo://127.0.0.1:0\"], services: [\"org.wubbo.*\"] }}\nadmin: {{ listen: \"127.0.0.1:0\" }}\n"
        );
        let gateway = Gateway::start(&yaml, folder.path()).unwrap();
        Self {
            folder,
            gateway,
            _provider: provider,
        }
    }

    fn status(&self) -> Json {
        serde_json::from_str(&self.gateway.get("/plugins").unwrap().body).unwrap()
    }

    fn wait<T>(&self, what: &str, found: impl Fn(&Json) -> Option<T>) -> T {
        let deadline = Instant::now() + LIMIT;
        loop {
            let status = self.status();
            if let Some(found) = found(&status) {
                return found;
            }
            assert!(Instant::now() < deadline, "{what} did not come: {status}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// A call through the gateway is answered, and greeted by the generation that was there first.
    fn still_serves(&self) {
        let url = format!("{}/{SERVICE}?version=1.0.0", self.gateway.url());
        let output = Command::new(artifacts::binary("wubbo"))
            .args(["call", &url, "attachments"])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        assert!(said.contains("\"hello.request\":\"kept\""), "{said}");
    }
}

fn refused(status: &Json, file: &str) -> Option<(String, u64)> {
    let files = status["directory"]["refused"].as_array()?;
    let found = files.iter().find(|refused| refused["file"] == file)?;
    Some((
        found["error"]["reason"].as_str()?.to_owned(),
        found["error"]["since_ms"].as_u64()?,
    ))
}

#[test]
fn bad_files_are_refused_by_name_while_the_old_generation_serves() {
    let host = Host::start();
    let plugins = host.folder.join("plugins.d");
    let good = std::fs::read(artifacts::wasm("hello-filter")).unwrap();
    let random: Vec<u8> = (0..4096_u32)
        .map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    // The file's name, its bytes, a word of the reason.
    let cases = [
        ("hello-filter.wasm", good[..good.len() / 2].to_vec(), ""),
        ("random.wasm", random, ""),
        ("abi.wasm", fixture("abi-2"), "ABI"),
        ("import.wasm", fixture("unknown-import"), "import"),
    ];
    for (file, bytes, word) in &cases {
        put(&plugins, file, bytes).unwrap();
        let (reason, _) = host.wait(file, |status| refused(status, file));
        println!("{file}: {reason}");
        assert!(reason.contains(word), "{file}: {reason}");
        host.still_serves();
    }
    // Nothing is tried again until the bytes change: another file's arrival is no reason.
    let (_, since) = host.wait("random.wasm", |status| refused(status, "random.wasm"));
    let scans = host.status()["directory"]["scans"].as_u64().unwrap();
    put(&plugins, "other.wasm", b"no module").unwrap();
    host.wait("another scan", |status| {
        (status["directory"]["scans"].as_u64()? > scans).then_some(())
    });
    assert_eq!(refused(&host.status(), "random.wasm").unwrap().1, since);
    put(&plugins, "hello-filter.wasm", &good).unwrap();
    host.wait("the file to be accepted", |status| {
        refused(status, "hello-filter.wasm").is_none().then_some(())
    });
    host.still_serves();
}

#[test]
fn a_plugin_directory_that_vanishes_changes_nothing() {
    let host = Host::start();
    host.still_serves();
    let (plugins, away) = (host.folder.join("plugins.d"), host.folder.join("away"));
    std::fs::rename(&plugins, &away).unwrap();
    let reason = host.wait("the outage", |status| {
        status["directory"]["outage"]["reason"]
            .as_str()
            .map(str::to_owned)
    });
    println!("outage: {reason}");
    host.still_serves();
    std::fs::rename(&away, &plugins).unwrap();
    host.wait("the end of the outage", |status| {
        status["directory"]["outage"].is_null().then_some(())
    });
    host.still_serves();
}
