//! `java.time` and `java.sql`, as the handle classes that hessian-lite replaces them by.
//!
//! The types are plain fields; they check no calendar. Years are proleptic, months and days count from 1.

use serde::{Deserialize, Serialize};

use super::Date;

macro_rules! handles {
    ($($(#[$doc:meta])* $name:ident = $class:literal { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* })*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
            #[serde(rename = $class, rename_all = "camelCase")]
            pub struct $name {
                $($(#[$field_doc])* pub $field: $type,)*
            }
        )*
    };
}

handles! {
    /// `java.time.LocalDate`.
    LocalDate = "com.alibaba.com.caucho.hessian.io.java8.LocalDateHandle" {
        /// Year.
        year: i32,
        /// Month, 1 to 12.
        month: i32,
        /// Day of the month, 1 to 31.
        day: i32,
    }
    /// `java.time.LocalTime`.
    LocalTime = "com.alibaba.com.caucho.hessian.io.java8.LocalTimeHandle" {
        /// Hour, 0 to 23.
        hour: i32,
        /// Minute, 0 to 59.
        minute: i32,
        /// Second, 0 to 59.
        second: i32,
        /// Nanosecond, 0 to 999,999,999.
        nano: i32,
    }
    /// `java.time.LocalDateTime`.
    LocalDateTime = "com.alibaba.com.caucho.hessian.io.java8.LocalDateTimeHandle" {
        /// The day.
        date: LocalDate,
        /// The time of the day.
        time: LocalTime,
    }
    /// `java.time.Instant`.
    Instant = "com.alibaba.com.caucho.hessian.io.java8.InstantHandle" {
        /// Seconds since the epoch.
        seconds: i64,
        /// Nanoseconds after the second.
        nanos: i32,
    }
    /// `java.time.Duration`.
    Duration = "com.alibaba.com.caucho.hessian.io.java8.DurationHandle" {
        /// Whole seconds, rounded down.
        seconds: i64,
        /// Nanoseconds, 0 to 999,999,999, to be added.
        nanos: i32,
    }
    /// `java.time.Period`.
    Period = "com.alibaba.com.caucho.hessian.io.java8.PeriodHandle" {
        /// Years.
        years: i32,
        /// Months.
        months: i32,
        /// Days.
        days: i32,
    }
    /// `java.time.Year`.
    Year = "com.alibaba.com.caucho.hessian.io.java8.YearHandle" {
        /// Year.
        year: i32,
    }
    /// `java.time.YearMonth`.
    YearMonth = "com.alibaba.com.caucho.hessian.io.java8.YearMonthHandle" {
        /// Year.
        year: i32,
        /// Month, 1 to 12.
        month: i32,
    }
    /// `java.time.MonthDay`.
    MonthDay = "com.alibaba.com.caucho.hessian.io.java8.MonthDayHandle" {
        /// Month, 1 to 12.
        month: i32,
        /// Day of the month, 1 to 31.
        day: i32,
    }
    /// `java.time.ZoneOffset`.
    ZoneOffset = "com.alibaba.com.caucho.hessian.io.java8.ZoneOffsetHandle" {
        /// Seconds east of UTC.
        seconds: i32,
    }
    /// `java.time.OffsetTime`.
    OffsetTime = "com.alibaba.com.caucho.hessian.io.java8.OffsetTimeHandle" {
        /// The local time.
        local_time: LocalTime,
        /// Its offset.
        zone_offset: ZoneOffset,
    }
    /// `java.time.OffsetDateTime`.
    OffsetDateTime = "com.alibaba.com.caucho.hessian.io.java8.OffsetDateTimeHandle" {
        /// The local date and time.
        date_time: LocalDateTime,
        /// Its offset.
        offset: ZoneOffset,
    }
    /// `java.time.ZonedDateTime`.
    ZonedDateTime = "com.alibaba.com.caucho.hessian.io.java8.ZonedDateTimeHandle" {
        /// The local date and time.
        date_time: LocalDateTime,
        /// Its offset.
        offset: ZoneOffset,
        /// Name of the zone, `Asia/Shanghai`.
        zone_id: String,
    }
    /// `java.time.ZoneId`.
    ZoneId = "com.alibaba.com.caucho.hessian.io.java8.ZoneIdHandle" {
        /// Name of the zone, `Asia/Shanghai`.
        zone_id: String,
    }
    /// `java.sql.Date`.
    SqlDate = "java.sql.Date" {
        /// The point in time.
        value: Date,
    }
    /// `java.sql.Time`.
    SqlTime = "java.sql.Time" {
        /// The point in time.
        value: Date,
    }
    /// `java.sql.Timestamp`; its nanoseconds are lost on the way.
    SqlTimestamp = "java.sql.Timestamp" {
        /// The point in time.
        value: Date,
    }
}
