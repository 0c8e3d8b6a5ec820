//! Several values in one stream: marks, maps entry by entry, raw copies.

use bytes::BytesMut;
use serde::{Deserialize, Serialize};
use wubbo_hessian2::{Decoder, Encoder, ErrorKind, Kind, List, Tables, Value};

use crate::notation::{hex, read_all, show, unhex};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename = "example.Car")]
struct Car {
    color: String,
    model: String,
}

const CARS: &str = "430b6578616d706c652e4361729205636f6c6f72056d6f64656c600372656408636f7276657474656005677265656e056369766963";

fn car(color: &str, model: &str) -> Car {
    Car {
        color: color.into(),
        model: model.into(),
    }
}

#[test]
fn what_was_skipped_is_known_to_what_is_read_later() {
    let bytes = unhex(CARS);
    let mut decoder = Decoder::new(&bytes);
    decoder.skip_value().unwrap();
    assert_eq!(decoder.read::<Car>().unwrap(), car("green", "civic"));
    let repeated = [bytes, unhex("51905191")].concat();
    let mut decoder = Decoder::new(&repeated);
    decoder.skip_value().unwrap();
    decoder.skip_value().unwrap();
    assert_eq!(decoder.read::<Car>().unwrap(), car("red", "corvette"));
    assert_eq!(decoder.read_value().unwrap(), Value::Ref(1));
}

#[test]
fn a_mark_brings_back_position_and_tables() {
    let bytes = unhex(CARS);
    let mut decoder = Decoder::new(&bytes);
    let start = decoder.mark();
    decoder.skip_value().unwrap();
    let second = decoder.mark();
    decoder.skip_value().unwrap();
    let end = decoder.tables();
    for _ in 0..3 {
        decoder.rewind(second);
        assert_eq!(decoder.read::<Car>().unwrap(), car("green", "civic"));
        decoder.rewind(start);
        assert_eq!(decoder.tables(), Tables::default());
        assert_eq!(decoder.read::<Car>().unwrap(), car("red", "corvette"));
        assert_eq!(
            show(&decoder.read_value().unwrap()),
            "example.Car(color=\"green\", model=\"civic\")"
        );
        assert_eq!(decoder.tables(), end);
    }
}

#[test]
fn walks_a_map_entry_by_entry() {
    let bytes = unhex("4d116a6176612e7574696c2e547265654d61700161905a91");
    let mut decoder = Decoder::new(&bytes);
    assert_eq!(
        decoder.begin_map().unwrap().as_deref(),
        Some("java.util.TreeMap")
    );
    let mut spans = Vec::new();
    while !decoder.at_end().unwrap() {
        spans.push((decoder.skip_value().unwrap(), decoder.skip_value().unwrap()));
    }
    decoder.end_map().unwrap();
    assert_eq!(spans, [(19..21, 21..22)]);
    assert_eq!(decoder.read_i32().unwrap(), 1);
    assert_eq!(
        decoder.tables(),
        Tables {
            refs: 1,
            classes: 0,
            types: 1
        }
    );
}

#[test]
fn a_map_can_not_be_closed_before_its_end() {
    let mut decoder = Decoder::new(b"H\x01a\x90Z");
    decoder.begin_map().unwrap();
    assert_eq!(decoder.end_map().unwrap_err().kind(), ErrorKind::Malformed);
    let mut decoder = Decoder::new(b"\x91");
    assert_eq!(
        decoder.begin_map().unwrap_err().to_string(),
        "found int where a map was expected at byte 1"
    );
}

#[test]
fn an_encoder_goes_on_behind_a_raw_copy() {
    let bytes = unhex(CARS);
    let mut decoder = Decoder::new(&bytes);
    decoder.skip_value().unwrap();
    let (end, tables) = (decoder.position(), decoder.tables());
    let mut out = BytesMut::from(&bytes[..end]);
    let mut encoder = Encoder::with_tables(&mut out, tables);
    encoder.write(&car("green", "civic")).unwrap();
    encoder.write_value(&Value::Ref(0)).unwrap();
    encoder.write_value(&Value::Ref(1)).unwrap();
    assert_eq!(
        encoder.write_value(&Value::Ref(2)).unwrap_err().kind(),
        ErrorKind::Unwritable
    );
    assert_eq!(
        encoder.tables(),
        Tables {
            refs: 2,
            classes: 2,
            types: 0
        }
    );
    let values = read_all(&out).unwrap();
    assert_eq!(values.len(), 4);
    assert_eq!(
        show(&values[1]),
        "example.Car(color=\"green\", model=\"civic\")"
    );
    assert_eq!(values[2..], [Value::Ref(0), Value::Ref(1)]);
}

#[test]
fn raw_pieces_and_written_entries_make_one_map() {
    let source = unhex("48016b0176016c79905a");
    let mut decoder = Decoder::new(&source);
    decoder.begin_map().unwrap();
    let mut out = BytesMut::new();
    let mut encoder = Encoder::new(&mut out);
    encoder.begin_map(None);
    let mut start = decoder.position();
    while !decoder.at_end().unwrap() {
        decoder.skip_value().unwrap();
        let end = decoder.skip_value().unwrap().end;
        encoder.write_raw(&source[start..end], decoder.tables());
        start = end;
    }
    encoder.write_str("own");
    encoder.begin_list(Some("[int"), 1).unwrap();
    encoder.write_i32(7);
    encoder.end_map();
    assert_eq!(
        show(&read_all(&out).unwrap()[0]),
        r#"{"k": "v", "l": [0], "own": <[int>[7]}"#
    );
}

#[test]
fn scalars_convert_as_java_converts_them() {
    type Row = (
        &'static str,
        Option<i32>,
        Option<i64>,
        Option<f64>,
        Option<bool>,
    );
    let rows: [Row; 11] = [
        ("4e", Some(0), Some(0), Some(0.0), Some(false)),
        ("54", Some(1), Some(1), Some(1.0), Some(true)),
        ("46", Some(0), Some(0), Some(0.0), Some(false)),
        ("91", Some(1), Some(1), Some(1.0), Some(true)),
        ("c92c", Some(300), Some(300), Some(300.0), Some(true)),
        ("f92c", Some(300), Some(300), Some(300.0), Some(true)),
        ("5b", Some(0), Some(0), Some(0.0), Some(false)),
        ("5e0080", Some(128), Some(128), Some(128.0), Some(true)),
        ("5f000005dc", None, None, Some(1.5), Some(true)),
        (
            "4c0000000080000000",
            None,
            Some(2_147_483_648),
            Some(2_147_483_648.0),
            Some(true),
        ),
        ("0131", None, None, None, None),
    ];
    for (bytes, int, long, double, truth) in rows {
        let bytes = unhex(bytes);
        let name = hex(&bytes);
        assert_eq!(Decoder::new(&bytes).read_i32().ok(), int, "{name} as int");
        assert_eq!(Decoder::new(&bytes).read_i64().ok(), long, "{name} as long");
        assert_eq!(
            Decoder::new(&bytes).read_f64().ok(),
            double,
            "{name} as double"
        );
        assert_eq!(
            Decoder::new(&bytes).read_bool().ok(),
            truth,
            "{name} as bool"
        );
        assert_eq!(
            Decoder::new(&bytes).read::<i32>().ok(),
            int,
            "{name} as int by serde"
        );
        assert_eq!(
            Decoder::new(&bytes).read::<i64>().ok(),
            long,
            "{name} as long by serde"
        );
        assert_eq!(
            Decoder::new(&bytes).read::<f64>().ok(),
            double,
            "{name} as double by serde"
        );
        assert_eq!(
            Decoder::new(&bytes).read::<bool>().ok(),
            truth,
            "{name} as bool by serde"
        );
    }
}

#[test]
fn reads_each_kind_by_name() {
    let bytes = unhex("4e0161230102034affffffffffffffff4e0162");
    let mut decoder = Decoder::new(&bytes);
    assert!(decoder.is_null());
    assert_eq!(decoder.kind().unwrap(), Kind::Null);
    decoder.read_null().unwrap();
    assert!(!decoder.is_null());
    assert_eq!(decoder.read_str().unwrap(), "a");
    assert_eq!(*decoder.read_bytes().unwrap(), [1, 2, 3]);
    assert_eq!(decoder.read_date().unwrap(), -1);
    assert_eq!(decoder.read_optional_str().unwrap(), None);
    assert_eq!(decoder.read_optional_str().unwrap().as_deref(), Some("b"));
    assert!(decoder.is_empty() && decoder.remaining().is_empty());
    assert_eq!(decoder.kind().unwrap_err().kind(), ErrorKind::Truncated);
}

#[test]
fn a_long_list_of_one_class_defines_it_once() {
    let cars: Vec<Car> = (0..20)
        .map(|number| car("red", &number.to_string()))
        .collect();
    let bytes = wubbo_hessian2::to_bytes(&cars).unwrap();
    let name = b"example.Car";
    assert_eq!(
        bytes
            .windows(name.len())
            .filter(|window| window == name)
            .count(),
        1
    );
    assert_eq!(
        wubbo_hessian2::from_slice::<Vec<Car>>(&bytes).unwrap(),
        cars
    );
    let value = wubbo_hessian2::from_slice::<Value>(&bytes).unwrap();
    assert_eq!(
        value.as_list().map(|list: &List| list.items.len()),
        Some(20)
    );
}
