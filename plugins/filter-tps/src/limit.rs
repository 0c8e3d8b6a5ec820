//! What the URL says about a call's limit: dubbo-go's `tps.limit.*` when there is a `tps.limiter`, else Dubbo Java's `tps`.

use wubbo_plugin_sdk::{Request, Result, keys};

/// Dubbo's default interval, one minute.
const DEFAULT_INTERVAL_MS: i64 = 60_000;
/// A sliding window keeps each grant's time, 8 bytes, in one value of shared state (4 KiB).
pub(crate) const SLIDING_RATE_MAX: i64 = 512;

/// Which calls a window counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Strategy {
    /// From the first call on for one interval, then anew.
    FixedWindow,
    /// The grants of the last interval.
    SlidingWindow,
}

impl Strategy {
    /// dubbo-go's name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::FixedWindow => "fixedWindow",
            Self::SlidingWindow => "slidingWindow",
        }
    }
}

/// A limit that holds for a call.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Limit {
    /// Calls per interval, 0 or more.
    pub(crate) rate: i64,
    /// At least 1.
    pub(crate) interval_ms: i64,
    pub(crate) strategy: Strategy,
    /// Has the method numbers of its own, so that it is counted alone.
    pub(crate) of_method: bool,
}

/// Whether a limit holds.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Limited {
    No,
    Yes(Limit),
    /// A value makes no sense; says which and what was expected.
    Misread(String),
}

/// The two families of keys.
struct Names {
    rate: &'static str,
    interval: &'static str,
    /// Dubbo Java has no choice of strategies.
    strategy: Option<&'static str>,
    /// Smallest rate that is a limit: 0 refuses everything in dubbo-go and nothing in Java.
    rate_min: i64,
}

const DUBBO_GO: Names = Names {
    rate: "tps.limit.rate",
    interval: "tps.limit.interval",
    strategy: Some("tps.limit.strategy"),
    rate_min: 0,
};

const DUBBO_JAVA: Names = Names {
    rate: "tps",
    interval: "tps.interval",
    strategy: None,
    rate_min: 1,
};

/// The limit of a call.
pub(crate) fn of(request: &Request<'_>) -> Result<Limited> {
    match request.parameter(keys::TPS_LIMITER)?.as_deref() {
        Some("default" | "method-service") => read(request, &DUBBO_GO),
        Some(other) => Ok(misread(
            "tps.limiter",
            other,
            "expected default or method-service",
        )),
        None if request.method_parameter(DUBBO_JAVA.rate)?.is_some() => read(request, &DUBBO_JAVA),
        None => Ok(Limited::No),
    }
}

fn read(request: &Request<'_>, names: &Names) -> Result<Limited> {
    let method = request.method()?;
    let own = |key: &str| request.parameter(&["methods.", &method, ".", key].concat());
    let Some(text) = request.method_parameter(names.rate)? else {
        return Ok(Limited::No);
    };
    let rate = match number(&text) {
        Some(rate) if rate < names.rate_min => return Ok(Limited::No),
        Some(rate) => rate,
        None => return Ok(misread(names.rate, &text, "expected a whole number")),
    };
    let interval = request.method_parameter(names.interval)?;
    let interval_ms = match interval.as_deref().map(|text| (text, number(text))) {
        None => DEFAULT_INTERVAL_MS,
        Some((_, Some(ms))) if ms > 0 => ms,
        Some((text, _)) => {
            let expected = "expected milliseconds, 1 or more";
            return Ok(misread(names.interval, text, expected));
        }
    };
    let strategy = match strategy(request, names, rate)? {
        Ok(strategy) => strategy,
        Err(wrong) => return Ok(wrong),
    };
    Ok(Limited::Yes(Limit {
        rate,
        interval_ms,
        strategy,
        of_method: own(names.rate)?.is_some() || own(names.interval)?.is_some(),
    }))
}

fn strategy(
    request: &Request<'_>,
    names: &Names,
    rate: i64,
) -> Result<std::result::Result<Strategy, Limited>> {
    let Some(key) = names.strategy else {
        return Ok(Ok(Strategy::FixedWindow));
    };
    let name = request.method_parameter(key)?;
    Ok(match name.as_deref() {
        // The host's window is exact across threads, so dubbo-go's two forms of it are one here.
        None | Some("default" | "fixedWindow" | "threadSafeFixedWindow") => {
            Ok(Strategy::FixedWindow)
        }
        Some("slidingWindow") if rate <= SLIDING_RATE_MAX => Ok(Strategy::SlidingWindow),
        Some("slidingWindow") => {
            let expected = "it takes rates up to 512; use fixedWindow";
            Err(misread(key, "slidingWindow", expected))
        }
        Some(other) => {
            let expected = "expected fixedWindow, threadSafeFixedWindow, slidingWindow or default";
            Err(misread(key, other, expected))
        }
    })
}

fn misread(key: &str, value: &str, expected: &str) -> Limited {
    Limited::Misread([key, " is `", value, "`, ", expected].concat())
}

/// A number as Go reads it with base 0: decimal, `0x` hexadecimal, `0` octal.
fn number(text: &str) -> Option<i64> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    // A second sign would otherwise be taken by the parser.
    if !digits.starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }
    let hex = digits.strip_prefix("0x").or(digits.strip_prefix("0X"));
    let (digits, radix) = match (hex, digits.strip_prefix('0')) {
        (Some(hex), _) => (hex, 16),
        (None, Some(octal)) if !octal.is_empty() => (octal, 8),
        (None, _) => (digits, 10),
    };
    let plain = digits.starts_with(|first: char| first.is_ascii_hexdigit());
    plain
        .then(|| i64::from_str_radix(&[sign, digits].concat(), radix).ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_go_reads_them() {
        let cases = [
            ("20", Some(20)),
            ("-1", Some(-1)),
            ("+7", Some(7)),
            ("0", Some(0)),
            ("0x1F", Some(31)),
            ("-0X10", Some(-16)),
            ("017", Some(15)),
            ("9223372036854775807", Some(i64::MAX)),
            ("-9223372036854775808", Some(i64::MIN)),
            ("9223372036854775808", None),
            ("018", None),
            ("0x", None),
            ("0x-1", None),
            ("--1", None),
            ("abc", None),
            ("2.5", None),
            (" 2", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(number(text), expected, "{text:?}");
        }
    }
}
