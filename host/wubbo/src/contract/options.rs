//! What a caller may say about one call, and hear beside its result.

use std::{
    borrow::Cow,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use wubbo_core::{AttachmentValue, Attachments};

/// Options of the calls made through a client. The default is: no attachments, the reference's time-out, two-way.
///
/// ```ignore
/// let response = ResponseAttachments::new();
/// let options = CallOptions::new().attachment("tenant", "7").timeout(Duration::from_millis(200)).capture(&response);
/// let user = client.with(options).get_user("1").await?;
/// assert_eq!(response.get("served-by").as_deref(), Some("node-3"));
/// ```
#[derive(Clone, Debug, Default)]
pub struct CallOptions {
    pub(crate) attachments: Attachments,
    pub(crate) timeout: Option<Duration>,
    pub(crate) one_way: bool,
    pub(crate) capture: Option<ResponseAttachments>,
}

impl CallOptions {
    /// The default options.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sends an attachment with each call.
    #[must_use]
    pub fn attachment(
        mut self,
        key: impl Into<Cow<'static, str>>,
        value: impl Into<AttachmentValue>,
    ) -> Self {
        self.attachments.set(key, value);
        self
    }

    /// Waits this long at most, retries included. Default: `timeout` of the reference, 1 s without one.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sends the call and waits for no answer. The result is null, so the method should return `()` or an `Option`.
    #[must_use]
    pub fn one_way(mut self) -> Self {
        self.one_way = true;
        self
    }

    /// Puts the attachments of the answer into `response`, of the last answer when calls run at the same time.
    #[must_use]
    pub fn capture(mut self, response: &ResponseAttachments) -> Self {
        self.capture = Some(response.clone());
        self
    }
}

/// Where the attachments of an answer go. A clone is the same place.
#[derive(Clone, Debug, Default)]
pub struct ResponseAttachments(Arc<Mutex<Attachments>>);

impl ResponseAttachments {
    /// An empty place.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The attachment `key` of the last answer as text; `None` when absent or not text.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<String> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(key)
            .map(str::to_owned)
    }

    /// All attachments of the last answer, none when that was no answer of the service.
    #[must_use]
    pub fn all(&self) -> Attachments {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(crate) fn put(&self, attachments: Attachments) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = attachments;
    }
}
