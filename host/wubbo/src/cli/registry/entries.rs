//! An entry of a registry as people and programs read it.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use wubbo_core::{Url, keys};

/// The protocols that wubbo calls.
const SPOKEN: [&str; 1] = ["dubbo"];
/// The category of what can be called.
const PROVIDERS: &str = "providers";

/// What a command asks a registry for: every group and version, and entries that are switched off as well.
pub(super) fn asked(interface: &str, category: &str) -> Url {
    Url::builder()
        .protocol("consumer")
        .host("0.0.0.0")
        .path(interface)
        .params([
            (keys::INTERFACE, interface),
            (keys::CATEGORY, category),
            (keys::GROUP, "*"),
            (keys::VERSION, "*"),
            (keys::ENABLED, "*"),
            ("classifier", "*"),
        ])
        .build()
}

/// One entry.
pub(super) struct Entry<'a> {
    url: &'a Url,
    category: &'a str,
}

impl<'a> Entry<'a> {
    pub(super) fn new(url: &'a Url) -> Self {
        let category = match url.protocol() {
            "consumer" => "consumers",
            _ => PROVIDERS,
        };
        Self {
            url,
            category: url.get_or(keys::CATEGORY, category),
        }
    }

    /// The columns.
    pub(super) fn heads() -> Vec<String> {
        [
            "SERVICE",
            "CATEGORY",
            "ADDRESS",
            "APPLICATION",
            "RELEASE",
            "NOTE",
        ]
        .map(str::to_owned)
        .to_vec()
    }

    pub(super) fn row(&self) -> Vec<String> {
        let text = |key| self.url.get_or(key, "-").to_owned();
        vec![
            self.url.service_key().to_string(),
            self.category.to_owned(),
            format!("{}://{}", self.url.protocol(), self.url.location()),
            text(keys::APPLICATION),
            text("release"),
            self.note().unwrap_or_else(|| "-".to_owned()),
        ]
    }

    pub(super) fn json(&self) -> Json {
        let key = self.url.service_key();
        let parameters: BTreeMap<&str, &str> = self.url.first_params().collect();
        json!({
            "service": key.to_string(), "interface": key.interface(), "group": key.group(), "version": key.version(),
            "category": self.category, "protocol": self.url.protocol(), "address": self.url.location(),
            "application": self.url.get(keys::APPLICATION), "note": self.note(), "parameters": parameters, "url": self.url.to_string(),
        })
    }

    /// Whether it offers the service over a protocol that we do not speak.
    pub(super) fn is_skipped(&self) -> bool {
        self.category == PROVIDERS && !SPOKEN.contains(&self.url.protocol())
    }

    /// What a reader should know: first what keeps it from being called.
    fn note(&self) -> Option<String> {
        if self.is_skipped() {
            return Some(format!("skipped: {} is not spoken", self.url.protocol()));
        }
        let off =
            !self.url.get_bool(keys::ENABLED, true) || self.url.get_bool(keys::DISABLED, false);
        if off {
            return Some("switched off".to_owned());
        }
        if let Some(refused) = self.url.get(keys::WUBBO_REFUSED) {
            return Some(format!("refused: {refused}"));
        }
        let gateway = self.url.get(keys::WUBBO_GATEWAY);
        gateway.map(|id| format!("gateway {id}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_keeps_an_entry_from_being_called_is_noted() {
        for (text, note) in [
            ("dubbo://h:1/a.B?version=1.0", None),
            ("jsonrpc://h:1/a.B", Some("skipped: jsonrpc is not spoken")),
            ("dubbo://h:1/a.B?disabled=true", Some("switched off")),
            (
                "dubbo://h:1/a.B?wubbo.gateway=0a1b2c3d",
                Some("gateway 0a1b2c3d"),
            ),
            ("override://h:1/a.B?category=configurators", None),
            ("consumer://h/a.B", None),
        ] {
            let url = Url::parse(text).unwrap();
            assert_eq!(Entry::new(&url).note().as_deref(), note, "{text}");
        }
    }
}
