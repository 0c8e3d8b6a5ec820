//! Under which keys Dubbo's tools write rules, and under which we follow them (spec/20 section 4.6).

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use crate::{Rule, RuleScope, ServiceKey};

/// Dubbo's group of rules in every config center.
const GROUP: &str = "dubbo";
/// Begins the group of what a registry holds; a policy tells by it that a list of URLs is about its service alone.
const REGISTRY_GROUP: &str = "registry:";
/// Override rules.
const CONFIGURATORS: &str = "configurators";
/// Condition routes.
const CONDITION_ROUTER: &str = "condition-router";
/// Tag routes.
const TAG_ROUTER: &str = "tag-router";

/// The place of a rule that may or may not be there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleKey {
    /// Whom it is about.
    pub scope: RuleScope,
    /// The config center's key.
    pub key: Arc<str>,
    /// Its group: `dubbo`, since Dubbo's tools write no other, or that of [`registered_rule_key`] or
    /// [`registered_route_key`].
    pub group: Arc<str>,
}

impl RuleKey {
    fn new(scope: RuleScope, stem: &str, suffix: &str) -> Self {
        Self {
            scope,
            key: format!("{stem}.{suffix}").into(),
            group: GROUP.into(),
        }
    }

    /// The rule that `text` is under this key.
    #[must_use]
    pub fn rule(&self, text: Arc<str>) -> Rule {
        Rule {
            scope: self.scope,
            key: self.key.clone(),
            group: self.group.clone(),
            text,
        }
    }
}

/// The keys that a reference to `service`, or an export of it, follows in `application`; an empty name has no keys.
///
/// | rule | key | written by |
/// |---|---|---|
/// | override, application | `<application>.configurators` | all |
/// | override, service | `[<group>*]<interface>[:<version>].configurators` | dubbo-go 1.5, dubbo-admin |
/// | override, service | `<interface>:<version>:<group>.configurators` | Dubbo Java from 2.7.4 |
/// | condition route, application | `<application>.condition-router` | all |
/// | condition route, service | `<interface>:<version>:<group>.condition-router` | Dubbo Java |
///
/// In this order, so that of two override rules the later one is the more special. Version `0.0.0` is none; in the colon form an
/// absent part stays empty (`com.foo.Bar::.configurators`), in the other it is left out. Tag routes hang on the providers'
/// applications, see [`tag_rule_key`].
#[must_use]
pub fn rule_keys(service: &ServiceKey, application: &str) -> Vec<RuleKey> {
    let mut keys = Vec::with_capacity(5);
    for suffix in [CONFIGURATORS, CONDITION_ROUTER] {
        if !application.is_empty() {
            keys.push(RuleKey::new(RuleScope::Application, application, suffix));
        }
        if service.interface().is_empty() {
            continue;
        }
        if suffix == CONFIGURATORS {
            keys.push(RuleKey::new(RuleScope::Service, &service.encoded(), suffix));
        }
        let colons = service.colon_separated();
        keys.push(RuleKey::new(RuleScope::Service, &colons, suffix));
    }
    keys
}

/// The place of the override URLs that the registry `registry` (its [`registry_name`](crate::registry_name)) holds for `service` under its
/// category `configurators`, as Dubbo 2.6 and its admin tools left them there. The key is that of the service's override rules, the
/// group `registry:<name>`, which no config center has.
#[must_use]
pub fn registered_rule_key(service: &ServiceKey, registry: &str) -> RuleKey {
    RuleKey {
        group: format!("{REGISTRY_GROUP}{registry}").into(),
        ..RuleKey::new(RuleScope::Service, &service.encoded(), CONFIGURATORS)
    }
}

/// The place of one condition route that the registry `registry` holds for `service` under its category `routers`. The key is that of
/// the service's condition routes; `route`, the URL's text, gives each a group of its own.
#[must_use]
pub fn registered_route_key(service: &ServiceKey, registry: &str, route: &str) -> RuleKey {
    let mut hasher = DefaultHasher::new();
    route.hash(&mut hasher);
    let colons = service.colon_separated();
    RuleKey {
        group: format!("{REGISTRY_GROUP}{registry}#{:016x}", hasher.finish()).into(),
        ..RuleKey::new(RuleScope::Service, &colons, CONDITION_ROUTER)
    }
}

/// The key of the tag routes of the providers that belong to `application` (their `remote.application`);
/// `<application>.tag-router`, as Dubbo Java and later dubbo-go have it (spec/10 section 8.7).
#[must_use]
pub fn tag_rule_key(application: &str) -> RuleKey {
    RuleKey::new(RuleScope::Application, application, TAG_ROUTER)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(service: &ServiceKey, application: &str) -> Vec<String> {
        let keys = rule_keys(service, application);
        assert!(keys.iter().all(|key| &*key.group == "dubbo"));
        keys.iter().map(|key| key.key.to_string()).collect()
    }

    #[test]
    fn keys_are_spelled_as_dubbos_tools_write_them() {
        let mock = |group: &'static str, version: &'static str| {
            ServiceKey::new("org.apache.dubbo-go.mockService", group, version)
        };
        // id, service, key of the override rules in both spellings, of the condition routes
        let cases = [
            (
                "CC-20, V-CFG-01",
                mock("group", "1.0.0"),
                "group*org.apache.dubbo-go.mockService:1.0.0.configurators",
                "org.apache.dubbo-go.mockService:1.0.0:group.configurators",
                "org.apache.dubbo-go.mockService:1.0.0:group.condition-router",
            ),
            (
                "CC-21",
                mock("", "0.0.0"),
                "org.apache.dubbo-go.mockService.configurators",
                "org.apache.dubbo-go.mockService::.configurators",
                "org.apache.dubbo-go.mockService::.condition-router",
            ),
            (
                "CC-02",
                ServiceKey::new("test", "groupA", "0"),
                "groupA*test:0.configurators",
                "test:0:groupA.configurators",
                "test:0:groupA.condition-router",
            ),
        ];
        for (id, service, encoded, colons, condition) in cases {
            assert_eq!(
                keys(&service, "test-application"),
                [
                    "test-application.configurators",
                    encoded,
                    colons,
                    "test-application.condition-router",
                    condition
                ],
                "{id}, V-CFG-02"
            );
        }
        assert_eq!(&*tag_rule_key("stock").key, "stock.tag-router");
        let registered = registered_rule_key(&ServiceKey::new("a.B", "g", "1.0"), "10.0.0.1:2181");
        assert_eq!(&*registered.key, "g*a.B:1.0.configurators");
        assert_eq!(&*registered.group, "registry:10.0.0.1:2181");
    }

    #[test]
    fn who_has_no_name_has_no_keys() {
        assert!(keys(&ServiceKey::default(), "").is_empty());
        let service = ServiceKey::new("a.B", "", "");
        let scopes: Vec<RuleScope> = rule_keys(&service, "")
            .iter()
            .map(|key| key.scope)
            .collect();
        assert_eq!(scopes, [RuleScope::Service; 3]);
        assert_eq!(keys(&ServiceKey::default(), "shop").len(), 2);
    }

    #[test]
    fn a_key_and_a_text_make_a_rule() {
        let rule = tag_rule_key("stock").rule("tags: []".into());
        assert_eq!(rule.scope, RuleScope::Application);
        assert_eq!((&*rule.key, &*rule.group), ("stock.tag-router", "dubbo"));
        assert_eq!(&*rule.text, "tags: []");
    }
}
