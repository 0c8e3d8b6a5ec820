//! Durations and sizes as files write them, with their units.

use std::time::Duration;

/// `500ms`, `3s`, `1.5s`, `2m`, `1h`; a unit is mandatory, except for a bare `0`.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::ZERO);
    }
    let split = text.find(|c: char| c.is_ascii_alphabetic())?;
    let (number, unit) = text.split_at_checked(split)?;
    let number: f64 = number
        .parse()
        .ok()
        .filter(|number: &f64| number.is_finite() && *number >= 0.0)?;
    let seconds = match unit {
        "us" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return None,
    };
    Duration::try_from_secs_f64(number * seconds).ok()
}

/// `512B`, `64KiB`, `16MiB`, `1GiB`, and the decimal `kB`, `MB`, `GB`; a unit is mandatory.
pub(crate) fn bytes(text: &str) -> Option<usize> {
    let split = text.find(|c: char| c.is_ascii_alphabetic())?;
    let (number, unit) = text.split_at_checked(split)?;
    let number: usize = number.trim().parse().ok()?;
    let factor = match unit {
        "B" => 1,
        "kB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return None,
    };
    number.checked_mul(factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_carry_their_unit() {
        let cases = [
            ("500ms", Some(500_000)),
            ("3s", Some(3_000_000)),
            ("1.5s", Some(1_500_000)),
            ("2m", Some(120_000_000)),
            ("1h", Some(3_600_000_000)),
            ("250us", Some(250)),
            ("0", Some(0)),
            ("3", None),
            ("-3s", None),
            ("3 parsecs", None),
            ("", None),
            ("s", None),
            ("1e999s", None),
        ];
        for (text, micros) in cases {
            assert_eq!(
                duration(text).map(|duration| duration.as_micros()),
                micros,
                "{text}"
            );
        }
    }

    #[test]
    fn sizes_carry_their_unit() {
        let cases = [
            ("512B", Some(512)),
            ("64KiB", Some(65_536)),
            ("1GB", Some(1_000_000_000)),
            ("16", None),
            ("1XB", None),
        ];
        for (text, size) in cases {
            assert_eq!(bytes(text), size, "{text}");
        }
    }
}
