//! How calls are made and what goes beside them: attachments, refusals, one-way, time-outs, many at once.

use std::time::Duration;

use wubbo_core::AttachmentValue;
use wubbo_hessian2::Value;

use super::values::{list as array_list, map, user};
use super::{Action, Before, Call, Form, List, MISFIT, Target};

/// The time-out of the Java consumer's impatient reference.
const SHORT_TIMEOUT: Duration = Duration::from_millis(500);

pub(super) fn add(list: &mut List) {
    attachments(list);
    attachments_of_two_calls(list);
    refused(list);
    manners(list);
}

fn attachments(list: &mut List) {
    let mut sent = |id: &str, entries: Vec<(&'static str, AttachmentValue)>| {
        let call = Call {
            attachments: entries,
            ..Call::new("attachments", vec![])
        };
        list.add(format!("attachments/{id}"), call);
    };
    let value = AttachmentValue::Value;
    sent("none", vec![]);
    sent(
        "text",
        vec![("user.a", "1".into()), ("user.b", "two".into())],
    );
    sent("empty-text", vec![("user.empty", "".into())]);
    sent(
        "cjk",
        vec![("user.city", "\u{5317}\u{4eac}\u{1f600}".into())],
    );
    sent(
        "camel-case",
        vec![("userName", "n".into()), ("User-Name", "m".into())],
    );
    sent(
        "integer",
        vec![
            ("user.count", value(Value::Int(42))),
            ("user.long", value(Value::Long(1 << 40))),
        ],
    );
    sent(
        "boolean-double",
        vec![
            ("user.flag", value(Value::Bool(true))),
            ("user.ratio", value(Value::Double(12.25))),
        ],
    );
    let items = array_list(vec!["a".into(), Value::Int(2)]);
    sent("list", vec![("user.list", value(items))]);
    sent(
        "map",
        vec![("user.map", value(map(vec![("k", Value::Int(1))])))],
    );
    sent("user", vec![("user.object", value(user("7")))]);
    sent("long-text", vec![("user.long", "v".repeat(5000).into())]);
}

fn attachments_of_two_calls(list: &mut List) {
    let seen = || Call::new("attachments", vec![]);
    let first = vec![(Before::Succeeds, seen().with("user.once", "1"))];
    list.after("attachments/second-call", first, seen());
    list.after(
        "attachments/response-second-call",
        vec![(Before::Succeeds, seen())],
        Call::new("echo", vec!["no mark of the first call".into()]),
    );
    let failing = Call::new("fail", vec!["with attachments".into()]);
    list.add("attachments/with-failure", failing.with("user.a", "1"));
    let dropped = Call::new("fail", vec!["dropped".into()]).with("user.failed", "1");
    list.after(
        "attachments/after-failure",
        vec![(Before::Throws, dropped)],
        seen(),
    );
    let apart = seen().with("user.a", "1").with("id", "0");
    list.add("attachments/async", apart.form(Form::Task));
}

fn refused(list: &mut List) {
    let misfit = |method, types: &[&'static str], arguments| Call {
        types: Some(types.to_vec()),
        java_interface: MISFIT,
        ..Call::new(method, arguments)
    };
    let text = "java.lang.String";
    list.add(
        "refused/unknown-method",
        misfit("nope", &[text], vec!["x".into()]),
    );
    list.add(
        "refused/wrong-descriptor",
        misfit("echo", &["int"], vec![Value::Int(1)]),
    );
    let texts = vec!["1".into(), "2".into()];
    list.add(
        "refused/wrong-descriptor-add",
        misfit("add", &[text, text], texts),
    );
    for (id, target) in [
        ("wrong-version", Target::Version("9.9.9")),
        ("wrong-group", Target::Group("nope")),
        ("unknown-path", Target::Path("org.wubbo.demo.NoSuchService")),
    ] {
        let call = Call::new("echo", vec!["x".into()]).target(target);
        list.add(format!("refused/{id}"), call);
    }
    list.add(
        "refused/then-echo",
        Call::new("echo", vec!["still here".into()]),
    );
}

fn manners(list: &mut List) {
    let echo = |text: &str| Call::new("echo", vec![text.into()]);
    let touch = Call::new("touch", vec![]).form(Form::OneWay);
    list.after(
        "one-way/touch",
        vec![(Before::Succeeds, touch)],
        echo("after one-way"),
    );
    let sleep = Call::new("sleep", vec![Value::Long(100)]);
    list.add("async/asyncCall", sleep.form(Form::Task));
    let user = Call::new("getUser", vec!["7".into()]);
    list.add("async/reference", user.form(Form::Task));
    let failure = Call::new("fail", vec!["later".into()]);
    list.add("async/failure", failure.form(Form::Task));
    let sleep = Call::new("sleep", vec![Value::Long(3000)]);
    list.add("timeout/sleep-3000", sleep.timeout(SHORT_TIMEOUT));
    list.add(
        "timeout/then-echo",
        echo("still here").timeout(SHORT_TIMEOUT),
    );
    let many = Action::Many {
        tasks: 64,
        calls: 50,
    };
    list.push("concurrency/64x50", many);
}
