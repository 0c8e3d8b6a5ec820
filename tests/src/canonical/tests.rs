//! The golden rows say what the forms are (`it/vectors.rs`); here stands what no row shows.

use wubbo_hessian2::{Map, Object};

use super::*;

#[test]
fn a_class_of_the_peers_has_all_its_fields_whatever_the_wire_brought() {
    let user = Value::Object(Object::new(
        "org.wubbo.demo.User",
        [("id", Value::from("7"))],
    ));
    let form = canonical(&user);
    assert_eq!(
        form["fields"],
        json!({"id": "7", "name": null, "age": {"int": 0}, "time": null, "sex": null, "tags": null, "scores": null})
    );
    assert_eq!(class_name(&form), "org.wubbo.demo.User");
}

#[test]
fn a_map_with_itself_as_key_ends() {
    let map = Value::Map(Map::new(vec![(Value::Ref(0), Value::Ref(0))]));
    let form = canonical(&map);
    assert_eq!(form["entries"][0][1], json!({"$ref": "$"}));
}

#[test]
fn the_last_entry_of_a_repeated_key_counts() {
    let entry = |number: i32| (Value::from("k"), Value::Int(number));
    let form = canonical(&Value::Map(Map::new(vec![entry(1), entry(2)])));
    assert_eq!(form["entries"], json!([["k", {"int": 2}]]));
}

#[test]
fn what_has_no_form_is_told_and_is_not_null() {
    let odd = Value::Object(Object::new("java.util.Optional", [("value", Value::Null)]));
    assert_eq!(
        canonical(&odd),
        json!({"unknown class": "java.util.Optional"})
    );
    assert!(canonical(&Value::Ref(9)).get("dangling").is_some());
}

#[test]
fn the_class_of_a_form_is_that_of_the_java_value() {
    let check = |value: Value, class: &str| {
        assert_eq!(class_name(&canonical(&value)), class, "{value:?}");
    };
    check(Value::Bool(true), "java.lang.Boolean");
    check(Value::Int(1), "java.lang.Integer");
    check(Value::Long(1), "java.lang.Long");
    check(Value::Double(0.5), "java.lang.Double");
    check(Value::Date(1), "java.util.Date");
    check(Value::from("a"), "java.lang.String");
    check(Value::List(List::new(vec![])), "java.util.ArrayList");
    check(Value::List(List::typed("[[int", vec![])), "int[][]");
    check(Value::Map(Map::new(vec![])), "java.util.HashMap");
    let bytes: &'static [u8] = &[1];
    check(Value::Binary(bytes.into()), "byte[]");
    assert_eq!(class_name(&Json::Null), Json::Null);
}
