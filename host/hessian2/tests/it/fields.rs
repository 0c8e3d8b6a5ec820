//! Objects that are read into structs: in the order of the struct when the class has the same, else by name, and by name
//! too when the struct's visitor takes no other way.

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{IgnoredAny, MapAccess, Visitor},
};
use wubbo_hessian2::{Decoder, ErrorKind, Limits, from_slice, to_bytes};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename = "example.Point")]
struct Point {
    x: i32,
    y: i32,
}

/// As [`Point`], by a visitor that knows maps only.
#[derive(Debug, PartialEq)]
struct ByName(Point);

impl<'de> Deserialize<'de> for ByName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Names;

        impl<'de> Visitor<'de> for Names {
            type Value = ByName;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map of x and y")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ByName, A::Error> {
                let mut point = Point { x: 0, y: 0 };
                while let Some(name) = map.next_key::<String>()? {
                    match &*name {
                        "x" => point.x = map.next_value()?,
                        "y" => point.y = map.next_value()?,
                        _ => drop(map.next_value::<IgnoredAny>()?),
                    }
                }
                Ok(ByName(point))
            }
        }

        deserializer.deserialize_struct("example.Point", &["x", "y"], Names)
    }
}

fn points() -> Vec<Point> {
    (0..3).map(|x| Point { x, y: 1000 * x }).collect()
}

fn limited(values: u32) -> Limits {
    Limits {
        values,
        ..Limits::default()
    }
}

#[test]
fn a_visitor_of_names_is_given_names() {
    let one = to_bytes(&Point { x: 1, y: 2 }).unwrap();
    assert_eq!(
        from_slice::<ByName>(&one).unwrap(),
        ByName(Point { x: 1, y: 2 })
    );
    // The list, its objects and their fields; what is read again is not counted again.
    let bytes = [&*to_bytes(&points()).unwrap(), b"\x91\x60\x91\x92"].concat();
    let mut decoder = Decoder::with_limits(&bytes, limited(1 + 3 * 3 + 1 + 3));
    let read: Vec<ByName> = decoder.read().unwrap();
    let expected: Vec<ByName> = points().into_iter().map(ByName).collect();
    assert_eq!(read, expected);
    assert_eq!(decoder.tables().refs, 4);
    assert_eq!(decoder.read::<i32>().unwrap(), 1);
    assert_eq!(decoder.read::<Point>().unwrap(), Point { x: 1, y: 2 });
    assert!(decoder.is_empty());
}

#[test]
fn a_failure_behind_a_visitor_of_names_is_its_own() {
    let bytes = to_bytes(&("a", Point { x: 1, y: 2 }, "b")).unwrap();
    let error = from_slice::<(String, ByName, i32)>(&bytes).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Type);
    assert!(error.to_string().contains("string \"b\""), "{error}");
}

#[test]
fn another_order_other_fields_and_fewer_are_read_by_name() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Turned {
        y: i32,
        x: i32,
    }
    #[derive(Debug, PartialEq, Deserialize)]
    struct Other {
        x: i32,
        #[serde(default)]
        z: i32,
    }
    let bytes = to_bytes(&points()).unwrap();
    let turned: Vec<Turned> = from_slice(&bytes).unwrap();
    assert_eq!(turned[2], Turned { y: 2000, x: 2 });
    let other: Vec<Other> = from_slice(&bytes).unwrap();
    assert_eq!(other[2], Other { x: 2, z: 0 });
    // One class, two structs in turn.
    let (first, second, third): (Point, Turned, Point) = from_slice(&bytes).unwrap();
    assert_eq!((first.x, second.x, third.x), (0, 1, 2));
}

#[test]
fn a_field_under_two_of_its_names_is_refused() {
    #[derive(Debug, Deserialize)]
    struct Either {
        #[serde(alias = "y")]
        #[allow(dead_code, reason = "only that it is read matters")]
        x: i32,
    }
    let error = from_slice::<Either>(&to_bytes(&Point { x: 1, y: 2 }).unwrap()).unwrap_err();
    assert_eq!(error.to_string(), "duplicate field `x` at byte 22");
}

#[test]
fn a_long_name_counts_with_each_object() {
    #[derive(Debug, Serialize, Deserialize)]
    struct Long {
        a_name_of_more_than_thirty_two_letters: i32,
    }
    let list: Vec<Long> = (0..10)
        .map(|number| Long {
            a_name_of_more_than_thirty_two_letters: number,
        })
        .collect();
    let bytes = to_bytes(&list).unwrap();
    let read = |values| Decoder::with_limits(&bytes, limited(values)).read::<Vec<Long>>();
    assert_eq!(read(1 + 10 * 3).unwrap().len(), 10);
    assert_eq!(read(10 * 3).unwrap_err().kind(), ErrorKind::Limit);
}

#[test]
fn strings_of_every_short_length_are_read_whole() {
    for length in 0..40 {
        for last in ["", "z", "\u{7f}", "ü", "日", "😀"] {
            let text = "0123456789".repeat(4)[..length].to_owned() + last;
            let bytes = to_bytes(&(&text, 7, &text)).unwrap();
            let read: (String, i32, String) = from_slice(&bytes).unwrap();
            assert_eq!(read, (text.clone(), 7, text));
        }
    }
}
