//! Properties over made-up values and made-up bytes.

use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use wubbo_hessian2::{
    Decoder, Limits, List, Map, Object, Resolver, Tables, Value, annotate, extract, from_slice,
    join, to_bytes,
};

use crate::notation::{read_all, write_all};

/// Any value; references are numbers yet that may point nowhere.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        prop_oneof![any::<i32>(), -3000..3000].prop_map(Value::Int),
        prop_oneof![
            any::<i64>(),
            -3000..3000_i64,
            -5_000_000_000..5_000_000_000_i64
        ]
        .prop_map(Value::Long),
        double().prop_map(Value::Double),
        prop_oneof![
            any::<i64>(),
            (-1_000_000_i64..1_000_000).prop_map(|minutes| minutes * 60_000)
        ]
        .prop_map(Value::Date),
        text().prop_map(Value::String),
        proptest::collection::vec(any::<u8>(), 0..2000)
            .prop_map(|bytes| Value::Binary(bytes.into())),
        (0..8_u32).prop_map(Value::Ref),
    ];
    let type_name = || proptest::option::of("[a-c\\[]{0,2}");
    leaf.prop_recursive(5, 60, 9, move |inner| {
        let name = |name: Option<String>| name.map(Into::into);
        prop_oneof![
            (type_name(), proptest::collection::vec(inner.clone(), 0..10)).prop_map(
                move |(type_name, items)| Value::List(List {
                    type_name: name(type_name),
                    items
                })
            ),
            (
                type_name(),
                proptest::collection::vec((inner.clone(), inner.clone()), 0..4)
            )
                .prop_map(move |(type_name, entries)| Value::Map(Map {
                    type_name: name(type_name),
                    entries
                })),
            ("[A-B]", proptest::collection::vec(("[a-c]", inner), 0..4))
                .prop_map(|(class, fields)| Value::Object(Object::new(&class, fields))),
        ]
    })
}

fn double() -> impl Strategy<Value = f64> {
    let special = any::<f64>().prop_filter("equal to itself and not -0.0", |number| {
        !number.is_nan() && number.to_bits() != (-0.0_f64).to_bits()
    });
    prop_oneof![
        special,
        any::<i32>().prop_map(f64::from),
        (-9_000_000..9_000_000).prop_map(|number| f64::from(number) / 1000.0)
    ]
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~]{0,40}",
        ".{0,40}",
        "[a\\u{1f923}é你]{0,12}",
        (0..70_000_usize, any::<char>()).prop_map(|(count, last)| {
            let mut text = "x".repeat(count);
            text.push(last);
            text
        })
    ]
}

/// A stream whose references all point at something that was started before them.
fn stream() -> impl Strategy<Value = Vec<Value>> {
    proptest::collection::vec(value(), 1..4).prop_map(|mut values| {
        let mut started = 0;
        values
            .iter_mut()
            .for_each(|value| bind(value, &mut started));
        values
    })
}

/// Turns references that would dangle into ones that do not.
fn bind(value: &mut Value, started: &mut u32) {
    if value.takes_slot() {
        *started += 1;
    }
    match value {
        Value::Ref(slot) if *started == 0 => *value = Value::Int(*slot as i32),
        Value::Ref(slot) => *slot %= *started,
        Value::List(list) => list.items.iter_mut().for_each(|item| bind(item, started)),
        Value::Object(object) => object
            .fields
            .iter_mut()
            .for_each(|field| bind(field, started)),
        Value::Map(map) => map.entries.iter_mut().for_each(|(key, value)| {
            bind(key, started);
            bind(value, started);
        }),
        _ => {}
    }
}

/// Bytes that are often close to a value.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let damaged = (
        stream(),
        proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
    )
        .prop_map(|(values, damage)| {
            let mut bytes = write_all(&values);
            for (index, byte) in damage {
                let index = index.index(bytes.len());
                bytes[index] = byte;
            }
            bytes
        });
    let tags = proptest::collection::vec(
        prop_oneof![
            proptest::sample::select(
                b"AB COHMNQRSTUVWXYZIJKLD\x51\x90\x91\x60\x70\x71\x78\x79\x7a\x00\x01a\x92"
                    .to_vec()
            ),
            any::<u8>()
        ],
        0..200,
    );
    prop_oneof![
        damaged,
        tags,
        proptest::collection::vec(any::<u8>(), 0..100)
    ]
}

/// Ends and tables after each value that `step` gets over.
fn walk(bytes: &[u8], mut step: impl FnMut(&mut Decoder<'_>) -> bool) -> Vec<(usize, Tables)> {
    let mut decoder = Decoder::new(bytes);
    let mut ends = Vec::new();
    while !decoder.is_empty() && step(&mut decoder) {
        ends.push((decoder.position(), decoder.tables()));
    }
    ends
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename = "example.Holder")]
struct Holder {
    numbers: Vec<i64>,
    any: Value,
    text: Option<String>,
    more: Vec<Value>,
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_stream_survives_writing_and_reading(values in stream()) {
        let bytes = write_all(&values);
        let read = read_all(&bytes).unwrap();
        prop_assert_eq!(&read, &values);
        prop_assert_eq!(write_all(&read), bytes);
    }

    #[test]
    fn reading_skipping_and_annotating_agree(bytes in bytes()) {
        let read = walk(&bytes, |decoder| decoder.read_value().is_ok());
        let skipped = walk(&bytes, |decoder| decoder.skip_value().is_ok());
        let annotated = walk(&bytes, |decoder| decoder.annotate_value().is_ok());
        prop_assert_eq!(&read, &skipped);
        prop_assert_eq!(&read, &annotated);
        if let Ok(spans) = annotate(&bytes) {
            let mut end = 0;
            for span in spans {
                prop_assert_eq!(span.range.start, end);
                prop_assert!(span.range.end > end);
                end = span.range.end;
            }
            prop_assert_eq!(end, bytes.len());
        }
    }

    #[test]
    fn no_bytes_make_serde_panic(bytes in bytes()) {
        let mut decoder = Decoder::with_limits(&bytes, Limits { values: 10_000, ..Limits::default() });
        let start = decoder.mark();
        let _ = decoder.read::<Value>();
        decoder.rewind(start);
        let _ = decoder.read::<serde_json::Value>();
        decoder.rewind(start);
        let _ = decoder.read::<Holder>();
        decoder.rewind(start);
        let _ = decoder.read::<Vec<Option<String>>>();
        decoder.rewind(start);
        let _ = decoder.read_document();
    }

    #[test]
    fn a_value_read_twice_is_the_same(bytes in bytes()) {
        let mut decoder = Decoder::new(&bytes);
        let start = decoder.mark();
        let first = decoder.read_value();
        let tables = decoder.tables();
        decoder.rewind(start);
        if let Ok(first) = first {
            prop_assert_eq!(decoder.read_value().unwrap(), first);
            prop_assert_eq!(decoder.tables(), tables);
        }
    }

    #[test]
    fn what_is_cut_out_is_a_document(values in stream()) {
        let bytes = write_all(&values);
        let mut decoder = Decoder::new(&bytes);
        for index in 0..values.len() {
            let document = extract(&values, index).unwrap();
            let mark = decoder.mark();
            prop_assert_eq!(&decoder.read_document().unwrap(), &document);
            decoder.rewind(mark);
            prop_assert_eq!(&decoder.read::<Value>().unwrap(), &document);
            let alone = [document];
            prop_assert_eq!(&read_all(&write_all(&alone)).unwrap()[..], &alone[..]);
            prop_assert_eq!(&extract(&alone, 0).unwrap(), &alone[0]);
            let refs = Resolver::new(&alone);
            prop_assert!(refs.slots().all(|(_, value)| value.children().all(|child| refs.follow(child).is_some())));
        }
    }

    #[test]
    fn documents_join_and_part(values in stream()) {
        let documents: Vec<Value> = (0..values.len()).map(|index| extract(&values, index).unwrap()).collect();
        let joined = join(documents.clone());
        prop_assert_eq!(&read_all(&write_all(&joined)).unwrap(), &joined);
        for (index, document) in documents.iter().enumerate() {
            prop_assert_eq!(&extract(&joined, index).unwrap(), document);
        }
    }

    #[test]
    fn values_survive_inside_rust_types(values in stream(), numbers: Vec<i64>, text: Option<String>) {
        let more: Vec<Value> = (0..values.len()).map(|index| extract(&values, index).unwrap()).collect();
        let holder = Holder { numbers, any: more[0].clone(), text, more };
        prop_assert_eq!(from_slice::<Holder>(&to_bytes(&holder).unwrap()).unwrap(), holder);
    }

    #[test]
    fn numbers_and_texts_survive(double: f64, float: f32, long: i64, int: i32, text in text()) {
        type Row = (f64, f32, i64, i32, String);
        let bytes = to_bytes(&(double, float, long, int, &text)).unwrap();
        let read: Row = from_slice(&bytes).unwrap();
        prop_assert!(read.0 == double || read.0.is_nan() && double.is_nan());
        prop_assert!(read.1 == float || read.1.is_nan() && float.is_nan());
        prop_assert_eq!((read.2, read.3, read.4), (long, int, text));
    }
}
