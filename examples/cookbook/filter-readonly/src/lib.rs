//! Filter `readonly`: while this file lies in the plugin directory, methods that write are refused.
//!
//! The idea: the file itself is the switch. Dropping it in opens the maintenance window, deleting it ends it.

use serde::Deserialize;
use wubbo_plugin_sdk::{Filter, Flow, Reply, Request, Result, wubbo_plugin};

/// The configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReadOnly {
    /// Methods that write; a `*` at the end stands for any rest.
    methods: Vec<String>,
    /// What a refused caller reads.
    message: String,
}

impl Default for ReadOnly {
    fn default() -> Self {
        let methods = ["create*", "save*", "update*", "delete*", "remove*"];
        Self {
            methods: methods.map(str::to_owned).to_vec(),
            message: "maintenance: only reading is possible now".to_owned(),
        }
    }
}

// On the provider's side a refused call costs no routing and no provider. `closed`: if this guard fails, nobody knows whether the
// call may pass, so it does not.
#[wubbo_plugin(
    kind = filter,
    name = "readonly",
    side = provider,
    fail = closed,
    reads(field("method")),
    description = "refuses methods that write, for as long as it is there"
)]
impl Filter for ReadOnly {
    type Config = Self;

    fn new(config: Self) -> Result<Self> {
        Ok(config)
    }

    fn on_request(&mut self, request: &mut Request<'_>) -> Result<Flow> {
        let method = request.method()?;
        let writes = |pattern: &String| match pattern.strip_suffix('*') {
            Some(start) => method.starts_with(start),
            None => *pattern == method,
        };
        if self.methods.iter().any(writes) {
            return Ok(Flow::Reply(Reply::refuse(&self.message)));
        }
        Ok(Flow::Continue)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wubbo_plugin_sdk::status;
    use wubbo_plugin_sdk::testing::{Bench, Call};

    /// What a caller of `method` is told; `None`: the call goes on.
    fn refused(config: &str, method: &str) -> Option<(u8, String)> {
        let mut bench = Bench::new(factory(), config).unwrap();
        let entered = bench.request(&Call::new("com.shop.Cart", method)).unwrap();
        let reply = entered.reply?;
        let (status, _, message) = reply.as_error().unwrap();
        Some((status, message.to_owned()))
    }

    #[test]
    fn methods_that_write_are_refused_and_others_pass() {
        let (status, message) = refused("{}", "saveUser").unwrap();
        assert_eq!(status, status::SERVICE_ERROR);
        assert!(message.contains("only reading"), "{message}");
        assert_eq!(refused("{}", "getUser"), None);
        assert_eq!(refused("{}", "resave"), None);
    }

    #[test]
    fn a_pattern_without_a_star_is_the_whole_name() {
        let config = r#"{ "methods": ["pay"], "message": "later" }"#;
        assert_eq!(refused(config, "pay").unwrap().1, "later");
        assert_eq!(refused(config, "payOut"), None);
        assert_eq!(refused(config, "saveUser"), None);
    }
}
