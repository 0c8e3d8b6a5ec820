//! What an operator does to a running host: list, roll back, clear a quarantine; the endpoints behind that, and the metrics of it all.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};
use wubbo_tests::artifacts;
use wubbo_tests::hosts::{EchoProvider, Gateway};
use wubbo_tests::http;
use wubbo_tests::plugin_files::{fixture, put, stamped};
use wubbo_tests::scratch::Scratch;

use super::{done, failed, until, wubbo};

/// Pauses of 0, 1, 2 and 4 seconds go before a quarantine.
const QUARANTINED: Duration = Duration::from_secs(60);

/// A provider, a gateway in front of it with these plugins, and an operator.
struct Scene {
    folder: Scratch,
    _provider: EchoProvider,
    gateway: Gateway,
    yaml: String,
}

impl Scene {
    fn new(name: &str, files: &[(&str, &[u8])]) -> Self {
        let folder = Scratch::new(name).unwrap();
        let plugins = folder.folder("plugins.d").unwrap();
        for (name, bytes) in files {
            put(&plugins, name, bytes).unwrap();
        }
        let registry = format!("file:{}", folder.join("registry").display());
        let provider = EchoProvider::start(&["--registry", &registry]).unwrap();
        let yaml = format!(
            "application: {name}\nregistries: {{ main: {{ address: \"{registry}\" }} }}\nplugins: {{ dir: ./plugins.d, cache: ./cache }}\n\
             gateway: {{ listen: [\"dubbo://127.0.0.1:0\"], services: [\"org.wubbo.*\"] }}\nadmin: {{ listen: \"127.0.0.1:0\" }}\n"
        );
        let gateway = Gateway::start(&yaml, folder.path()).unwrap();
        Self {
            folder,
            _provider: provider,
            gateway,
            yaml,
        }
    }

    fn restart(self) -> Self {
        assert_eq!(self.gateway.stop().unwrap(), 0);
        let gateway = Gateway::start(&self.yaml, self.folder.path()).unwrap();
        Self { gateway, ..self }
    }

    fn plugins(&self) -> PathBuf {
        self.folder.join("plugins.d")
    }

    fn admin(&self) -> String {
        format!("http://{}", self.gateway.admin().unwrap())
    }

    /// What `wubbo plugin <words>` prints.
    fn operator(&self, words: &[&str]) -> String {
        let admin = self.admin();
        done(&[&["plugin"], words, &["--admin", &admin]].concat())
    }

    fn refused(&self, words: &[&str]) -> String {
        let admin = self.admin();
        failed(&[&["plugin"], words, &["--admin", &admin]].concat())
    }

    fn call(&self) -> String {
        let gateway = self.gateway.url();
        let url = format!("{gateway}/org.wubbo.demo.EchoService?version=1.0.0");
        let output = wubbo(&["call", &url, "attachments"]);
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn plugin(&self, identity: &str) -> Json {
        let answer = self.gateway.get(&format!("/plugins/{identity}")).unwrap();
        assert_eq!(answer.status, 200, "{}", answer.body);
        serde_json::from_str(&answer.body).unwrap()
    }

    fn post(&self, path: &str, body: &str) -> (u16, Json) {
        let admin = self.gateway.admin().unwrap();
        let answer = http::post(&admin, path, body).unwrap();
        let json = serde_json::from_str(&answer.body).unwrap_or_else(|_| json!(answer.body));
        (answer.status, json)
    }

    fn metrics(&self) -> String {
        self.gateway.get("/metrics").unwrap().body
    }
}

fn greeting(greeting: &str) -> Vec<u8> {
    format!("side: provider\nconfig: {{ greeting: {greeting} }}\n").into_bytes()
}

#[test]
fn a_roll_back_is_seen_by_calls_stays_over_a_restart_and_ends_with_the_next_file() {
    let module = std::fs::read(artifacts::wasm("hello-filter")).unwrap();
    let files: &[(&str, &[u8])] = &[("h.wasm", &module), ("h.yaml", &greeting("one"))];
    let scene = Scene::new("rollback", files);
    let none = scene.refused(&["rollback", "filter/hello"]);
    assert!(
        none.contains("answered 409: filter/hello has no earlier generation that is kept"),
        "{none}"
    );
    put(&scene.plugins(), "h.yaml", &greeting("two")).unwrap();
    until("\"two\"", &|| scene.call());
    put(&scene.plugins(), "h.wasm", &stamped(&module, "3")).unwrap();
    until("3", &|| {
        scene.plugin("filter/hello")["generation"].to_string()
    });

    // One step, then to a named one, which is the one of the second greeting.
    let said = scene.operator(&["rollback", "filter/hello"]);
    assert!(
        said.contains("as generation 4, rolled back from "),
        "{said}"
    );
    until("\"two\"", &|| scene.call());
    let said = scene.operator(&["rollback", "filter/hello"]);
    assert!(
        said.contains("as generation 5, rolled back from "),
        "{said}"
    );
    until("\"one\"", &|| scene.call());
    let kept = scene.plugin("filter/hello")["kept"].clone();
    let states: Vec<&str> = kept
        .as_array()
        .unwrap()
        .iter()
        .map(|kept| kept["state"].as_str().unwrap())
        .collect();
    assert_eq!(states, ["rolled_away", "kept", "live"]);
    let listed = scene.operator(&["list", "--generations"]);
    assert!(
        listed.contains("filter/hello: rolled back from "),
        "{listed}"
    );
    assert!(listed.contains("rolled away"), "{listed}");

    let scene = scene.restart();
    until("\"one\"", &|| scene.call());
    assert!(scene.plugin("filter/hello")["rolled_back"]["from"].is_string());
    let text = scene.metrics();
    assert!(
        text.contains("wubbo_plugin_rolled_back{plugin=\"filter/hello\"} 1"),
        "{text}"
    );
    assert!(
        text.contains("wubbo_plugins_compilations_total 0"),
        "compiled again: {text}"
    );

    // By the API, and back to what the file gives.
    let digest = kept[1]["digest"].as_str().unwrap();
    let (status, plugin) = scene.post(
        "/plugins/filter/hello/rollback",
        &json!({ "to": &digest[..10] }).to_string(),
    );
    assert_eq!((status, &plugin["digest"]), (200, &kept[1]["digest"]));
    until("\"two\"", &|| scene.call());
    let own = kept[0]["digest"].as_str().unwrap();
    let said = scene.operator(&["rollback", "filter/hello", "--to", own]);
    assert!(said.contains("which is what h.wasm gives"), "{said}");
    scene.operator(&["rollback", "filter/hello"]);
    put(&scene.plugins(), "h.yaml", &greeting("four")).unwrap();
    until("\"four\"", &|| scene.call());
    assert_eq!(scene.plugin("filter/hello")["rolled_back"], Json::Null);
    assert_eq!(scene.gateway.stop().unwrap(), 0);
}

#[test]
fn what_cannot_be_done_is_an_error_in_json() {
    let scene = Scene::new("refusals", &[]);
    let error = |(status, body): (u16, Json)| {
        let kind = body["error"]["kind"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        (
            status,
            kind,
            body["error"]["message"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
        )
    };
    let (status, kind, message) = error(scene.post("/plugins/filter/x/rollback", "{}"));
    assert_eq!((status, kind.as_str()), (404, "unknown"), "{message}");
    let (status, kind, message) = error(scene.post("/plugins/filter/token/rollback", "{}"));
    assert_eq!((status, kind.as_str()), (409, "conflict"));
    assert_eq!(
        message,
        "filter/token is linked into the host and has no file; only plugins of the directory are rolled back"
    );
    let (status, kind, message) = error(scene.post("/plugins/filter/token/quarantine/clear", "{}"));
    assert_eq!(
        (status, kind.as_str(), message.as_str()),
        (409, "conflict", "filter/token is not in quarantine")
    );
    let (status, kind, _) = error(scene.post("/plugins/filter/x/quarantine/clear", "{}"));
    assert_eq!((status, kind.as_str()), (404, "unknown"));
    for (body, expected) in [
        ("", 400),
        ("{", 400),
        ("{\"too\": \"1\"}", 422),
        ("[]", 422),
    ] {
        let (status, kind, message) = error(scene.post("/plugins/filter/x/rollback", body));
        assert_eq!(
            (status, kind.as_str()),
            (expected, "argument"),
            "{body}: {message}"
        );
    }
    let unknown = scene.gateway.get("/plugins/filter/x").unwrap();
    assert_eq!(unknown.status, 404);
    assert!(
        unknown
            .body
            .contains("\"filter/x: there is no such plugin\""),
        "{}",
        unknown.body
    );
    assert_eq!(
        scene
            .gateway
            .get("/plugins/filter/token/rollback")
            .unwrap()
            .status,
        405
    );
    let said = scene.refused(&["quarantine", "clear", "filter/token"]);
    assert!(
        said.contains("answered 409: filter/token is not in quarantine"),
        "{said}"
    );
    for words in [
        &["plugin", "rollback"][..],
        &["plugin", "rollback", "token"],
        &["plugin", "rollback", "filter/../x"],
        &["plugin", "quarantine"],
        &["plugin", "quarantine", "clear", "thing/x"],
    ] {
        assert_eq!(wubbo(words).status.code(), Some(2), "{words:?}");
    }
}

#[test]
fn a_quarantine_is_cleared_and_the_series_of_a_plugin_go_with_it() {
    let scene = Scene::new("quarantine", &[("t.wasm", &fixture("trap-in-request"))]);
    let identity = "filter/trap-in-request";
    let state = || scene.plugin(identity)["state"].as_str().unwrap().to_owned();
    let deadline = Instant::now() + QUARANTINED;
    while state() != "quarantined" || scene.plugin(identity)["instances"] != 0 {
        assert!(Instant::now() < deadline, "{}", scene.plugin(identity));
        scene.call();
    }
    let text = scene.metrics();
    let of = |name: &str, labels: &str| {
        let series = format!("wubbo_plugin_{name}{{{labels}}} ");
        let line = text.lines().find_map(|line| line.strip_prefix(&series));
        let value = line.unwrap_or_else(|| panic!("no {series}: {text}"));
        value.parse::<u64>().unwrap()
    };
    let plugin = "plugin=\"filter/trap-in-request\"";
    let first = format!("{plugin},generation=\"1\"");
    assert_eq!(of("quarantined", plugin), 1);
    assert_eq!(of("swaps_total", &format!("{plugin},result=\"live\"")), 1);
    assert_eq!(
        of("swaps_total", &format!("{plugin},result=\"refused\"")),
        0
    );
    let trips = of("trips_total", &format!("{first},class=\"trap\""));
    assert!(trips >= 5, "{trips}");
    assert_eq!(of("trips_total", &format!("{first},class=\"deadline\"")), 0);
    assert_eq!(
        of("calls_total", &format!("{first},result=\"tripped\"")),
        trips
    );
    assert_eq!(of("calls_total", &format!("{first},result=\"passed\"")), 0);
    assert!(of("rebuilt_total", &first) > 0);
    assert_eq!(of("instances", &first), 0);
    assert_eq!(of("kept_generations", plugin), 1);
    of("memory_bytes", plugin);
    of("hook_duration_seconds_count", &first);
    let listed = scene.operator(&["list"]);
    assert!(listed.contains("quarantined"), "{listed}");

    let said = scene.operator(&["quarantine", "clear", identity]);
    assert_eq!(
        said.trim_end(),
        "filter/trap-in-request: its quarantine is over"
    );
    until("\"healthy\"", &|| {
        scene.plugin(identity)["health"].to_string()
    });
    assert_eq!(state(), "live");

    std::fs::remove_file(scene.plugins().join("t.wasm")).unwrap();
    let deadline = Instant::now() + QUARANTINED;
    while scene.metrics().contains(identity) {
        assert!(Instant::now() < deadline, "{}", scene.metrics());
    }
    assert!(scene.metrics().contains("plugin=\"filter/token\""));
    assert_eq!(scene.gateway.stop().unwrap(), 0);
}
