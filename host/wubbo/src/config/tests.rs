use super::*;

const WHOLE: &str = r#"
application: shop-gateway
threads: 2
registries:
  main: { address: "file:./registry" }
  edge: { address: "memory://edge" }
plugins: { dir: ./plugins.d, builtins: off, required: [filter/token], cache: ./cache, max: 8, memory_total: 64MiB }
gateway:
  listen: ["dubbo://127.0.0.1:20880?token=abc"]
  services: ["com.shop.*"]
  registry: main
  id: 0a1b2c3d
  references_max: 10
  busy_poll: 250us
  publish: { registry: edge, services: ["com.shop.Cart:1.0.0"] }
references:
  "com.shop.Cart": { timeout: 3s, retries: 0, cluster: failover, loadbalance: random, register: off }
admin: { listen: "127.0.0.1:9090" }
shutdown: { timeout: 5s }
"#;

fn problems(text: &str) -> Vec<String> {
    match Config::parse(Path::new("dir/wubbo.yaml"), text) {
        Ok(_) => Vec::new(),
        Err(error) => error
            .to_string()
            .lines()
            .skip(1)
            .map(|line| line.trim().to_owned())
            .collect(),
    }
}

#[test]
fn every_key_is_read() {
    let config = Config::parse(Path::new("dir/wubbo.yaml"), WHOLE).expect("a good file");
    assert_eq!(config.application, "shop-gateway");
    assert_eq!(
        config.plugins.dir.as_deref(),
        Some(Path::new("dir/./plugins.d"))
    );
    assert!(!config.plugins.builtins);
    assert_eq!(config.plugins.memory_total_bytes, 64 << 20);
    let gateway = config.gateway.as_ref().expect("a gateway");
    assert_eq!(config.registry_names(&gateway.registry), ["main"]);
    assert_eq!(gateway.busy_poll, Duration::from_micros(250));
    assert_eq!(config.registry_names(&gateway.publish.registry), ["edge"]);
    assert_eq!(
        gateway
            .listen
            .first()
            .and_then(|url| url.get("token").map(str::to_owned)),
        Some("abc".into())
    );
    assert_eq!(
        config
            .references
            .first()
            .map(|entry| entry.parameters.len()),
        Some(5)
    );
    assert_eq!(config.drain, Duration::from_secs(5));
}

#[test]
fn registries_are_named_in_a_list_or_not_at_all() {
    for (said, names) in [
        ("registry: main", vec!["main"]),
        ("registry: \"edge, main\"", vec!["edge", "main"]),
        ("registry: [edge, main]", vec!["edge", "main"]),
        ("registry: []", vec!["edge", "main"]),
    ] {
        let text = WHOLE.replace("registry: main", said);
        let config = Config::parse(Path::new("wubbo.yaml"), &text).expect(said);
        let gateway = config.gateway.as_ref().expect("a gateway");
        assert_eq!(config.registry_names(&gateway.registry), names, "{said}");
    }
    let found = problems(&WHOLE.replace("registry: main", "registry: \"main,other\""));
    let expected = "gateway.registry: \"main,other\" is not names of registries (edge, main)";
    assert_eq!(found, [expected]);
}

#[test]
fn a_registry_whose_address_is_wrong_is_one_problem() {
    let wrong = WHOLE.replace("file:./registry", "carrier-pigeon://home");
    let said = problems(&wrong);
    assert!(
        said.len() == 1 && said[0].starts_with("registries.main.address"),
        "{said:?}"
    );
}

#[test]
fn a_sidecar_needs_no_registry_and_takes_none() {
    let sidecar = |more: &str| {
        format!(
            "application: a\ngateway: {{ listen: [\"dubbo://127.0.0.1:0\"], services: [\"*\"], {more} }}\n"
        )
    };
    let text = sidecar("upstream: \"dubbo://127.0.0.1:20881?token=t\"");
    let config = Config::parse(Path::new("wubbo.yaml"), &text).expect("a good file");
    let gateway = config.gateway.as_ref().expect("a gateway");
    let upstream = gateway.upstream.as_ref().expect("an upstream");
    assert_eq!(
        (upstream.port(), upstream.get("token")),
        (Some(20881), Some("t"))
    );
    assert!(config.registry_names(&gateway.registry).is_empty());
    for (more, key) in [
        ("upstream: \"127.0.0.1:20881\"", "gateway.upstream:"),
        (
            "upstream: \"dubbo://h:1\", registry: main",
            "gateway.registry:",
        ),
    ] {
        let found = problems(&sidecar(more));
        assert!(found.len() == 1 && found[0].starts_with(key), "{found:?}");
    }
}

#[test]
fn every_problem_is_reported_at_once() {
    let text = r#"
registries: { main: { address: "nonsense" } }
plugins: { builtins: perhaps, max: 0, colour: red }
gateway: { listen: ["http://x"], registry: other, busy_poll: 2ms }
references: { "a.*": { timeout: 3 } }
shutdown: { timeout: soon }
spelling: mistake
"#;
    let found = problems(text);
    let keys = [
        "registries.main.address",
        "application",
        "plugins.builtins",
        "plugins.max",
        "plugins.colour",
        "gateway.listen",
        "gateway.services",
        "gateway.registry",
        "gateway.busy_poll",
        "references.a.*.timeout",
        "shutdown.timeout",
        "spelling",
    ];
    for key in keys {
        assert!(
            found
                .iter()
                .any(|line| line.starts_with(&format!("{key}:"))),
            "{key} is missing in {found:#?}"
        );
    }
    assert_eq!(found.len(), keys.len(), "{found:#?}");
    assert!(
        found
            .iter()
            .any(|line| line == "plugins.max: 0 is not a whole number from 1 to 1024"),
        "{found:#?}"
    );
}

#[test]
fn bad_yaml_names_its_place() {
    let found = problems("application: [unclosed");
    assert!(
        found
            .iter()
            .any(|line| line.contains("YAML") && line.contains("line")),
        "{found:#?}"
    );
    assert_eq!(problems("- a list").len(), 3, "{:#?}", problems("- a list"));
}

#[test]
fn secrets_come_from_files_and_are_not_shown() {
    let folder = std::env::temp_dir().join(format!("wubbo-config-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a temporary folder");
    std::fs::write(folder.join("token"), "s3cret\n").expect("a file");
    let text = WHOLE.replace("token=abc", "token=${file:token}");
    let config = Config::parse(&folder.join("wubbo.yaml"), &text).expect("a good file");
    let listen = config.gateway.expect("a gateway").listen;
    assert_eq!(
        listen
            .first()
            .and_then(|url| url.get("token").map(str::to_owned)),
        Some("s3cret".into())
    );
    let missing = problems(&WHOLE.replace("token=abc", "token=${env:WUBBO_TEST_NOT_SET}"));
    let [problem] = missing.as_slice() else {
        panic!("{missing:#?}")
    };
    assert!(
        problem.starts_with("gateway.listen: [")
            && problem.ends_with("the environment variable WUBBO_TEST_NOT_SET to be set")
    );
    let wrong =
        problems(&WHOLE.replace("dubbo://127.0.0.1:20880?token=abc", "http://${file:token}"));
    assert!(!wrong.concat().contains("s3cret"), "{wrong:#?}");
    std::fs::remove_dir_all(&folder).expect("removed");
}
