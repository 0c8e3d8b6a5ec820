//! What reads bytes of strangers, directly: manifests, whole modules, batches. None of it panics; what passes keeps its promises.

use proptest::prelude::*;
use wubbo_plugin::{Anatomy, Checked};
use wubbo_plugin_sdk::Manifest;
use wubbo_plugin_sdk::abi::commands::{WriteGrants, check};
use wubbo_plugin_sdk::abi::interest::Hook;
use wubbo_plugin_sdk::abi::limits;

use crate::guests::fixture;

/// JSON near a manifest: each key is left out, right, or something else.
fn manifest() -> impl Strategy<Value = Vec<u8>> {
    let any = prop_oneof![
        Just("1".to_owned()),
        Just("-1".to_owned()),
        Just("null".to_owned()),
        Just("[]".to_owned()),
        Just("{}".to_owned()),
        Just("18446744073709551616".to_owned()),
        Just(r#"["on_request","on_request"]"#.to_owned()),
        Just(r#"[["attachment","k",["on_request"]]]"#.to_owned()),
        Just(r#"{"status":20,"message":"m"}"#.to_owned()),
        ".{0,12}".prop_map(|text| format!("{text:?}")),
    ];
    let key = |name: &'static str, good: &'static str| {
        let value = prop_oneof![4 => Just(good.to_owned()), 1 => any.clone()];
        proptest::option::weighted(0.9, value)
            .prop_map(move |value| value.map(|value| format!("\"{name}\":{value}")))
    };
    let keys = (
        key("kind", "\"filter\""),
        key("name", "\"a\""),
        key("version", "\"1.0.0\""),
        key("fail", "\"open\""),
        key("hooks", r#"["on_request"]"#),
        key("interest", "[]"),
        key("tick_ms", "100"),
        key("limits", r#"{"hook_us":5}"#),
        key("order", "3"),
    );
    keys.prop_map(|(a, b, c, d, e, f, g, h, i)| {
        let keys: Vec<String> = [a, b, c, d, e, f, g, h, i].into_iter().flatten().collect();
        [b"wubp\x01\0\0\0{", keys.join(",").as_bytes(), b"}"].concat()
    })
}

/// A fixture with some of its bytes changed.
fn module() -> impl Strategy<Value = Vec<u8>> {
    let names = [
        "stamp",
        "router-by-rule",
        "table-bomb",
        "state-flood",
        "configurator-sets",
    ];
    let whole = proptest::sample::select(names.map(fixture).to_vec());
    let changes = proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6);
    let cut = proptest::option::weighted(0.2, any::<prop::sample::Index>());
    (whole, changes, cut).prop_map(|(mut bytes, changes, cut)| {
        for (index, byte) in changes {
            let at = index.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn a_manifest_is_read_or_refused_with_a_reason(section in manifest()) {
        match Manifest::parse(&section) {
            Ok(manifest) => {
                prop_assert!(!manifest.name.is_empty() && manifest.name.len() <= limits::NAME_MAX);
                prop_assert!(manifest.has(Hook::OnRequest) || manifest.has(Hook::OnResponse)
                    || manifest.has(Hook::Route) || manifest.has(Hook::Select) || manifest.has(Hook::ConfigureUrl));
            }
            Err(bad) => prop_assert!(bad.to_string().len() > 4),
        }
    }

    #[test]
    fn any_bytes_are_no_manifest_or_one(section in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Manifest::parse(&section);
        let _ = Manifest::parse(&[b"wubp\x01\0\0\0", &section[..]].concat());
    }

    #[test]
    fn a_damaged_module_is_refused_with_a_reason_or_keeps_the_rules(bytes in module()) {
        let looked_into = Anatomy::read(&bytes);
        match Checked::new(&bytes) {
            Ok(checked) => {
                let anatomy = looked_into.unwrap();
                prop_assert!(anatomy.imports.iter().all(|import| import.name.starts_with("wubbo.")));
                prop_assert!(anatomy.manifest.is_some() && !checked.manifest().name.is_empty());
            }
            Err(error) => prop_assert!(error.to_string().len() > 4),
        }
    }

    #[test]
    fn a_batch_is_walked_as_it_was_checked(
        bytes in proptest::collection::vec(prop_oneof![3 => Just(0_u8), 2 => 0..12_u8, 1 => any::<u8>()], 0..80),
        hook in proptest::sample::select(vec![Hook::OnRequest, Hook::OnResponse, Hook::ConfigureUrl]),
    ) {
        let grants = WriteGrants { arguments: true, result: true };
        if let Ok(batch) = check(&bytes, hook, grants) {
            // Every record has a head of 12 bytes, and none is lost on the way.
            let walked = batch.iter().count();
            prop_assert!(walked <= bytes.len() / 12);
            prop_assert_eq!(walked == 0, bytes.is_empty());
        }
    }
}
