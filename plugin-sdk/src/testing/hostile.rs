//! Rules that want to take long: texts of the greatest length, and what must come of them.

use crate::abi::limits::RULE_MAX;
use crate::error::Result;
use std::time::{Duration, Instant};

/// What a hook off the call path may take, five times over: tests run unoptimised and beside others.
const LIMIT: Duration = Duration::from_secs(5);

/// A hostile rule: its name, its text, and a part of the message that refuses it; `None`: it is taken.
pub type HostileRule<'r> = (&'r str, String, Option<&'r str>);

/// `part` over and over, as much of it as a rule may be long, with room for a little around it.
#[must_use]
pub fn fill(part: &str) -> String {
    part.repeat((RULE_MAX - 200) / part.len().max(1))
}

/// Sets each rule with `set`; what is not as it should be, time included.
pub fn failures(rules: &[HostileRule<'_>], mut set: impl FnMut(&str) -> Result<()>) -> Vec<String> {
    let mut failures = Vec::new();
    for (name, text, refused) in rules {
        let start = Instant::now();
        let found = set(text);
        let took = start.elapsed();
        let is_right = match (&found, refused) {
            (Ok(()), None) => true,
            (Err(error), Some(part)) => error.to_string().contains(part),
            _ => false,
        };
        if text.len() > RULE_MAX {
            failures.push(format!("{name}: a host refuses {} bytes", text.len()));
        } else if !is_right {
            failures.push(format!("{name}: {found:?}, expected {refused:?}"));
        } else if took > LIMIT {
            failures.push(format!("{name} took {took:?}"));
        }
    }
    failures
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    #[test]
    fn what_is_not_as_it_should_be_is_found() {
        let rules = [
            ("taken", "a".to_owned(), None),
            ("refused", "b".to_owned(), Some("no b")),
            ("should be refused", "a".to_owned(), Some("no a")),
            ("should be taken", "b".to_owned(), None),
            ("refused in other words", "b".to_owned(), Some("no c")),
            ("too long for a host", "a".repeat(RULE_MAX + 1), None),
        ];
        let found = failures(&rules, |text| match text {
            "b" => Err(Error::new("no b here")),
            _ => Ok(()),
        });
        let named: Vec<&str> = found
            .iter()
            .filter_map(|line| line.split(':').next())
            .collect();
        assert_eq!(
            named,
            [
                "should be refused",
                "should be taken",
                "refused in other words",
                "too long for a host"
            ]
        );
        assert!(fill("abc").len() > RULE_MAX - 300 && fill("abc").len() < RULE_MAX - 100);
    }
}
