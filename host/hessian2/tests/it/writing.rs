//! What serde writes, byte for byte.

use std::collections::BTreeMap;

use bytes::BytesMut;
use serde::{Deserialize, Serialize, ser::SerializeStruct};
use wubbo_hessian2::{Class, Encoder, ErrorKind, List, Object, Value, from_slice, to_bytes};

use crate::notation::{hex, read_all, show_all};

fn written<T: Serialize + ?Sized>(value: &T) -> String {
    hex(&to_bytes(value).unwrap())
}

fn shown<T: Serialize + ?Sized>(value: &T) -> String {
    show_all(&read_all(&to_bytes(value).unwrap()).unwrap())
}

#[test]
fn scalars_take_their_kinds() {
    assert_eq!(written(&(1_i8, 1_i16, 1_i32, 1_u8, 1_u16)), "7d9191919191");
    assert_eq!(written(&(1_i64, 1_u32, 1_u64)), "7be1e1e1");
    assert_eq!(
        written(&(true, false, None::<i32>, Some(1), ())),
        "7d54464e914e"
    );
    assert_eq!(written(&('A', '你', "hello")), "7b014101e4bda00568656c6c6f");
    assert_eq!(
        written(&(99.8_f32, 0.1_f32, f32::MAX, 1.5_f32)),
        "7c5f000185d85f000000644447efffffe54daff85f000005dc"
    );
    assert_eq!(
        written(&(-0.0_f64, -0.0_f32, f64::NAN, f32::INFINITY)),
        "7c5b5b447ff8000000000000447ff0000000000000"
    );
    assert_eq!(
        written(&(16_777_216_f32, 0.3_f32, 1.0e-10_f32)),
        "7b4441700000000000005f0000012c443ddb7cdfd9d7bdbb"
    );
}

#[test]
fn numbers_beyond_a_long_are_refused() {
    for error in [
        to_bytes(&u64::MAX).unwrap_err(),
        to_bytes(&1_i128).unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Unwritable, "{error}");
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename = "example.Color")]
enum Color {
    #[serde(rename = "RED")]
    Red,
    #[serde(rename = "GREEN")]
    Green,
    #[serde(rename = "BLUE")]
    Blue,
    Mixed(i32, i32),
    Named {
        name: String,
    },
    Grey(f64),
}

#[test]
fn enum_constants_are_objects_and_repeat_as_references() {
    let mut out = BytesMut::new();
    let mut encoder = Encoder::new(&mut out);
    for color in [Color::Red, Color::Green, Color::Blue, Color::Green] {
        encoder.write(&color).unwrap();
    }
    assert_eq!(
        hex(&out),
        "430d6578616d706c652e436f6c6f7291046e616d6560035245446005475245454e6004424c55455191"
    );
    let all = vec![
        Color::Mixed(1, 2),
        Color::Named { name: "x".into() },
        Color::Grey(1.5),
        Color::Red,
        Color::Red,
    ];
    assert_eq!(
        shown(&all),
        r#"[{"Mixed": [1, 2]}, {"Named": {"name": "x"}}, {"Grey": 1.5d}, example.Color(name="RED"), @6]"#
    );
    assert_eq!(
        from_slice::<Vec<Color>>(&to_bytes(&all).unwrap()).unwrap(),
        all
    );
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename = "example.Node")]
struct Node {
    head: i32,
    tail: Option<Box<Node>>,
    color: Color,
}

#[test]
fn a_struct_inside_its_own_first_instance_uses_its_definition() {
    let chain = |colors: &[Color]| {
        let mut node = None;
        for (head, color) in (1..).zip(colors) {
            node = Some(Box::new(Node {
                head,
                tail: node,
                color: color.clone(),
            }));
        }
        *node.unwrap()
    };
    let node = chain(&[Color::Red, Color::Green, Color::Red]);
    let bytes = to_bytes(&vec![node.clone(), node.clone()]).unwrap();
    assert_eq!(
        from_slice::<Vec<Node>>(&bytes).unwrap(),
        [node.clone(), node]
    );
    let name = b"example.Node";
    assert_eq!(
        bytes
            .windows(name.len())
            .filter(|window| window == name)
            .count(),
        1
    );
    assert!(
        shown(&chain(&[Color::Red]))
            .starts_with("example.Node(head=1, tail=null, color=example.Color")
    );
}

#[test]
fn definitions_nest_in_order() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(rename = "a.Outer")]
    struct Outer {
        first: Inner,
        second: Inner,
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(rename = "a.Inner")]
    struct Inner {
        deep: Vec<Deep>,
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(rename = "a.Deep")]
    struct Deep(i32);
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(rename = "a.Empty")]
    struct Empty;
    let outer = Outer {
        first: Inner {
            deep: vec![Deep(1)],
        },
        second: Inner { deep: vec![] },
    };
    assert_eq!(
        written(&outer),
        "4307612e4f7574657292056669727374067365636f6e64604307612e496e6e65729104646565706179916178"
    );
    assert_eq!(
        from_slice::<Outer>(&to_bytes(&outer).unwrap()).unwrap(),
        outer
    );
    assert_eq!(written(&Empty), "4307612e456d7074799060");
    assert_eq!(
        from_slice::<Empty>(&to_bytes(&Empty).unwrap()).unwrap(),
        Empty
    );
}

#[test]
fn more_than_sixteen_classes_use_the_long_form() {
    let mut out = BytesMut::new();
    let mut encoder = Encoder::new(&mut out);
    for number in 0..60 {
        let object = Object::new(&format!("c{number}"), [("f", Value::Int(number))]);
        encoder.write_value(&Value::Object(object)).unwrap();
    }
    encoder.write(&Color::Red).unwrap();
    encoder.write(&Color::Blue).unwrap();
    let values = read_all(&out).unwrap();
    assert_eq!(values.len(), 62);
    assert_eq!(values[59].as_object().unwrap().class_name(), "c59");
    assert_eq!(
        show_all(&values[60..]),
        r#"example.Color(name="RED") ; example.Color(name="BLUE")"#
    );
    assert_eq!(
        from_slice::<Color>(&to_bytes(&Color::Blue).unwrap()).unwrap(),
        Color::Blue
    );
}

#[test]
fn a_field_that_is_left_out_is_null() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(rename = "a.Opt")]
    struct Opt {
        #[serde(skip_serializing_if = "Option::is_none")]
        a: Option<i32>,
        b: i32,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        c: Vec<i32>,
    }
    let all = [
        Opt {
            a: None,
            b: 1,
            c: vec![],
        },
        Opt {
            a: Some(2),
            b: 3,
            c: vec![4],
        },
        Opt {
            a: None,
            b: 5,
            c: vec![],
        },
    ];
    assert_eq!(
        shown(&all),
        "[a.Opt(a=null, b=1, c=null), a.Opt(a=2, b=3, c=[4]), a.Opt(a=null, b=5, c=null)]"
    );
    assert_eq!(
        from_slice::<[Opt; 3]>(&to_bytes(&all).unwrap()).unwrap(),
        all
    );
}

/// A struct that changes its fields.
struct Fickle(&'static [&'static str], &'static [Fickle]);

impl Serialize for Fickle {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("a.Fickle", self.0.len())?;
        for (index, field) in self.0.iter().enumerate() {
            match self.1.get(index) {
                Some(inner) => object.serialize_field(field, inner)?,
                None => object.serialize_field(field, &(index as i32))?,
            }
        }
        object.end()
    }
}

#[test]
fn two_shapes_of_one_name_get_two_definitions() {
    let shapes = [
        Fickle(&["a", "b"], &[]),
        Fickle(&["a", "c"], &[]),
        Fickle(&["a", "c"], &[]),
        Fickle(&["a"], &[]),
        Fickle(&["a", "b", "c"], &[]),
        Fickle(&[], &[]),
    ];
    assert_eq!(
        shown(&shapes[..]),
        "[a.Fickle(a=0, b=1), a.Fickle(a=0, c=1), a.Fickle(a=0, c=1), a.Fickle(a=0), a.Fickle(a=0, b=1, c=2), a.Fickle()]"
    );
    let inside_out = Fickle(&["a", "b"], &[Fickle(&["a"], &[])]);
    assert_eq!(
        to_bytes(&inside_out).unwrap_err().kind(),
        ErrorKind::Unwritable
    );
}

#[test]
fn sequences_of_unknown_length_get_their_length() {
    struct Lazy(usize);
    impl Serialize for Lazy {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_seq(
                (0..self.0 as i32)
                    .filter(|number| *number >= 0)
                    .map(|number| vec![number]),
            )
        }
    }
    assert_eq!(written(&Lazy(2)), "7a79907991");
    assert_eq!(
        shown(&(Lazy(9), vec![1])),
        "[[[0], [1], [2], [3], [4], [5], [6], [7], [8]], [1]]"
    );
    assert!(written(&Lazy(9)).starts_with("5899"));
    struct Liar;
    impl Serialize for Liar {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serde::ser::SerializeSeq::end(serializer.serialize_seq(Some(1))?)
        }
    }
    assert_eq!(
        to_bytes(&Liar).unwrap_err().to_string(),
        "a sequence announced 1 elements and gave 0"
    );
}

#[test]
fn maps_are_untyped() {
    assert_eq!(written(&BTreeMap::from([("a", 0)])), "480161905a");
    assert_eq!(written(&BTreeMap::<i32, i32>::new()), "485a");
}

#[test]
fn classes_of_structs_and_of_documents_are_one() {
    #[derive(Serialize)]
    #[serde(rename = "example.Car")]
    struct Car {
        color: i32,
        model: i32,
    }
    let class = Class::new("example.Car", ["color", "model"]);
    let object = |color, model| {
        Value::Object(Object {
            class: class.clone(),
            fields: vec![Value::Int(color), Value::Int(model)],
        })
    };
    let mut out = BytesMut::new();
    let mut encoder = Encoder::new(&mut out);
    encoder.write(&Car { color: 1, model: 2 }).unwrap();
    encoder.write_value(&object(3, 4)).unwrap();
    encoder
        .write_document(&Value::List(List::new(vec![object(5, 6), Value::Ref(0)])))
        .unwrap();
    encoder.write(&Car { color: 7, model: 8 }).unwrap();
    assert_eq!(encoder.tables().classes, 1);
    let shown = show_all(&read_all(&out).unwrap());
    assert_eq!(
        shown,
        "example.Car(color=1, model=2) ; example.Car(color=3, model=4) ; [example.Car(color=5, model=6), @2] ; \
         example.Car(color=7, model=8)"
    );
}

#[test]
fn a_document_that_can_not_be_written_says_why() {
    let refusal = |value: Value| {
        let mut out = BytesMut::new();
        Encoder::new(&mut out)
            .write_value(&value)
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        refusal(Value::Ref(0)),
        "reference to slot 0, of which only 0 are written"
    );
    let short = Object {
        class: Class::new("a.B", ["x", "y"]),
        fields: vec![Value::Null],
    };
    assert_eq!(
        refusal(Value::Object(short)),
        "object of a.B has 1 values for 2 fields"
    );
}

#[test]
fn many_classes_and_types_are_each_named_once() {
    let mut out = BytesMut::new();
    let mut encoder = Encoder::new(&mut out);
    for round in 0..3 {
        for number in 0..100 {
            let object = Object::new(&format!("c{number}"), [("f", Value::Int(round))]);
            let list = List::typed(&format!("t{number}"), vec![Value::Object(object)]);
            encoder.write_value(&Value::List(list)).unwrap();
            encoder.begin_list(Some(&format!("t{number}")), 0).unwrap();
        }
    }
    assert_eq!(
        (encoder.tables().classes, encoder.tables().types),
        (100, 100)
    );
    let values = read_all(&out).unwrap();
    assert_eq!(show_all(&values[599 - 1..]), "<t99>[c99(f=2)] ; <t99>[]");
    assert_eq!(show_all(&values[202..204]), "<t1>[c1(f=1)] ; <t1>[]");
}
