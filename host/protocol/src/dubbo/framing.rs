//! Cutting a byte stream into frames, without buffering what is too large.

use std::mem;

use bytes::{Buf, Bytes, BytesMut};

use super::header::{HEADER_BYTES, Header, HeaderError, MAGIC};

/// How much room a read gets at first; enough for a call or two, since ten thousand quiet connections hold as many of these.
const ROOM_MIN: usize = 1024;
/// How much room it gets when the peer always fills it.
const ROOM_MAX: usize = 64 * 1024;
/// A frame of which this much is still missing is read into room of its own size, and so copied no more than once.
const LONG: usize = 16 * 1024;
/// How much of that room there is at most for a frame of which less has come: what a claim alone can make us take.
const CLAIM_MAX: usize = 128 * 1024;
/// A buffer of a frame above this size goes with it.
const KEPT_BYTES: usize = ROOM_MAX;

/// What the next bytes are.
#[derive(Debug)]
pub(crate) enum Frame {
    /// A whole frame: its header and its body.
    Whole(Header, Bytes),
    /// A frame above the limit; its body is thrown away as it comes.
    TooLarge(Header),
}

/// The bytes of one connection that were read and are not yet frames. A claimed length takes no more than a bounded step of memory before
/// its bytes come.
#[derive(Debug)]
pub(crate) struct Framing {
    input: BytesMut,
    /// What is missing of the frame at the front, once its header is there.
    missing: usize,
    /// The last room was made for the rest of a frame.
    measured: bool,
    room: usize,
    skip: usize,
    payload: usize,
}

impl Framing {
    /// For frames of up to `payload` bytes of body; 0 is no limit.
    pub(crate) fn new(payload: usize) -> Self {
        Self {
            input: BytesMut::new(),
            missing: 0,
            measured: false,
            room: ROOM_MIN,
            skip: 0,
            payload,
        }
    }

    /// Changes the limit for the frames to come.
    pub(crate) fn set_payload(&mut self, payload: usize) {
        self.payload = payload;
    }

    /// Where the next read puts its bytes.
    pub(crate) fn buffer(&mut self) -> &mut BytesMut {
        let spare = self.input.capacity().saturating_sub(self.input.len());
        if self.missing >= LONG || (self.measured && self.missing > 0) {
            self.measured = true;
            if spare < self.missing && spare < LONG {
                let step = self.input.len().max(CLAIM_MAX);
                self.input.reserve(self.missing.min(step));
            }
            return &mut self.input;
        }
        if spare == 0 && !mem::take(&mut self.measured) {
            // The last read filled everything, so more is likely to come at once.
            self.room = self.room.saturating_mul(2).min(ROOM_MAX);
        }
        if spare < self.room / 4 {
            self.input.reserve(self.room);
        }
        &mut self.input
    }

    /// The next frame; `None` when more input is needed.
    ///
    /// # Errors
    /// The input is no frame; the connection must be closed.
    pub(crate) fn next(&mut self) -> Result<Option<Frame>, HeaderError> {
        self.missing = 0;
        if self.skip > 0 {
            let here = self.skip.min(self.input.len());
            self.input.advance(here);
            self.skip = self.skip.saturating_sub(here);
            if self.skip > 0 {
                return Ok(None);
            }
        }
        // A wrong start is told from the first two bytes: who says hello is no peer.
        if let Some(start) = self.input.first_chunk::<2>()
            && *start != MAGIC
        {
            return Err(HeaderError::Magic(*start));
        }
        let Some(bytes) = self.input.first_chunk::<HEADER_BYTES>() else {
            return Ok(None);
        };
        let header = Header::parse(bytes)?;
        if self.payload > 0 && header.body_bytes > self.payload {
            self.input.advance(HEADER_BYTES);
            self.skip = header.body_bytes;
            return Ok(Some(Frame::TooLarge(header)));
        }
        let whole = HEADER_BYTES.saturating_add(header.body_bytes);
        self.missing = whole.saturating_sub(self.input.len());
        if self.missing > 0 {
            return Ok(None);
        }
        let mut frame = self.input.split_to(whole).freeze();
        if whole > KEPT_BYTES {
            // What is left starts a buffer of its own, so that the large one ends with its frame.
            self.input = BytesMut::from(&*self.input);
        }
        frame.advance(HEADER_BYTES);
        Ok(Some(Frame::Whole(header, frame)))
    }

    /// How much memory is held.
    #[cfg(test)]
    pub(crate) fn capacity(&self) -> usize {
        self.input.capacity()
    }
}
