//! The 16 bytes in front of every frame (spec/40 section 3.1).

use wubbo_core::Status;

/// Length of a header.
pub(crate) const HEADER_BYTES: usize = 16;
/// The serialization that we read and write.
pub(crate) const HESSIAN2: u8 = 2;

const MAGIC: [u8; 2] = [0xda, 0xbb];
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
