//! Bytes made to hurt: each must end in an error, soon, without memory or stack for what was claimed.

use serde::Deserialize;
use wubbo_hessian2::{Decoder, ErrorKind, Limits, Throwable, Value, annotate};

use crate::notation::unhex;

fn kinds(bytes: &[u8]) -> [ErrorKind; 4] {
    let of = |outcome: Result<(), wubbo_hessian2::Error>| outcome.unwrap_err().kind();
    [
        of(Decoder::new(bytes).read_value().map(drop)),
        of(Decoder::new(bytes).read_document().map(drop)),
        of(Decoder::new(bytes).skip_value().map(drop)),
        of(annotate(bytes).map(drop)),
    ]
}

#[test]
fn refuses_depth_beyond_the_limit_however_it_is_made() {
    let list = vec![0x79; 1 << 20];
    let untyped_map = b"H".repeat(1 << 20);
    let map_values = unhex("4890").repeat(1 << 19);
    let objects = [unhex("43014391016660"), vec![0x60; 1 << 20]].concat();
    let variable = vec![0x57; 1 << 20];
    for bytes in [list, untyped_map, map_values, objects, variable] {
        assert_eq!(kinds(&bytes), [ErrorKind::Limit; 4], "{:02x?}", &bytes[..8]);
        assert_eq!(
            Decoder::new(&bytes).read::<Nest>().unwrap_err().kind(),
            ErrorKind::Limit
        );
    }
}

/// Reads anything at all, to any depth.
#[derive(Debug)]
struct Nest;

impl<'de> Deserialize<'de> for Nest {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Nest)
    }
}

impl<'de> serde::de::Visitor<'de> for Nest {
    type Value = Nest;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("anything")
    }

    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<Nest, A::Error> {
        while seq.next_element::<Nest>()?.is_some() {}
        Ok(Nest)
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Nest, A::Error> {
        while map.next_entry::<Nest, Nest>()?.is_some() {}
        Ok(Nest)
    }

    fn visit_str<E>(self, _: &str) -> Result<Nest, E> {
        Ok(Nest)
    }

    fn visit_i32<E>(self, _: i32) -> Result<Nest, E> {
        Ok(Nest)
    }
}

#[test]
fn depth_is_what_the_limit_says() {
    let limits = Limits {
        depth: 3,
        ..Limits::default()
    };
    assert!(
        Decoder::with_limits(&unhex("79797990"), limits)
            .read_value()
            .is_ok()
    );
    assert!(
        Decoder::with_limits(&unhex("7979797990"), limits)
            .read_value()
            .is_err()
    );
    let default = [vec![0x79; 256], vec![0x90]].concat();
    assert!(Decoder::new(&default).read_value().is_ok());
}

#[test]
fn refuses_claims_that_the_input_can_not_hold() {
    for bytes in [
        "58497fffffff",
        "56045b696e74497fffffff90",
        "430161497fffffff",
        "58d7ffff90",
        "4301614904000000",
    ] {
        assert_eq!(kinds(&unhex(bytes)), [ErrorKind::Truncated; 4], "{bytes}");
    }
    for bytes in [
        "588f",
        "56045b696e748f",
        "4301618f",
        "518f",
        "4f8f",
        "4d8f5a",
    ] {
        for kind in kinds(&unhex(bytes)) {
            assert!(
                matches!(kind, ErrorKind::Malformed | ErrorKind::BadReference),
                "{bytes}: {kind:?}"
            );
        }
    }
}

#[test]
fn keeps_every_limit_on_tables() {
    let classes = unhex("43016190").repeat(10_001);
    assert_eq!(kinds(&classes), [ErrorKind::Limit; 4]);
    let types = [unhex("5749000001"), Vec::new()].concat();
    assert_eq!(
        Decoder::new(&types).read_value().unwrap_err().kind(),
        ErrorKind::Truncated
    );
    let types = [vec![0x57], unhex("7000").repeat(10_001), vec![b'Z']].concat();
    assert_eq!(kinds(&types), [ErrorKind::Limit; 4]);
    let fields = [unhex("430161d6ffff"), vec![0; 200_000]].concat();
    assert_eq!(kinds(&fields), [ErrorKind::Limit; 4]);
}

#[test]
fn keeps_the_limit_on_slots() {
    let limits = Limits {
        refs: 3,
        ..Limits::default()
    };
    for (bytes, fits) in [("7a7878", true), ("7b787878", false), ("4878785a", true)] {
        let bytes = unhex(bytes);
        let read = Decoder::with_limits(&bytes, limits).read_value();
        let skipped = Decoder::with_limits(&bytes, limits).skip_value();
        assert_eq!((read.is_ok(), skipped.is_ok()), (fits, fits));
        if let Err(error) = read {
            assert!(
                error
                    .to_string()
                    .contains("more than 3 lists, maps and objects")
            );
        }
    }
}

#[test]
fn names_the_limit_that_was_reached() {
    let of = |bytes: &[u8]| Decoder::new(bytes).skip_value().unwrap_err().to_string();
    assert!(of(&vec![0x79; 100_000]).contains("256 levels of depth"));
    assert!(of(&unhex("43016190").repeat(10_001)).contains("10000 classes"));
    assert!(of(&unhex("58497fffffff")).contains("2147483647 elements are claimed"));
    assert!(of(&unhex("430161497fffffff")).contains("2147483647 fields are claimed"));
}

#[test]
fn keeps_the_limit_on_values() {
    let many = [vec![0x57], vec![0x90; 3_000_000], vec![b'Z']].concat();
    assert_eq!(kinds(&many), [ErrorKind::Limit; 4]);
    assert_eq!(
        Decoder::new(&many).read::<Vec<i32>>().unwrap_err().kind(),
        ErrorKind::Limit
    );
    let limits = Limits {
        values: 4,
        ..Limits::default()
    };
    assert!(
        Decoder::with_limits(&unhex("7b909192"), limits)
            .read_value()
            .is_ok()
    );
    assert!(
        Decoder::with_limits(&unhex("7c90919293"), limits)
            .read_value()
            .is_err()
    );
}

/// Lists of two references each to the list before: 2^40 leaves when expanded.
fn laughs() -> Vec<u8> {
    let mut bytes = unhex("58c82a7990");
    for level in 1..=41_u8 {
        bytes.extend([0x7a, b'Q', 0x90 + level, b'Q', 0x90 + level]);
    }
    bytes
}

#[test]
fn references_expand_within_the_limit_only() {
    let bytes = laughs();
    let value = Decoder::new(&bytes).read_value().unwrap();
    assert_eq!(value.as_list().unwrap().items.len(), 42);
    assert_eq!(Decoder::new(&bytes).read_document().unwrap(), value);
    assert_eq!(Decoder::new(&bytes).read::<Value>().unwrap(), value);
    assert_eq!(
        Decoder::new(&bytes).read::<Nest>().unwrap_err().kind(),
        ErrorKind::Limit
    );
}

#[test]
fn a_short_reference_to_a_long_string_is_paid_for() {
    let long = "a".repeat(1 << 15);
    let first = [unhex("79"), unhex("538000"), long.into_bytes()].concat();
    let bytes = [vec![0x57], first, unhex("5191").repeat(100_000), vec![b'Z']].concat();
    assert_eq!(
        Decoder::new(&bytes)
            .read::<Vec<Vec<String>>>()
            .unwrap_err()
            .kind(),
        ErrorKind::Limit
    );
}

#[test]
fn a_chain_of_references_is_as_deep_as_it_is_long() {
    let mut bytes = vec![0x57];
    bytes.extend(unhex("7990"));
    for level in 1..2_000_u32 {
        bytes.extend([0x79, b'Q', 0xd4]);
        bytes.extend(&level.to_be_bytes()[2..]);
    }
    bytes.extend(unhex("5a51d407d0"));
    let values = crate::notation::read_all(&bytes).unwrap();
    assert_eq!(
        wubbo_hessian2::extract(&values, 1).unwrap_err().kind(),
        ErrorKind::Limit
    );
    let mut decoder = Decoder::new(&bytes);
    decoder.skip_value().unwrap();
    assert_eq!(
        decoder.read_document().unwrap_err().kind(),
        ErrorKind::Limit
    );
    assert!(wubbo_hessian2::extract(&values, 0).is_ok());
}

#[test]
fn cycles_end() {
    let node = unhex("430c6578616d706c652e4e6f646592047461696c046865616460519091");
    assert_eq!(
        Decoder::new(&node).read::<Nest>().unwrap_err().kind(),
        ErrorKind::Type
    );
    let values = crate::notation::read_all(&node).unwrap();
    assert_eq!(wubbo_hessian2::extract(&values, 0).unwrap(), values[0]);
    let own_cause = unhex("430161920d64657461696c4d657373616765056361757365600162519060");
    let values = crate::notation::read_all(&own_cause[..own_cause.len() - 1]).unwrap();
    let throwable = Throwable::read(&values[0], &wubbo_hessian2::Resolver::new(&values)).unwrap();
    assert_eq!(
        (throwable.message.as_deref(), throwable.cause),
        (Some("b"), None)
    );
}

#[test]
fn a_cycle_is_seen_after_a_look_ahead() {
    let lone = unhex("43016192 056361757365 0d64657461696c4d657373616765 60 5190 0178");
    let mut decoder = Decoder::new(&lone);
    let start = decoder.mark();
    decoder.skip_value().unwrap();
    decoder.rewind(start);
    let read: Caused = decoder.read().unwrap();
    assert_eq!(read.message, "x");
    assert!(read.cause.is_none());
}

/// An exception as far as its cause, which is itself when there is none.
#[derive(Deserialize)]
struct Caused {
    cause: Option<Box<Caused>>,
    #[serde(rename = "detailMessage")]
    message: String,
}

#[test]
fn two_throwables_that_cause_each_other_are_a_chain_that_ends() {
    let bytes = unhex("430161920d64657461696c4d6573736167650563617573656001626001635190");
    let values = crate::notation::read_all(&bytes).unwrap();
    let outer = Throwable::read(&values[0], &wubbo_hessian2::Resolver::new(&values)).unwrap();
    let inner = outer.cause.unwrap();
    assert_eq!((inner.message.as_deref(), inner.cause), (Some("c"), None));
}

#[test]
fn a_decoder_goes_on_after_an_error_that_was_rewound() {
    let bytes = unhex("79797f90");
    let mut decoder = Decoder::new(&bytes);
    let start = decoder.mark();
    for _ in 0..1000 {
        assert_eq!(
            decoder.read_value().unwrap_err().kind(),
            ErrorKind::Truncated
        );
        decoder.rewind(start);
        assert_eq!(
            decoder.skip_value().unwrap_err().kind(),
            ErrorKind::Truncated
        );
        decoder.rewind(start);
        assert_eq!(
            decoder.read::<Nest>().unwrap_err().kind(),
            ErrorKind::Truncated
        );
        decoder.rewind(start);
    }
}

/// `count` objects of a class whose one field, and whose name if `long_class`, are long.
fn long_names(count: usize, long_class: bool) -> Vec<u8> {
    let long = [unhex("538000"), vec![b'x'; 1 << 15]].concat();
    let short = unhex("0161");
    let (class, field) = if long_class {
        (long, short)
    } else {
        (short, long)
    };
    let definition = [vec![b'C'], class, vec![0x91], field].concat();
    [
        vec![0x57],
        definition,
        unhex("6091").repeat(count),
        vec![b'Z'],
    ]
    .concat()
}

#[test]
fn long_names_are_not_copied_per_object_for_nothing() {
    type Maps = Vec<std::collections::HashMap<String, i32>>;
    assert_eq!(
        Decoder::new(&long_names(10, false))
            .read::<Maps>()
            .unwrap()
            .len(),
        10
    );
    assert_eq!(
        Decoder::new(&long_names(10, true))
            .read::<Vec<Value>>()
            .unwrap()
            .len(),
        10
    );
    let fields = long_names(100_000, false);
    assert_eq!(
        Decoder::new(&fields).read::<Maps>().unwrap_err().kind(),
        ErrorKind::Limit
    );
    assert_eq!(
        Decoder::new(&fields)
            .read::<serde_json::Value>()
            .unwrap_err()
            .kind(),
        ErrorKind::Limit
    );
    let classes = long_names(100_000, true);
    assert_eq!(
        Decoder::new(&classes)
            .read::<Vec<Value>>()
            .unwrap_err()
            .kind(),
        ErrorKind::Limit
    );
    // A document shares the class, and an explanation shows its start.
    assert!(Decoder::new(&classes).read_value().is_ok());
    let shown: usize = annotate(&classes)
        .unwrap()
        .iter()
        .map(|span| span.meaning.len())
        .sum();
    assert!(shown < 20_000_000, "{shown}");
}

#[test]
fn long_type_names_are_not_copied_per_list_for_nothing() {
    let long = [unhex("538000"), vec![b'x'; 1 << 15]].concat();
    let bytes = [
        vec![0x57, 0x70],
        long,
        unhex("7090").repeat(100_000),
        vec![b'Z'],
    ]
    .concat();
    let lists = Decoder::new(&bytes).read::<Vec<wubbo_hessian2::TypedList<i32>>>();
    assert_eq!(lists.unwrap_err().kind(), ErrorKind::Limit);
    assert!(Decoder::new(&bytes).read_value().is_ok());
}
