//! Which entries a subscription asks for: Dubbo Java's `UrlUtils.isMatch`, which every registry of it applies.
//!
//! Dubbo-go's `URLEqual` would not do: it wants equal protocols, while a consumer subscribes as `consumer://`.

use wubbo_core::{Url, is_match_category, keys};

/// Stands for anything in a subscription.
const ANY: &str = "*";
/// Whether an entry may be used; default `true` (Dubbo Java `CommonConstants.ENABLED_KEY`).
const ENABLED: &str = "enabled";
/// A further mark that must agree (Dubbo Java `CommonConstants.CLASSIFIER_KEY`).
const CLASSIFIER: &str = "classifier";
/// The category of a URL that names none (Dubbo Java `RegistryConstants.DEFAULT_CATEGORY`).
pub(crate) const PROVIDERS: &str = "providers";
/// The category of consumers, which name none either.
const CONSUMERS: &str = "consumers";
/// The category of override URLs (spec/30 section 6.4).
const CONFIGURATORS: &str = "configurators";

/// The category under which `url` is announced.
pub(crate) fn category(url: &Url) -> &str {
    let default = match url.protocol() {
        "consumer" => CONSUMERS,
        "override" => CONFIGURATORS,
        _ => PROVIDERS,
    };
    url.get_or(keys::CATEGORY, default)
}

/// Whether `consumer` asks for entries of `category`.
pub(crate) fn wants_category(consumer: &Url, category: &str) -> bool {
    is_match_category(category, consumer.get_or(keys::CATEGORY, PROVIDERS))
}

/// Whether `consumer` asks for `entry`, which is announced under `category`.
pub(crate) fn wants(consumer: &Url, entry: &Url, category: &str) -> bool {
    let (ours, theirs) = (consumer.service_key(), entry.service_key());
    let interface = ours.interface() == theirs.interface()
        || ours.interface() == ANY
        || theirs.interface() == ANY;
    let enabled = entry.get_bool(ENABLED, true) || consumer.get(ENABLED) == Some(ANY);
    interface
        && enabled
        && wants_category(consumer, category)
        && group(ours.group(), theirs.group())
        && (ours.version() == ANY || ours.version() == theirs.version())
        && classifier(consumer.get(CLASSIFIER), entry.get_or(CLASSIFIER, ANY))
}

/// A subscription may name several groups, separated by commas.
fn group(ours: &str, theirs: &str) -> bool {
    let listed = || ours.split(',').any(|group| group.trim() == theirs);
    ours == ANY || ours == theirs || (!theirs.is_empty() && listed())
}

fn classifier(ours: Option<&str>, theirs: &str) -> bool {
    ours.is_none_or(|ours| ours == ANY || ours == theirs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(consumer: &str, provider: &str, expected: bool) {
        let consumer = Url::parse(&format!("consumer://10.0.0.1/{consumer}")).unwrap();
        let provider = Url::parse(&format!("dubbo://10.0.0.2:20880/{provider}")).unwrap();
        let found = wants(&consumer, &provider, category(&provider));
        assert_eq!(found, expected, "{consumer} asks for {provider}");
    }

    /// V-BASE-13, V-BASE-14, V-BASE-15, V-BASE-16, V-BASE-17, V-BASE-18: dubbo-go's comparison and its key, and ours where it says the
    /// same: by service and not by address.
    #[test]
    fn who_asks_for_a_service_does_not_ask_for_an_address() {
        let service = "com.ikurento.user.UserProvider";
        for (id, ours, theirs, expected) in [
            ("V-BASE-13", "", "", true),
            ("V-BASE-14", "group=gg", "group=", false),
            ("V-BASE-15", "group=*", "group=gg", true),
            ("V-BASE-15", "group=*", "group=gg&enabled=true", true),
            ("V-BASE-15", "group=*", "group=gg&enabled=*", true),
            ("V-BASE-16", "group=*", "group=gg&enabled=1", false),
            ("V-BASE-17", "category=*", "", true),
        ] {
            let ours = Url::parse(&format!("dubbo://10.0.0.1:1/{service}?{ours}")).unwrap();
            let theirs = Url::parse(&format!("dubbo://10.0.0.2:2/{service}?{theirs}")).unwrap();
            assert_eq!(ours.url_equal(&theirs), expected, "{id}");
            // Java's rule takes `enabled` for what it says, and a star of the entry for no group.
            let odd = theirs.get(ENABLED).is_some_and(|enabled| enabled != "true");
            if !odd {
                assert_eq!(wants(&ours, &theirs, category(&theirs)), expected, "{id}");
            }
        }
        for (query, key) in [
            ("", "::"),
            ("version=version1", ":version1:"),
            ("version=version1&group=group1", ":version1:group1"),
            ("group=group1", "::group1"),
        ] {
            let url = Url::parse(&format!("dubbo://h:1/{service}?{query}")).unwrap();
            let expected = format!("{service}{key}");
            assert_eq!(url.colon_separated_key(), expected, "V-BASE-18");
        }
    }

    /// F-56, with the tests below: Dubbo Java's rule by its rows.
    #[test]
    fn interface_must_agree_or_be_a_star() {
        check("a.B", "a.B", true);
        check("a.B", "a.C", false);
        check("*", "a.B", true);
        check("a.B", "*", true);
        check("x?interface=a.B", "y?interface=a.B", true);
    }

    #[test]
    fn category_defaults_to_providers() {
        check("a.B", "a.B?category=providers", true);
        check("a.B", "a.B?category=routers", false);
        check(
            "a.B?category=providers,routers",
            "a.B?category=routers",
            true,
        );
        check("a.B?category=*", "a.B?category=configurators", true);
        check("a.B?category=config", "a.B?category=configurators", false);
        check("a.B?category=-routers", "a.B?category=routers", false);
        check("a.B?category=-routers", "a.B", true);
    }

    #[test]
    fn an_override_url_without_category_is_no_provider() {
        let url = Url::parse("override://0.0.0.0/a.B?timeout=1").unwrap();
        assert_eq!(category(&url), "configurators");
        let asks = |category: &str| {
            let consumer = format!("consumer://10.0.0.1/a.B?category={category}");
            wants(&Url::parse(&consumer).unwrap(), &url, super::category(&url))
        };
        assert!(asks("configurators") && !asks("providers"));
    }

    #[test]
    fn a_disabled_entry_is_shown_to_those_who_ask_for_all() {
        check("a.B", "a.B?enabled=false", false);
        check("a.B?enabled=*", "a.B?enabled=false", true);
        check("a.B", "a.B?enabled=true", true);
    }

    #[test]
    fn group_must_agree_be_listed_or_be_asked_for_by_a_star() {
        check("a.B?group=g", "a.B?group=g", true);
        check("a.B?group=g", "a.B", false);
        check("a.B", "a.B?group=g", false);
        check("a.B?group=*", "a.B?group=g", true);
        check("a.B?group=*", "a.B", true);
        check("a.B?group=f,g", "a.B?group=g", true);
        check("a.B?group=f,gg", "a.B?group=g", false);
        check("a.B?group=f,", "a.B", false);
    }

    #[test]
    fn version_must_agree_or_be_asked_for_by_a_star() {
        check("a.B?version=1.0", "a.B?version=1.0", true);
        check("a.B?version=1.0", "a.B", false);
        check("a.B", "a.B?version=1.0", false);
        check("a.B?version=*", "a.B?version=1.0", true);
        check("a.B?version=0.0.0", "a.B", true);
    }

    #[test]
    fn classifier_must_agree_when_asked_for() {
        check("a.B?classifier=x", "a.B?classifier=x", true);
        check("a.B?classifier=x", "a.B?classifier=y", false);
        check("a.B?classifier=*", "a.B?classifier=y", true);
        check("a.B", "a.B?classifier=y", true);
    }
}
