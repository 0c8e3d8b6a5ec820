//! Cutting a byte stream into frames, without buffering what is too large.

use bytes::{Buf, Bytes, BytesMut};

use super::header::{HEADER_BYTES, Header, HeaderError};

/// How much room a read gets; a claimed length takes no memory before its bytes come.
const READ_BYTES: usize = 64 * 1024;

/// What the next bytes are.
#[derive(Debug)]
pub(crate) enum Frame {
    /// A whole frame.
    Whole(Header, Bytes),
    /// A frame above the limit; its body is thrown away as it comes.
    TooLarge(Header),
}

/// The bytes of one connection that were read and are not yet frames.
#[derive(Debug)]
pub(crate) struct Framing {
    input: BytesMut,
    skip: usize,
    payload: usize,
}

impl Framing {
    /// For frames of up to `payload` bytes of body; 0 is no limit.
    pub(crate) fn new(payload: usize) -> Self {
        Self {
            input: BytesMut::new(),
            skip: 0,
            payload,
        }
    }

    /// Where the next read puts its bytes.
    pub(crate) fn buffer(&mut self) -> &mut BytesMut {
        if self.input.capacity().saturating_sub(self.input.len()) < READ_BYTES / 4 {
            self.input.reserve(READ_BYTES);
        }
        &mut self.input
    }

    /// The next frame; `None` when more input is needed.
    ///
    /// # Errors
    /// The input is no frame; the connection must be closed.
    pub(crate) fn next(&mut self) -> Result<Option<Frame>, HeaderError> {
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
            && *start != [0xda, 0xbb]
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
        if self.input.len() < whole {
            return Ok(None);
        }
        let mut frame = self.input.split_to(whole).freeze();
        frame.advance(HEADER_BYTES);
        Ok(Some(Frame::Whole(header, frame)))
    }
}
