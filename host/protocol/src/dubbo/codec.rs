//! The codec of one connection without the connection: for measurements, and for tests that make frames of their own.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use wubbo_core::{Deadline, Error, Invocation, Outcome, Request, Status, Url, keys};

use super::head::Heads;
use super::request::{self, Outgoing};
use super::response::{self, Answering};

/// Reads and writes frames as a connection does, and remembers what a connection does between them.
#[derive(Debug, Default)]
pub struct Codec {
    heads: Heads,
    id: i64,
}

impl Codec {
    /// The codec of a new connection.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads the body of a two-way request.
    ///
    /// # Errors
    /// [`ErrorKind::BadRequest`](wubbo_core::ErrorKind::BadRequest) with the text that the consumer is told.
    pub fn read_request(&mut self, body: &Bytes) -> Result<Request, Error> {
        request::decode(body, true, &mut self.heads).map(|call| call.request)
    }

    /// Writes the frame of a call to the provider at `url`, under the next id, which is returned.
    ///
    /// # Errors
    /// [`ErrorKind::ClientError`](wubbo_core::ErrorKind::ClientError) when a value cannot be written.
    pub fn write_request(
        &mut self,
        out: &mut BytesMut,
        invocation: &Invocation,
        url: &Url,
    ) -> Result<i64, Error> {
        self.id = self.id.wrapping_add(1);
        let default = Duration::from_millis(keys::DEFAULT_TIMEOUT_MS);
        let outgoing = Outgoing {
            id: self.id,
            invocation,
            remaining: invocation.deadline().map_or(default, Deadline::remaining),
            url,
            payload: keys::DEFAULT_PAYLOAD_BYTES,
        };
        outgoing.encode(out).map(|()| self.id)
    }

    /// Writes the frame that answers request `id`, with attachments.
    pub fn write_response(&self, out: &mut BytesMut, id: i64, outcome: &Outcome) {
        let answering = Answering {
            id,
            attachments: true,
            payload: keys::DEFAULT_PAYLOAD_BYTES,
        };
        answering.encode(out, outcome);
    }

    /// Reads the body of an answer with `status`.
    ///
    /// # Errors
    /// What the provider says with another status than 20;
    /// [`ErrorKind::ClientError`](wubbo_core::ErrorKind::ClientError) when the body cannot be read.
    pub fn read_response(&self, status: Status, body: &Bytes) -> Outcome {
        response::decode(status, body, "the provider")
    }
}
