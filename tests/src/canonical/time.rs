//! `java.time` as its `toString` writes it, from the fields of hessian-lite's handles.

use serde_json::Value as Json;
use wubbo_hessian2::{Object, Resolver, Value};

use super::jdk::text;

const SECONDS_PER_DAY: i64 = 86_400;

/// The canonical form of the handle `java8.<handle>`.
pub(super) fn leaf<'v>(handle: &str, object: &'v Object, resolver: &Resolver<'v>) -> Option<Json> {
    let parts = Parts { object, resolver };
    match handle {
        "LocalDateHandle" => text("java.time.LocalDate", &parts.date()?),
        "LocalTimeHandle" => text("java.time.LocalTime", &parts.time()?),
        "LocalDateTimeHandle" => text("java.time.LocalDateTime", &parts.date_time()?),
        "InstantHandle" => text("java.time.Instant", &parts.instant()?),
        "DurationHandle" => text("java.time.Duration", &parts.duration()?),
        "PeriodHandle" => text("java.time.Period", &parts.period()?),
        "YearHandle" => text("java.time.Year", &parts.number("year")?.to_string()),
        "YearMonthHandle" => text("java.time.YearMonth", &parts.year_month()?),
        "MonthDayHandle" => text("java.time.MonthDay", &format!("--{}", parts.month_day()?)),
        "ZoneIdHandle" => text("java.time.ZoneRegion", parts.zone()?),
        "ZoneOffsetHandle" => text("java.time.ZoneOffset", &parts.offset()?),
        "OffsetTimeHandle" => {
            let (time, offset) = (parts.part("localTime")?.time()?, parts.part("zoneOffset")?);
            text(
                "java.time.OffsetTime",
                &format!("{time}{}", offset.offset()?),
            )
        }
        "OffsetDateTimeHandle" => text(
            "java.time.OffsetDateTime",
            &parts.offset_date_time("offset")?,
        ),
        "ZonedDateTimeHandle" => text("java.time.ZonedDateTime", &parts.zoned_date_time()?),
        _ => None,
    }
}

/// A handle whose fields are asked for.
struct Parts<'r, 'v> {
    object: &'v Object,
    resolver: &'r Resolver<'v>,
}

impl Parts<'_, '_> {
    fn number(&self, field: &str) -> Option<i64> {
        self.object.get(field)?.as_i64()
    }

    fn part(&self, field: &str) -> Option<Self> {
        let object = self.resolver.follow(self.object.get(field)?)?.as_object()?;
        Some(Self { object, ..*self })
    }

    fn date(&self) -> Option<String> {
        Some(format!("{}-{:02}", self.year_month()?, self.number("day")?))
    }

    fn year_month(&self) -> Option<String> {
        Some(format!(
            "{}-{:02}",
            year(self.number("year")?),
            self.number("month")?
        ))
    }

    fn month_day(&self) -> Option<String> {
        Some(format!(
            "{:02}-{:02}",
            self.number("month")?,
            self.number("day")?
        ))
    }

    fn time(&self) -> Option<String> {
        let (second, nano) = (self.number("second")?, self.number("nano")?);
        let minutes = format!("{:02}:{:02}", self.number("hour")?, self.number("minute")?);
        if second == 0 && nano == 0 {
            return Some(minutes);
        }
        Some(format!("{minutes}:{second:02}{}", fraction(nano)))
    }

    fn date_time(&self) -> Option<String> {
        let (date, time) = (self.part("date")?.date()?, self.part("time")?.time()?);
        Some(format!("{date}T{time}"))
    }

    fn instant(&self) -> Option<String> {
        let (seconds, nanos) = (self.number("seconds")?, self.number("nanos")?);
        let (date, second) = (
            civil(seconds.div_euclid(SECONDS_PER_DAY)),
            seconds.rem_euclid(SECONDS_PER_DAY),
        );
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        let fraction = fraction(nanos);
        Some(format!(
            "{date}T{hour:02}:{minute:02}:{second:02}{fraction}Z"
        ))
    }

    /// Seconds are rounded down and nanoseconds added, so -1 ms is -1 s and 999,000,000 ns.
    fn duration(&self) -> Option<String> {
        let (seconds, nanos) = (self.number("seconds")?, self.number("nanos")?);
        let negative = seconds < 0;
        let total = i128::from(seconds) * 1_000_000_000 + i128::from(nanos);
        if total == 0 {
            return Some("PT0S".to_owned());
        }
        let (whole, rest) = (total.abs() / 1_000_000_000, total.abs() % 1_000_000_000);
        let sign = if negative { "-" } else { "" };
        let mut out = "PT".to_owned();
        for (unit, amount) in [('H', whole / 3600), ('M', whole / 60 % 60)] {
            if amount != 0 {
                out.push_str(&format!("{sign}{amount}{unit}"));
            }
        }
        if whole % 60 != 0 || rest != 0 {
            let digits = format!("{rest:09}");
            let digits = digits.trim_end_matches('0');
            let point = if digits.is_empty() { "" } else { "." };
            out.push_str(&format!("{sign}{}{point}{digits}S", whole % 60));
        }
        Some(out)
    }

    fn period(&self) -> Option<String> {
        let mut out = "P".to_owned();
        for (field, unit) in [("years", 'Y'), ("months", 'M'), ("days", 'D')] {
            let amount = self.number(field)?;
            if amount != 0 {
                out.push_str(&format!("{amount}{unit}"));
            }
        }
        Some(if out == "P" { "P0D".to_owned() } else { out })
    }

    fn zone(&self) -> Option<&str> {
        self.object.get("zoneId").and_then(Value::as_str)
    }

    fn offset(&self) -> Option<String> {
        let seconds = self.number("seconds")?;
        if seconds == 0 {
            return Some("Z".to_owned());
        }
        let sign = if seconds < 0 { '-' } else { '+' };
        let size = seconds.abs();
        let mut out = format!("{sign}{:02}:{:02}", size / 3600, size / 60 % 60);
        if size % 60 != 0 {
            out.push_str(&format!(":{:02}", size % 60));
        }
        Some(out)
    }

    fn offset_date_time(&self, offset: &str) -> Option<String> {
        let local = self.part("dateTime")?.date_time()?;
        Some(format!("{local}{}", self.part(offset)?.offset()?))
    }

    fn zoned_date_time(&self) -> Option<String> {
        let local = self.offset_date_time("offset")?;
        let zone = match self.part("zoneId") {
            Some(region) => region.zone()?.to_owned(),
            None => self.zone()?.to_owned(),
        };
        // A zone that is an offset is not said twice.
        if local.ends_with(&zone) {
            return Some(local);
        }
        Some(format!("{local}[{zone}]"))
    }
}

/// Years of four digits at least; beyond 9999 with a sign.
fn year(year: i64) -> String {
    match year {
        0..=9999 => format!("{year:04}"),
        10_000.. => format!("+{year}"),
        _ => format!("-{:04}", -year),
    }
}

/// Three, six or nine digits behind a point, as many as are needed; nothing for 0.
fn fraction(nanos: i64) -> String {
    if nanos == 0 {
        String::new()
    } else if nanos % 1_000_000 == 0 {
        format!(".{:03}", nanos / 1_000_000)
    } else if nanos % 1000 == 0 {
        format!(".{:06}", nanos / 1000)
    } else {
        format!(".{nanos:09}")
    }
}

/// The day so many days after 1970-01-01, of the proleptic Gregorian calendar (the algorithm of `LocalDate.ofEpochDay`: years
/// begin in March, so that the leap day is the last).
fn civil(days: i64) -> String {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = year(year_of_era + era * 400 + i64::from(month <= 2));
    format!("{year}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        for (days, want) in [
            (0, "1970-01-01"),
            (-1, "1969-12-31"),
            (11_016, "2000-02-29"),
            (11_017, "2000-03-01"),
            (18_413, "2020-05-31"),
            (-719_468, "0000-03-01"),
            (-719_529, "-0001-12-31"),
            (2_932_897, "+10000-01-01"),
        ] {
            assert_eq!(civil(days), want, "{days}");
        }
    }

    #[test]
    fn a_fraction_has_three_six_or_nine_digits() {
        let cases = [
            (0, ""),
            (1, ".000000001"),
            (1000, ".000001"),
            (120_000_000, ".120"),
        ];
        for (nanos, want) in cases {
            assert_eq!(fraction(nanos), want, "{nanos}");
        }
    }
}
