//! A good manifest reads whole; each wrong key is refused by its name.

use super::*;

const GOOD: &str = r#"{"kind":"filter","name":"token","version":"1.2.0-rc.1","order":-5,"side":"provider",
  "stage":"attempt","fail":"closed","hooks":["on_request","tick"],"tick_ms":1000,
  "interest":[["attachment","token",["on_request"]],["field","method",["on_request"]]],
  "arguments":"read","result":"write","state_version":3,"limits":{"hook_us":900},"later":true}"#;

fn section(body: &str) -> Vec<u8> {
    [b"wubp\x01\0\0\0", body.as_bytes()].concat()
}

fn refusal(body: &str) -> String {
    Manifest::parse(&section(body)).unwrap_err().to_string()
}

#[test]
fn a_manifest_reads_whole() {
    let manifest = Manifest::parse(&section(GOOD)).unwrap();
    assert_eq!(manifest.identity(), "filter/token");
    assert_eq!(
        (manifest.order, manifest.side, manifest.stage),
        (-5, Side::Provider, Stage::Attempt)
    );
    assert_eq!(manifest.fail, Some(Fail::Closed));
    assert!(
        manifest.has(Hook::OnRequest)
            && !manifest.has(Hook::OnResponse)
            && manifest.has(Hook::Tick)
    );
    assert_eq!(manifest.tick_ms, Some(1000));
    assert_eq!(manifest.interest[0].space, Space::Attachment);
    assert_eq!(manifest.interest[1].hooks, Hook::OnRequest.bit());
    assert_eq!(
        (manifest.arguments, manifest.result),
        (Access::Read, Access::Write)
    );
    assert_eq!(
        (manifest.state_version, manifest.limits.hook_us),
        (3, Some(900))
    );
}

#[test]
fn defaults_are_those_of_the_abi() {
    let body = r#"{"kind":"router","name":"tag","version":"1.0.0","hooks":["route"]}"#;
    let manifest = Manifest::parse(&section(body)).unwrap();
    assert_eq!(
        (manifest.order, manifest.side, manifest.stage),
        (0, Side::Both, Stage::Call)
    );
    assert_eq!(
        (manifest.fail, manifest.state_version, manifest.tick_ms),
        (None, 1, None)
    );
    assert_eq!(
        (manifest.arguments, manifest.result),
        (Access::None, Access::None)
    );
}

#[test]
fn an_answer_can_be_the_policy() {
    let body = GOOD.replace("\"closed\"", r#"{"status":100,"message":"busy"}"#);
    let manifest = Manifest::parse(&section(&body)).unwrap();
    assert_eq!(
        manifest.fail,
        Some(Fail::Answer {
            status: 100,
            message: "busy".to_owned()
        })
    );
}

#[test]
fn prefixes_are_checked() {
    let mut other_major = section(GOOD);
    other_major[4] = 2;
    let mut later_minor = section(GOOD);
    later_minor[6] = 1;
    let cases = [
        (&b"wubp\x01"[..], "cut short"),
        (&b"\0asm\x01\0\0\0{}"[..], "wubp"),
        (&other_major[..], "needs ABI 2.0, this host speaks 1.0"),
        (&later_minor[..], "needs ABI 1.1, this host speaks 1.0"),
        (&vec![0; limits::MANIFEST_MAX + 1][..], "at most 65536"),
    ];
    for (bytes, part) in cases {
        let message = Manifest::parse(bytes).unwrap_err().to_string();
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn wrong_keys_are_refused_by_name() {
    let cases = [
        ("\"filter\"", "\"filters\"", "unknown variant `filters`"),
        ("\"token\",\"version\"", "\"Token\",\"version\"", "name:"),
        ("\"token\",\"version\"", "\"\",\"version\"", "name:"),
        ("1.2.0-rc.1", "1.2", "version:"),
        ("1.2.0-rc.1", "1.2.0.1", "version:"),
        ("\"closed\"", "\"sometimes\"", "fail: `sometimes`"),
        (
            "\"closed\"",
            r#"{"status":20,"message":""}"#,
            "fail: status",
        ),
        ("\"fail\":\"closed\",", "", "fail: a filter must choose"),
        (
            "\"on_request\",\"tick\"",
            "\"route\"",
            "has no hook `route`",
        ),
        (
            "\"on_request\",\"tick\"",
            "\"tick\"",
            "needs one of its own hooks",
        ),
        (
            "\"on_request\",\"tick\"",
            "\"on_request\",\"on_request\"",
            "listed twice",
        ),
        ("\"tick_ms\":1000", "\"tick_ms\":99", "tick_ms:"),
        ("\"tick_ms\":1000,", "", "tick_ms:"),
        (
            "\"attachment\"",
            "\"attachments\"",
            "unknown space `attachments`",
        ),
        ("\"method\"", "\"colour\"", "unknown field `colour`"),
        (
            "\"method\",[\"on_request\"]",
            "\"method\",[\"on_response\"]",
            "names hook `on_response`",
        ),
        (
            "\"method\",[\"on_request\"]",
            "\"method\",[]",
            "names no hook",
        ),
        (
            "[\"attachment\",\"token\"",
            "[\"response\",\"token\"",
            "response `token` cannot be had in on_request",
        ),
        ("\"kind\":\"filter\",", "", "missing field `kind`"),
    ];
    for (from, to, part) in cases {
        assert!(GOOD.contains(from), "{from}");
        let message = refusal(&GOOD.replacen(from, to, 1));
        assert!(message.contains(part), "{from} -> {to}: {message}");
    }
    let router =
        r#"{"kind":"router","name":"tag","version":"1.0.0","hooks":["route"],"fail":"open"}"#;
    assert!(refusal(router).contains("fail: the policy of a router is fixed"));
}

#[test]
fn columns_are_parameters_and_fields_of_providers() {
    let body = |interest: &str| {
        format!(
            r#"{{"kind":"router","name":"tag","version":"1.0.0","hooks":["route","on_providers"],"interest":[{interest}]}}"#
        )
    };
    let good = body(r#"["url","zone",["on_providers","route"]],["field","port",["on_providers"]]"#);
    let manifest = Manifest::parse(&section(&good)).unwrap();
    assert_eq!(
        manifest.interest[0].hooks,
        Hook::OnProviders.bit() | Hook::Route.bit()
    );
    for (interest, part) in [
        (
            r#"["attachment","zone",["route","on_providers"]]"#,
            "attachment `zone` cannot be had in on_providers",
        ),
        (
            r#"["field","method",["on_providers"]]"#,
            "field `method` cannot be had in on_providers",
        ),
        (
            r#"["url","zone",["drop_providers"]]"#,
            "names hook `drop_providers`",
        ),
    ] {
        let message = refusal(&body(interest));
        assert!(message.contains(part), "{message}");
    }
}
