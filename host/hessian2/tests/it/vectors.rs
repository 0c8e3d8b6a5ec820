//! Every vector, read, skipped, annotated, cut and written.

use wubbo_hessian2::{Decoder, ErrorKind, Limits, Tables, Text, annotate};

use crate::notation::{Row, hex, read_all, rows, show_all, unhex, write_all};

fn accepted() -> impl Iterator<Item = Row> {
    rows().into_iter().filter(|row| row.writes != "!")
}

#[test]
fn reads_every_vector_as_what_it_means() {
    for row in accepted() {
        let values = read_all(&row.bytes).unwrap_or_else(|error| panic!("{}: {error}", row.id));
        assert_eq!(show_all(&values), row.meaning, "{}", row.id);
    }
}

#[test]
fn writes_the_bytes_that_java_writes() {
    let mut same = 0;
    for row in accepted() {
        let values = read_all(&row.bytes).unwrap();
        let written = write_all(&values);
        if row.writes == "=" {
            assert_eq!(hex(&written), hex(&row.bytes), "{}", row.id);
            same += 1;
        } else {
            assert_eq!(
                show_all(&read_all(&written).unwrap()),
                row.meaning,
                "{} written anew",
                row.id
            );
        }
    }
    assert!(same > 150, "only {same} vectors are compared byte for byte");
}

#[test]
fn skipping_ends_where_reading_ends_with_the_same_tables() {
    for row in accepted() {
        let mut reader = Decoder::new(&row.bytes);
        let mut skipper = Decoder::new(&row.bytes);
        while !reader.is_empty() {
            let start = reader.position();
            let kind = reader.kind().unwrap();
            let value = reader.read_value().unwrap();
            assert_eq!(value.kind(), kind, "{}", row.id);
            assert_eq!(
                skipper.skip_value().unwrap(),
                start..reader.position(),
                "{}",
                row.id
            );
            assert_eq!(skipper.tables(), reader.tables(), "{}", row.id);
        }
        assert!(skipper.is_empty(), "{}", row.id);
    }
}

#[test]
fn annotations_cover_each_byte_once() {
    for row in accepted() {
        let mut end = 0;
        for span in annotate(&row.bytes).unwrap_or_else(|error| panic!("{}: {error}", row.id)) {
            assert_eq!(span.range.start, end, "{}: {span:?}", row.id);
            assert!(
                !span.range.is_empty() && !span.meaning.is_empty(),
                "{}: {span:?}",
                row.id
            );
            end = span.range.end;
        }
        assert_eq!(end, row.bytes.len(), "{}", row.id);
    }
}

#[test]
fn refuses_what_must_be_rejected() {
    let mut refused = 0;
    for row in rows().into_iter().filter(|row| row.writes == "!") {
        assert!(read_all(&row.bytes).is_err(), "{} was read", row.id);
        assert!(annotate(&row.bytes).is_err(), "{} was annotated", row.id);
        assert!(
            Decoder::new(&row.bytes).skip_value().is_err(),
            "{} was skipped",
            row.id
        );
        assert!(
            wubbo_hessian2::from_slice::<serde_json::Value>(&row.bytes).is_err(),
            "{} was deserialized",
            row.id
        );
        refused += 1;
    }
    assert_eq!(refused, 19);
}

#[test]
fn says_what_was_wrong_and_where() {
    let cases = [
        (
            "40",
            ErrorKind::Malformed,
            0,
            "reserved byte: 0x40 at byte 0",
        ),
        (
            "5a",
            ErrorKind::Malformed,
            0,
            "end marker where a value should start: 0x5a at byte 0",
        ),
        (
            "7a905191",
            ErrorKind::BadReference,
            3,
            "reference index 1 is outside the table, which has 1 entries here at byte 3",
        ),
        (
            "60",
            ErrorKind::BadReference,
            1,
            "class index 0 is outside the table, which has 0 entries here at byte 1",
        ),
        (
            "588f",
            ErrorKind::Malformed,
            1,
            "negative number of elements: -1 at byte 1",
        ),
        (
            "58497fffffff",
            ErrorKind::Truncated,
            1,
            "2147483647 elements are claimed, 0 bytes are left at byte 1",
        ),
        (
            "04f09f92a3",
            ErrorKind::Text,
            1,
            "bad utf-8 sequence in a string, first byte 0xf0 at byte 1",
        ),
        (
            "0d32303230",
            ErrorKind::Truncated,
            5,
            "input ends inside a string at byte 5",
        ),
        (
            "49000001",
            ErrorKind::Truncated,
            4,
            "input ends inside a value at byte 4",
        ),
    ];
    for (bytes, kind, offset, text) in cases {
        let error = read_all(&unhex(bytes)).unwrap_err();
        assert_eq!(
            (error.kind(), error.offset(), &*error.to_string()),
            (kind, Some(offset), text),
            "{bytes}"
        );
    }
}

/// Ends of the top-level values of a stream.
fn borders(bytes: &[u8]) -> Vec<usize> {
    let mut decoder = Decoder::new(bytes);
    let mut ends = vec![0];
    while !decoder.is_empty() {
        ends.push(decoder.skip_value().unwrap().end);
    }
    ends
}

#[test]
fn a_stream_cut_anywhere_is_an_error_unless_cut_between_values() {
    for row in accepted() {
        let borders = borders(&row.bytes);
        // The long vectors are runs of one byte: every cut of the first and last 300 bytes, and samples between.
        let cuts = (0..row.bytes.len())
            .filter(|cut| *cut < 300 || row.bytes.len() - cut < 300 || cut % 997 == 0);
        for cut in cuts {
            let bytes = &row.bytes[..cut];
            let clean = borders.contains(&cut);
            assert_eq!(read_all(bytes).is_ok(), clean, "{} cut at {cut}", row.id);
            assert_eq!(
                annotate(bytes).is_ok(),
                clean,
                "{} cut at {cut}, annotated",
                row.id
            );
            let mut skipper = Decoder::new(bytes);
            let mut skipped = true;
            while skipped && !skipper.is_empty() {
                skipped = skipper.skip_value().is_ok();
            }
            assert_eq!(skipped, clean, "{} cut at {cut}, skipped", row.id);
        }
    }
}

#[test]
fn every_policy_for_text() {
    let strict = Limits {
        text: Text::Strict,
        ..Limits::default()
    };
    let lenient = Limits {
        text: Text::Lenient,
        ..Limits::default()
    };
    let lone = unhex("01eda0be");
    assert_eq!(
        Decoder::with_limits(&lone, strict)
            .read_value()
            .unwrap_err()
            .kind(),
        ErrorKind::Text
    );
    let mut lossy = Decoder::new(&lone);
    assert_eq!(lossy.read_str().unwrap(), "\u{fffd}");
    assert!(lossy.lossy());
    let four = unhex("02f09f92a3");
    assert_eq!(
        Decoder::new(&four).read_value().unwrap_err().kind(),
        ErrorKind::Text
    );
    let mut decoder = Decoder::with_limits(&four, lenient);
    assert_eq!(decoder.read_str().unwrap(), "\u{1f4a3}");
    assert!(!decoder.lossy());
    let pair = unhex("02eda0beedb4a3");
    let mut decoder = Decoder::with_limits(&pair, strict);
    assert_eq!(decoder.read_str().unwrap(), "\u{1f923}");
    assert!(!decoder.lossy());
}

#[test]
fn joins_a_pair_that_was_split_over_two_chunks() {
    let mut decoder = Decoder::with_limits(&[], Limits::default());
    assert!(decoder.read_str().is_err());
    for (bytes, text) in [
        ("520001eda0be01edb4a3", "\u{1f923}"),
        ("520001eda0be520000015a", "\u{fffd}Z"),
        ("520002eda0beeda0be01edb4a3", "\u{fffd}\u{1f923}"),
        ("03edb4a361eda0be", "\u{fffd}a\u{fffd}"),
    ] {
        assert_eq!(
            Decoder::new(&unhex(bytes)).read_str().unwrap(),
            text,
            "{bytes}"
        );
    }
}

#[test]
fn tables_count_what_the_stream_holds() {
    let bytes = unhex("71045b696e749171909270136a6176612e7574696c2e41727261794c6973747091");
    let mut decoder = Decoder::new(&bytes);
    let after: Vec<Tables> =
        std::iter::from_fn(|| decoder.skip_value().ok().map(|_| decoder.tables())).collect();
    let tables = |refs, types| Tables {
        refs,
        classes: 0,
        types,
    };
    assert_eq!(
        after,
        [tables(1, 1), tables(2, 1), tables(3, 2), tables(4, 2)]
    );
}
