//! Frames that are no calls: heartbeats, and the word that a provider takes no new ones (spec/40 section 3.4).

use bytes::{Bytes, BytesMut};
use wubbo_core::Status;

use super::header::{FrameKind, HESSIAN2, Header};

/// What an event says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// Are you there?
    Heartbeat,
    /// Send me no new calls.
    ReadOnly,
    /// Something that we do not know, and ignore.
    Unknown,
}

impl Event {
    /// Reads an event's body; surplus bytes are ignored.
    pub(crate) fn parse(body: &Bytes) -> Self {
        match body.as_ref() {
            [b'N', ..] => Self::Heartbeat,
            [1, b'R', ..] => Self::ReadOnly,
            _ => Self::Unknown,
        }
    }
}

/// Writes a heartbeat that wants an answer.
pub(crate) fn heartbeat(out: &mut BytesMut, id: i64) {
    put(out, FrameKind::Request { two_way: true }, id, b"N");
}

/// Writes the answer to a heartbeat, in Java's form (frame vector F-02).
pub(crate) fn heartbeat_answer(out: &mut BytesMut, id: i64) {
    put(out, FrameKind::Response { status: Status::OK }, id, b"N");
}

/// Writes the read-only event. Nobody matches it by its id (live-peer fact LJ-8).
pub(crate) fn read_only(out: &mut BytesMut, id: i64) {
    put(out, FrameKind::Request { two_way: false }, id, &[1, b'R']);
}

fn put(out: &mut BytesMut, kind: FrameKind, id: i64, body: &[u8]) {
    let header = Header {
        kind,
        event: true,
        serialization: HESSIAN2,
        id,
        body_bytes: body.len(),
    };
    out.extend_from_slice(&header.to_bytes());
    out.extend_from_slice(body);
}
