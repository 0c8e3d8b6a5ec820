//! The five texts that a request starts with, the attachments that it ends with, and what they mean, kept for the next request that has
//! the same bytes there.
//!
//! A consumer calls a few methods again and again, with the same attachments unless it traces. So most requests find their version, path,
//! method, types, attachments and service key here, shared and not copied. Comparing bytes is enough: the texts say themselves where they
//! end, and attachments that are all text mean the same behind any arguments.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use wubbo_core::{Attachments, PolicySet, ServiceKey, ServiceKeyRef, keys};
use wubbo_hessian2::Decoder;

use super::attachments::{self, Unreadable};
use super::{descriptor, response};

/// Heads that are kept for one connection; a new one takes the place of the oldest.
const HEADS_MAX: usize = 16;
/// A longer head is not kept, nor are longer attachments. With the bound above a connection keeps some 40 KB at most.
const KEPT_BYTES_MAX: usize = 512;

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
    /// [`fingerprint`] of the attachments that came last.
    last: u64,
    /// The attachments that came twice in a row.
    repeated: Option<Repeated>,
}

/// Attachments that come again and again.
#[derive(Debug)]
struct Repeated {
    bytes: Bytes,
    tail: Tail,
}

/// The attachments of a request and what they say, with the texts in front, about the call.
#[derive(Clone, Debug)]
pub(crate) struct Tail {
    pub(crate) attachments: Attachments,
    pub(crate) path: Arc<str>,
    pub(crate) service: ServiceKey,
    pub(crate) timeout: Option<Duration>,
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
        Ok(Self {
            bytes: body.get(..decoder.position()).unwrap_or_default().into(),
            answer_attachments: response::attachments_allowed(&protocol_version),
            protocol_version: protocol_version.into(),
            path: path.into(),
            version: version.into(),
            method: method.into(),
            descriptor: types.into(),
            arguments,
            last: 0,
            repeated: None,
        })
    }

    /// Length of the texts in the body.
    pub(crate) fn length(&self) -> usize {
        self.bytes.len()
    }

    /// Reads the attachments, which are the rest of `bytes`, in which the decoder stands behind the arguments.
    pub(crate) fn tail(
        &mut self,
        decoder: &mut Decoder<'_>,
        bytes: &Bytes,
    ) -> Result<Tail, Unreadable> {
        let rest = decoder.remaining();
        if let Some(repeated) = &self.repeated
            && repeated.bytes == rest
        {
            return Ok(repeated.tail.clone());
        }
        let tail = self.read_tail(decoder, bytes)?;
        if rest.len() <= KEPT_BYTES_MAX {
            let now = fingerprint(rest);
            if now == self.last && tail.attachments.iter().all(|entry| entry.value.is_none()) {
                // A copy of their own, so that they do not hold on to a buffer full of frames. What leans on the arguments, such as a
                // map whose type stands there, cannot be read alone and is not kept.
                let bytes = Bytes::copy_from_slice(rest);
                let alone = self.read_tail(&mut Decoder::new(&bytes), &bytes);
                self.repeated = alone.ok().map(|tail| Repeated { bytes, tail });
            }
            self.last = now;
        }
        Ok(tail)
    }

    /// Attachments win over the texts in front (live-peer fact LJ-2).
    fn read_tail(&self, decoder: &mut Decoder<'_>, bytes: &Bytes) -> Result<Tail, Unreadable> {
        let attachments = attachments::read(decoder, bytes)?;
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
        Ok(Tail {
            service: ServiceKeyRef::new(interface, group, version).into(),
            path: if *path == *self.path {
                self.path.clone()
            } else {
                path.into()
            },
            timeout: timeout(&attachments),
            attachments,
        })
    }
}

/// The consumer's time-out, as text (Dubbo Java 3) or as a number; 0 and less is none.
fn timeout(attachments: &Attachments) -> Option<Duration> {
    let entry = attachments.find(keys::TIMEOUT)?;
    let millis = match entry.value {
        Some(value) => value.as_i64(),
        None => entry.text.and_then(|text| text.parse().ok()),
    };
    millis
        .and_then(|millis| u64::try_from(millis).ok())
        .filter(|millis| *millis > 0)
        .map(Duration::from_millis)
}

/// A number that bytes have in common only by chance unless they are equal; decides what is worth keeping, no more.
fn fingerprint(bytes: &[u8]) -> u64 {
    let mix = |sum: u64, word: u64| (sum.rotate_left(5) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let (words, rest) = bytes.as_chunks::<8>();
    let sum = words.iter().fold(bytes.len() as u64, |sum, word| {
        mix(sum, u64::from_le_bytes(*word))
    });
    rest.iter()
        .fold(sum, |sum, byte| mix(sum, u64::from(*byte)))
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
        if head.length() > KEPT_BYTES_MAX {
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
