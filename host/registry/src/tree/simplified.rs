//! `simplified=true`: what is left of a URL in the registry when the rest travels elsewhere. It keeps the lists that every
//! consumer holds small. The keys are those of Dubbo Java (`RegistryConstants`, `DEFAULT_REGISTER_PROVIDER_KEYS` and
//! `DEFAULT_REGISTER_CONSUMER_KEYS`).

use wubbo_core::{Url, keys};

const PROVIDER: [&str; 20] = [
    "application",
    "codec",
    "exchanger",
    "serialization",
    "prefer.serialization",
    "cluster",
    "connections",
    "deprecated",
    "group",
    "loadbalance",
    "mock",
    "path",
    "timeout",
    "token",
    "version",
    "warmup",
    "weight",
    "timestamp",
    "dubbo",
    "release",
];
const CONSUMER: [&str; 4] = ["application", "version", "group", "dubbo"];
/// What tells where an entry belongs and how long it lives, kept in any case.
const ALWAYS: [&str; 2] = [keys::CATEGORY, "dynamic"];
/// Kept of a provider, whose consumers ask for it.
const METHODS: &str = "methods";

/// `url` with the parameters that a simplified registry holds, and those that `extra` names.
pub(crate) fn simplified(url: &Url, extra: &[String]) -> Url {
    let listed: &[&str] = match url.protocol() {
        "consumer" => &CONSUMER,
        // Rules are nothing but their parameters.
        "override" | "route" | "condition" | "script" | "router" => return url.clone(),
        _ => &PROVIDER,
    };
    // The path names the interface already, unless it differs.
    let path_differs = url.path().trim_start_matches('/') != url.service();
    let is_provider = url.protocol() != "consumer";
    let keep = |key: &str| {
        listed.contains(&key)
            || ALWAYS.contains(&key)
            || (key == METHODS && is_provider)
            || (key == keys::INTERFACE && path_differs)
            || extra.iter().any(|named| named == key)
    };
    url.to_builder()
        .retain_params(|key, value| !value.is_empty() && keep(key))
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_keys_of_dubbo_java_and_those_asked_for() {
        let check = |text: &str, expected: &str| {
            let url = Url::parse(text).unwrap();
            let extra = ["zone".to_owned()];
            assert_eq!(simplified(&url, &extra).to_full_string(), expected);
        };
        check(
            "dubbo://h:1/a.B?anyhost=true&application=x&interface=a.B&methods=m&pid=7&retries=3&side=provider&timestamp=5&weight=&zone=z",
            "dubbo://h:1/a.B?application=x&methods=m&timestamp=5&zone=z",
        );
        check(
            "dubbo://h:1/Short?interface=a.B&pid=7",
            "dubbo://h:1/Short?interface=a.B",
        );
        check(
            "consumer://h/a.B?application=x&category=consumers&check=false&methods=m&timeout=3&version=1",
            "consumer://h/a.B?application=x&category=consumers&version=1",
        );
        let rule = "override://0.0.0.0/a.B?category=configurators&retries=3";
        check(rule, rule);
    }
}
