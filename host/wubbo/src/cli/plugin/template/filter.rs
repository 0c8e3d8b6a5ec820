//! Puts a default attachment on calls that carry none, such as the tenant they belong to.

use serde::Deserialize;
use wubbo_plugin_sdk::{Error, Filter, Flow, Hook, Request, Result, Setup, Space, wubbo_plugin};

/// The configuration, from the YAML beside the wasm file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DefaultAttachment {
    /// The attachment's key.
    key: String,
    /// What it is set to when a call has none.
    value: String,
}

impl Default for DefaultAttachment {
    fn default() -> Self {
        Self {
            key: "tenant".to_owned(),
            value: "default".to_owned(),
        }
    }
}

// `fail = open`: when this plugin fails, calls pass as if it were not there.
#[wubbo_plugin(kind = filter, name = "plugin-name", side = provider, fail = open)]
impl Filter for DefaultAttachment {
    type Config = Self;

    fn new(config: Self) -> Result<Self> {
        if config.key.is_empty() {
            return Err(Error::new("key: expected the name of an attachment"));
        }
        Ok(config)
    }

    fn setup(&mut self, setup: &mut Setup<'_>) -> Result<()> {
        // Asked for once, the attachment is at hand in every call without asking the host again.
        setup.read(Space::Attachment, self.key.as_str(), Hook::OnRequest);
        Ok(())
    }

    fn on_request(&mut self, request: &mut Request<'_>) -> Result<Flow> {
        if request.attachment(self.key.as_str())?.is_none() {
            request.set_attachment(self.key.as_str(), &self.value)?;
        }
        Ok(Flow::Continue)
    }

    fn schema() -> &'static str {
        r#"{
  "type": "object",
  "additionalProperties": false,
  "properties": {
    "key": { "type": "string", "minLength": 1, "default": "tenant", "description": "the attachment's key" },
    "value": { "type": "string", "default": "default", "description": "what it is set to when a call has none" }
  }
}"#
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wubbo_plugin_sdk::testing::{Bench, Call};

    /// The attachment that a call leaves with.
    fn sent(config: &str, key: &str, call: Call) -> Option<String> {
        let mut bench = Bench::new(factory(), config).unwrap();
        let entered = bench.request(&call).unwrap();
        assert_eq!(entered.reply, None, "the call goes on");
        entered.call.attached(key).map(str::to_owned)
    }

    #[test]
    fn a_call_without_the_attachment_gets_it() {
        let call = Call::new("com.shop.Cart", "get");
        assert_eq!(sent("{}", "tenant", call.clone()).as_deref(), Some("default"));
        let config = r#"{ "key": "zone", "value": "north" }"#;
        assert_eq!(sent(config, "zone", call).as_deref(), Some("north"));
    }

    #[test]
    fn a_call_that_says_its_own_keeps_it() {
        let call = Call::new("com.shop.Cart", "get").attachment("tenant", "blue");
        assert_eq!(sent("{}", "tenant", call).as_deref(), Some("blue"));
    }

    #[test]
    fn a_configuration_that_makes_no_sense_is_refused() {
        let refused = Bench::new(factory(), r#"{ "key": "" }"#).unwrap_err();
        assert!(refused.to_string().contains("key: expected"), "{refused}");
        assert!(Bench::new(factory(), r#"{ "kye": "x" }"#).is_err());
    }
}
