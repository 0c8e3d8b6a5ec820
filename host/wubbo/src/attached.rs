//! What operators attached to the gateways of an application: a text in the config center, written by `wubbo attach` and
//! `wubbo detach` and followed by every gateway of that application.
//!
//! The text holds the nodes of others that were changed for it, as they were and as they were written, so that detaching can put
//! them back byte for byte, also when an earlier command was killed in the middle.

mod announcer;
mod entry;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use wubbo_core::ServiceKey;

pub(crate) use announcer::{Announcer, AnnouncerParts};

/// The group of our own texts in a config center.
pub(crate) const GROUP: &str = "wubbo";
/// The category in a registry where gateways say what they cannot serve.
pub(crate) const GATEWAYS: &str = "gateways";

/// The key of the text for the gateways of `application`.
pub(crate) fn key(application: &str) -> String {
    format!("{application}.attached")
}

/// The text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Attached {
    /// By service key, `[group/]interface[:version]`.
    pub(crate) services: BTreeMap<String, Service>,
}

/// A service that is attached.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Service {
    /// The applications whose calls go through the gateways.
    pub(crate) consumers: BTreeSet<String>,
    /// What was changed in the config center for it, in the order in which it was written.
    pub(crate) nodes: Vec<Node>,
}

/// A node of the config center that belongs to others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Node {
    pub(crate) group: String,
    pub(crate) key: String,
    /// The text before; none: there was no node.
    pub(crate) before: Option<String>,
    /// The text that was, or was about to be, written.
    pub(crate) written: String,
}

impl Attached {
    /// # Errors
    /// Why `text` is not one of ours.
    pub(crate) fn parse(text: Option<&str>) -> Result<Self, String> {
        match text.filter(|text| !text.trim().is_empty()) {
            None => Ok(Self::default()),
            Some(text) => serde_json::from_str(text).map_err(|error| error.to_string()),
        }
    }

    /// As it is written; nothing attached is no text.
    pub(crate) fn text(&self) -> Option<String> {
        let text = serde_json::to_string_pretty(self).ok()?;
        (!self.services.is_empty()).then(|| text + "\n")
    }

    /// The services that are attached.
    pub(crate) fn keys(&self) -> BTreeSet<ServiceKey> {
        let keys = self.services.keys();
        keys.map(|key| ServiceKey::parse(key)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_as_it_was_written_and_nothing_is_no_text() {
        let mut attached = Attached::default();
        assert_eq!(attached.text(), None);
        let node = Node {
            group: "dubbo".into(),
            key: "k".into(),
            before: Some("a: \"1\"\r\n".into()),
            written: "b".into(),
        };
        let service = Service {
            consumers: ["web".to_owned()].into(),
            nodes: vec![node],
        };
        attached.services.insert("g/a.B:1.0".into(), service);
        let text = attached.text().unwrap();
        assert_eq!(Attached::parse(Some(&text)), Ok(attached.clone()));
        assert_eq!(attached.keys(), [ServiceKey::new("a.B", "g", "1.0")].into());
        for none in [None, Some(""), Some(" \n")] {
            assert_eq!(Attached::parse(none), Ok(Attached::default()));
        }
        assert!(Attached::parse(Some("{\"services\": {}, \"x\": 1}")).is_err());
    }
}
