//! Durations in parameters. Dubbo Java writes bare milliseconds (`timeout=3000`), dubbo-go text with a unit (`timeout=3s`) and
//! ignores the other's form; we read both.

use std::time::Duration;

/// Reads a bare number as milliseconds, and Go's duration syntax: one or more decimal numbers, each with a unit of `ns`, `us`
/// (or `µs`), `ms`, `s`, `m`, `h`, as in `300ms`, `1.5h`, `1m30s`. `None` for anything else, negative ones included.
#[must_use]
pub fn parse_duration(text: &str) -> Option<Duration> {
    let text = text.strip_prefix('+').unwrap_or(text);
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().ok().map(Duration::from_millis);
    }
    let mut rest = text;
    let mut total_ns: u128 = 0;
    while !rest.is_empty() {
        let (number, tail) = rest.split_at(rest.find(|char| !is_number(char))?);
        let (unit, next) = tail.split_at(tail.find(is_number).unwrap_or(tail.len()));
        total_ns = total_ns.checked_add(scaled(number, unit_ns(unit)?)?)?;
        rest = next;
    }
    let seconds = u64::try_from(total_ns / NS_PER_SECOND).ok()?;
    let nanoseconds = u32::try_from(total_ns % NS_PER_SECOND).ok()?;
    Some(Duration::new(seconds, nanoseconds))
}

const NS_PER_SECOND: u128 = 1_000_000_000;
/// Digits behind the point that can matter: the smallest fraction of the largest unit (3.6e12 ns) above one nanosecond.
const FRACTION_DIGITS_MAX: usize = 15;

fn is_number(char: char) -> bool {
    char.is_ascii_digit() || char == '.'
}

fn unit_ns(unit: &str) -> Option<u128> {
    Some(match unit {
        "ns" => 1,
        // Both code points that look like micro, as in Go.
        "us" | "\u{b5}s" | "\u{3bc}s" => 1_000,
        "ms" => 1_000_000,
        "s" => NS_PER_SECOND,
        "m" => 60 * NS_PER_SECOND,
        "h" => 3_600 * NS_PER_SECOND,
        _ => return None,
    })
}

/// A decimal number of units in nanoseconds, rounded down.
fn scaled(number: &str, unit_ns: u128) -> Option<u128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() || fraction.contains('.') {
        return None;
    }
    let whole: u128 = if whole.is_empty() {
        0
    } else {
        whole.parse().ok()?
    };
    let mut ns = whole.checked_mul(unit_ns)?;
    let mut digit_ns = unit_ns * 10_u128.pow(3);
    let mut fraction_ns: u128 = 0;
    for digit in fraction.chars().take(FRACTION_DIGITS_MAX) {
        digit_ns /= 10;
        fraction_ns += u128::from(digit.to_digit(10)?) * digit_ns;
    }
    ns = ns.checked_add(fraction_ns / 10_u128.pow(3))?;
    Some(ns)
}
