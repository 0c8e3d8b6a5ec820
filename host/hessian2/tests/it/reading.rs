//! What serde reads: the wire forms that a Rust type takes, and those it refuses.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::{Deserialize, de::DeserializeOwned};
use wubbo_hessian2::{Decoder, ErrorKind, from_slice};

use crate::notation::unhex;

fn read<T: DeserializeOwned>(hex: &str) -> T {
    from_slice(&unhex(hex)).unwrap_or_else(|error| panic!("{hex}: {error}"))
}

fn refused<T: DeserializeOwned + std::fmt::Debug>(hex: &str) -> String {
    from_slice::<T>(&unhex(hex)).unwrap_err().to_string()
}

#[test]
fn integers_of_every_width_are_checked() {
    assert_eq!(read::<i8>("8f"), -1);
    assert_eq!(read::<i16>("c92c"), 300);
    assert_eq!(read::<u8>("c8ff"), 255);
    assert_eq!(read::<u16>("490000ffff"), 65_535);
    assert_eq!(read::<u32>("4c00000000ffffffff"), u32::MAX);
    assert_eq!(read::<u64>("4c7fffffffffffffff"), i64::MAX as u64);
    assert_eq!(read::<i64>("4980000000"), i64::from(i32::MIN));
    assert_eq!(read::<f32>("5f000185d8"), 99.8);
    assert_eq!(
        refused::<i8>("c92c"),
        "invalid value: integer `300`, expected i8 at byte 2"
    );
    assert_eq!(
        refused::<u8>("8f"),
        "invalid value: integer `-1`, expected u8 at byte 1"
    );
    assert_eq!(
        refused::<i32>("5f000005dc"),
        "invalid type: floating point `1.5`, expected i32 at byte 5"
    );
    assert_eq!(
        refused::<i32>("447ff8000000000000"),
        "invalid type: floating point `NaN`, expected i32 at byte 9"
    );
    assert_eq!(
        refused::<i64>("4443e0000000000000"),
        "invalid type: floating point `9223372036854776000.0`, expected i64 at byte 9"
    );
    assert_eq!(read::<i64>("44c3e0000000000000"), i64::MIN);
    assert_eq!(
        refused::<i32>("0131"),
        "invalid type: string \"1\", expected i32 at byte 2"
    );
}

#[test]
fn null_is_the_empty_value_of_what_has_one() {
    assert_eq!(
        read::<(i32, i64, f64, bool, String)>("7d4e4e4e4e4e"),
        Default::default()
    );
    assert_eq!(read::<Vec<i32>>("4e"), Vec::<i32>::new());
    assert_eq!(read::<HashMap<String, i32>>("4e"), HashMap::new());
    assert_eq!(read::<Option<Vec<i32>>>("4e"), None);
    assert_eq!(read::<Option<Vec<i32>>>("78"), Some(vec![]));
    read::<()>("4e");
    assert_eq!(
        refused::<Car>("4e"),
        "found null where example.Car was expected; use Option if null is meant at byte 1"
    );
    assert_eq!(
        refused::<Color>("4e"),
        "found null where example.Color was expected; use Option if null is meant at byte 1"
    );
    assert_eq!(
        refused::<wubbo_hessian2::Date>("4e"),
        "found null where a date was expected; use Option if null is meant at byte 0"
    );
    assert_eq!(read::<Option<wubbo_hessian2::Date>>("4e"), None);
}

#[test]
fn any_list_reads_as_any_sequence() {
    let forms = [
        "7a9091",
        "58929091",
        "5790915a",
        "55045b696e7490915a",
        "72045b696e749091",
        "56045b696e74929091",
        "72116a6176612e7574696c2e486173685365749091",
        "7ae0e1",
        "7a5b5c",
    ];
    for form in forms {
        assert_eq!(read::<Vec<i32>>(form), [0, 1], "{form}");
        assert_eq!(read::<[i64; 2]>(form), [0, 1], "{form}");
        assert_eq!(read::<(i32, i32)>(form), (0, 1), "{form}");
        assert_eq!(read::<HashSet<i32>>(form), HashSet::from([0, 1]), "{form}");
    }
    assert_eq!(
        refused::<[i32; 1]>("7a9091"),
        "the list has more elements than its Rust type at byte 2"
    );
    assert_eq!(
        refused::<(i32,)>("5790915a"),
        "the list has more elements than its Rust type at byte 2"
    );
    assert_eq!(
        refused::<(i32, i32)>("7990"),
        "invalid length 1, expected a tuple of size 2 at byte 2"
    );
    assert_eq!(
        refused::<Vec<i32>>("485a"),
        "found map where a sequence was expected at byte 1"
    );
    assert_eq!(read::<Vec<u8>>("23010203"), [1, 2, 3]);
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename = "example.Car")]
struct Car {
    color: String,
    model: String,
    #[serde(default = "four")]
    wheels: i32,
}

fn four() -> i32 {
    4
}

fn car(color: &str, model: &str) -> Car {
    Car {
        color: color.into(),
        model: model.into(),
        wheels: 4,
    }
}

#[test]
fn structs_read_by_field_name_from_objects_and_maps() {
    assert_eq!(
        read::<Car>("430b6578616d706c652e4361729205636f6c6f72056d6f64656c6003726564016d"),
        car("red", "m")
    );
    assert_eq!(
        read::<Car>("430b6578616d706c652e4361729205636f6c6f72056d6f64656c4f9003726564016d"),
        car("red", "m")
    );
    assert_eq!(
        read::<Car>("430b6578616d706c652e43617292056d6f64656c05636f6c6f7260016d03726564"),
        car("red", "m")
    );
    assert_eq!(
        read::<Car>(
            "430b6578616d706c652e4361729305636f6c6f72046e6f7065056d6f64656c60037265647991016d"
        ),
        car("red", "m")
    );
    assert_eq!(
        read::<Car>("4805636f6c6f7203726564056d6f64656c016d5a"),
        car("red", "m")
    );
    assert_eq!(
        read::<Car>("4d0178056d6f64656c016d05636f6c6f7203726564046e6f70657979905a"),
        car("red", "m")
    );
    assert_eq!(
        refused::<Car>("4301619105636f6c6f7260016d"),
        "missing field `model` at byte 13"
    );
    assert_eq!(
        refused::<Car>("7990"),
        "found list where struct Car was expected at byte 1"
    );
    let object = read::<BTreeMap<String, String>>(
        "430b6578616d706c652e4361729205636f6c6f72056d6f64656c6003726564016d",
    );
    assert_eq!(
        object,
        BTreeMap::from([("color".into(), "red".into()), ("model".into(), "m".into())])
    );
}

#[test]
fn maps_read_with_keys_of_any_type() {
    assert_eq!(
        read::<BTreeMap<i32, String>>("489103666565a0036669655a"),
        BTreeMap::from([(1, "fee".into()), (16, "fie".into())])
    );
    assert_eq!(
        read::<Vec<BTreeMap<Vec<i32>, bool>>>("79487991545a"),
        [BTreeMap::from([(vec![1], true)])]
    );
    let borrowed = unhex("48016b01765a");
    assert_eq!(
        from_slice::<HashMap<&str, &str>>(&borrowed).unwrap(),
        HashMap::from([("k", "v")])
    );
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename = "example.Color")]
enum Color {
    #[serde(rename = "RED")]
    Red,
    #[serde(rename = "GREEN")]
    Green,
    Mixed(i32, i32),
    Named {
        name: String,
    },
    Grey(f64),
}

#[test]
fn enums_read_from_objects_texts_and_references() {
    assert_eq!(read::<Color>("03524544"), Color::Red);
    let three = "7b430d6578616d706c652e436f6c6f7291046e616d6560035245446005475245454e5191";
    assert_eq!(
        read::<Vec<Color>>(three),
        [Color::Red, Color::Green, Color::Red]
    );
    assert_eq!(read::<Vec<String>>(three), ["RED", "GREEN", "RED"]);
    let with_more = "43016192016f046e616d6560799003524544";
    assert_eq!(read::<Color>(with_more), Color::Red);
    assert_eq!(read::<Color>("48054d697865647a91925a"), Color::Mixed(1, 2));
    assert_eq!(
        read::<Color>("48054e616d656448046e616d6501785a5a"),
        Color::Named { name: "x".into() }
    );
    assert_eq!(read::<Color>("4804477265795f000005dc5a"), Color::Grey(1.5));
    assert_eq!(read::<Color>("48035245444e5a"), Color::Red);
    assert!(refused::<Color>("04426c7565").starts_with("unknown variant `Blue`"));
    assert!(refused::<Color>("4301619101786090").starts_with("an object of a is no enum constant"));
}

#[test]
fn objects_that_stand_for_a_plain_value_read_as_it() {
    let handle = |class: &str, value: &str| {
        let class = [vec![0x30, class.len() as u8], class.as_bytes().to_vec()].concat();
        format!(
            "43{}91065f76616c756560{value}",
            crate::notation::hex(&class)
        )
    };
    assert_eq!(
        read::<i8>(&handle("com.caucho.hessian.io.ByteHandle", "95")),
        5
    );
    assert_eq!(
        read::<i16>(&handle("com.caucho.hessian.io.ShortHandle", "c92c")),
        300
    );
    assert_eq!(
        read::<f32>(&handle("com.caucho.hessian.io.FloatHandle", "5f000005dc")),
        1.5
    );
    assert_eq!(
        read::<String>(
            "43146a6176612e6d6174682e426967446563696d616c910576616c756560073130302e323536"
        ),
        "100.256"
    );
    assert_eq!(
        read::<i64>("430d6a6176612e73716c2e44617465910576616c7565604b00000001"),
        60_000
    );
    assert_eq!(read::<Vec<i32>>("7a430161910576616c756560975191"), [7, 7]);
    assert!(
        refused::<i32>("4301619101786090")
            .starts_with("found an object of a where i32 was expected")
    );
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Failure {
    detail_message: String,
    cause: Option<Box<Failure>>,
}

#[test]
fn a_cycle_reads_as_none_or_not_at_all() {
    let own_cause = "430161920d64657461696c4d6573736167650563617573656001625190";
    assert_eq!(
        read::<Failure>(own_cause),
        Failure {
            detail_message: "b".into(),
            cause: None
        }
    );
    #[derive(Debug, Deserialize)]
    struct Strict {
        #[allow(dead_code, reason = "only its reading is of interest")]
        cause: Box<Strict>,
    }
    let message = refused::<Strict>(own_cause);
    assert_eq!(
        message,
        "reference to slot 0, which contains it; read a cycle as Option or as Value at byte 28"
    );
    let twice = [unhex(own_cause), unhex("6001635190")].concat();
    let mut decoder = Decoder::new(&twice);
    decoder.skip_value().unwrap();
    let cause = decoder.read::<Failure>().unwrap().cause.unwrap();
    assert_eq!(cause.detail_message, "b");
}

#[test]
fn a_reference_reads_its_target_with_its_own_tables() {
    let bytes = unhex("7a7a430161910166609371045b696e74945191");
    #[derive(Debug, PartialEq, Deserialize)]
    struct Holder {
        f: i32,
    }
    let pair: [(Holder, Vec<i32>); 2] = from_slice(&bytes).unwrap();
    assert_eq!(
        pair,
        [(Holder { f: 3 }, vec![4]), (Holder { f: 3 }, vec![4])]
    );
    let more = [bytes, unhex("6095719096")].concat();
    let mut decoder = Decoder::new(&more);
    decoder.read::<[(Holder, Vec<i32>); 2]>().unwrap();
    assert_eq!(decoder.read::<Holder>().unwrap(), Holder { f: 5 });
    assert_eq!(decoder.read::<Vec<i32>>().unwrap(), [6]);
}

#[test]
fn strings_borrow_unless_they_are_in_pieces() {
    assert_eq!(from_slice::<&str>(b"\x05hello").unwrap(), "hello");
    assert_eq!(
        from_slice::<&str>(&unhex("02e4bda0e5a5bd")).unwrap(),
        "你好"
    );
    assert!(from_slice::<&str>(&unhex("520001610162")).is_err());
    assert_eq!(read::<String>("520001610162"), "ab");
    assert_eq!(read::<char>("01e4bda0"), '你');
    assert_eq!(from_slice::<&[u8]>(&unhex("23010203")).unwrap(), [1, 2, 3]);
}

#[test]
fn flattened_and_untagged_types_read_too() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Flat {
        id: i32,
        #[serde(flatten)]
        rest: BTreeMap<String, wubbo_hessian2::Value>,
    }
    let flat = read::<Flat>("4301619302696401610162609179905c");
    assert_eq!((flat.id, flat.rest.len()), (1, 2));
    assert_eq!(crate::notation::show(&flat.rest["a"]), "[0]");
    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(untagged)]
    enum Either {
        Number(i64),
        Text(String),
    }
    assert_eq!(
        read::<Vec<Either>>("7a910161"),
        [Either::Number(1), Either::Text("a".into())]
    );
}

#[test]
fn bytes_behind_the_value_are_refused() {
    let error = from_slice::<i32>(&unhex("9191")).unwrap_err();
    assert_eq!(
        (error.kind(), &*error.to_string()),
        (ErrorKind::Malformed, "1 bytes behind the value at byte 1")
    );
}

#[test]
fn a_failed_read_leaves_no_trace() {
    let bytes = unhex("797901785191");
    let mut decoder = Decoder::new(&bytes);
    let start = decoder.mark();
    assert!(decoder.read::<Vec<Vec<i32>>>().is_err());
    decoder.rewind(start);
    decoder.skip_value().unwrap();
    let again = decoder.read::<Option<Vec<String>>>().unwrap();
    assert_eq!(again, Some(vec![String::from("x")]));
    assert_eq!(decoder.tables().refs, 2);
}
