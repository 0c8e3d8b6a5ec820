package org.wubbo.interop;

import java.time.Duration;
import java.time.LocalDateTime;
import java.time.MonthDay;
import java.time.OffsetDateTime;
import java.time.OffsetTime;
import java.time.Period;
import java.time.Year;
import java.time.YearMonth;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.function.BiConsumer;

/** The {@code java.time} part of {@link Rows}: each type at five points of time. */
final class Times {
    private static final LocalDateTime[] POINTS = {
        LocalDateTime.of(2020, 5, 31, 12, 34, 56, 789_000_000),
        LocalDateTime.of(1970, 1, 1, 0, 0),
        LocalDateTime.of(1, 12, 31, 23, 59, 59, 999_999_999),
        LocalDateTime.of(-44, 3, 15, 1, 2, 3),
        LocalDateTime.of(9999, 2, 28, 0, 0, 0, 1),
    };

    private static final int[] OFFSET_SECONDS = {0, 28_800, -12_600, 64_800, 3_661};

    private static final String[] ZONES = {"Asia/Shanghai", "UTC", "Europe/Berlin", "America/St_Johns", "Z"};

    private Times() {}

    static void put(BiConsumer<String, Object> out) {
        for (int i = 0; i < POINTS.length; i++) {
            LocalDateTime point = POINTS[i];
            ZoneOffset offset = ZoneOffset.ofTotalSeconds(OFFSET_SECONDS[i]);
            ZoneId zone = ZoneId.of(ZONES[i]);
            out.accept("LocalDate", point.toLocalDate());
            out.accept("LocalTime", point.toLocalTime());
            out.accept("LocalDateTime", point);
            out.accept("Instant", point.toInstant(ZoneOffset.UTC));
            out.accept("Duration", Duration.between(LocalDateTime.of(2000, 1, 1, 0, 0, 1), point));
            out.accept("Period", Period.of(point.getYear(), -point.getMonthValue(), point.getDayOfMonth()));
            out.accept("Year", Year.of(point.getYear()));
            out.accept("YearMonth", YearMonth.from(point));
            out.accept("MonthDay", MonthDay.from(point));
            out.accept("ZoneOffset", offset);
            out.accept("OffsetTime", OffsetTime.of(point.toLocalTime(), offset));
            out.accept("OffsetDateTime", OffsetDateTime.of(point, offset));
            out.accept("ZonedDateTime", ZonedDateTime.of(point, zone));
            out.accept("ZoneId", zone);
        }
    }
}
