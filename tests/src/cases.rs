//! The case list of the Java consumer (`Cases.java`), for a Rust consumer: the same ids and the same input, as data.
//!
//! [`crate::consumer`] runs them. What `echoObject` is called with is read from the golden bytes, so it is what the Java consumer
//! sends.

use std::time::Duration;

use wubbo_core::AttachmentValue;
use wubbo_hessian2::Value;

use crate::golden;
use crate::java::Line;

mod calls;
mod generic;
mod manners;
mod values;

/// Cases that the Java consumer makes by means that a Rust consumer has not, and what is done in their place. Every other case is
/// the same call.
pub const COUNTERPARTS: [(&str, &str); 6] = [
    (
        "async/asyncCall",
        "every call is a future: it runs on a task of its own and is awaited from another",
    ),
    ("async/reference", "as async/asyncCall"),
    ("async/failure", "as async/asyncCall"),
    (
        "attachments/async",
        "as async/asyncCall; Dubbo Java numbers such calls by the attachment id, which is set by hand here",
    ),
    (
        "generic/async-getUser",
        "a stub has no asynchronous form of a generic call: $invokeAsync is called as the method that it is on the wire",
    ),
    (
        "concurrency/64x50",
        "tasks of a runtime with two threads in place of 64 threads",
    ),
];

/// The time-out of the Java consumer's references.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(10);

/// The Java consumer's interface of methods that no provider has; its name is in that consumer's messages.
const MISFIT: &str = "org.wubbo.interop.Peer$Misfit";

/// The interface that the Java consumer makes generic calls through.
const GENERIC_SERVICE: &str = "org.apache.dubbo.rpc.service.GenericService";

/// One case.
#[derive(Clone, Debug)]
pub struct Case {
    /// Method or subject, a slash, what is special; never used twice.
    pub id: String,
    /// What is done.
    pub action: Action,
}

/// What a case does; the outcome is that of its last call.
#[derive(Clone, Debug)]
pub enum Action {
    /// One call, behind others.
    Call {
        /// Calls before it, and how each must end.
        before: Vec<(Before, Call)>,
        /// The call whose outcome is the case's.
        call: Box<Call>,
    },
    /// So many tasks with so many calls of `echo` each at the same time; the value is the number of right answers.
    Many {
        /// Tasks.
        tasks: usize,
        /// Calls of each.
        calls: usize,
    },
}

/// How a call that comes before must end; when it ends otherwise, that is the case's outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Before {
    /// With a value.
    Succeeds,
    /// With an exception.
    Throws,
}

/// A call.
#[derive(Clone, Debug)]
pub struct Call {
    /// Which service is called, of the demo's by default.
    pub target: Target,
    /// How it is called.
    pub form: Form,
    /// The method; of a generic call the one named by the argument.
    pub method: &'static str,
    /// The Java types of the parameters; `None` leaves them out, which a generic call may.
    pub types: Option<Vec<&'static str>>,
    /// The arguments, each a document of its own.
    pub arguments: Vec<Value>,
    /// What is sent beside them.
    pub attachments: Vec<(&'static str, AttachmentValue)>,
    /// How long the caller waits.
    pub timeout: Duration,
    /// The interface that the Java consumer has for the call, as its messages name it.
    pub java_interface: &'static str,
}

/// What differs from the demo's service, `org.wubbo.demo.EchoService`, version 1.0.0, no group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// Nothing.
    Demo,
    /// The version.
    Version(&'static str),
    /// The group.
    Group(&'static str),
    /// The path.
    Path(&'static str),
}

/// How a call is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// As a method.
    Plain,
    /// As a method, on a task of its own.
    Task,
    /// As a method, without waiting for an answer.
    OneWay,
    /// By `$invoke`.
    Generic,
    /// By `$invokeAsync`.
    GenericAsync,
    /// By `$echo`.
    Echo,
}

impl Call {
    /// A call of a method of the demo's contract.
    fn new(method: &'static str, arguments: Vec<Value>) -> Self {
        Self {
            target: Target::Demo,
            form: Form::Plain,
            method,
            types: Some(types_of(method).to_vec()),
            arguments,
            attachments: Vec::new(),
            timeout: TIMEOUT,
            java_interface: "org.wubbo.demo.EchoService",
        }
    }

    fn form(self, form: Form) -> Self {
        Self { form, ..self }
    }

    fn target(self, target: Target) -> Self {
        Self { target, ..self }
    }

    fn timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    fn with(mut self, key: &'static str, value: impl Into<AttachmentValue>) -> Self {
        self.attachments.push((key, value.into()));
        self
    }
}

/// The parameter types of a method of the contract (`EchoService.java`).
fn types_of(method: &str) -> &'static [&'static str] {
    match method {
        "echo" | "getUser" | "fail" | "crash" => &["java.lang.String"],
        "echoObject" => &["java.lang.Object"],
        "echoBytes" => &["byte[]"],
        "add" => &["int", "int"],
        "addLong" => &["long", "long"],
        "negate" => &["boolean"],
        "scale" => &["double", "double"],
        "listUsers" => &["int"],
        "saveUser" => &["org.wubbo.demo.User"],
        "describe" => &["java.util.Map"],
        "flip" => &["org.wubbo.demo.Sex"],
        "sleep" => &["long"],
        _ => &[],
    }
}

/// The list while it is made.
#[derive(Default)]
struct List(Vec<Case>);

impl List {
    fn add(&mut self, id: impl Into<String>, call: Call) {
        self.after(id, Vec::new(), call);
    }

    fn after(&mut self, id: impl Into<String>, before: Vec<(Before, Call)>, call: Call) {
        let call = Box::new(call);
        self.push(id, Action::Call { before, call });
    }

    fn push(&mut self, id: impl Into<String>, action: Action) {
        let id = id.into();
        self.0.push(Case { id, action });
    }
}

/// Every case; `echoObject` is called with what a Java consumer of that line sends.
///
/// # Errors
/// The golden bytes cannot be read; the text says which.
pub fn all(line: Line) -> Result<Vec<Case>, String> {
    let mut list = List::default();
    calls::add(&mut list);
    for row in golden::rows(golden::Set::Cases(line))? {
        list.add(
            format!("echoObject/{}", row.id),
            Call::new("echoObject", vec![row.value()?]),
        );
    }
    generic::add(&mut list);
    manners::add(&mut list);
    Ok(list.0)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_id_is_used_twice_and_every_counterpart_is_a_case() {
        let cases = all(Line::Dubbo3).unwrap();
        let ids: BTreeSet<&str> = cases.iter().map(|case| &*case.id).collect();
        assert_eq!(ids.len(), cases.len());
        for (id, reason) in COUNTERPARTS {
            assert!(ids.contains(id) && !reason.is_empty(), "{id}");
        }
    }
}
