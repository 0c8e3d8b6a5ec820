//! The line of spec `20-config-filters.md` 7.3 in its wanted form: Java's type names, arguments as JSON.
//! The host writes `[<time>] ` before it (ABI.md 8.4), so the vectors' lines are compared from there on.

use super::*;
use wubbo_plugin_sdk::testing::{Bench, Call, Ended};

const STRINGS: &str = "Ljava/lang/String;Ljava/lang/String;";

fn lines(config: &str, call: &Call) -> Vec<String> {
    let mut bench = Bench::new(factory(), config).unwrap();
    let entered = bench.request(call).unwrap();
    assert_eq!(&entered.call, call, "the call goes on unchanged");
    assert_eq!(entered.reply, None);
    bench.host().access_lines()
}

fn flt_09() -> Call {
    let call = Call::new("", "MethodName")
        .field("version", "1.0")
        .field("group", "MyGroup")
        .field("types", STRINGS);
    call.argument("OK")
        .argument("Hello")
        .parameter("accesslog", "true")
}

#[test]
fn flt_08_without_the_parameter_there_is_no_line() {
    assert_eq!(
        lines("{}", &Call::new("com.x.S", "m")),
        Vec::<String>::new()
    );
    assert_eq!(
        lines("{}", &Call::new("com.x.S", "m").parameter("accesslog", "")),
        Vec::<String>::new()
    );
}

#[test]
fn flt_09_group_version_and_arguments() {
    let expected =
        r#" ->  - MyGroup/:1.0 MethodName(java.lang.String,java.lang.String) ["OK","Hello"]"#;
    assert_eq!(lines("{}", &flt_09()), [expected]);
}

#[test]
fn flt_10_the_response_is_not_touched() {
    let mut bench = Bench::new(factory(), "{}").unwrap();
    let entered = bench.request(&flt_09()).unwrap();
    let answer = Ended::value("hi").attachment("a", "b");
    assert_eq!(bench.response(&entered, answer.clone()).unwrap(), answer);
}

#[test]
fn flt_11_addresses_and_no_arguments() {
    let call = Call::new("com.x.S", "m")
        .field("remote_address", "1.1.1.1:5")
        .field("local_address", "2.2.2.2:20880");
    let expected = "1.1.1.1:5 -> 2.2.2.2:20880 - com.x.S m() ";
    assert_eq!(
        lines("{}", &call.parameter("accesslog", "true")),
        [expected]
    );
}

#[test]
fn flt_12_a_full_queue_does_not_touch_the_call() {
    let mut bench = Bench::new(factory(), "{}").unwrap();
    bench.host().fill_log();
    let call = flt_09();
    let entered = bench.request(&call).unwrap();
    assert_eq!((entered.call, entered.reply), (call, None));
    assert_eq!(bench.host().access_lines(), Vec::<String>::new());
}

#[test]
fn null_and_nested_arguments_are_json() {
    let call = Call::new("com.x.S", "m")
        .field("types", "Ljava/util/Map;I")
        .parameter("accesslog", "a.log");
    let map: serde_json::Value = serde_json::from_str(r#"{"k":[1,null]}"#).unwrap();
    let call = call.argument(map).argument(serde_json::Value::Null);
    assert_eq!(
        lines("{}", &call),
        [r#" ->  - com.x.S m(java.util.Map,int) [{"k":[1,null]},null]"#]
    );
}

#[test]
fn the_configuration_can_write_always_and_hide_arguments() {
    let call = Call::new("com.x.S", "m").field("types", "I").argument(7);
    assert_eq!(
        lines(r#"{"always":true}"#, &call),
        [" ->  - com.x.S m(int) [7]"]
    );
    assert_eq!(
        lines(r#"{"always":true,"hide_arguments":true}"#, &call),
        [" ->  - com.x.S m(int) "]
    );
    assert!(Bench::new(factory(), r#"{"allways":true}"#).is_err());
}
