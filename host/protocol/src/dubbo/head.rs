//! The five texts that a request starts with, and what they mean, kept for the next request that starts with the same bytes.
//!
//! A consumer calls a few methods again and again, so most requests find their version, path, method, types and service key here,
//! shared and not copied. Comparing bytes is enough: the texts say themselves where they end.

use std::sync::Arc;

use wubbo_core::{Attachments, PolicySet, ServiceKey, ServiceKeyParts, keys};
use wubbo_hessian2::Decoder;

use super::attachments::Unreadable;
use super::{descriptor, response};

/// Heads that are kept for one connection; a new one takes the place of the oldest.
const HEADS_MAX: usize = 32;
/// A longer head is not kept.
const HEAD_BYTES_MAX: usize = 1024;

/// The five texts, read.
#[derive(Debug)]
pub(crate) struct Head {
    /// The bytes that were read; compared with the start of later requests.
    bytes: Box<[u8]>,
    pub(crate) protocol_version: Arc<str>,
    path: Arc<str>,
    version: Arc<str>,
    pub(crate) method: Arc<str>,
    pub(crate) descriptor: Arc<str>,
    /// How many arguments follow.
    pub(crate) arguments: u32,
    /// Whether the consumer reads attachments in an answer.
    pub(crate) answer_attachments: bool,
    /// What the last request with this head named.
    service: ServiceKey,
}

impl Head {
    /// Reads the texts, at the start of the body that `decoder` reads.
    pub(crate) fn read(decoder: &mut Decoder<'_>, body: &[u8]) -> Result<Self, Unreadable> {
        let protocol_version = decoder.read_optional_str()?.unwrap_or_default();
        let path = decoder.read_optional_str()?.unwrap_or_default();
        let version = decoder.read_optional_str()?.unwrap_or_default();
        let method = decoder.read_str()?;
        let types = decoder.read_optional_str()?.unwrap_or_default();
        let arguments = descriptor::count(&types)
            .ok_or_else(|| Unreadable::Descriptor(types.clone().into_owned()))?;
        let path: Arc<str> = path.into();
        Ok(Self {
            bytes: body.get(..decoder.position()).unwrap_or_default().into(),
            answer_attachments: response::attachments_allowed(&protocol_version),
            protocol_version: protocol_version.into(),
            service: ServiceKey::new(path.clone(), "", &*version),
            path,
            version: version.into(),
            method: method.into(),
            descriptor: types.into(),
            arguments,
        })
    }

    /// Length of the texts in the body.
    pub(crate) fn length(&self) -> usize {
        self.bytes.len()
    }

    /// Path and service of a request with these attachments, which win over the texts (live-peer fact LJ-2).
    pub(crate) fn service(&mut self, attachments: &Attachments) -> (Arc<str>, ServiceKey) {
        let path = attachments
            .get(keys::PATH)
            .filter(|path| !path.is_empty())
            .unwrap_or(&self.path);
        let interface = attachments
            .get(keys::INTERFACE)
            .filter(|name| !name.is_empty())
            .unwrap_or(path);
        let version = attachments.get(keys::VERSION).unwrap_or(&self.version);
        let group = attachments.get(keys::GROUP).unwrap_or_default();
        let named = wubbo_core::ServiceKeyRef::new(interface, group, version);
        if self.service.parts() != named.parts() {
            self.service = named.into();
        }
        let path = if *path == *self.path {
            self.path.clone()
        } else {
            path.into()
        };
        (path, self.service.clone())
    }
}

/// The heads that came on one connection.
#[derive(Debug, Default)]
pub(crate) struct Heads {
    known: Vec<Head>,
    /// Where the next one goes.
    next: usize,
    /// Where the last one was found: the likeliest place to look first.
    last: usize,
    /// The policies of nobody; the handler chooses those of the call.
    pub(crate) policies: Arc<PolicySet>,
}

impl Heads {
    /// The head that `body` starts with, if it came before.
    pub(crate) fn find(&mut self, body: &[u8]) -> Option<&mut Head> {
        let starts = |head: &Head| body.starts_with(&head.bytes);
        if !self.known.get(self.last).is_some_and(starts) {
            self.last = self.known.iter().position(starts)?;
        }
        self.known.get_mut(self.last)
    }

    /// Keeps a head, unless it is too long.
    pub(crate) fn keep(&mut self, head: Head) {
        if head.length() > HEAD_BYTES_MAX {
            return;
        }
        match self.known.get_mut(self.next) {
            Some(oldest) => *oldest = head,
            None => self.known.push(head),
        }
        self.next = (self.next + 1) % HEADS_MAX;
    }

    /// How many are kept.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.known.len()
    }
}
