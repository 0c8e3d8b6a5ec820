//! Values as documents: references, cutting out, joining, and `Value` within serde.

use serde::{Deserialize, Serialize};
use wubbo_hessian2::{
    Decoder, ErrorKind, List, Map, Object, Resolver, Value, extract, from_slice, join, to_bytes,
};

use crate::notation::{read_all, show, show_all, unhex, write_all};

fn list(items: impl IntoIterator<Item = Value>) -> Value {
    Value::List(List::new(items.into_iter().collect()))
}

#[test]
fn a_resolver_numbers_slots_as_the_wire_does() {
    for row in crate::notation::rows()
        .into_iter()
        .filter(|row| row.writes != "!")
    {
        let values = read_all(&row.bytes).unwrap();
        let resolver = Resolver::new(&values);
        let mut decoder = Decoder::new(&row.bytes);
        while !decoder.is_empty() {
            decoder.skip_value().unwrap();
        }
        assert_eq!(
            resolver.slots().count(),
            decoder.tables().refs as usize,
            "{}",
            row.id
        );
        for (slot, value) in resolver.slots() {
            assert_eq!(resolver.slot_of(value), Some(slot), "{}", row.id);
            assert!(value.takes_slot(), "{}", row.id);
        }
    }
}

#[test]
fn a_resolver_finds_targets_and_no_others() {
    let values = [
        list([list([Value::Int(1)]), Value::Ref(1)]),
        Value::Ref(0),
        Value::Ref(2),
    ];
    let resolver = Resolver::new(&values);
    let Value::List(outer) = &values[0] else {
        panic!()
    };
    assert!(std::ptr::eq(
        resolver.follow(&outer.items[1]).unwrap(),
        &outer.items[0]
    ));
    assert!(std::ptr::eq(
        resolver.follow(&values[1]).unwrap(),
        &values[0]
    ));
    assert_eq!(resolver.slot_of(&values[1]), Some(0));
    assert_eq!(resolver.follow(&values[2]), None);
    assert_eq!(resolver.slot_of(&values[2]), None);
    assert_eq!(resolver.slot_of(&Value::Int(1)), None);
}

/// A stream, an index, and that value alone.
const CUTS: [(&str, usize, &str); 8] = [
    // [1], the same
    ("79915190", 1, "[1]"),
    // [[0],[[1]]], then [its second part, itself, the first again]
    ("7a79907979917b519251915193", 1, "[[[1]], [0], @2]"),
    // a map that contains itself
    ("480473656c6651905a", 0, "{\"self\": @0}"),
    // x, then a list that refers to the cyclic map twice
    (
        "0178480473656c6651905a7a51905190",
        2,
        "[{\"self\": @1}, @1]",
    ),
    // a cycle between two, entered from the inner one
    ("7a907951905191", 1, "[[0, @0]]"),
    // the second object of a class
    (
        "430b6578616d706c652e4361729205636f6c6f72056d6f64656c600372656408636f7276657474656005677265656e056369766963",
        1,
        "example.Car(color=\"green\", model=\"civic\")",
    ),
    // a type named before
    ("71045b696e7491719092", 1, "<[int>[2]"),
    ("9101619254", 2, "2"),
];

#[test]
fn a_value_is_cut_out_with_what_it_refers_to() {
    for (hex, index, expected) in CUTS {
        let bytes = unhex(hex);
        let values = read_all(&bytes).unwrap();
        let copy = extract(&values, index).unwrap();
        assert_eq!(show(&copy), expected, "{hex}");
        let mut decoder = Decoder::new(&bytes);
        for _ in 0..index {
            decoder.skip_value().unwrap();
        }
        let mark = decoder.mark();
        assert_eq!(decoder.read_document().unwrap(), copy, "{hex}, read");
        decoder.rewind(mark);
        assert_eq!(decoder.read::<Value>().unwrap(), copy, "{hex}, by serde");
        assert_eq!(
            read_all(&write_all(std::slice::from_ref(&copy))).unwrap(),
            [copy],
            "{hex}, written"
        );
    }
}

#[test]
fn cutting_out_refuses_what_is_not_there() {
    assert_eq!(
        extract(&[Value::Null], 1).unwrap_err().kind(),
        ErrorKind::BadReference
    );
    assert_eq!(
        extract(&[list([Value::Ref(1)])], 0).unwrap_err().kind(),
        ErrorKind::BadReference
    );
}

#[test]
fn documents_join_to_a_stream() {
    let cyclic = Value::Map(Map::new(vec![(
        Value::String("self".into()),
        Value::Ref(0),
    )]));
    let stream = join(vec![
        list([list([]), Value::Ref(1)]),
        Value::Int(5),
        cyclic.clone(),
        list([cyclic_at(1)]),
    ]);
    assert_eq!(
        show_all(&stream),
        "[[], @1] ; 5 ; {\"self\": @2} ; [{\"self\": @4}]"
    );
    let bytes = write_all(&stream);
    assert_eq!(read_all(&bytes).unwrap(), stream);
    assert_eq!(extract(&stream, 2).unwrap(), cyclic);
}

fn cyclic_at(slot: u32) -> Value {
    Value::Map(Map::new(vec![(
        Value::String("self".into()),
        Value::Ref(slot),
    )]))
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename = "example.Holder")]
struct Holder {
    before: Vec<i32>,
    any: Value,
    more: Vec<Value>,
}

fn samples() -> Vec<Value> {
    let rows = crate::notation::rows()
        .into_iter()
        .filter(|row| row.writes != "!");
    rows.flat_map(|row| {
        let values = read_all(&row.bytes).unwrap();
        (0..values.len())
            .map(move |index| extract(&values, index).unwrap())
            .collect::<Vec<_>>()
    })
    .filter(|value| *value == value.clone())
    .collect()
}

#[test]
fn a_value_survives_our_codec_as_a_whole_and_in_a_field() {
    let samples = samples();
    assert!(samples.len() > 200);
    for value in &samples {
        assert_eq!(
            from_slice::<Value>(&to_bytes(value).unwrap()).unwrap(),
            *value
        );
    }
    for pair in samples.windows(2) {
        let holder = Holder {
            before: vec![1],
            any: pair[0].clone(),
            more: pair.to_vec(),
        };
        assert_eq!(
            from_slice::<Holder>(&to_bytes(&holder).unwrap()).unwrap(),
            holder
        );
    }
}

#[test]
fn a_value_in_a_field_takes_what_it_refers_to_with_it() {
    let bytes = unhex("4301619201780179607a9051907991");
    let mut decoder = Decoder::new(&bytes);
    #[derive(Debug, Deserialize)]
    struct Pair {
        x: Value,
        y: Vec<i32>,
    }
    let pair = decoder.read::<Pair>().unwrap();
    assert_eq!(show(&pair.x), "[0, a(x=@0, y=[1])]");
    assert_eq!(pair.y, [1]);
}

#[test]
fn a_value_shows_its_natural_form_to_json() {
    let class = Object::new(
        "example.Car",
        [
            ("color", Value::String("red".into())),
            (
                "owners",
                list([Value::Int(1), Value::Long(1 << 40), Value::Ref(0)]),
            ),
        ],
    );
    let value = Value::Object(class);
    let json = serde_json::to_string(&value).unwrap();
    assert_eq!(
        json,
        r#"{"class":"example.Car","color":"red","owners":[1,1099511627776,{"$ref":0}]}"#
    );
    assert_eq!(serde_json::from_str::<Value>(&json).unwrap(), value);
    let json = r#"[null,true,-1,2147483648,1.5,"x",{"k":[]},{"class":7}]"#;
    let value: Value = serde_json::from_str(json).unwrap();
    assert_eq!(
        show(&value),
        r#"[null, true, -1, 2147483648L, 1.5d, "x", {"k": []}, {"class": 7}]"#
    );
    assert_eq!(serde_json::to_string(&value).unwrap(), json);
    assert_eq!(
        serde_json::to_string(&[Value::Date(7), Value::Binary(vec![1, 2].into())]).unwrap(),
        "[7,[1,2]]"
    );
}

#[test]
fn json_and_hessian_convert_into_each_other() {
    let json: serde_json::Value =
        serde_json::from_str(r#"{"a":[1,2.5,"x",null,true],"b":{"c":9007199254740993}}"#).unwrap();
    let bytes = to_bytes(&json).unwrap();
    assert_eq!(
        show_all(&read_all(&bytes).unwrap()),
        r#"{"a": [1L, 2.5d, "x", null, true], "b": {"c": 9007199254740993L}}"#
    );
    assert_eq!(from_slice::<serde_json::Value>(&bytes).unwrap(), json);
}

#[test]
fn fields_of_objects_are_found_by_name() {
    let mut object = Object::new(
        "example.Car",
        [("color", Value::Null), ("model", Value::Int(1))],
    );
    *object.get_mut("color").unwrap() = Value::Int(2);
    assert_eq!(
        (object.get("color"), object.get("model"), object.get("x")),
        (Some(&Value::Int(2)), Some(&Value::Int(1)), None)
    );
    assert_eq!(object.class_name(), "example.Car");
    let map = Map::new(vec![("k".into(), 1.into()), ("k".into(), 2.into())]);
    assert_eq!(map.get("k"), Some(&Value::Int(2)));
}
