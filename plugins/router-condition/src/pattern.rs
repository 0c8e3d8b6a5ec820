//! What a value may be: a text, a text with a star, a range of numbers.

/// The values of one side of a pair: `=` or `!=`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Values {
    /// Sorted, so that a list of many hosts is searched and not walked.
    texts: Vec<String>,
    patterns: Vec<Pattern>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Pattern {
    /// Begins and ends so; the two may overlap.
    Ends(String, String),
    /// From and to, both included.
    Range(i64, i64),
    /// Has a `~`, but is no range.
    Unreadable,
    /// The consumer's value of a key, itself a value or pattern.
    Reference(String),
}

/// Where a pattern stands: what cannot be read as a number does not hold in the condition and holds in the consequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    When,
    Then,
}

impl Values {
    pub(crate) fn is_empty(&self) -> bool {
        self.texts.is_empty() && self.patterns.is_empty()
    }

    pub(crate) fn add(&mut self, text: &str, part: Part) {
        match text.strip_prefix('$') {
            Some(name) if part == Part::Then => {
                self.patterns.push(Pattern::Reference(name.to_owned()));
            }
            _ => self.add_value(text),
        }
    }

    fn add_value(&mut self, text: &str) {
        if let Some((from, to)) = text.split_once('~') {
            self.patterns.push(range(from, to));
        } else if let Some((begin, end)) = text.rsplit_once('*') {
            // Only the last star stands for any text, as in Dubbo.
            let ends = Pattern::Ends(begin.to_owned(), end.to_owned());
            self.patterns.push(ends);
        } else if let Err(place) = self
            .texts
            .binary_search_by(|known| known.as_str().cmp(text))
        {
            self.texts.insert(place, text.to_owned());
        }
    }

    pub(crate) fn hold(&self, value: &str, part: Part) -> bool {
        let listed = || self.texts.binary_search_by(|text| text.as_str().cmp(value));
        (!self.texts.is_empty() && listed().is_ok())
            || self
                .patterns
                .iter()
                .any(|pattern| pattern.holds(value, part))
    }

    /// The keys of the consumer that it refers to.
    pub(crate) fn references(&self) -> impl Iterator<Item = &str> {
        self.patterns.iter().filter_map(|pattern| match pattern {
            Pattern::Reference(name) => Some(name.as_str()),
            _ => None,
        })
    }

    /// The same with each reference replaced by the consumer's value.
    pub(crate) fn resolved(&self, consumer: &dyn Fn(&str) -> String) -> Self {
        let mut resolved = Self {
            texts: self.texts.clone(),
            patterns: Vec::new(),
        };
        for pattern in &self.patterns {
            match pattern {
                Pattern::Reference(name) => resolved.add_value(&consumer(name)),
                other => resolved.patterns.push(other.clone()),
            }
        }
        resolved
    }
}

impl Pattern {
    fn holds(&self, value: &str, part: Part) -> bool {
        match self {
            Self::Ends(begin, end) => {
                value.starts_with(begin.as_str()) && value.ends_with(end.as_str())
            }
            Self::Range(from, to) => match value.parse::<i64>() {
                Ok(number) => (*from..=*to).contains(&number),
                Err(_) => part == Part::Then,
            },
            Self::Unreadable => part == Part::Then,
            // Resolved before it is asked.
            Self::Reference(_) => false,
        }
    }
}

fn range(from: &str, to: &str) -> Pattern {
    let bound = |text: &str, open: i64| match text {
        "" => Ok(open),
        text => text.parse::<i64>(),
    };
    match (bound(from, i64::MIN), bound(to, i64::MAX)) {
        (Ok(low), Ok(high)) if !(from.is_empty() && to.is_empty()) => Pattern::Range(low, high),
        _ => Pattern::Unreadable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(pattern: &str, value: &str, part: Part) -> bool {
        let mut values = Values::default();
        values.add(pattern, part);
        values.hold(value, part)
    }

    /// Spec `10-cluster-routing.md` 8.4, CR-01 to CR-04; empty patterns cannot be written in a rule.
    #[test]
    fn wildcards_of_the_spec() {
        let cases = [
            ("CR-01", "*", "value", true),
            ("CR-01", "", "", true),
            ("CR-01", "", "value", false),
            ("CR-01", "value", "value", true),
            ("CR-01", "v*", "value", true),
            ("CR-01", "*ue", "value", true),
            ("CR-01", "*e", "value", true),
            ("CR-01", "v*e", "value", true),
            ("CR-02", "val*e", "value", true),
            ("CR-04", "a*b*c", "a*bxc", true),
            ("CR-04", "a*b*c", "axbxc", false),
            ("CR-04", "ab*ba", "aba", true),
            ("CR-04", "**", "x", false),
            ("case", "V*", "value", false),
        ];
        for (id, pattern, value, expected) in cases {
            assert_eq!(
                holds(pattern, value, Part::Then),
                expected,
                "{id}: {pattern} on {value}"
            );
        }
    }

    #[test]
    fn a_reference_is_what_the_consumer_says() {
        let mut values = Values::default();
        values.add("$key", Part::Then);
        assert!(!values.hold("value", Part::Then));
        assert_eq!(values.references().collect::<Vec<_>>(), ["key"]);
        let resolved = |of: &str| values.resolved(&|_| of.to_owned());
        assert!(resolved("v*e").hold("value", Part::Then), "CR-03");
        assert!(resolved("value").hold("value", Part::Then));
        assert!(!resolved("").hold("value", Part::Then));
        assert!(resolved("1~9").hold("5", Part::Then));
        assert!(holds("$key", "$key", Part::When), "a plain text there");
    }

    #[test]
    fn ranges_include_both_ends() {
        let cases = [
            ("1~5", "1", true),
            ("1~5", "5", true),
            ("1~5", "6", false),
            ("1~5", "0", false),
            ("3~", "3", true),
            ("3~", "2", false),
            ("~3", "-7", true),
            ("~3", "4", false),
            ("-5~-1", "-3", true),
            ("5~1", "3", false),
        ];
        for (pattern, value, expected) in cases {
            for part in [Part::When, Part::Then] {
                assert_eq!(
                    holds(pattern, value, part),
                    expected,
                    "{pattern} on {value}"
                );
            }
        }
    }

    #[test]
    fn what_is_no_number_holds_in_the_consequence_only() {
        let cases = [
            ("1~5", "x"),
            ("1~5", ""),
            ("a~5", "3"),
            ("~", "3"),
            ("1~2~3", "2"),
            ("1~99999999999999999999", "2"),
        ];
        for (pattern, value) in cases {
            assert!(!holds(pattern, value, Part::When), "{pattern} on {value}");
            assert!(holds(pattern, value, Part::Then), "{pattern} on {value}");
        }
    }

    #[test]
    fn many_values_are_searched() {
        let mut values = Values::default();
        for number in (0..10_000).rev() {
            values.add(&format!("10.0.0.{number}"), Part::When);
        }
        assert!(values.hold("10.0.0.7777", Part::When));
        assert!(!values.hold("10.0.0.10000", Part::When));
    }
}
