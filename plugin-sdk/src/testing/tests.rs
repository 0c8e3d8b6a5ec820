//! The bench refuses what a host would refuse, and its host keeps the ABI's rules.

use super::*;
use crate::abi::call::flags;
use crate::abi::commands::Value as Given;
use crate::error::ErrorKind;
use crate::native::{Expect, HostFunctions, Level, LogTarget, MetricKind};
use crate::{
    Filter, Flow, Host, Metric, Outcome, Reply, Request, Response, Setup, Space, filter_factory,
};
use serde::Deserialize;

const MANIFEST: &[u8] = b"wubp\x01\0\0\0{\"kind\":\"filter\",\"name\":\"probe\",\"version\":\"1.0.0\",\"fail\":\"open\",\
\"hooks\":[\"on_request\",\"on_response\",\"tick\",\"self_test\"],\"tick_ms\":1000,\"arguments\":\"write\",\"result\":\"read\"}";

/// Does what its configuration names, so that each test drives one thing through the whole seam.
struct Probe {
    act: Act,
    seen: u32,
    counter: Option<Metric>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "snake_case")]
enum Act {
    CountInInstance,
    CountInState,
    ReadBack,
    Rewrite,
    Reply,
    ReplaceResult,
    ReplaceError,
    LongKey,
    Facts,
}

#[derive(Deserialize)]
struct Config {
    act: Act,
}

impl Filter for Probe {
    type Config = Config;

    fn new(config: Config) -> Result<Self> {
        Ok(Self {
            act: config.act,
            seen: 0,
            counter: None,
        })
    }

    fn setup(&mut self, setup: &mut Setup<'_>) -> Result<()> {
        self.counter = Some(setup.counter("seen", "requests seen")?);
        setup.read(Space::Attachment, "k", crate::Hook::OnRequest);
        Ok(())
    }

    fn on_request(&mut self, request: &mut Request<'_>) -> Result<Flow> {
        self.seen += 1;
        if let Some(counter) = self.counter {
            counter.update(request.host(), 1)?;
        }
        match self.act {
            Act::CountInInstance => request.set_attachment("seen", &self.seen.to_string())?,
            Act::CountInState => {
                let seen = request.host().state().add("seen", 1, 0)?;
                request.set_attachment("seen", &seen.to_string())?;
            }
            Act::ReadBack => read_back(request)?,
            Act::Rewrite => {
                let id = request.argument_text(0, "user.ids[1]")?.unwrap_or_default();
                request.set_argument(1, Given::Text(&id))?;
            }
            Act::Reply => {
                return Ok(Flow::Reply(
                    Reply::value(&[1, 2])?.with_attachment("by", "probe")?,
                ));
            }
            Act::LongKey => request.set_attachment(&"k".repeat(257), "v")?,
            Act::Facts => facts(request)?,
            Act::ReplaceResult | Act::ReplaceError => {}
        }
        Ok(Flow::Continue)
    }

    fn on_response(&mut self, response: &mut Response<'_>) -> Result<()> {
        match self.act {
            Act::ReplaceResult => response.replace(&Reply::text("other")),
            Act::ReplaceError
                if matches!(
                    response.outcome(),
                    Outcome::Error {
                        status: 31,
                        code: 2
                    }
                ) =>
            {
                let text = response.message()?.unwrap_or_default().into_owned();
                response.replace(&Reply::exception("com.x.Late", &text))?;
                assert_eq!(
                    response
                        .replace(&Reply::null())
                        .map_err(|error| error.kind()),
                    Err(ErrorKind::BadArgument)
                );
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn tick(&mut self, host: Host<'_>) -> Result<()> {
        host.log(Level::Info, "tick")
    }

    fn self_test(&mut self, _host: Host<'_>) -> Result<()> {
        Err(Error::new("not fit"))
    }
}

fn read_back(request: &mut Request<'_>) -> Result<()> {
    assert_eq!(request.attachment("k")?.as_deref(), Some("given"));
    request.set_attachment("k", "mine")?;
    assert_eq!(request.attachment("k")?.as_deref(), Some("mine"));
    request.remove_attachment("k")?;
    assert_eq!(request.attachment("k")?, None);
    request.set_attachment(crate::keys::DUBBO_TAG, "gray")?;
    assert_eq!(request.attachment("dubbo.tag")?.as_deref(), Some("gray"));
    assert_eq!(
        request.attachments()?,
        [("k".to_owned(), "given".to_owned())]
    );
    Ok(())
}

fn facts(request: &mut Request<'_>) -> Result<()> {
    assert_eq!(
        (&*request.service()?, &*request.method()?),
        ("com.x.S", "m")
    );
    assert_eq!(request.parameter("timeout")?.as_deref(), Some("100"));
    assert_eq!(request.method_parameter("timeout")?.as_deref(), Some("7"));
    assert_eq!(request.method_parameter("retries")?.as_deref(), Some("2"));
    assert_eq!(request.parameter("empty")?, None);
    assert_eq!(request.remaining_ms()?, Some(9));
    assert_eq!(
        request.field(99).map_err(|error| error.kind()),
        Err(ErrorKind::BadArgument)
    );
    assert!(!request.on_provider() && request.one_way());
    assert_eq!((request.attempt(), request.argument_count()), (0, 0));
    Ok(())
}

fn bench(act: &str) -> Bench {
    Bench::new(
        filter_factory::<Probe>(MANIFEST),
        &format!("{{\"act\":\"{act}\"}}"),
    )
    .unwrap()
}

fn call() -> Call {
    Call::new("com.x.S", "m")
}

#[test]
fn state_kept_in_an_instance_shows_and_shared_state_does_not() {
    let seen = |act| {
        let mut bench = bench(act);
        let mut one = || {
            bench
                .request(&call())
                .unwrap()
                .call
                .attached("seen")
                .unwrap()
                .to_owned()
        };
        [one(), one(), one(), one()]
    };
    assert_eq!(seen("count_in_instance"), ["1", "1", "2", "2"]);
    assert_eq!(seen("count_in_state"), ["1", "2", "3", "4"]);
}

#[test]
fn a_plugin_reads_its_own_writes() {
    let entered = bench("read_back")
        .request(&call().attachment("k", "given"))
        .unwrap();
    assert_eq!(entered.call.attached("k"), None);
    assert_eq!(entered.call.attached("dubbo.tag"), Some("gray"));
}

#[test]
fn facts_of_the_call_are_read() {
    let call = call()
        .on_consumer()
        .flags(flags::ONE_WAY)
        .remaining_ms(9)
        .parameter("timeout", "100");
    let call = call
        .parameter("methods.m.timeout", "7")
        .parameter("retries", "2")
        .parameter("empty", "");
    bench("facts").request(&call).unwrap();
}

#[test]
fn arguments_are_read_by_path_and_rewritten() {
    let user: serde_json::Value = serde_json::from_str(r#"{"user":{"ids":[5,6]}}"#).unwrap();
    let entered = bench("rewrite")
        .request(&call().argument(user).argument("old"))
        .unwrap();
    assert_eq!(entered.call.argument_at(1), Some(&"6".into()));
    let error = bench("rewrite")
        .request(&call().argument("no user").argument(1))
        .unwrap();
    assert_eq!(error.call.argument_at(1), Some(&"".into()));
    let list: serde_json::Value = serde_json::from_str(r#"{"user":{"ids":[5,[6]]}}"#).unwrap();
    let error = bench("rewrite")
        .request(&call().argument(list))
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WrongType);
}

#[test]
fn a_reply_ends_the_call_and_passes_the_way_back() {
    let mut bench = bench("reply");
    let entered = bench.request(&call()).unwrap();
    let ended = bench
        .response(&entered, Ended::value("of the service"))
        .unwrap();
    assert_eq!(ended.as_value(), Some(&serde_json::Value::from(vec![1, 2])));
    assert_eq!(ended.attached("by"), Some("probe"));
}

#[test]
fn the_hosts_rules_hold() {
    let error = bench("long_key").request(&call()).unwrap_err();
    assert_eq!(error.to_string(), "key: too large");
    let mut replaces = bench("replace_result");
    let entered = replaces.request(&call()).unwrap();
    let error = replaces.response(&entered, Ended::null()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "command 0: rewriting is not granted by the manifest"
    );
    let mut replaces = bench("replace_error");
    let entered = replaces.request(&call()).unwrap();
    let ended = replaces
        .response(&entered, Ended::error(31, 2, "late"))
        .unwrap();
    assert_eq!(ended.as_exception(), Some(("com.x.Late", "late")));
    assert_eq!(
        replaces.response(&entered, Ended::value(1)).unwrap(),
        Ended::value(1)
    );
}

#[test]
fn tick_self_test_logs_and_metrics_reach_the_host() {
    let mut bench = bench("count_in_state");
    bench.tick().unwrap();
    assert_eq!(bench.host().logs(), [(Level::Info, "tick".to_owned())]);
    assert_eq!(bench.self_test().unwrap_err().to_string(), "not fit");
    bench.request(&call()).unwrap();
    bench.request(&call()).unwrap();
    assert_eq!(bench.host().metric("seen"), Some(2));
    let late = bench.host().metric_define(MetricKind::Counter, "late", "");
    assert_eq!(late, Err(ErrorKind::NotAllowed));
    assert_eq!(
        bench.host().log(LogTarget::Access, Level::Info, "x"),
        Err(ErrorKind::NotAllowed)
    );
}

#[test]
fn a_bad_configuration_names_its_place() {
    let error =
        Bench::new(filter_factory::<Probe>(MANIFEST), "{\n\"act\":\"nothing\"}").unwrap_err();
    assert_eq!(error.place().0, 2);
    assert!(
        error.to_string().contains("unknown variant `nothing`"),
        "{error}"
    );
}

#[test]
fn shared_state_expires_and_compares() {
    let host = MemoryHost::default();
    assert_eq!(host.state_add("n", 2, 100), Ok(2));
    host.advance_ms(99);
    assert_eq!(
        host.state_add("n", 3, 100),
        Ok(5),
        "the first window goes on"
    );
    host.advance_ms(1);
    assert_eq!(host.state_get("n"), Err(ErrorKind::Absent));
    assert_eq!(host.state_cas("b", Expect::Absent, Some(b"1"), 0), Ok(()));
    assert_eq!(
        host.state_cas("b", Expect::Absent, Some(b"2"), 0),
        Err(ErrorKind::Conflict)
    );
    assert_eq!(
        host.state_cas("b", Expect::Value(b"1"), Some(b"2"), -1),
        Ok(())
    );
    assert_eq!(host.state_add("b", 1, 0), Err(ErrorKind::WrongType));
    assert_eq!(host.state_cas("b", Expect::Any, None, 0), Ok(()));
    assert_eq!(host.state_get("b"), Err(ErrorKind::Absent));
    assert_eq!(host.state_add("n", 1, -1), Err(ErrorKind::BadArgument));
    assert_eq!(
        host.state_cas("n", Expect::Any, Some(&[0; 4097]), 0),
        Err(ErrorKind::TooLarge)
    );
    assert_eq!(host.state_get(&"k".repeat(257)), Err(ErrorKind::TooLarge));
}
