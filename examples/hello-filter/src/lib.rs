//! The smallest plugin: greets each call on both ways, so that a client sees which generation ran which hook.
//!
//! The client compares `hello.request` and `hello.response`: two greetings in one call would be two generations.

use serde::Deserialize;
use wubbo_plugin_sdk::{Filter, Flow, Request, Response, Result, wubbo_plugin};

/// The configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hello {
    /// What is said, up to 512 bytes. Default `hello`.
    #[serde(default = "hello")]
    greeting: String,
}

fn hello() -> String {
    "hello".to_owned()
}

#[wubbo_plugin(kind = filter, name = "hello", fail = open)]
impl Filter for Hello {
    type Config = Self;

    fn new(config: Self) -> Result<Self> {
        Ok(config)
    }

    fn on_request(&mut self, request: &mut Request<'_>) -> Result<Flow> {
        request.set_attachment("hello.request", &self.greeting)?;
        request.set_scratch(0, self.greeting.as_bytes())?;
        Ok(Flow::Continue)
    }

    fn on_response(&mut self, response: &mut Response<'_>) -> Result<()> {
        let greeted = String::from_utf8_lossy(response.scratch_blob());
        response.set_attachment("hello.request", &greeted)?;
        response.set_attachment("hello.response", &self.greeting)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wubbo_plugin_sdk::testing::{Bench, Call, Ended};

    fn greet(config: &str) -> (Option<String>, Option<String>, Option<String>) {
        let mut bench = Bench::new(factory(), config).unwrap();
        let entered = bench.request(&Call::new("com.x.S", "m")).unwrap();
        let ended = bench.response(&entered, Ended::value(3)).unwrap();
        assert_eq!(ended.as_value(), Some(&3.into()));
        let sent = entered.call.attached("hello.request").map(str::to_owned);
        let back = |key| ended.attached(key).map(str::to_owned);
        (sent, back("hello.request"), back("hello.response"))
    }

    #[test]
    fn both_hooks_say_the_greeting() {
        let all = |greeting: &str| {
            (
                Some(greeting.to_owned()),
                Some(greeting.to_owned()),
                Some(greeting.to_owned()),
            )
        };
        assert_eq!(greet("{}"), all("hello"));
        assert_eq!(greet(r#"{"greeting":"generation 7"}"#), all("generation 7"));
    }

    #[test]
    fn two_generations_in_one_call_would_show() {
        let mut old = Bench::new(factory(), r#"{"greeting":"old"}"#).unwrap();
        let mut new = Bench::new(factory(), r#"{"greeting":"new"}"#).unwrap();
        let entered = old.request(&Call::new("com.x.S", "m")).unwrap();
        let ended = new.response(&entered, Ended::null()).unwrap();
        assert_eq!(
            (
                ended.attached("hello.request"),
                ended.attached("hello.response")
            ),
            (Some("old"), Some("new"))
        );
    }
}
