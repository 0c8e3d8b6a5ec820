//! Java names and descriptors of Rust types, and what the macros make of signatures.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use serde::{Deserialize, Serialize};
use wubbo_hessian2::{Array, BigDecimal, Binary, Date, Value};
use wubbo_macros::JavaType;

use super::demo::{Echo, EchoServiceClient, Sex, User};
use crate::contract::{
    JavaType, JavaTypes, Service, ServiceClient, java_name::descriptor, types::Shape,
};

/// Rust type => Java name, descriptor.
macro_rules! check_names {
    ($($rust:ty => $name:literal, $descriptor:literal;)*) => {
        $(
            let name = <$rust as JavaType>::java_name();
            assert_eq!((&*name, descriptor(&name).as_deref()), ($name, Some($descriptor)), stringify!($rust));
        )*
    };
}

#[test]
fn rust_types_stand_for_java_types() {
    check_names! {
        bool => "boolean", "Z";
        i8 => "byte", "B";
        i16 => "short", "S";
        i32 => "int", "I";
        i64 => "long", "J";
        f32 => "float", "F";
        f64 => "double", "D";
        char => "char", "C";
        () => "void", "V";
        &str => "java.lang.String", "Ljava/lang/String;";
        Cow<'_, str> => "java.lang.String", "Ljava/lang/String;";
        Option<i32> => "java.lang.Integer", "Ljava/lang/Integer;";
        Option<Arc<bool>> => "java.lang.Boolean", "Ljava/lang/Boolean;";
        Option<String> => "java.lang.String", "Ljava/lang/String;";
        Vec<User> => "java.util.List", "Ljava/util/List;";
        HashSet<i32> => "java.util.Set", "Ljava/util/Set;";
        HashMap<String, User> => "java.util.Map", "Ljava/util/Map;";
        BTreeMap<String, Value> => "java.util.Map", "Ljava/util/Map;";
        Value => "java.lang.Object", "Ljava/lang/Object;";
        Binary => "byte[]", "[B";
        Array<i32> => "int[]", "[I";
        Array<String> => "java.lang.String[]", "[Ljava/lang/String;";
        Array<Array<i64>> => "long[][]", "[[J";
        Date => "java.util.Date", "Ljava/util/Date;";
        BigDecimal => "java.math.BigDecimal", "Ljava/math/BigDecimal;";
        Box<User> => "org.wubbo.demo.User", "Lorg/wubbo/demo/User;";
        Sex => "org.wubbo.demo.Sex", "Lorg/wubbo/demo/Sex;";
    }
}

#[test]
fn signatures_become_the_contract() {
    let echo = Echo::default();
    let provider = echo.contract();
    assert_eq!(
        provider.service_key().to_string(),
        "org.wubbo.demo.EchoService:1.0.0"
    );
    let cases = [
        ("echo", "Ljava/lang/String;", "java.lang.String"),
        ("echoObject", "Ljava/lang/Object;", "java.lang.Object"),
        ("echoBytes", "[B", "byte[]"),
        ("add", "II", "int"),
        ("addLong", "JJ", "long"),
        ("negate", "Z", "boolean"),
        ("scale", "DD", "double"),
        ("getUser", "Ljava/lang/String;", "org.wubbo.demo.User"),
        ("listUsers", "I", "java.util.List"),
        ("saveUser", "Lorg/wubbo/demo/User;", "boolean"),
        ("describe", "Ljava/util/Map;", "java.util.Map"),
        ("flip", "Lorg/wubbo/demo/Sex;", "org.wubbo.demo.Sex"),
        ("attachments", "", "java.util.Map"),
        ("whoami", "", "java.lang.String"),
        ("touch", "", "void"),
        ("fail", "Ljava/lang/String;", "java.lang.String"),
        ("crash", "Ljava/lang/String;", "java.lang.String"),
        ("pick", "I", "java.lang.String"),
        ("pick", "Ljava/lang/Object;", "java.lang.String"),
    ];
    let described: Vec<_> = provider
        .methods()
        .iter()
        .map(|method| {
            (
                &**method.name(),
                &**method.descriptor(),
                method.return_type(),
            )
        })
        .collect();
    assert_eq!(described, cases);

    // The consumer's trait takes references where the provider takes values; the contract is the same.
    let consumer = EchoServiceClient::contract();
    for (ours, theirs) in consumer.methods().iter().zip(provider.methods()) {
        assert_eq!(format!("{ours:?}"), format!("{theirs:?}"));
    }
    assert_eq!(
        format!("{:?}", provider.methods()[7]),
        "org.wubbo.demo.User getUser(java.lang.String)"
    );
}

#[test]
fn the_contract_knows_the_classes_that_it_mentions() {
    let echo = Echo::default();
    let types = echo.contract().types();
    assert!(types.is_enum("org.wubbo.demo.Sex"));
    let Some(Shape::Struct { class, types }) = types.get("org.wubbo.demo.User") else {
        panic!("no User")
    };
    let fields: Vec<_> = class
        .fields
        .iter()
        .map(|name| &**name)
        .zip(types.iter().map(Option::as_deref))
        .collect();
    let expected = [
        ("id", Some("java.lang.String")),
        ("name", Some("java.lang.String")),
        ("age", Some("int")),
        ("time", Some("java.util.Date")),
        ("sex", Some("org.wubbo.demo.Sex")),
        ("tags", Some("java.util.List")),
        ("scores", Some("java.util.Map")),
    ];
    assert_eq!(fields, expected);
}

#[derive(Serialize, Deserialize, JavaType)]
#[serde(rename = "a.Node", rename_all = "camelCase")]
#[java(crate = "crate")]
struct Node {
    next_node: Option<Box<Node>>,
    #[serde(rename = "n", default)]
    number: u64,
    #[serde(skip)]
    _cache: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    leaves: Vec<Leaf>,
}

#[derive(Serialize, Deserialize, JavaType)]
#[serde(rename(serialize = "a.Leaf", deserialize = "a.Leaf"))]
#[java(crate = "crate")]
struct Leaf {}

#[test]
fn recursive_types_and_fields_without_a_java_type_are_declared() {
    let mut types = JavaTypes::default();
    Node::declare(&mut types);
    let Some(Shape::Struct {
        class,
        types: fields,
    }) = types.get("a.Node")
    else {
        panic!("no Node")
    };
    assert_eq!(
        class.fields.iter().map(|name| &**name).collect::<Vec<_>>(),
        ["nextNode", "n", "leaves"]
    );
    // A u64 has no Java type, so the contract only knows the field's name.
    assert_eq!(
        fields.iter().map(Option::as_deref).collect::<Vec<_>>(),
        [Some("a.Node"), None, Some("java.util.List")]
    );
    assert!(types.get("a.Leaf").is_some());
}

#[test]
fn a_service_prints_as_what_it_answers_for() {
    let service: Arc<dyn Service> = Arc::new(Echo::default());
    assert_eq!(
        format!("{service:?}"),
        "Service(org.wubbo.demo.EchoService:1.0.0)"
    );
}
