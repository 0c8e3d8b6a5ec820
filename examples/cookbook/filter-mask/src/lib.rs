//! Filter `mask`: callers see only the last characters of some fields of a result, such as card numbers.
//!
//! The idea: one text inside the result is replaced where it lies. The provider is not touched, and the result keeps its Java classes.

use serde::Deserialize;
use wubbo_plugin_sdk::{Error, Filter, Outcome, Response, Result, Value, wubbo_plugin};

/// The configuration.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mask {
    /// Where in the result the fields are, such as `user.card` or `items[0].phone`.
    fields: Vec<String>,
    /// How many characters at the end stay readable.
    #[serde(default)]
    keep: usize,
}

// `closed`: a result that could not be masked must not get out. Both words of `result` are grants that the host checks.
#[wubbo_plugin(
    kind = filter,
    name = "mask",
    fail = closed,
    result = write,
    description = "hides texts in results but for their last characters"
)]
impl Filter for Mask {
    type Config = Self;

    fn new(config: Self) -> Result<Self> {
        match config.fields.iter().any(String::is_empty) {
            true => Err(Error::new("fields: expected paths such as user.card")),
            false => Ok(config),
        }
    }

    fn on_response(&mut self, response: &mut Response<'_>) -> Result<()> {
        // Exceptions, errors and null have no fields.
        if response.outcome() != Outcome::Value {
            return Ok(());
        }
        for path in &self.fields {
            // Most results do not have the field; then nothing is rewritten, and the bytes pass as they came.
            if let Some(text) = response.result_text(path)? {
                response.set_result(path, Value::Text(&masked(&text, self.keep)))?;
            }
        }
        Ok(())
    }
}

/// A star for each character but the last `keep`.
fn masked(text: &str, keep: usize) -> String {
    let hidden = text.chars().count().saturating_sub(keep);
    let shown = text.chars().skip(hidden);
    "*".repeat(hidden).chars().chain(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value as Json, json};
    use wubbo_plugin_sdk::testing::{Bench, Call, Ended};

    fn seen(config: &str, result: Json) -> Json {
        let mut bench = Bench::new(factory(), config).unwrap();
        let entered = bench.request(&Call::new("com.shop.Users", "get")).unwrap();
        let ended = bench.response(&entered, Ended::value(result)).unwrap();
        ended.as_value().unwrap().clone()
    }

    const CARDS: &str = r#"{ "fields": ["card", "user.cards[0]"], "keep": 4 }"#;

    #[test]
    fn all_but_the_last_characters_are_hidden() {
        let result = json!({ "card": "4111222233334444", "name": "Ada", "user": { "cards": ["äöü77", "b"] } });
        let masked = json!({ "card": "************4444", "name": "Ada", "user": { "cards": ["*öü77", "b"] } });
        assert_eq!(seen(CARDS, result), masked);
        let all = r#"{ "fields": ["card"] }"#;
        assert_eq!(seen(all, json!({ "card": "41" })), json!({ "card": "**" }));
        assert_eq!(
            seen(CARDS, json!({ "card": "77" })),
            json!({ "card": "77" })
        );
    }

    #[test]
    fn a_result_without_the_fields_stays_as_it_is() {
        for result in [
            json!({ "name": "Ada", "card": null }),
            json!([1, 2]),
            json!("text"),
        ] {
            assert_eq!(seen(CARDS, result.clone()), result);
        }
    }

    #[test]
    fn a_field_that_is_no_text_is_a_failure_and_an_exception_passes() {
        let mut bench = Bench::new(factory(), CARDS).unwrap();
        let entered = bench.request(&Call::new("com.shop.Users", "get")).unwrap();
        let list = Ended::value(json!({ "card": [1] }));
        assert!(bench.response(&entered, list).is_err());
        let thrown = Ended::exception("com.shop.Gone", "card");
        assert_eq!(bench.response(&entered, thrown.clone()), Ok(thrown));
    }

    #[test]
    fn fields_must_be_named() {
        for config in ["{}", r#"{ "fields": [""] }"#] {
            assert!(Bench::new(factory(), config).is_err(), "{config}");
        }
    }
}
