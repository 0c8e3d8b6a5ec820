//! Every method of the contract with normal and edge input, and its failures.

use wubbo_hessian2::Value;

use super::values::{counted, empty_user, map, mixed_map, sex, tree_map, user};
use super::{Call, List};

pub(super) fn add(list: &mut List) {
    texts(list);
    bytes(list);
    arithmetic(list);
    users(list);
    others(list);
    failures(list);
}

fn texts(list: &mut List) {
    let mut echo = |id: &str, text: Value| {
        list.add(format!("echo/{id}"), Call::new("echo", vec![text]));
    };
    echo("ascii", "hello".into());
    echo("empty", "".into());
    echo("null", Value::Null);
    echo("control", "a\0b\n\t\"\\".into());
    echo("latin", "caf\u{e9}".into());
    echo("cjk", "\u{4f60}\u{597d}\u{ff0c}\u{4e16}\u{754c}".into());
    echo("emoji", "\u{6c49}\u{5b57}\u{1f600}".into());
    for length in [31, 32, 1023, 1024, 32767, 32768, 32769, 40000, 100_000] {
        echo(&length.to_string(), "x".repeat(length).into());
    }
    echo("cjk-40000", "\u{4e2d}".repeat(40000).into());
    let split = "x".repeat(32767) + &"\u{1f600}".repeat(3);
    echo("emoji-at-chunk-end", split.into());
}

fn bytes(list: &mut List) {
    list.add("echoBytes/null", Call::new("echoBytes", vec![Value::Null]));
    for length in [0, 1, 15, 16, 1024, 4093, 8192, 40000, 1 << 20] {
        let call = Call::new("echoBytes", vec![counted(length)]);
        list.add(format!("echoBytes/{length}"), call);
    }
}

fn arithmetic(list: &mut List) {
    for (id, a, b) in [
        ("normal", 1, 2),
        ("negative", -7, 3),
        ("overflow", i32::MAX, 1),
        ("underflow", i32::MIN, -1),
    ] {
        let call = Call::new("add", vec![Value::Int(a), Value::Int(b)]);
        list.add(format!("add/{id}"), call);
    }
    for (id, a, b) in [
        ("normal", 1 << 40, 2),
        ("small", 1, 2),
        ("overflow", i64::MAX, 1),
    ] {
        let call = Call::new("addLong", vec![Value::Long(a), Value::Long(b)]);
        list.add(format!("addLong/{id}"), call);
    }
    for truth in [true, false] {
        let call = Call::new("negate", vec![Value::Bool(truth)]);
        list.add(format!("negate/{truth}"), call);
    }
    for (id, a, b) in [
        ("normal", 1.5, 4.0),
        ("inexact", 0.1, 3.0),
        ("negative-zero", -1.0, 0.0),
        ("nan", f64::NAN, 2.0),
        ("infinity", f64::MAX, 10.0),
        ("zero-times-infinity", 0.0, f64::NEG_INFINITY),
    ] {
        let call = Call::new("scale", vec![Value::Double(a), Value::Double(b)]);
        list.add(format!("scale/{id}"), call);
    }
}

fn users(list: &mut List) {
    for (name, id) in [
        ("7", "7"),
        ("empty", ""),
        ("\u{738b}\u{4e94}", "\u{738b}\u{4e94}"),
        ("\u{1f600}", "\u{1f600}"),
    ] {
        let call = Call::new("getUser", vec![id.into()]);
        list.add(format!("getUser/{name}"), call);
    }
    for n in [0, 1, 15, 1000, -1, 10001, i32::MIN] {
        let call = Call::new("listUsers", vec![Value::Int(n)]);
        list.add(format!("listUsers/{n}"), call);
    }
    for (id, argument) in [
        ("normal", user("7")),
        ("empty-id", user("")),
        ("null-id", empty_user()),
        ("null", Value::Null),
    ] {
        let call = Call::new("saveUser", vec![argument]);
        list.add(format!("saveUser/{id}"), call);
    }
    list.add("flip/man", Call::new("flip", vec![sex("MAN")]));
    list.add("flip/woman", Call::new("flip", vec![sex("WOMAN")]));
}

fn others(list: &mut List) {
    for (id, argument) in [
        ("empty", map(vec![])),
        ("mixed", mixed_map()),
        (
            "has-size",
            map(vec![("size", "text".into()), ("a", Value::Int(1))]),
        ),
        (
            "TreeMap",
            tree_map(vec![("a", Value::Int(1)), ("b", Value::Long(2))]),
        ),
    ] {
        let call = Call::new("describe", vec![argument]);
        list.add(format!("describe/{id}"), call);
    }
    list.add("whoami", Call::new("whoami", vec![]));
    for millis in [50, 0] {
        let call = Call::new("sleep", vec![Value::Long(millis)]);
        list.add(format!("sleep/{millis}"), call);
    }
    list.add("touch", Call::new("touch", vec![]));
}

fn failures(list: &mut List) {
    for (name, message) in [
        ("boom", "boom"),
        ("empty", ""),
        ("\u{51fa}\u{9519}\u{4e86}", "\u{51fa}\u{9519}\u{4e86}"),
        ("-quoted-second-line", "\u{1f600} \"quoted\"\nsecond line"),
    ] {
        list.add(
            format!("fail/{name}"),
            Call::new("fail", vec![message.into()]),
        );
        list.add(
            format!("crash/{name}"),
            Call::new("crash", vec![message.into()]),
        );
    }
    list.add("fail/null", Call::new("fail", vec![Value::Null]));
    list.add(
        "fail/long",
        Call::new("fail", vec!["m".repeat(40000).into()]),
    );
    list.add(
        "after-failure/echo",
        Call::new("echo", vec!["still here".into()]),
    );
}
