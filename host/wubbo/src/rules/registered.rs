//! What a registry holds for a service besides its providers, as rules: override URLs (`configurators`) and, for consumers, the routes
//! of Dubbo 2.6 and its admin tools (`routers`).

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::json;
use wubbo_core::{
    RuleKey, ServiceKey, Snapshot, Url, keys, registered_route_key, registered_rule_key,
    registry_name,
};

/// Where a registry holds override URLs (Dubbo Java `RegistryConstants.CONFIGURATORS_CATEGORY`).
const CONFIGURATORS: &str = "configurators";
/// Where it holds routes (`RegistryConstants.ROUTERS_CATEGORY`).
const ROUTERS: &str = "routers";
/// The scheme of an override URL (`RegistryConstants.OVERRIDE_PROTOCOL`).
const OVERRIDE: &str = "override";
/// The scheme of a route that says by `router=` what it is (`RegistryConstants.ROUTE_PROTOCOL`).
const ROUTE: &str = "route";
/// The one kind of route that is spoken.
const CONDITION: &str = "condition";
/// Marks what an admin tool wrote a second time for Dubbo 2.6, besides the config center (`CommonConstants`:
/// `compatible_config`); consumers that know config centers pass it over.
const COMPATIBLE: &str = "compatible_config";
/// Whether a registry that is out of reach is an error (Dubbo Java `CommonConstants.CHECK_KEY`).
const CHECK: &str = "check";
/// Routes of one service at one registry; each costs every call of it.
const ROUTES_MAX: usize = 100;

/// Rules by their places.
pub(super) type Rules = BTreeMap<RuleKey, Arc<str>>;

/// Whose rules are wanted, and of which registry.
#[derive(Clone, Debug)]
pub(super) struct Holder {
    service: ServiceKey,
    registry: String,
    consumer: bool,
}

impl Holder {
    /// `url` is a consumer's or a provider's.
    pub(super) fn new(registry: &Url, url: &Url) -> Self {
        Self {
            service: url.service_key().clone(),
            registry: registry_name(registry),
            consumer: url.protocol() == "consumer",
        }
    }

    /// Names what is followed.
    pub(super) fn key(&self) -> RuleKey {
        registered_rule_key(&self.service, &self.registry)
    }

    /// What the registry is asked for.
    pub(super) fn wanted(&self, url: &Url) -> Url {
        // Routes are a consumer's, as in Dubbo Java.
        let category = match self.consumer {
            true => format!("{CONFIGURATORS},{ROUTERS}"),
            false => CONFIGURATORS.to_owned(),
        };
        url.with_params([(keys::CATEGORY, category.as_str()), (CHECK, "false")])
    }

    /// The rules that `snapshot` holds.
    pub(super) fn rules(&self, snapshot: &Snapshot) -> Rules {
        let old = |url: &&Url| self.consumer && !url.get_or(COMPATIBLE, "").is_empty();
        let urls: Vec<&Url> = snapshot.urls.iter().filter(|url| !old(url)).collect();
        let mut rules = Rules::new();
        // One text: a list of URLs, as a config center could hold it, too.
        let overrides = urls.iter().filter(|url| url.protocol() == OVERRIDE);
        let overrides: Vec<String> = overrides.map(|url| url.to_string()).collect();
        if !overrides.is_empty() {
            rules.insert(self.key(), json!(overrides).to_string().into());
        }
        let mut routes = urls.iter().filter(|url| self.consumer && is_route(url));
        for url in routes.by_ref().take(ROUTES_MAX) {
            match route(url) {
                Some(text) => {
                    let key = registered_route_key(&self.service, &self.registry, &url.to_string());
                    rules.insert(key, text.into());
                }
                None => {
                    tracing::warn!(route = %url, "a route of the registry is passed over: only condition rules are spoken, in the parameter rule");
                }
            }
        }
        if let Some(url) = routes.next() {
            tracing::warn!(service = %self.service, route = %url, "only {ROUTES_MAX} routes of a service count; this one and others do not");
        }
        rules
    }
}

fn is_route(url: &Url) -> bool {
    let of_a_kind = url.get("router").is_some() && url.protocol() != OVERRIDE;
    of_a_kind || matches!(url.protocol(), ROUTE | CONDITION)
}

/// The condition rule that `url` is, in the form of Dubbo 2.7. Each URL is a rule of its own, so that one that makes no sense takes no
/// other with it.
fn route(url: &Url) -> Option<String> {
    let kind = url.get_or("router", url.protocol());
    let rule = url.get("rule").filter(|rule| !rule.trim().is_empty())?;
    if kind != CONDITION {
        return None;
    }
    let text = json!({
        "force": url.get_bool("force", false),
        "enabled": url.get_bool(keys::ENABLED, true),
        "priority": url.get_int("priority", 0),
        "conditions": [decoded(rule)],
    });
    Some(text.to_string())
}

/// Dubbo's admin tools encode the rule once more than the URL around it (Dubbo Java `getParameterAndDecoded`).
fn decoded(rule: &str) -> String {
    if rule.contains("=>") || !rule.contains('%') {
        return rule.to_owned();
    }
    let url = Url::parse(&format!("{ROUTE}://0.0.0.0/?rule={rule}"));
    let read = url.ok().and_then(|url| url.get("rule").map(str::to_owned));
    read.unwrap_or_else(|| rule.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFERENCE: &str = "consumer://10.0.0.9/a.B?interface=a.B&version=1.0.0";

    fn rules(reference: &str, urls: &[&str]) -> Vec<(RuleKey, String)> {
        let registry = Url::parse("zookeeper://10.0.0.1:2181").unwrap();
        let holder = Holder::new(&registry, &Url::parse(reference).unwrap());
        let snapshot = Snapshot {
            urls: urls.iter().map(|url| Url::parse(url).unwrap()).collect(),
            unreadable: 0,
        };
        let rules = holder.rules(&snapshot).into_iter();
        rules.map(|(key, text)| (key, text.to_string())).collect()
    }

    #[test]
    fn a_route_is_a_condition_rule_in_each_spelling() {
        let expected = json!({
            "force": true, "enabled": true, "priority": 3, "conditions": ["host = 10.* => host = 10.0.0.1 "]
        });
        for (id, url) in [
            (
                "as a URL says it",
                "route://0.0.0.0/a.B?category=routers&router=condition&force=true&priority=3&rule=host+%3D+10.*+%3D%3E+host+%3D+10.0.0.1+",
            ),
            (
                "encoded once more",
                "route://0.0.0.0/a.B?category=routers&router=condition&force=true&priority=3&rule=host%2520%253D%252010.*%2520%253D%253E%2520host%2520%253D%252010.0.0.1%2520",
            ),
            (
                "BUG-25: condition://",
                "condition://0.0.0.0/a.B?category=routers&force=true&priority=3&rule=host+%3D+10.*+%3D%3E+host+%3D+10.0.0.1+",
            ),
            (
                "a node's name, as Dubbo's admin tools write it",
                "route%3A%2F%2F0.0.0.0%2Fa.B%3Fcategory%3Drouters%26router%3Dcondition%26force%3Dtrue%26name%3Done+two%26priority%3D3%26rule%3Dhost%2520%253D%252010.*%2520%253D%253E%2520host%2520%253D%252010.0.0.1%2520",
            ),
        ] {
            let rules = rules(REFERENCE, &[url]);
            let [(key, text)] = &rules[..] else {
                panic!("{id}: {rules:?}")
            };
            assert_eq!(*text, expected.to_string(), "{id}");
            assert_eq!(&*key.key, "a.B:1.0.0:.condition-router", "{id}");
            assert!(
                key.group.starts_with("registry:zookeeper://10.0.0.1:2181#"),
                "{id}"
            );
        }
    }

    #[test]
    fn what_is_no_condition_is_passed_over_and_each_route_is_its_own_rule() {
        let one = "condition://0.0.0.0/a.B?category=routers&rule=%3D%3Ehost%3D1.1.1.1";
        let two = "condition://0.0.0.0/a.B?category=routers&rule=%3D%3Ehost%3D2.2.2.2";
        let others = [
            "route://0.0.0.0/a.B?category=routers&router=script&rule=x",
            "route://0.0.0.0/a.B?category=routers&router=condition",
            "empty://0.0.0.0/a.B?category=routers",
            "condition://0.0.0.0/a.B?category=routers&compatible_config=true&rule=x",
            "override://0.0.0.0/a.B?category=configurators&compatible_config=true&timeout=1",
        ];
        let with = |own: &[&'static str]| -> Vec<&'static str> { [own, &others].concat() };
        assert_eq!(rules(REFERENCE, &with(&[])), []);
        let both = rules(REFERENCE, &with(&[one, two]));
        assert_eq!(both.len(), 2);
        let left = rules(REFERENCE, &with(&[two]));
        assert!(both.contains(&left[0]), "its place is its own");

        // A provider has overrides alone, also those that are written for Dubbo 2.6.
        let provider = "dubbo://10.0.0.9:20880/a.B?interface=a.B&version=1.0.0";
        let of_provider = rules(provider, &with(&[one, two]));
        let [(key, _)] = &of_provider[..] else {
            panic!("{of_provider:?}")
        };
        assert_eq!(&*key.key, "a.B:1.0.0.configurators");
    }

    /// What one registry holds does not take the place of another's.
    #[test]
    fn each_registry_has_its_own_rules() {
        let reference = Url::parse(REFERENCE).unwrap();
        let key = |url: &str| Holder::new(&Url::parse(url).unwrap(), &reference).key();
        assert_ne!(key("file:///a"), key("file:///b"));
        let zookeeper = "zookeeper://10.0.0.1:2181";
        assert_ne!(key(zookeeper), key(&format!("{zookeeper}?group=shop")));
        assert_ne!(key(zookeeper), key("etcd://10.0.0.1:2181"));
    }

    #[test]
    fn a_flood_of_routes_is_cut() {
        let routes: Vec<String> = (0..ROUTES_MAX + 5)
            .map(|port| format!("condition://0.0.0.0/a.B?category=routers&rule=port%3D{port}"))
            .collect();
        let routes: Vec<&str> = routes.iter().map(String::as_str).collect();
        assert_eq!(rules(REFERENCE, &routes).len(), ROUTES_MAX);
    }
}
