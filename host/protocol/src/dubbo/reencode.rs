//! A frame as this implementation writes it, for `wubbo decode --reencode`.

use bytes::BytesMut;
use wubbo_core::{Error, Status};
use wubbo_hessian2::{Decoder, Encoder, Result as HessianResult, Value};

use super::attachments::{self, Unreadable};
use super::descriptor;
use super::header::{self, FrameKind, Header};

/// Reads the frame at the front of `bytes` and writes the same again: equal values in the shortest forms, without surplus bytes.
///
/// # Errors
/// [`ErrorKind::BadRequest`]: it is no whole frame, or its body cannot be read.
pub fn reencode(bytes: &[u8]) -> Result<BytesMut, Error> {
    let (header, body) = header::split(bytes)?;
    let mut out = BytesMut::new();
    let start = header::begin(&mut out);
    let mut copy = Copy {
        decoder: Decoder::with_limits(body, attachments::limits(body.len())),
        encoder: Encoder::new(&mut out),
    };
    copy.body(&header).map_err(header::in_body)?;
    let written = Header {
        body_bytes: header::body_bytes(&out, start),
        ..header
    };
    header::put(&mut out, start, written);
    Ok(out)
}

/// Takes values from one stream to another.
struct Copy<'b, 'o> {
    decoder: Decoder<'b>,
    encoder: Encoder<'o>,
}

impl Copy<'_, '_> {
    fn body(&mut self, header: &Header) -> Result<(), Unreadable> {
        match header.kind {
            _ if self.decoder.is_empty() => {}
            _ if header.event => self.values(1)?,
            FrameKind::Request { .. } => self.request()?,
            FrameKind::Response { status: Status::OK } => self.result()?,
            FrameKind::Response { .. } => self.values(1)?,
        }
        Ok(())
    }

    fn request(&mut self) -> Result<(), Unreadable> {
        self.values(4)?;
        let types = self.value()?;
        let types = types.as_str().unwrap_or_default();
        let arguments =
            descriptor::count(types).ok_or_else(|| Unreadable::Descriptor(types.to_owned()))?;
        self.values(arguments)?;
        // Without attachments there is nothing behind the arguments.
        self.values(u32::from(!self.decoder.is_empty()))?;
        Ok(())
    }

    fn result(&mut self) -> Result<(), Unreadable> {
        let flag = self.value()?.as_i64();
        let values = match flag {
            Some(0 | 1 | 5) => 1,
            Some(2) => 0,
            Some(3 | 4) => 2,
            _ => {
                let flag = flag.and_then(|flag| i32::try_from(flag).ok());
                return Err(Unreadable::ResultFlag(flag.unwrap_or(i32::MIN)));
            }
        };
        self.values(values)?;
        Ok(())
    }

    fn values(&mut self, count: u32) -> HessianResult<()> {
        for _ in 0..count {
            self.value()?;
        }
        Ok(())
    }

    fn value(&mut self) -> HessianResult<Value> {
        let value = self.decoder.read_value()?;
        self.encoder.write_value(&value)?;
        Ok(value)
    }
}
