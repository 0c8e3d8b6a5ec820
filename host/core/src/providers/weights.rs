//! A provider's weights and their warm-up (spec/10 section 7.1): a provider that has just started gets less, and more each second.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::{Url, keys, parse_duration};

/// Timestamps above it are milliseconds, as Dubbo Java writes them; those below are seconds, as dubbo-go does.
const SECONDS_MAX: u64 = 100_000_000_000;
/// Largest weight: what a plugin is given fits into 31 bits.
const WEIGHT_MAX: i64 = i32::MAX as i64;

/// What [`crate::ProviderRow::refresh_weights`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refreshed {
    /// Some weight is another one than before.
    pub changed: bool,
    /// The provider is still warming up: its weights will change again.
    pub warming: bool,
}

/// The weights of one provider, for the service and for the methods that have their own.
#[derive(Debug)]
pub(super) struct Weights {
    warm_up: Option<WarmUp>,
    service: Weight,
    methods: Box<[(Box<str>, Weight)]>,
}

#[derive(Debug)]
struct Weight {
    full: u32,
    now: AtomicU32,
}

#[derive(Debug)]
struct WarmUp {
    started_ms: u64,
    length_ms: u64,
}

impl Weights {
    /// The full weights that `url` says; `remote.timestamp` and `warmup` tell how they are reached.
    pub(super) fn of(url: &Url) -> Self {
        let service = url.get(keys::WEIGHT).and_then(read);
        let methods = url
            .method_values(keys::WEIGHT)
            .filter_map(|(method, text)| Some((method.into(), Weight::new(read(text)?))));
        Self {
            warm_up: WarmUp::of(url),
            service: Weight::new(service.unwrap_or(keys::DEFAULT_WEIGHT)),
            methods: methods.collect(),
        }
    }

    pub(super) fn service(&self) -> u32 {
        self.service.now()
    }

    pub(super) fn set_service(&self, weight: u32) {
        self.service.now.store(weight, Ordering::Relaxed);
    }

    pub(super) fn of_method(&self, method: &str) -> u32 {
        // Few methods have a weight of their own, most services have none.
        let own = self.methods.iter().find(|(name, _)| **name == *method);
        own.map_or_else(|| self.service(), |(_, weight)| weight.now())
    }

    pub(super) fn refresh(&self, unix_ms: u64) -> Refreshed {
        let warm_up = self.warm_up.as_ref();
        let mut changed = false;
        let methods = self.methods.iter().map(|(_, weight)| weight);
        for weight in std::iter::once(&self.service).chain(methods) {
            let now = warm_up.map_or(weight.full, |warm_up| warm_up.weight(weight.full, unix_ms));
            changed |= weight.now.swap(now, Ordering::Relaxed) != now;
        }
        Refreshed {
            changed,
            warming: warm_up.is_some_and(|warm_up| warm_up.is_on(unix_ms)),
        }
    }
}

impl Weight {
    fn new(full: u32) -> Self {
        Self {
            full,
            now: AtomicU32::new(full),
        }
    }

    fn now(&self) -> u32 {
        self.now.load(Ordering::Relaxed)
    }
}

/// 0 has a meaning, a provider that is to get nothing, and less than nothing is nothing. Text that is no number counts as absent.
fn read(text: &str) -> Option<u32> {
    let weight: i64 = text.parse().ok()?;
    u32::try_from(weight.clamp(0, WEIGHT_MAX)).ok()
}

impl WarmUp {
    /// `None`: the provider does not say when it started, or wants none (`warmup=0`).
    fn of(url: &Url) -> Option<Self> {
        let timestamp: u64 = url.get(keys::REMOTE_TIMESTAMP)?.parse().ok()?;
        // Who writes seconds counts the warm-up in seconds, too.
        let unit_ms = if timestamp > SECONDS_MAX { 1 } else { 1000 };
        let length_ms = match url.get(keys::WARMUP) {
            None => Some(keys::DEFAULT_WARMUP_MS),
            Some(text) => match text.parse::<u64>() {
                Ok(number) => number.checked_mul(unit_ms),
                Err(_) => {
                    parse_duration(text).and_then(|length| u64::try_from(length.as_millis()).ok())
                }
            },
        };
        let length_ms = length_ms.unwrap_or(keys::DEFAULT_WARMUP_MS);
        let started_ms = timestamp.checked_mul(unit_ms)?;
        (timestamp > 0 && length_ms > 0).then_some(Self {
            started_ms,
            length_ms,
        })
    }

    /// A provider whose clock is ahead of ours has just started.
    fn up_ms(&self, unix_ms: u64) -> u64 {
        unix_ms.saturating_sub(self.started_ms)
    }

    fn is_on(&self, unix_ms: u64) -> bool {
        self.up_ms(unix_ms) < self.length_ms
    }

    fn weight(&self, full: u32, unix_ms: u64) -> u32 {
        if full == 0 || !self.is_on(unix_ms) {
            return full;
        }
        let reached =
            u128::from(self.up_ms(unix_ms)) * u128::from(full) / u128::from(self.length_ms);
        u32::try_from(reached).unwrap_or(full).clamp(1, full)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_MS: u64 = 1_700_000_000_000;

    fn weights(parameters: &str) -> Weights {
        let url = Url::parse(&format!("dubbo://h:1/a.B?{parameters}")).unwrap();
        let weights = Weights::of(&url);
        weights.refresh(NOW_MS);
        weights
    }

    #[test]
    fn warm_up_as_the_vectors_say() {
        // id, weight, seconds up, weight now
        let cases = [
            ("LB-01", 100, 0, 1),
            ("LB-02", 100, 1, 1),
            ("LB-03", 100, 60, 10),
            ("LB-04", 100, 300, 50),
            ("LB-05", 100, 540, 90),
            ("LB-06", 100, 599, 99),
            ("LB-07 600", 100, 600, 100),
            ("LB-07 700", 100, 700, 100),
            ("LB-08", 1000, 300, 500),
            ("LB-09", 1, 0, 1),
            ("LB-09 300", 1, 300, 1),
            ("LB-10", 0, 300, 0),
        ];
        for (id, weight, up_seconds, expected) in cases {
            let seconds = NOW_MS / 1000 - up_seconds;
            for (unit, timestamp) in [("s", seconds), ("ms", seconds * 1000)] {
                let weights = weights(&format!("weight={weight}&remote.timestamp={timestamp}"));
                assert_eq!(weights.service(), expected, "{id} in {unit}");
                assert_eq!(weights.of_method("any"), expected, "{id} in {unit}");
            }
        }
    }

    #[test]
    fn the_length_of_the_warm_up_is_in_the_timestamps_unit_or_has_one() {
        // parameters, weight now, still warming
        let go = NOW_MS / 1000 - 300;
        let java = NOW_MS - 300_000;
        let cases = [
            (format!("remote.timestamp={go}&warmup=1200"), 25, true),
            (format!("remote.timestamp={java}&warmup=1200000"), 25, true),
            (format!("remote.timestamp={java}&warmup=20m"), 25, true),
            (format!("remote.timestamp={go}&warmup=20m"), 25, true),
            (format!("remote.timestamp={java}&warmup=300000"), 100, false),
            (format!("remote.timestamp={java}&warmup=0"), 100, false),
            (format!("remote.timestamp={java}&warmup=abc"), 50, true),
            (format!("remote.timestamp={}", NOW_MS + 9000), 1, true),
            ("remote.timestamp=0".to_owned(), 100, false),
            ("remote.timestamp=abc".to_owned(), 100, false),
            (format!("timestamp={java}"), 100, false),
            (format!("remote.timestamp={}", u64::MAX), 1, true),
        ];
        for (parameters, expected, warming) in cases {
            let weights = weights(&parameters);
            assert_eq!(weights.service(), expected, "{parameters}");
            let again = weights.refresh(NOW_MS);
            assert_eq!(
                again,
                Refreshed {
                    changed: false,
                    warming
                },
                "{parameters}"
            );
        }
    }

    #[test]
    fn a_method_may_weigh_differently() {
        let java = NOW_MS - 300_000;
        let weights = weights(&format!(
            "weight=200&methods.heavy.weight=1000&methods.none.weight=0&methods.bad.weight=x&remote.timestamp={java}"
        ));
        let now = |method| weights.of_method(method);
        assert_eq!(
            (now("heavy"), now("none"), now("bad"), now("other")),
            (500, 0, 100, 100)
        );
        let later = weights.refresh(NOW_MS + 300_000);
        assert_eq!(
            later,
            Refreshed {
                changed: true,
                warming: false
            }
        );
        assert_eq!((weights.of_method("heavy"), weights.service()), (1000, 200));
    }

    #[test]
    fn weights_out_of_range_are_brought_into_it() {
        for (id, text, expected) in [
            ("LB-26", "-5", 0),
            ("LB-22", "10000000000000", 2_147_483_647),
            ("too long", "99999999999999999999999", 100),
            ("no number", "heavy", 100),
            ("empty", "", 100),
        ] {
            assert_eq!(
                weights(&format!("weight={text}")).service(),
                expected,
                "{id}"
            );
        }
    }
}
