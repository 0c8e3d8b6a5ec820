//! A Rust consumer of the demo contract that runs the cases of [`crate::cases`] and tells each outcome as the Java consumer does.

use std::collections::HashMap;

use serde_json::{Value as Json, json};
use tokio::task::JoinSet;
use wubbo::{CallOptions, Client, ResponseAttachments};
use wubbo_core::{Error, ErrorKind, ServiceKey};
use wubbo_hessian2::{List, Value, join};

use crate::cases::{Action, Before, Call, Case, Form, TIMEOUT, Target, all};
use crate::java::{Line, Outcomes};

mod outcome;

/// The name under which providers see the consumer; the Java consumer has the same.
const APPLICATION: &str = "wubbo-demo-consumer";

/// Runs the cases whose id starts with `prefix` (all with "") against `url`, `dubbo://host:port`, on a runtime of its own, and
/// tells them as a Java consumer of that line does.
///
/// # Errors
/// The client cannot be made, or the golden values cannot be read. A case that ends in an exception is an outcome.
pub fn consume(line: Line, url: &str, prefix: &str) -> Result<Outcomes, String> {
    consume_if(line, url, |id| id.starts_with(prefix))
}

/// As [`consume`], with the cases whose id is wanted.
///
/// # Errors
/// As [`consume`].
pub fn consume_if(
    line: Line,
    url: &str,
    wanted: impl Fn(&str) -> bool,
) -> Result<Outcomes, String> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| format!("no runtime: {error}"))?;
    runtime.block_on(run(line, url, wanted))
}

async fn run(line: Line, url: &str, wanted: impl Fn(&str) -> bool) -> Result<Outcomes, String> {
    // One attempt, so that a failure is the provider's own answer.
    let client = Client::builder(APPLICATION)
        .parameter("retries", "0")
        .parameter("timeout", &TIMEOUT.as_millis().to_string())
        .build()
        .await
        .map_err(|error| error.report())?;
    let mut consumer = Consumer {
        line,
        client,
        url: url.to_owned(),
        stubs: HashMap::new(),
    };
    let mut outcomes = Outcomes::new();
    for case in all(line)?.into_iter().filter(|case| wanted(&case.id)) {
        let mut outcome = consumer.outcome(&case).await?;
        outcome["case"] = case.id.clone().into();
        outcomes.insert(case.id, outcome);
    }
    Ok(outcomes)
}

/// What a call came to: its result and the attachments that came with it.
struct Answer {
    result: Result<Value, wubbo::Error>,
    attachments: ResponseAttachments,
}

struct Consumer {
    line: Line,
    client: Client,
    url: String,
    stubs: HashMap<Target, wubbo::contract::Stub>,
}

impl Consumer {
    async fn outcome(&mut self, case: &Case) -> Result<Json, String> {
        let (before, call) = match &case.action {
            Action::Many { tasks, calls } => return self.many(*tasks, *calls).await,
            Action::Call { before, call } => (before, call),
        };
        for (must, first) in before {
            let answer = self.call(first).await?;
            match (must, &answer.result) {
                (Before::Succeeds, Ok(_)) => {}
                (Before::Throws, Err(error)) if error.exception().is_some() => {}
                _ => return Ok(outcome::of(self.line, case, first, answer)),
            }
        }
        let answer = self.call(call).await?;
        Ok(outcome::of(self.line, case, call, answer))
    }

    async fn call(&mut self, call: &Call) -> Result<Answer, String> {
        let attachments = ResponseAttachments::new();
        let mut options = CallOptions::new()
            .timeout(call.timeout)
            .capture(&attachments);
        for (key, value) in &call.attachments {
            options = options.attachment(*key, value.clone());
        }
        if call.form == Form::OneWay {
            options = options.one_way();
        }
        let asynchronous = call.form == Form::GenericAsync;
        if asynchronous {
            options = options.attachment("generic", "true");
        }
        let stub = self.stub(call.target)?.with(options);
        let result = match call.form {
            Form::Task => {
                let mut tasks = JoinSet::new();
                let call = call.clone();
                tasks.spawn(async move { send(&stub, &call).await });
                match tasks.join_next().await {
                    Some(Ok(result)) => result,
                    other => return Err(format!("the task of a call is gone: {other:?}")),
                }
            }
            _ => send(&stub, call).await,
        };
        Ok(Answer {
            result,
            attachments,
        })
    }

    /// The number of right answers to distinct texts asked for by many tasks over one connection.
    async fn many(&mut self, tasks: usize, calls: usize) -> Result<Json, String> {
        let stub = self.stub(Target::Demo)?;
        let mut running = JoinSet::new();
        for task in 0..tasks {
            let stub = stub.clone();
            running.spawn(async move {
                let mut right = 0;
                for call in 0..calls {
                    let text = Value::from(format!("t{task}-{call}"));
                    let answer = stub.invoke("echo", &["java.lang.String"], vec![text.clone()]);
                    right += i32::from(answer.await.is_ok_and(|answer| answer == text));
                }
                right
            });
        }
        let right: i32 = running.join_all().await.into_iter().sum();
        // The Java consumer's calls are made on other threads, whose attachments it does not see.
        Ok(
            json!({"value": {"int": right}, "class": "java.lang.Integer", "responseAttachments": {}}),
        )
    }

    fn stub(&mut self, target: Target) -> Result<wubbo::contract::Stub, String> {
        if let Some(stub) = self.stubs.get(&target) {
            return Ok(stub.clone());
        }
        const INTERFACE: &str = "org.wubbo.demo.EchoService";
        const VERSION: &str = "1.0.0";
        let (group, version) = match target {
            Target::Version(version) => ("", version),
            Target::Group(group) => (group, VERSION),
            Target::Demo | Target::Path(_) => ("", VERSION),
        };
        let url = match target {
            Target::Path(path) => format!("{}?path={path}", self.url),
            _ => self.url.clone(),
        };
        let key = ServiceKey::new(INTERFACE, group, version);
        let stub = self.client.direct_stub(&key, &url);
        let stub = stub.map_err(|error| error.report())?;
        self.stubs.insert(target, stub.clone());
        Ok(stub)
    }
}

async fn send(stub: &wubbo::contract::Stub, call: &Call) -> Result<Value, wubbo::Error> {
    let arguments = call.arguments.clone();
    let types = call.types.as_deref();
    match call.form {
        Form::Generic => stub.generic_invoke(call.method, types, arguments).await,
        Form::GenericAsync => {
            let names = types.unwrap_or_default();
            let names = names.iter().map(|name| Value::from(*name)).collect();
            // The arguments are scalars, so nothing in the list refers to anything.
            let generic = vec![
                Value::from(call.method),
                Value::List(List::typed("[string", names)),
                Value::List(List::typed("[object", join(arguments))),
            ];
            let descriptor = [
                "java.lang.String",
                "java.lang.String[]",
                "java.lang.Object[]",
            ];
            stub.invoke("$invokeAsync", &descriptor, generic).await
        }
        Form::Echo => match arguments.as_slice() {
            [value] => stub.echo(value).await,
            _ => Err(Error::new(ErrorKind::Config, "$echo takes one argument").into()),
        },
        Form::Plain | Form::Task | Form::OneWay => {
            let types = types.unwrap_or_default();
            stub.invoke(call.method, types, arguments).await
        }
    }
}
