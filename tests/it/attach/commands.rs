//! The commands alone, over a directory as registry and config center.

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;
use wubbo_tests::artifacts;
use wubbo_tests::hosts::{EchoProvider, wubbo};
use wubbo_tests::process::{Process, Read};
use wubbo_tests::scratch::Scratch;

use super::scene::{CONSUMER, NODES, SERVICE, Site};

const INTERFACE: &str = "org.wubbo.demo.EchoService";
const LONG: Duration = Duration::from_secs(20);

fn directory() -> (Scratch, String) {
    let folder = Scratch::new("attach").unwrap();
    let site = folder.folder("site").unwrap();
    let address = format!("file:{}", site.display());
    (folder, address)
}

fn provider(address: &str, name: &str) -> EchoProvider {
    EchoProvider::start(&["--registry", address, "--name", name]).unwrap()
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn what_is_registered_is_listed_with_what_cannot_be_called() {
    let (folder, address) = directory();
    let _provider = provider(&address, "one");
    let entries = format!("site/{INTERFACE}/providers");
    for (file, url) in [
        (
            "php.url",
            format!("jsonrpc://10.0.0.9:8080/{INTERFACE}?version=1.0.0"),
        ),
        (
            "off.url",
            format!("dubbo://10.0.0.8:1/{INTERFACE}?version=1.0.0&disabled=true"),
        ),
    ] {
        folder.write(format!("{entries}/{file}"), url).unwrap();
    }
    let other = "site/com.shop.Cart/consumers/web.url";
    folder
        .write(other, "consumer://10.0.0.7/com.shop.Cart?application=web")
        .unwrap();

    let (code, out, error) = wubbo(&["registry", "ls", "--registry", &address]).unwrap();
    assert_eq!((code, &*error), (Some(0), ""));
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines.len(), 4, "a head and three providers: {out}");
    assert!(lines[0].starts_with("SERVICE"), "{out}");
    let with = |word: &str| lines.iter().filter(|line| line.contains(word)).count();
    assert_eq!(with("skipped: jsonrpc is not spoken"), 1, "{out}");
    assert_eq!(with("switched off"), 1, "{out}");
    assert_eq!(with("com.shop.Cart"), 0, "no provider: {out}");

    let all = [
        "registry",
        "ls",
        "--json",
        "--category",
        "*",
        "--registry",
        &address,
    ];
    let (code, out, _) = wubbo(&all).unwrap();
    let all = json(&out);
    assert_eq!((code, &all["skipped"]), (Some(0), &Value::from(1)), "{out}");
    assert_eq!(all["entries"].as_array().unwrap().len(), 4, "{out}");
    let (_, out, _) = wubbo(&[
        "registry",
        "ls",
        "com.*",
        "--category",
        "consumers,routers",
        "--json",
        "--registry",
        &address,
    ])
    .unwrap();
    let entry = &json(&out)["entries"][0];
    for (key, value) in [
        ("service", "com.shop.Cart"),
        ("category", "consumers"),
        ("application", "web"),
    ] {
        assert_eq!(entry[key], value, "{out}");
    }
    let (_, out, _) = wubbo(&[
        "registry",
        "ls",
        "com.none",
        "--json",
        "--registry",
        &address,
    ])
    .unwrap();
    assert_eq!(json(&out)["entries"], Value::Array(Vec::new()));
}

#[test]
fn entries_made_by_hand_are_seen_coming_and_going() {
    let (_folder, address) = directory();
    let start = |arguments: &[&str]| {
        let mut command = Command::new(artifacts::binary("wubbo"));
        command.args(arguments).args(["--registry", &address]);
        Process::start(command).unwrap()
    };
    let next = |process: &Process| match process.line(Instant::now() + LONG) {
        Read::Line(line) => line,
        other => panic!("{other:?}: {}", process.log()),
    };
    let watch = start(&["registry", "watch", INTERFACE, "--json"]);
    assert_eq!(json(&next(&watch))["change"], "none");
    let url = format!("dubbo://10.0.0.9:20880/{INTERFACE}?version=2.0.0");
    let made = start(&["registry", "register", &url]);
    assert!(next(&made).starts_with("registered dubbo://10.0.0.9:20880/"));
    let added = json(&next(&watch));
    assert_eq!(
        (&added["change"], &added["entry"]["version"]),
        (&"add".into(), &"2.0.0".into())
    );
    assert_eq!(made.terminate(Instant::now() + LONG).unwrap(), 0);
    assert_eq!(json(&next(&watch))["change"], "remove");

    // What another process holds cannot be removed for it.
    let _made = start(&["registry", "register", &url]);
    assert_eq!(json(&next(&watch))["change"], "none");
    assert_eq!(json(&next(&watch))["change"], "add");
    let (code, _, error) = wubbo(&[
        "registry",
        "unregister",
        &url,
        "--timeout",
        "1s",
        "--registry",
        &address,
    ])
    .unwrap();
    assert_eq!(code, Some(1));
    assert!(error.contains("still there"), "{error}");
}

#[test]
fn addresses_and_command_lines_have_their_exit_codes() {
    let (_folder, address) = directory();
    let url = format!("dubbo://h:1/{INTERFACE}");
    let target = ["attach", SERVICE, "--gateway", "edge", "--consumer", "web"];
    for (arguments, code, words) in [
        (
            vec!["registry", "ls", "--registry", "apollo://h:1"],
            64,
            "apollo",
        ),
        (vec!["registry", "ls"], 2, "--registry"),
        (
            vec!["registry", "ls", "--registry", &address, "--timeout", "3"],
            2,
            "its unit",
        ),
        (
            vec!["registry", "register", "nothing", "--registry", &address],
            1,
            "nothing",
        ),
        (
            vec!["registry", "unregister", &url, "--registry", &address],
            1,
            "no such entry",
        ),
        // Nobody listens at port 1.
        (
            vec![
                "registry",
                "ls",
                "--registry",
                "zookeeper://127.0.0.1:1",
                "--timeout",
                "300ms",
            ],
            1,
            "does not answer within 300ms",
        ),
        ([&target[..], &["--registry", "demo"]].concat(), 64, "demo"),
        (target.to_vec(), 2, "--registry"),
        (
            vec![
                "attach",
                SERVICE,
                "--gateway",
                "edge",
                "--registry",
                &address,
            ],
            2,
            "--consumer",
        ),
        (
            vec![
                "attach",
                "*",
                "--gateway",
                "edge",
                "--consumer",
                "web",
                "--registry",
                &address,
            ],
            2,
            "[group/]interface[:version]",
        ),
        (
            vec![
                "detach",
                SERVICE,
                "--gateway",
                "a b",
                "--registry",
                &address,
            ],
            2,
            "name of an application",
        ),
    ] {
        let (found, _, error) = wubbo(&arguments).unwrap();
        assert_eq!(found, Some(code), "{arguments:?}: {error}");
        assert!(error.contains(words), "{arguments:?}: {error}");
    }
    for command in ["attach", "detach", "registry"] {
        let (code, out, _) = wubbo(&[command, "--help"]).unwrap();
        assert_eq!(code, Some(0));
        assert!(out.contains("Example: wubbo "), "{command}: {out}");
    }
}

/// Without a gateway, or with one that may not serve it, everything is as before.
#[test]
fn nothing_is_left_when_no_gateway_comes() {
    let (_folder, address) = directory();
    let mut site = Site::at(&address);
    let _provider = provider(&address, "one");
    let (code, _, error) = site.attach(&["--timeout", "500ms"]);
    assert_eq!(code, Some(1), "{error}");
    assert!(
        error.contains("nothing was changed") && error.contains("0 of 1 gateways of edge"),
        "{error}"
    );
    assert_eq!((site.texts(), site.record()), Default::default());

    let gateway = site.gateway("com.shop.*");
    let (code, _, error) = site.attach(&[]);
    assert_eq!(code, Some(1), "{error}");
    assert!(
        error.contains("not listed under gateway.services"),
        "{error}"
    );
    assert!(
        gateway
            .log()
            .contains("not among those listed under gateway.services"),
        "{}",
        gateway.log()
    );
    assert_eq!((site.texts(), site.record()), Default::default());

    // A dry run shows what would come, and changes nothing.
    let (code, out, _) = site.attach(&["--dry-run"]);
    assert_eq!(code, Some(0));
    let condition = format!("+   - \"application = {CONSUMER} => wubbo.gateway = *\"");
    assert!(
        out.contains(&condition) && out.contains("step: FORCE_INTERFACE"),
        "{out}"
    );
    assert_eq!((site.texts(), site.record()), Default::default());
}

const TEAM: [&str; 2] = [
    "key: wubbo-demo-consumer\r\nstep: APPLICATION_FIRST\nproportion: 100\n",
    "# ours\nforce: false\nconditions:\n    - 'method = nothing => host = 1.1.1.1' # keep\n\nkey: org.wubbo.demo.EchoService\n",
];

/// Attaching and detaching, twice each, and again from wherever a killed command left off, with and without rules of the team.
#[test]
fn attaching_is_taken_back_byte_for_byte_from_wherever_it_stood() {
    let (_folder, address) = directory();
    let mut site = Site::at(&address);
    let _provider = provider(&address, "one");
    let gateway = site.gateway("org.wubbo.demo.*");
    for before in [[None, None], TEAM.map(Some)] {
        for (node, text) in NODES.into_iter().zip(before) {
            site.put(node, text);
        }
        let before = before.map(|text| text.map(str::to_owned));
        let out = site.attached(1);
        let address = gateway.url();
        let address = address.split(['?', '/']).nth(2).unwrap();
        assert!(out.contains(&format!("by  dubbo://{address}")), "{out}");
        let (record, after) = (site.record(), site.texts());
        for (was, is) in before.iter().zip(&after) {
            assert_ne!(was, is);
        }
        site.attached(1);
        assert_eq!(
            (site.record(), site.texts()),
            (record.clone(), after.clone()),
            "twice"
        );

        // Killed after the record, after the first node, in the middle of detaching.
        for undone in [&[0, 1][..], &[1]] {
            for place in undone {
                site.put(NODES[*place], before[*place].as_deref());
            }
            site.attached(1);
            assert_eq!((site.record(), &site.texts()), (record.clone(), &after));
        }
        site.put(NODES[1], before[1].as_deref());
        site.detached("10ms");
        assert_eq!((site.texts(), site.record()), (before.clone(), None));
        let (code, out, _) = site.run("detach", &[]);
        assert_eq!((code, &*out), (Some(0), "not attached\n"));

        // Somebody changes the rule meanwhile: only our line goes.
        site.attached(1);
        let rule = site.texts()[1].clone().unwrap();
        site.put(NODES[1], Some(&(rule + "theirs: true\n")));
        site.attached(1);
        site.detached("10ms");
        let left = site.texts()[1].clone().unwrap();
        assert!(
            left.ends_with("theirs: true\n") && !left.contains("wubbo.gateway"),
            "{left}"
        );
        assert_eq!((&site.texts()[0], site.record()), (&before[0], None));
    }
}

#[test]
fn a_rule_that_cannot_carry_it_is_refused_with_what_is_missing() {
    let (_folder, address) = directory();
    let site = Site::at(&address);
    let strict = "force: true\nconditions:\n  - method = x => port = 1\n";
    site.put(NODES[1], Some(strict));
    let (code, _, error) = site.attach(&[]);
    assert_eq!(code, Some(1));
    assert!(
        error.contains("force: true") && error.contains("+ - \"application ="),
        "{error}"
    );
    assert_eq!(site.texts(), [None, Some(strict.to_owned())]);
    assert_eq!(site.record(), None);
}
