use super::*;
use crate::call::body::{BodyGrants, read};
use crate::call::input::{Interests, write};
use wubbo_core::{Deadline, Error, Request, RpcResult, ServiceKey, Url};
use wubbo_hessian2::{Decoder, List, Object};
use wubbo_plugin_sdk::Access;
use wubbo_plugin_sdk::abi::interest::{Hook, Interest};
use wubbo_plugin_sdk::abi::{layout, read_u32};
use wubbo_plugin_sdk::native::{Form, Part};

fn invocation() -> Invocation {
    let mut request = Request::new(ServiceKey::new("a.B", "g", "1.0.0"), "call");
    request.remote = Some("10.0.0.7:1234".parse().unwrap());
    request.local = Some("10.0.0.1:20880".parse().unwrap());
    request.attachments.set("n", "1");
    let shared = Value::from(Object::new("a.Item", [("id", Value::Int(5))]));
    let list = List::new(vec![Value::from("x"), Value::Ref(0), Value::Null]);
    let user = Object::new(
        "a.User",
        [("name", Value::from("Ada")), ("list", list.into())],
    );
    request.body = RequestBody::Values(vec![shared, user.into(), Value::Double(1.5)]);
    let url = "dubbo://10.0.0.9:20881/a.B?timeout=3000&empty=&methods.call.timeout=500";
    Invocation::new(request, Url::parse(url).unwrap())
}

fn view<'a>(
    invocation: &'a Invocation,
    outcome: Option<&'a Outcome>,
    stage: Stage,
) -> CallView<'a> {
    CallView {
        invocation,
        outcome,
        stage,
        started: None,
        scratch: (0, &[]),
        consumer: None,
    }
}

fn text(view: &CallView<'_>, space: Space, key: &str) -> Option<String> {
    view.get(space, key)
        .unwrap()
        .map(|text| text.as_str().to_owned())
}

#[test]
fn every_field_is_what_the_abi_says() {
    let call = invocation();
    let provider = view(&call, None, Stage::Provider);
    let attempt = view(&call, None, Stage::Attempt);
    let cases = [
        ("service", Some("a.B"), Some("a.B")),
        ("method", Some("call"), Some("call")),
        ("group", Some("g"), Some("g")),
        ("version", Some("1.0.0"), Some("1.0.0")),
        ("service_key", Some("g/a.B:1.0.0"), Some("g/a.B:1.0.0")),
        ("types", Some(""), Some("")),
        (
            "remote_address",
            Some("10.0.0.7:1234"),
            Some("10.0.0.9:20881"),
        ),
        (
            "local_address",
            Some("10.0.0.1:20880"),
            Some("10.0.0.1:20880"),
        ),
        ("path", Some("a.B"), Some("a.B")),
        ("exception_class", None, None),
        ("error_message", None, None),
        ("dubbo_version", Some("2.0.2"), Some("2.0.2")),
        ("protocol", Some("dubbo"), Some("dubbo")),
        ("address", None, Some("10.0.0.9:20881")),
        ("host", Some("10.0.0.7"), Some("10.0.0.1")),
        ("port", None, None),
    ];
    assert_eq!(cases.len(), field::NAMES.len());
    for (name, at_provider, at_attempt) in cases {
        assert_eq!(
            text(&provider, Space::Field, name).as_deref(),
            at_provider,
            "{name} on a provider"
        );
        assert_eq!(
            text(&attempt, Space::Field, name).as_deref(),
            at_attempt,
            "{name} on an attempt"
        );
    }
}

#[test]
fn parameters_follow_dubbos_rules() {
    let call = invocation();
    let view = view(&call, None, Stage::Call);
    assert_eq!(text(&view, Space::Url, "timeout").as_deref(), Some("3000"));
    assert_eq!(text(&view, Space::Url, "empty"), None);
    assert_eq!(
        text(&view, Space::MethodUrl, "timeout").as_deref(),
        Some("500")
    );
    assert_eq!(text(&view, Space::MethodOnly, "empty"), None);
    assert_eq!(
        view.get(Space::Response, "n").err(),
        Some(ErrorKind::NotAllowed)
    );
    assert_eq!(
        view.get(Space::Attachment, &"k".repeat(257)).err(),
        Some(ErrorKind::TooLarge)
    );
}

#[test]
fn outcomes_become_the_header_and_the_fields() {
    let call = invocation();
    let thrown: Outcome = Ok(RpcResult::exception("a.Oops", Some("why")));
    let failed: Outcome = Err(Error::new(Failure::ServerTimeout, "late"));
    let cancelled: Outcome = Err(Error::new(Failure::Cancelled, "gone"));
    let null: Outcome = Ok(RpcResult::null());
    let cases = [
        (&thrown, (call::outcome::EXCEPTION, 20, 0), 0, Some("why")),
        (
            &failed,
            (call::outcome::ERROR, 31, error_code::TIMEOUT),
            0,
            Some("late"),
        ),
        (
            &cancelled,
            (call::outcome::ERROR, 30, 0),
            call::flags::CANCELLED,
            Some("gone"),
        ),
        (&null, (call::outcome::NULL, 20, 0), 0, None),
    ];
    for (outcome, (kind, status, code), flags, message) in cases {
        let view = view(&call, Some(outcome), Stage::Call);
        let scalars = view.scalars();
        assert_eq!(
            (scalars.outcome, scalars.status, scalars.error_code),
            (kind, status, code)
        );
        assert_eq!((scalars.flags, scalars.argument_count), (flags, 3));
        assert_eq!(
            text(&view, Space::Field, "error_message").as_deref(),
            message
        );
    }
    let view = view(&call, Some(&thrown), Stage::Call);
    assert_eq!(
        text(&view, Space::Field, "exception_class").as_deref(),
        Some("a.Oops")
    );
}

#[test]
fn numbers_say_what_is_left_and_what_came() {
    let call = invocation();
    let without = view(&call, None, Stage::Provider);
    assert_eq!(
        without.number(names::NUMBER_REMAINING_MS),
        Err(ErrorKind::Absent)
    );
    assert_eq!(
        without.number(names::NUMBER_REQUEST_BYTES),
        Err(ErrorKind::Absent)
    );
    assert_eq!(
        without.number(names::NUMBER_ELAPSED_NS),
        Err(ErrorKind::NotAllowed)
    );
    assert_eq!(without.number(99), Err(ErrorKind::BadArgument));
    let mut request = call.request().clone();
    request.deadline = Some(Deadline::after(std::time::Duration::from_secs(60)));
    request.body = RequestBody::Raw(request.body.to_raw().unwrap());
    let with = Invocation::new(request, call.url().clone());
    let with = view(&with, None, Stage::Provider);
    assert!((59_000..=60_000).contains(&with.number(names::NUMBER_REMAINING_MS).unwrap()));
    assert_eq!(with.number(names::NUMBER_TIMEOUT_MS), Ok(500));
    assert!(with.number(names::NUMBER_REQUEST_BYTES).unwrap() > 10);
}

#[test]
fn paths_lead_through_fields_elements_and_references() {
    let values = invocation();
    let mut request = values.request().clone();
    request.body = RequestBody::Raw(request.body.to_raw().unwrap());
    let raw = Invocation::new(request, Url::default());
    let all = BodyGrants {
        arguments: Access::Read,
        result: Access::Read,
    };
    let cases = [
        (1, Form::Text, "name", Ok("Ada")),
        (1, Form::Text, ".name", Ok("Ada")),
        (1, Form::Text, "list[0]", Ok("x")),
        (1, Form::Text, "list[1].id", Ok("5")),
        (1, Form::Json, "list", Ok(r#"["x",{"id":5},null]"#)),
        (1, Form::Text, "list[2]", Err(ErrorKind::Absent)),
        (1, Form::Text, "list[3]", Err(ErrorKind::Absent)),
        (1, Form::Text, "list", Err(ErrorKind::WrongType)),
        (1, Form::Text, "age", Err(ErrorKind::Absent)),
        (1, Form::Text, "name.x", Err(ErrorKind::Absent)),
        (1, Form::Text, "list[0", Err(ErrorKind::BadArgument)),
        (1, Form::Text, "list[x]", Err(ErrorKind::BadArgument)),
        (1, Form::Text, "..name", Err(ErrorKind::BadArgument)),
        (2, Form::Text, "", Ok("1.5")),
        (3, Form::Text, "", Err(ErrorKind::Absent)),
    ];
    for call in [&values, &raw] {
        let view = view(call, None, Stage::Call);
        for (argument, form, path, expected) in &cases {
            let found = read(&view, all, Part::Argument(*argument), *form, path);
            let found = found.map(|bytes| String::from_utf8(bytes).unwrap());
            assert_eq!(found, expected.map(str::to_owned), "{argument} {path}");
        }
        // A reference out of the part is cut out with what it names.
        let bytes = read(&view, all, Part::Argument(1), Form::Hessian, "list[1]").unwrap();
        let alone = Decoder::new(&bytes).read_value().unwrap();
        assert_eq!(
            alone,
            Value::from(Object::new("a.Item", [("id", Value::Int(5))]))
        );
        assert_eq!(
            read(
                &view,
                BodyGrants::default(),
                Part::Arguments,
                Form::Json,
                ""
            ),
            Err(ErrorKind::NotGranted)
        );
        assert_eq!(
            read(&view, all, Part::Arguments, Form::Text, ""),
            Err(ErrorKind::BadArgument)
        );
    }
}

#[test]
fn what_does_not_fit_the_arena_is_marked_to_be_asked_for() {
    let mut call = invocation();
    call.set_attachment("long", "v".repeat(200));
    let interest = |key| Interest {
        space: Space::Attachment,
        hooks: Hook::OnRequest.bit(),
        key,
    };
    let all = ["n", "absent", "long", "n"].map(interest);
    let wanted = Interests::new(all.into_iter()).request;
    let mut arena = [0_u8; 150];
    let len = write(&mut arena, &view(&call, None, Stage::Call), &wanted).unwrap();
    let entry = |place: usize| {
        let at = call::SIZE + place * layout::ENTRY_BYTES;
        (
            read_u32(&arena, at).unwrap(),
            read_u32(&arena, at + 4).unwrap(),
        )
    };
    assert_eq!(read_u32(&arena, call::ENTRIES), Some(4));
    assert_eq!(entry(0), (104, 1));
    assert_eq!(entry(1), (layout::ENTRY_ABSENT, 0));
    assert_eq!(entry(2), (layout::ENTRY_LAZY, 0));
    assert_eq!(entry(3), (layout::ENTRY_LAZY, 0));
    assert_eq!((arena[104], len), (b'1', 105));
    assert_eq!(
        write(&mut arena[..80], &view(&call, None, Stage::Call), &wanted),
        None
    );
}

#[test]
fn the_number_of_an_attempt_is_told_in_its_stage_alone() {
    let call = invocation().at_attempt(2);
    for (stage, number) in [(Stage::Provider, 0), (Stage::Call, 0), (Stage::Attempt, 2)] {
        assert_eq!(
            view(&call, None, stage).scalars().attempt,
            number,
            "{stage:?}"
        );
    }
}
