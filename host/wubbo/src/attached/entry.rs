//! The entry under which a gateway is found: what the providers behind it have in common.

use std::collections::BTreeSet;

use wubbo_core::{ServiceKey, Url, keys};

use crate::publish::{METHODS, provider_url};

/// What belongs to one provider, not to the service.
const OWN: [&str; 20] = [
    keys::CATEGORY,
    keys::ENABLED,
    keys::DISABLED,
    keys::PREFER_SERIALIZATION,
    keys::SERIALIZATION,
    keys::SSL_ENABLED,
    keys::TAG,
    keys::TIMESTAMP,
    keys::TOKEN,
    keys::WARMUP,
    keys::WEIGHT,
    "accesslog",
    "anyhost",
    "bind.ip",
    "bind.port",
    keys::DUBBO,
    "dynamic",
    "pid",
    "release",
    keys::SIDE,
];

/// Who announces.
#[derive(Debug, Clone)]
pub(super) struct Gateway {
    /// Where consumers reach it; its parameters (`token`, `ssl-enabled`) are theirs to know.
    pub(super) address: Url,
    pub(super) id: String,
    pub(super) application: String,
    /// Milliseconds since the epoch, the same in every entry of this process.
    pub(super) started: String,
}

/// The entry of `gateway` for `service`; `None` when there is no provider that it could call.
///
/// Its weight is 0: nobody takes it who has a provider to choose instead, so only consumers whose rule leaves nothing else do.
pub(super) fn entry(service: &ServiceKey, providers: &[Url], gateway: &Gateway) -> Option<Url> {
    let callable = |url: &&Url| {
        url.protocol() == "dubbo"
            && url.get(keys::WUBBO_GATEWAY).is_none()
            && !url.get_bool(keys::DISABLED, false)
    };
    let providers: Vec<&Url> = providers.iter().filter(callable).collect();
    let (first, others) = providers.split_first()?;
    let address = gateway
        .address
        .with_only_params(&[keys::TOKEN, keys::SSL_ENABLED]);
    let application = first.get_or(keys::APPLICATION, &gateway.application);
    let mut builder = provider_url(&address, service, application);
    for (key, value) in first.first_params() {
        let common = others.iter().all(|other| other.get(key) == Some(value));
        if common && !key.starts_with('.') && !OWN.contains(&key) {
            builder = builder.param(key, value);
        }
    }
    let methods: BTreeSet<&str> = providers
        .iter()
        .flat_map(|url| url.get_or(METHODS, "").split(','))
        .filter(|method| !method.is_empty())
        .collect();
    if !methods.is_empty() {
        let methods: Vec<&str> = methods.into_iter().collect();
        builder = builder.param(METHODS, methods.join(","));
    }
    let longest = providers
        .iter()
        .map(|url| url.get_int(keys::TIMEOUT, 0))
        .max();
    if let Some(longest) = longest.filter(|longest| *longest > 0) {
        builder = builder.param(keys::TIMEOUT, longest.to_string());
    }
    let entry = builder
        .param(keys::TIMESTAMP, gateway.started.as_str())
        .param(keys::WEIGHT, "0")
        .param(keys::WUBBO_GATEWAY, gateway.id.as_str())
        .param(
            keys::WUBBO_GATEWAY_APPLICATION,
            gateway.application.as_str(),
        );
    Some(entry.build())
}

/// What `gateway` says in place of an entry.
pub(super) fn refusal(service: &ServiceKey, gateway: &Gateway, reason: &str) -> Url {
    let address = gateway.address.with_only_params(&[]);
    provider_url(&address, service, &gateway.application)
        .param(keys::CATEGORY, super::GATEWAYS)
        .param(keys::TIMESTAMP, gateway.started.as_str())
        .param(keys::WUBBO_GATEWAY, gateway.id.as_str())
        .param(
            keys::WUBBO_GATEWAY_APPLICATION,
            gateway.application.as_str(),
        )
        .param(keys::WUBBO_REFUSED, reason)
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    fn gateway() -> Gateway {
        Gateway {
            address: url("dubbo://10.0.0.9:20880?token=t&accesslog=true"),
            id: "0a1b2c3d".into(),
            application: "edge".into(),
            started: "7".into(),
        }
    }

    #[test]
    fn what_all_providers_say_is_said() {
        let providers = [
            url(
                "dubbo://h:1/a.B?application=shop&version=1.0&methods=x,y&timeout=100&pid=1&zone=a&token=p&revision=2&weight=7",
            ),
            url(
                "dubbo://h:2/a.B?application=shop&version=1.0&methods=y,z&timeout=3000&pid=2&zone=b&revision=2",
            ),
            url("jsonrpc://h:3/a.B?methods=other"),
            url("dubbo://h:4/a.B?methods=other&disabled=true"),
            url("dubbo://h:5/a.B?methods=other&wubbo.gateway=ffffffff"),
        ];
        let entry = entry(&ServiceKey::new("a.B", "", "1.0"), &providers, &gateway()).unwrap();
        assert_eq!(entry.location(), "10.0.0.9:20880");
        for (key, value) in [
            (keys::APPLICATION, Some("shop")),
            (keys::INTERFACE, Some("a.B")),
            (keys::VERSION, Some("1.0")),
            (METHODS, Some("x,y,z")),
            (keys::TIMEOUT, Some("3000")),
            ("revision", Some("2")),
            ("zone", None),
            ("accesslog", None),
            (keys::TOKEN, Some("t")),
            (keys::WEIGHT, Some("0")),
            (keys::SERIALIZATION, Some("hessian2")),
            (keys::PREFER_SERIALIZATION, Some("hessian2")),
            (keys::WUBBO_GATEWAY, Some("0a1b2c3d")),
            (keys::WUBBO_GATEWAY_APPLICATION, Some("edge")),
        ] {
            assert_eq!(entry.get(key), value, "{key}");
        }
    }

    #[test]
    fn without_a_provider_there_is_no_entry() {
        let service = ServiceKey::new("a.B", "", "");
        assert_eq!(entry(&service, &[], &gateway()), None);
        let other = [url("tri://h:1/a.B")];
        assert_eq!(entry(&service, &other, &gateway()), None);
    }

    #[test]
    fn a_refusal_is_no_provider() {
        let refusal = refusal(&ServiceKey::new("a.B", "", ""), &gateway(), "why");
        assert_eq!(refusal.get(keys::CATEGORY), Some("gateways"));
        assert_eq!(refusal.get(keys::WUBBO_REFUSED), Some("why"));
        assert_eq!(refusal.get(keys::TOKEN), None);
    }
}
