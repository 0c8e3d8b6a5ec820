//! What a service method may know about the call that it answers, and say beside its result.

use std::{
    borrow::Cow,
    collections::HashMap,
    fmt,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use wubbo_core::{AttachmentValue, Attachments, Deadline, Entry, Invocation, ServiceKey, keys};
use wubbo_hessian2::Value;

/// Attachments that steer the call and are not the service's concern. Dubbo Java 3.3 `ContextFilter` takes the same ones away (and
/// HTTP header names, which we leave: a user's `date` or `host` is the user's).
const HIDDEN: [&str; 11] = [
    keys::PATH,
    keys::INTERFACE,
    keys::GROUP,
    keys::VERSION,
    keys::DUBBO,
    keys::TOKEN,
    keys::TIMEOUT,
    keys::ASYNC,
    "_TO",
    "dubbo.tag",
    "dubbo.force.tag",
];

/// The call being answered. A method takes it as `&Context` before its arguments. A clone is the same context.
#[derive(Clone)]
pub struct Context(Arc<Inner>);

struct Inner {
    invocation: Invocation,
    response: Mutex<Attachments>,
}

impl Context {
    /// The context of `invocation`, without response attachments.
    #[must_use]
    pub fn new(invocation: Invocation) -> Self {
        Self(Arc::new(Inner {
            invocation,
            response: Mutex::default(),
        }))
    }

    /// The attachment `key` as text; `None` when absent, not text, or one that [`Context::attachments`] leaves out.
    #[must_use]
    pub fn attachment(&self, key: &str) -> Option<&str> {
        if is_hidden(key) {
            None
        } else {
            self.0.invocation.attachments().get(key)
        }
    }

    /// The attachments that came with the call, without those that only steer it: path, interface, group, version, token,
    /// time-out and tags (live-peer fact LJ-17).
    pub fn attachments(&self) -> impl Iterator<Item = Entry<'_>> {
        self.0
            .invocation
            .attachments()
            .iter()
            .filter(|entry| !is_hidden(entry.key))
    }

    /// [`Context::attachments`] as a map of values.
    #[must_use]
    pub fn attachment_values(&self) -> HashMap<String, Value> {
        let value = |entry: &Entry<'_>| match (entry.text, entry.value) {
            (Some(text), _) => Value::from(text),
            (None, Some(value)) => value.clone(),
            (None, None) => Value::Null,
        };
        self.attachments()
            .map(|entry| (entry.key.to_owned(), value(&entry)))
            .collect()
    }

    /// Sets an attachment of the answer, exceptions included. A caller of a Dubbo before 2.6.3 does not see it.
    pub fn set_response_attachment(
        &self,
        key: impl Into<Cow<'static, str>>,
        value: impl Into<AttachmentValue>,
    ) {
        self.0
            .response
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .set(key, value);
    }

    /// The peer that sent the call; `None` for a call within this process.
    #[must_use]
    pub fn remote_addr(&self) -> Option<SocketAddr> {
        self.0.invocation.request().remote
    }

    /// The caller's application, if it says so.
    #[must_use]
    pub fn remote_application(&self) -> Option<&str> {
        self.attachment(keys::REMOTE_APPLICATION)
    }

    /// When the caller stops waiting; `None` when it does not say (Dubbo Java 2.7).
    #[must_use]
    pub fn deadline(&self) -> Option<Deadline> {
        self.0.invocation.deadline()
    }

    /// The Java name of the method called.
    #[must_use]
    pub fn method(&self) -> &str {
        self.0.invocation.method()
    }

    /// The service called.
    #[must_use]
    pub fn service(&self) -> &ServiceKey {
        self.0.invocation.service()
    }

    /// Takes the response attachments set so far.
    pub(crate) fn take_response(&self) -> Attachments {
        std::mem::take(
            &mut *self
                .0
                .response
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }
}

fn is_hidden(key: &str) -> bool {
    HIDDEN.contains(&key)
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        f.debug_struct("Context")
            .field("service", inner.invocation.service())
            .field("method", &self.method())
            .finish()
    }
}
