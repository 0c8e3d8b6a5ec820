//! The types for Java's classes: golden bytes, both forms where there are two, and text.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use wubbo_hessian2::{
    Array, BigDecimal, BigInteger, Binary, Date, Resolver, Throwable, TypedList, TypedMap, Uuid,
    from_slice, to_bytes,
    types::{StackTraceElement, lang, time},
};

use crate::notation::{Row, hex, read_all, rows, show_all, unhex};

fn vector(id: &str) -> Row {
    rows().into_iter().find(|row| row.id == id).unwrap()
}

fn read<T: DeserializeOwned>(id: &str) -> T {
    from_slice(&vector(id).bytes).unwrap_or_else(|error| panic!("{id}: {error}"))
}

/// Reads the vector as the value, and what is written for the value as well.
fn check<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(id: &str, value: T) {
    assert_eq!(read::<T>(id), value, "{id}");
    assert_eq!(
        from_slice::<T>(&to_bytes(&value).unwrap()).unwrap(),
        value,
        "{id} written"
    );
}

/// As [`check`], and the bytes are the vector's.
fn exact<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(id: &str, value: T) {
    assert_eq!(
        hex(&to_bytes(&value).unwrap()),
        hex(&vector(id).bytes),
        "{id}"
    );
    check(id, value);
}

#[test]
fn dates_and_binaries_are_themselves() {
    exact("HV-088", Date(894_621_091_000));
    exact("HV-089", Date(894_621_060_000));
    exact("HV-092", Date(-60_000));
    exact("HV-117", Binary::from(vec![1, 2, 3]));
    check("HV-123", Binary::from(vec![0; 5000]));
    let signed = from_slice::<Binary>(&unhex("7b8fc8ff90")).unwrap();
    assert_eq!(*signed, [255, 255, 0]);
    assert!(from_slice::<Binary>(&unhex("79c92c")).is_err());
    assert_eq!(serde_json::to_string(&Date(5)).unwrap(), "5");
    assert_eq!(serde_json::from_str::<Date>("5").unwrap(), Date(5));
}

#[test]
fn dates_convert_from_and_to_system_time() {
    for millis in [0, 1, -1, -60_000, 1_591_156_155_123] {
        let time = SystemTime::try_from(Date(millis)).unwrap();
        assert_eq!(Date::from(time), Date(millis));
    }
    assert_eq!(Date::from(UNIX_EPOCH - Duration::from_nanos(1)), Date(-1));
    assert_eq!(
        Date::from(UNIX_EPOCH + Duration::from_nanos(1_999_999)),
        Date(1)
    );
    assert!(Date::now() > Date(1_700_000_000_000));
}

#[test]
fn a_long_binary_is_chunked() {
    let long = Binary::from(vec![7; 100_000]);
    let bytes = to_bytes(&long).unwrap();
    assert!(hex(&bytes).starts_with("418000"));
    assert_eq!(from_slice::<Binary>(&bytes).unwrap(), long);
    for length in [15, 16, 1023, 1024, 0x8000, 0x8001] {
        let binary = Binary::from(vec![7; length]);
        assert_eq!(
            from_slice::<Binary>(&to_bytes(&binary).unwrap()).unwrap(),
            binary
        );
    }
}

#[test]
fn arrays_keep_their_component() {
    exact("HV-127", Array::from(vec![0, 1]));
    exact("HV-128", Array::<i32>::from(vec![]));
    exact("HV-129", Array::from((1..=8).collect::<Vec<i32>>()));
    exact(
        "HV-130",
        Array::from(vec![String::from("a"), String::from("b")]),
    );
    exact("HV-132", Array::from(vec![1_i64, 2]));
    exact("HV-133", Array::from(vec![1.5]));
    exact("HV-135", Array::from(vec![true, false]));
    exact("HV-136", Array::from(vec![1_i16]));
    exact("HV-139", Array::from(vec![Date(0)]));
    exact("HV-140", Array::of("java.lang.Integer", vec![1]));
    exact(
        "HV-138",
        Array::of("[int", vec![Array::from(vec![1]), Array::from(vec![2, 3])]),
    );
    assert_eq!(read::<Array<i32>>("HV-150").component(), "object");
    assert_eq!(read::<Array<i32>>("HV-127").component(), "int");
    assert_eq!(read::<Array<f32>>("HV-134").into_vec(), [99.8_f32]);
    assert_eq!(
        serde_json::to_string(&Array::from(vec![1, 2])).unwrap(),
        "[1,2]"
    );
}

#[test]
fn typed_lists_and_maps_keep_their_class() {
    exact(
        "HV-145",
        TypedList::new("java.util.HashSet", vec![String::from("a")]),
    );
    exact(
        "HV-161",
        TypedMap::new("java.util.TreeMap", vec![(String::from("a"), 0)]),
    );
    exact(
        "HV-158",
        TypedMap {
            type_name: None,
            entries: vec![(String::from("a"), 0)],
        },
    );
    exact(
        "HV-142",
        TypedList {
            type_name: None,
            items: vec![wubbo_hessian2::Value::from("a"), 1.into()],
        },
    );
    assert_eq!(
        from_slice::<TypedList<i32>>(b"N").unwrap(),
        TypedList::default()
    );
    assert_eq!(
        from_slice::<TypedMap<i32, i32>>(b"N").unwrap(),
        TypedMap::default()
    );
    let twice = vec![
        TypedList::new("java.util.HashSet", vec![1]),
        TypedList::new("java.util.HashSet", vec![2]),
    ];
    assert_eq!(
        show_all(&read_all(&to_bytes(&twice).unwrap()).unwrap()),
        "[<java.util.HashSet>[1], <java.util.HashSet>[2]]"
    );
    let map: TypedMap<String, i32> = serde_json::from_str(r#"{"a":1}"#).unwrap();
    assert_eq!(serde_json::to_string(&map).unwrap(), r#"{"a":1}"#);
    let cars: Vec<TypedList<i32>> = from_slice(&unhex("7a71017891719092")).unwrap();
    assert_eq!(
        cars,
        [TypedList::new("x", vec![1]), TypedList::new("x", vec![2])]
    );
    assert!(from_slice::<TypedList<i32>>(&unhex("91")).is_err());
    assert!(from_slice::<TypedList<i32>>(&unhex("4891925a")).is_err());
}

#[test]
fn a_typed_list_may_be_read_through_a_reference() {
    let lists: Vec<TypedList<i32>> = from_slice(&unhex("7a710178915191")).unwrap();
    assert_eq!(
        lists,
        [TypedList::new("x", vec![1]), TypedList::new("x", vec![1])]
    );
}

#[test]
fn big_decimals_are_text() {
    exact("HV-181", "100.256".parse::<BigDecimal>().unwrap());
    for text in [
        "0",
        "-1.5",
        "+.5",
        "5.",
        "1E+30",
        "1e-7",
        "123456789012345678901234567890.1",
    ] {
        assert_eq!(text.parse::<BigDecimal>().unwrap().to_string(), text);
    }
    for text in ["", ".", "-", "1e", "1.2.3", "0x1", "NaN", "1 ", "e5"] {
        assert!(text.parse::<BigDecimal>().is_err(), "{text:?}");
    }
    assert_eq!(
        from_slice::<BigDecimal>(&unhex("91")).unwrap().as_str(),
        "1"
    );
    assert_eq!(
        from_slice::<BigDecimal>(&unhex("5f000005dc"))
            .unwrap()
            .as_str(),
        "1.5"
    );
}

#[test]
fn big_integers_go_from_words_to_text_and_back() {
    let number: BigInteger = "12345678901234567890".parse().unwrap();
    assert_eq!(read::<BigInteger>("HV-182"), number);
    exact("HV-183", number);
    let texts = [
        "0",
        "1",
        "-1",
        "4294967295",
        "4294967296",
        "-18446744073709551616",
        "999999999",
        "1000000000",
        "1000000000000000000000000000000000000000000000000001",
        "-340282366920938463463374607431768211456",
    ];
    for text in texts {
        let number: BigInteger = text.parse().unwrap();
        assert_eq!(number.to_string(), text);
        assert_eq!(
            from_slice::<BigInteger>(&to_bytes(&number).unwrap()).unwrap(),
            number
        );
    }
    assert_eq!("-000".parse::<BigInteger>().unwrap(), BigInteger::default());
    assert_eq!(
        BigInteger::from(i64::MIN).to_string(),
        "-9223372036854775808"
    );
    assert_eq!(
        BigInteger::from(u128::MAX).to_string(),
        u128::MAX.to_string()
    );
    assert_eq!(BigInteger::from(u128::MAX).magnitude(), [u32::MAX; 4]);
    assert_eq!(
        from_slice::<BigInteger>(&unhex("f92c")).unwrap(),
        300_i64.into()
    );
    for text in ["", "-", "+", "1.0", "--1", "1a"] {
        assert!(text.parse::<BigInteger>().is_err(), "{text:?}");
    }
    let lies = unhex("43016192067369676e756d036d6167609178");
    assert!(
        from_slice::<BigInteger>(&lies)
            .unwrap_err()
            .to_string()
            .contains("signum 1 does not match")
    );
}

#[test]
fn uuids_have_two_forms() {
    let uuid: Uuid = "f4fc811c-200c-4445-8d4f-532144957dcc".parse().unwrap();
    exact("HV-184", uuid);
    let longs = unhex(
        "430161920b6d6f7374536967426974730c6c6561737453696742697473604cf4fc811c200c44454c8d4f532144957dcc",
    );
    assert_eq!(from_slice::<Uuid>(&longs).unwrap(), uuid);
    assert_eq!(
        from_slice::<Uuid>(&to_bytes(&uuid.to_string()).unwrap()).unwrap(),
        uuid
    );
    for text in [
        "",
        "f4fc811c200c44458d4f532144957dcc",
        "f4fc811c-200c-4445-8d4f-53214495+dcc",
    ] {
        assert!(text.parse::<Uuid>().is_err(), "{text:?}");
    }
}

#[test]
fn times_read_in_any_order_of_fields() {
    let date = time::LocalDate {
        year: 2020,
        month: 6,
        day: 8,
    };
    let hour = time::LocalTime {
        hour: 11,
        minute: 57,
        second: 8,
        nano: 0,
    };
    check("HV-191", date.clone());
    exact("HV-192", date.clone());
    check(
        "HV-193",
        time::LocalTime {
            nano: 999,
            ..hour.clone()
        },
    );
    check("HV-194", time::LocalDateTime { date, time: hour });
    check(
        "HV-195",
        time::Instant {
            seconds: 10,
            nanos: 5,
        },
    );
    check(
        "HV-196",
        time::Duration {
            seconds: 2,
            nanos: 3,
        },
    );
    check(
        "HV-197",
        time::Period {
            years: 1,
            months: 2,
            days: 3,
        },
    );
    exact("HV-198", time::Year { year: 2020 });
    check(
        "HV-199",
        time::YearMonth {
            year: 2020,
            month: 6,
        },
    );
    check("HV-200", time::MonthDay { month: 6, day: 8 });
}

#[test]
fn times_with_zones_nest() {
    let date = time::LocalDate {
        year: 2020,
        month: 6,
        day: 8,
    };
    let hour = time::LocalTime {
        hour: 11,
        minute: 57,
        second: 8,
        nano: 0,
    };
    let both = time::LocalDateTime {
        date,
        time: hour.clone(),
    };
    let offset = time::ZoneOffset { seconds: 28_800 };
    exact("HV-201", offset.clone());
    check(
        "HV-202",
        time::OffsetTime {
            local_time: hour,
            zone_offset: offset.clone(),
        },
    );
    exact(
        "HV-203",
        time::ZoneId {
            zone_id: "Asia/Shanghai".into(),
        },
    );
    exact("HV-188", time::SqlDate { value: Date(0) });
    exact(
        "HV-189",
        time::SqlTimestamp {
            value: Date(894_621_091_000),
        },
    );
    let zoned = time::ZonedDateTime {
        date_time: both.clone(),
        offset: offset.clone(),
        zone_id: "Asia/Shanghai".into(),
    };
    let shown = show_all(&read_all(&to_bytes(&zoned).unwrap()).unwrap());
    for field in ["dateTime=", "offset=", "zoneId=\"Asia/Shanghai\""] {
        assert!(shown.contains(field), "{shown}");
    }
    let with_offset = time::OffsetDateTime {
        date_time: both,
        offset,
    };
    assert_eq!(
        from_slice::<time::OffsetDateTime>(&to_bytes(&with_offset).unwrap()).unwrap(),
        with_offset
    );
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename = "example.Color")]
enum Color {
    #[serde(rename = "RED")]
    Red,
}

#[test]
fn classes_of_java_lang_and_util() {
    exact(
        "HV-185",
        lang::Locale {
            value: "zh_CN".into(),
        },
    );
    exact(
        "HV-186",
        lang::JavaClass {
            name: "java.lang.String".into(),
        },
    );
    exact(
        "HV-190",
        lang::Calendar {
            date: Date(0),
            class: None,
        },
    );
    exact(
        "HV-204",
        lang::EnumSet::new("example.Color", vec![Color::Red]),
    );
}

#[test]
fn throwables_are_read_with_cause_and_stack() {
    let frame = StackTraceElement {
        declaring_class: Some("a.B".into()),
        method_name: Some("m".into()),
        file_name: Some("B.java".into()),
        line_number: 7,
    };
    assert_eq!(read::<StackTraceElement>("HV-205"), frame);
    let read = |id: &str, index: usize| {
        let values = read_all(&vector(id).bytes).unwrap();
        Throwable::read(&values[index], &Resolver::new(&values))
    };
    let boom = Throwable {
        stack: vec![frame],
        ..Throwable::new("java.lang.RuntimeException", "boom")
    };
    assert_eq!(read("HV-206", 0), Some(boom.clone()));
    let outer = Throwable {
        cause: Some(Box::new(boom)),
        ..Throwable::new("java.lang.Exception", "outer")
    };
    let found = read("HV-207", 0).unwrap();
    assert_eq!(found, outer);
    assert_eq!(
        read("F-20", 1),
        Some(Throwable::new("java.lang.Throwable", "error"))
    );
    assert_eq!(read("F-22", 1), None);
    let written = [found.to_value()];
    assert_eq!(
        Throwable::read(&written[0], &Resolver::new(&written)),
        Some(found)
    );
}

#[test]
fn a_throwable_is_written_as_java_accepts_it() {
    let body = vector("F-21");
    let values = read_all(&body.bytes).unwrap();
    assert_eq!(
        Throwable::new("java.lang.RuntimeException", "boom").to_value(),
        values[1]
    );
}
