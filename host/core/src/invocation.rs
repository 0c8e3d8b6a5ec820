//! A call on its way: what never changes, shared, and what each attempt may change, copied on the first write.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::sync::Arc;

use crate::url::{ServiceKey, Url};
use crate::{AttachmentValue, Attachments, Deadline, PolicySet, RequestBody};

/// What stays the same from the first hook to the last, over every attempt. Send + Sync.
#[derive(Clone, Debug)]
pub struct Request {
    /// Interface, group and version.
    pub service: ServiceKey,
    /// The path that the call names; equals the interface unless a service was exported under another path.
    pub path: Arc<str>,
    /// The method's Java name.
    pub method: Arc<str>,
    /// The parameter types in JVM form, such as `Ljava/lang/String;I` (spec/40 section 3.9).
    pub descriptor: Arc<str>,
    /// The arguments.
    pub body: RequestBody,
    /// The attachments as they came, or as the caller set them.
    pub attachments: Attachments,
    /// When the caller stops waiting.
    pub deadline: Option<Deadline>,
    /// Whether nobody waits for an answer.
    pub one_way: bool,
    /// The caller's protocol version, such as `2.0.2`; decides whether it understands response attachments.
    pub protocol_version: Arc<str>,
    /// The peer that sent the call; `None` in the process that starts it.
    pub remote: Option<SocketAddr>,
    /// The local end of the connection it came on.
    pub local: Option<SocketAddr>,
    /// The plugins and rules that this call sees, all of one moment.
    pub policies: Arc<PolicySet>,
}

impl Request {
    /// A call of `method` with no arguments, attachments or deadline, under the policies of nobody.
    pub fn new(service: ServiceKey, method: impl Into<Arc<str>>) -> Self {
        Self {
            path: service.interface().into(),
            service,
            method: method.into(),
            descriptor: "".into(),
            body: RequestBody::Raw(crate::RawStream::empty()),
            attachments: Attachments::new(),
            deadline: None,
            one_way: false,
            protocol_version: crate::keys::DUBBO_PROTOCOL_VERSION.into(),
            remote: None,
            local: None,
            policies: Arc::default(),
        }
    }
}

/// A [`Request`] and the changes of one path through the rooms. Cloning costs three reference counts; a clone's changes are not
/// seen by the original, so an attachment set on attempt 1 is absent on attempt 2.
#[derive(Clone, Debug)]
pub struct Invocation {
    request: Arc<Request>,
    attachments: Option<Arc<Attachments>>,
    body: Option<Arc<RequestBody>>,
    deadline: Option<Deadline>,
    url: Url,
    attempt: u32,
}

impl Invocation {
    /// Starts a call. `url` is the service URL on a provider and the reference URL on a consumer.
    #[must_use]
    pub fn new(request: Request, url: Url) -> Self {
        Self {
            deadline: request.deadline,
            request: Arc::new(request),
            attachments: None,
            body: None,
            url,
            attempt: 0,
        }
    }

    /// The part that never changes.
    #[must_use]
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// The method's name.
    #[must_use]
    pub fn method(&self) -> &str {
        &self.request.method
    }

    /// Interface, group and version.
    #[must_use]
    pub fn service(&self) -> &ServiceKey {
        &self.request.service
    }

    /// The plugins and rules of this call.
    #[must_use]
    pub fn policies(&self) -> &Arc<PolicySet> {
        &self.request.policies
    }

    /// When this path of the call ends: the caller stops waiting, or the attempt has taken as long as it may.
    #[must_use]
    pub fn deadline(&self) -> Option<Deadline> {
        self.deadline
    }

    /// The same call, which ends no later than `latest` on this path.
    #[must_use]
    pub fn ending_by(mut self, latest: Deadline) -> Self {
        self.deadline = Some(self.deadline.map_or(latest, |own| own.min(latest)));
        self
    }

    /// The URL whose parameters apply here: service, reference, or on an attempt the chosen provider merged with the reference.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The number of the attempt, from 0; 0 where there are none.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// The same call as its attempt of this number, from 0.
    #[must_use]
    pub fn at_attempt(mut self, number: u32) -> Self {
        self.attempt = number;
        self
    }

    /// The same call seen under another URL.
    #[must_use]
    pub fn with_url(mut self, url: Url) -> Self {
        self.url = url;
        self
    }

    /// The attachments with this path's changes.
    #[must_use]
    pub fn attachments(&self) -> &Attachments {
        self.attachments
            .as_deref()
            .unwrap_or(&self.request.attachments)
    }

    /// The attachments for writing; the first write on this path copies them.
    pub fn attachments_mut(&mut self) -> &mut Attachments {
        let request = &self.request;
        Arc::make_mut(
            self.attachments
                .get_or_insert_with(|| Arc::new(request.attachments.clone())),
        )
    }

    /// Sets an attachment on this path.
    pub fn set_attachment(
        &mut self,
        key: impl Into<Cow<'static, str>>,
        value: impl Into<AttachmentValue>,
    ) {
        self.attachments_mut().set(key, value);
    }

    /// Removes an attachment on this path; whether it was there.
    pub fn remove_attachment(&mut self, key: &str) -> bool {
        self.attachments().contains(key) && self.attachments_mut().remove(key)
    }

    /// The arguments with this path's changes.
    #[must_use]
    pub fn body(&self) -> &RequestBody {
        self.body.as_deref().unwrap_or(&self.request.body)
    }

    /// Replaces the arguments on this path.
    pub fn set_body(&mut self, body: RequestBody) {
        self.body = Some(Arc::new(body));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_ends_no_later_than_the_call() {
        let [soon, late] = [1, 9].map(|s| Deadline::after(std::time::Duration::from_secs(s)));
        let mut request = Request::new(ServiceKey::new("a.B", "", ""), "c");
        let endless = Invocation::new(request.clone(), Url::default());
        assert_eq!(endless.clone().ending_by(late).deadline(), Some(late));
        assert_eq!(endless.deadline(), None);
        request.deadline = Some(soon);
        let call = Invocation::new(request, Url::default());
        assert_eq!(call.clone().ending_by(late).deadline(), Some(soon));
        assert_eq!(call.deadline(), Some(soon));
    }

    #[test]
    fn an_attempts_changes_are_absent_on_the_next() {
        let mut request = Request::new(ServiceKey::new("a.B", "", ""), "c");
        request.attachments.set("kept", "1");
        let call = Invocation::new(request, Url::default());
        let mut first = call.clone();
        first.set_attachment("tag", "gray");
        assert!(first.remove_attachment("kept"));
        first.set_body(RequestBody::Values(vec![]));
        let second = call.clone();
        assert_eq!(second.attachments().get("kept"), Some("1"));
        assert_eq!(second.attachments().get("tag"), None);
        assert_eq!(first.attachments().get("tag"), Some("gray"));
    }
}
