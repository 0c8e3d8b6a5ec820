//! How long an attempt may take, where an operator's rule says so: it stands above what consumer and provider say.

use std::collections::HashMap;
use std::time::Duration;

use crate::{Url, keys};

/// The time-outs of a provider's URL that configurators set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AttemptLimits {
    /// Of every method without one of its own.
    service: Option<Duration>,
    /// Of a method; `None`: it has a time-out of its own, and no rule about it.
    methods: HashMap<Box<str>, Option<Duration>>,
}

impl AttemptLimits {
    /// What is limited because `configured` has other time-outs than `merged`, the same URL before the configurators.
    #[must_use]
    pub fn ruled(merged: &Url, configured: &Url) -> Self {
        let is_ruled = |key: &str| merged.first(key) != configured.first(key);
        let ending = [".", keys::TIMEOUT].concat();
        let methods = configured.first_params().filter_map(|(key, _)| {
            let method = key.strip_prefix("methods.")?.strip_suffix(&ending)?;
            let limit =
                configured.get_method_duration_ms(method, keys::TIMEOUT, keys::DEFAULT_TIMEOUT_MS);
            let limit = is_ruled(key).then(|| Duration::from_millis(limit));
            Some((method.into(), limit))
        });
        let methods: HashMap<_, _> = methods.collect();
        let service = is_ruled(keys::TIMEOUT).then(|| {
            let limit = configured.get_duration_ms(keys::TIMEOUT, keys::DEFAULT_TIMEOUT_MS);
            Duration::from_millis(limit)
        });
        // The ordinary case keeps nothing.
        if service.is_none() && methods.values().all(Option::is_none) {
            return Self::default();
        }
        Self { service, methods }
    }

    /// How long an attempt of `method` may take; `None`: as long as the consumer waits.
    #[must_use]
    pub fn of(&self, method: &str) -> Option<Duration> {
        match self.methods.get(method) {
            Some(own) => *own,
            None => self.service,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(merged: &str, configured: &str) -> [Option<u64>; 2] {
        let url = |parameters| Url::parse(&format!("dubbo://h:1/a.B?{parameters}")).unwrap();
        let limits = AttemptLimits::ruled(&url(merged), &url(configured));
        let millis = |limit: Duration| u64::try_from(limit.as_millis()).unwrap();
        ["find", "save"].map(|method| limits.of(method).map(millis))
    }

    #[test]
    fn what_a_rule_set_limits_and_nothing_else() {
        let own = "timeout=3000&methods.find.timeout=700";
        for (merged, configured, expected) in [
            (own, own, [None, None]),
            (
                own,
                "timeout=3000&methods.find.timeout=200",
                [Some(200), None],
            ),
            (
                own,
                "timeout=900&methods.find.timeout=700",
                [None, Some(900)],
            ),
            (
                own,
                "timeout=900&methods.find.timeout=20",
                [Some(20), Some(900)],
            ),
            ("", "methods.find.timeout=20", [Some(20), None]),
            ("", "timeout=2s", [Some(2000), Some(2000)]),
            ("", "weight=7", [None, None]),
        ] {
            assert_eq!(
                limits(merged, configured),
                expected,
                "{merged} -> {configured}"
            );
        }
    }
}
