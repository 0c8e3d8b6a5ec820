//! What holds for every URL.

use proptest::{collection::vec, prelude::*};

use crate::url::Url;

/// Any text, with the characters that mean something to a URL far more often than chance would have them.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[ -~]{0,12}",
        "[%+&=?#/:@,;.*~a2F \u{e9}\u{4f60}]{0,8}"
    ]
}

fn host() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z0-9.-]{0,12}",
        any::<std::net::Ipv4Addr>().prop_map(|ip| ip.to_string()),
        any::<std::net::Ipv6Addr>().prop_map(|ip| ip.to_string()),
        any::<std::net::Ipv6Addr>().prop_map(|ip| format!("[{ip}]")),
        any::<std::net::Ipv6Addr>().prop_map(|ip| format!("{ip}%eth0")),
    ]
}

prop_compose! {
    fn any_url()(
        protocol in "[a-z][a-z0-9+._-]{0,8}",
        (username, password) in (text(), text()),
        host in host(),
        port in any::<Option<u16>>(),
        path in proptest::option::of(text()),
        params in vec((text(), text()), 0..8),
    ) -> Url {
        let mut builder = Url::builder().protocol(&protocol).username(username).password(password).host(&host).port(port);
        if let Some(path) = path {
            builder = builder.path(&path);
        }
        for (key, value) in params {
            builder = builder.add_param(key, value);
        }
        builder.build()
    }
}

proptest! {
    #[test]
    fn reads_back_what_it_prints(url in any_url()) {
        // An empty key with an empty value prints as a lone `=`, which reads back like any other pair.
        let printed = url.to_string();
        prop_assert_eq!(Url::parse(&printed).map_err(|error| error.to_string()), Ok(url));
    }

    #[test]
    fn reads_back_the_registry_node(url in any_url()) {
        let node = url.to_encoded_string();
        prop_assert!(node.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.~+%".contains(&byte)), "{}", node);
        prop_assert_eq!(Url::parse(&node).map_err(|error| error.to_string()), Ok(url));
    }

    #[test]
    fn no_text_panics(text in text(), scheme in prop_oneof![Just(""), Just("dubbo://"), Just("dubbo%3A%2F%2F")]) {
        for read in [Url::parse(&format!("{scheme}{text}")), Url::parse_addresses(&format!("{scheme}{text}"))] {
            match read {
                Ok(url) => prop_assert_eq!(url.clone(), url),
                Err(error) => prop_assert!(error.to_string().chars().count() < 1000),
            }
        }
    }

    #[test]
    fn a_change_is_read_and_leaves_the_rest(url in any_url(), key in text(), value in text()) {
        let changed = url.with_param(key.as_str(), value.as_str());
        prop_assert_eq!(changed.first(&key), Some(value.as_str()));
        prop_assert_eq!(changed.values(&key).count(), 1);
        prop_assert_eq!(changed.without_param(&key), url.without_param(&key));
    }

    #[test]
    fn a_method_level_read_is_a_read_of_the_joined_key(
        methods in vec(("[ab.]{0,3}", "[kl.]{0,3}", "[x]{0,1}"), 0..8),
        method in "[ab.]{0,3}",
        key in "[kl.]{0,3}",
    ) {
        let pairs = methods.into_iter().map(|(method, key, value)| (format!("methods.{method}.{key}"), value));
        let url = Url::default().with_params(pairs);
        prop_assert_eq!(url.get_method(&method, &key), url.get(&format!("methods.{method}.{key}")));
    }
}
