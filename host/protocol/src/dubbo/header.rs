//! The 16 bytes in front of every frame (spec/40 section 3.1).

use bytes::BytesMut;
use wubbo_core::{Error, ErrorKind, Status};

use super::unsent::Apart;

/// Length of a header.
pub(crate) const HEADER_BYTES: usize = 16;
/// The serialization that we read and write.
pub(crate) const HESSIAN2: u8 = 2;

/// How every frame starts.
pub(crate) const MAGIC: [u8; 2] = [0xda, 0xbb];
const REQUEST: u8 = 0x80;
const TWO_WAY: u8 = 0x40;
const EVENT: u8 = 0x20;
const SERIALIZATION: u8 = 0x1f;

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FrameKind {
    /// A call or event that somebody may wait for.
    Request { two_way: bool },
    /// The answer to one.
    Response { status: Status },
}

/// A frame's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) kind: FrameKind,
    pub(crate) event: bool,
    pub(crate) serialization: u8,
    /// Opaque 64 bits, often negative (live-peer fact LJ-4).
    pub(crate) id: i64,
    pub(crate) body_bytes: usize,
}

/// Why a connection cannot go on: what follows is no frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HeaderError {
    #[error("not a dubbo frame: it starts with {:02x}{:02x} instead of dabb", .0[0], .0[1])]
    Magic([u8; 2]),
    #[error("negative body length {0}")]
    NegativeLength(i32),
}

impl Header {
    /// Reads a header. Both bytes of the magic must be right (dubbo-go accepts one).
    pub(crate) fn parse(bytes: &[u8; HEADER_BYTES]) -> Result<Self, HeaderError> {
        let [
            m0,
            m1,
            flags,
            status,
            i0,
            i1,
            i2,
            i3,
            i4,
            i5,
            i6,
            i7,
            l0,
            l1,
            l2,
            l3,
        ] = *bytes;
        if [m0, m1] != MAGIC {
            return Err(HeaderError::Magic([m0, m1]));
        }
        let length = i32::from_be_bytes([l0, l1, l2, l3]);
        let body_bytes =
            usize::try_from(length).map_err(|_| HeaderError::NegativeLength(length))?;
        let kind = if flags & REQUEST != 0 {
            FrameKind::Request {
                two_way: flags & TWO_WAY != 0,
            }
        } else {
            FrameKind::Response {
                status: Status(status),
            }
        };
        Ok(Self {
            kind,
            event: flags & EVENT != 0,
            serialization: flags & SERIALIZATION,
            id: i64::from_be_bytes([i0, i1, i2, i3, i4, i5, i6, i7]),
            body_bytes,
        })
    }

    /// The header's bytes.
    pub(crate) fn to_bytes(self) -> [u8; HEADER_BYTES] {
        let (mut flags, status) = match self.kind {
            FrameKind::Request { two_way } => (REQUEST | if two_way { TWO_WAY } else { 0 }, 0),
            FrameKind::Response { status } => (0, status.0),
        };
        if self.event {
            flags |= EVENT;
        }
        flags |= self.serialization & SERIALIZATION;
        let [i0, i1, i2, i3, i4, i5, i6, i7] = self.id.to_be_bytes();
        let [l0, l1, l2, l3] = u32::try_from(self.body_bytes)
            .unwrap_or(u32::MAX)
            .to_be_bytes();
        let [m0, m1] = MAGIC;
        [
            m0, m1, flags, status, i0, i1, i2, i3, i4, i5, i6, i7, l0, l1, l2, l3,
        ]
    }
}

/// Makes room for the header of a frame at the end of `out`; where the frame starts. The body follows, then [`finish`].
pub(crate) fn begin(out: &mut BytesMut) -> usize {
    let start = out.len();
    out.extend_from_slice(&[0; HEADER_BYTES]);
    start
}

/// Bytes of the body of the frame that starts at `start` and ends with `out`.
pub(crate) fn body_bytes(out: &BytesMut, start: usize) -> usize {
    out.len().saturating_sub(start).saturating_sub(HEADER_BYTES)
}

/// The same with the long value that is not among them.
pub(crate) fn whole_body_bytes(out: &BytesMut, start: usize, apart: Option<&Apart>) -> usize {
    body_bytes(out, start).saturating_add(apart.map_or(0, Apart::len))
}

/// Whether a body is above the limit `payload`; 0 is as much as the length field can say.
pub(crate) fn is_above(body_bytes: usize, payload: usize) -> bool {
    (payload > 0 && body_bytes > payload) || i32::try_from(body_bytes).is_err()
}

/// Writes the header of the frame that starts at `start`.
pub(crate) fn finish(
    out: &mut BytesMut,
    start: usize,
    kind: FrameKind,
    id: i64,
    body_bytes: usize,
) {
    let header = Header {
        kind,
        event: false,
        serialization: HESSIAN2,
        id,
        body_bytes,
    };
    put(out, start, header);
}

/// Writes a header into the place that [`begin`] made.
pub(crate) fn put(out: &mut BytesMut, start: usize, header: Header) {
    if let Some(place) = out.get_mut(start..start.saturating_add(HEADER_BYTES)) {
        place.copy_from_slice(&header.to_bytes());
    }
}

/// Says what the offsets in an error about a body count from.
pub(crate) fn in_body(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    let message = "the frame's body cannot be read, offsets count from its start at byte 16";
    Error::with_source(ErrorKind::BadRequest, message, error)
}

/// Header and body of the frame at the front of `bytes`, which must be whole and in hessian2.
///
/// # Errors
/// [`ErrorKind::BadRequest`] says what is missing.
pub(crate) fn split(bytes: &[u8]) -> Result<(Header, &[u8]), Error> {
    let bad = |message: String| Error::new(ErrorKind::BadRequest, message);
    let Some((head, behind)) = bytes.split_first_chunk::<HEADER_BYTES>() else {
        let here = bytes.len();
        return Err(bad(format!(
            "a dubbo frame starts with {HEADER_BYTES} bytes, input ends at byte {here}"
        )));
    };
    let header = Header::parse(head)
        .map_err(|error| Error::with_source(ErrorKind::BadRequest, "no dubbo frame", error))?;
    let Some(body) = behind.get(..header.body_bytes) else {
        return Err(bad(format!(
            "the frame has a body of {} bytes, input ends at byte {}",
            header.body_bytes,
            bytes.len()
        )));
    };
    if header.serialization != HESSIAN2 {
        return Err(bad(format!(
            "byte 2: the body is in serialization {}, only hessian2 (id {HESSIAN2}) is read",
            header.serialization
        )));
    }
    Ok((header, body))
}
