//! Bytes on their way to a socket: short frames gathered in one buffer, long values left where they were read.
//!
//! A gateway passes arguments and results on as they came. Copying a long one into the frame, and the frame into what is written next,
//! would cost as much as all the rest of the call.

use std::collections::VecDeque;
use std::io::IoSlice;
use std::mem;

use bytes::{Buf, Bytes, BytesMut};
use wubbo_core::RawStream;
use wubbo_hessian2::Encoder;

/// Values of this size and more are not copied. A shorter one is copied sooner than it is passed on by itself, and would keep a buffer
/// of up to 64 KiB that it was read with.
const APART_MIN: usize = 16 * 1024;

/// A long value that belongs into a frame and was not written into it.
#[derive(Debug)]
pub(crate) struct Apart {
    /// Where it belongs in the buffer that the frame was written into.
    at: usize,
    bytes: Bytes,
}

impl Apart {
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Puts it into its place, for who wants the frame in one piece.
    pub(crate) fn join(self, out: &mut BytesMut) {
        let behind = out.split_off(self.at.min(out.len()));
        out.extend_from_slice(&self.bytes);
        out.extend_from_slice(&behind);
    }
}

/// Writes values that are encoded already; a long stream is only taken note of.
pub(crate) fn write_raw(encoder: &mut Encoder<'_>, stream: &RawStream) -> Option<Apart> {
    let long = stream.bytes.len() >= APART_MIN;
    let at = encoder.len();
    let written: &[u8] = if long { &[] } else { &stream.bytes };
    encoder.write_raw(written, stream.tables);
    long.then(|| Apart {
        at,
        bytes: stream.bytes.clone(),
    })
}

/// What waits to be written, in order.
#[derive(Debug, Default)]
pub(crate) struct Unsent {
    /// Comes before what is gathered; none is empty.
    ready: VecDeque<Bytes>,
    ready_bytes: usize,
    gathered: BytesMut,
}

impl Unsent {
    /// Where frames are written at the end; for the long value of one [`insert`](Self::insert).
    pub(crate) fn gathered(&mut self) -> &mut BytesMut {
        &mut self.gathered
    }

    /// Puts the long value of the frame that was written last into its place.
    pub(crate) fn insert(&mut self, apart: Apart) {
        let behind = self.gathered.split_off(apart.at.min(self.gathered.len()));
        let front = mem::replace(&mut self.gathered, behind);
        self.push(front.freeze());
        self.push(apart.bytes);
    }

    /// Adds a frame that was written elsewhere.
    pub(crate) fn add(&mut self, frame: &[u8], apart: Option<Apart>) {
        let start = self.gathered.len();
        self.gathered.extend_from_slice(frame);
        if let Some(apart) = apart {
            self.insert(Apart {
                at: start.saturating_add(apart.at),
                ..apart
            });
        }
    }

    fn push(&mut self, bytes: Bytes) {
        if !bytes.is_empty() {
            self.ready_bytes = self.ready_bytes.saturating_add(bytes.len());
            self.ready.push_back(bytes);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.remaining() == 0
    }

    /// Bytes of the buffer in which short frames are gathered.
    pub(crate) fn capacity(&self) -> usize {
        self.gathered.capacity()
    }

    /// Forgets what waits; the buffer is kept.
    pub(crate) fn clear(&mut self) {
        self.ready.clear();
        self.ready_bytes = 0;
        self.gathered.clear();
    }
}

impl Buf for Unsent {
    fn remaining(&self) -> usize {
        self.ready_bytes.saturating_add(self.gathered.len())
    }

    fn chunk(&self) -> &[u8] {
        self.ready.front().map_or(&*self.gathered, |bytes| &**bytes)
    }

    fn chunks_vectored<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let gathered = (!self.gathered.is_empty()).then_some(&*self.gathered);
        let all = self.ready.iter().map(|bytes| &**bytes).chain(gathered);
        let filled = slices.iter_mut().zip(all);
        filled
            .map(|(slice, bytes)| *slice = IoSlice::new(bytes))
            .count()
    }

    fn advance(&mut self, mut count: usize) {
        while count > 0
            && let Some(front) = self.ready.front_mut()
        {
            let here = count.min(front.len());
            front.advance(here);
            if front.is_empty() {
                self.ready.pop_front();
            }
            self.ready_bytes = self.ready_bytes.saturating_sub(here);
            count = count.saturating_sub(here);
        }
        self.gathered.advance(count);
    }
}

#[cfg(test)]
mod tests {
    use wubbo_hessian2::Tables;

    use super::*;

    fn stream(byte: u8, length: usize) -> RawStream {
        RawStream {
            bytes: vec![byte; length].into(),
            count: 1,
            tables: Tables::default(),
        }
    }

    /// A frame of `head`, a value of `length` bytes and `tail`.
    fn frame(
        out: &mut BytesMut,
        head: &[u8],
        (byte, length): (u8, usize),
        tail: &[u8],
    ) -> Option<Apart> {
        out.extend_from_slice(head);
        let apart = write_raw(&mut Encoder::new(out), &stream(byte, length));
        out.extend_from_slice(tail);
        apart
    }

    /// Everything, taken as a socket that accepts `step` bytes at a time would.
    fn sent(unsent: &mut Unsent, step: usize) -> Vec<u8> {
        let mut sent = Vec::new();
        while !unsent.is_empty() {
            let mut slices = [IoSlice::new(&[]); 3];
            let count = unsent.chunks_vectored(&mut slices);
            let offered: Vec<u8> = slices[..count]
                .iter()
                .flat_map(|slice| slice.to_vec())
                .collect();
            assert_eq!(offered.starts_with(unsent.chunk()), !offered.is_empty());
            let taken = step.min(offered.len());
            sent.extend_from_slice(&offered[..taken]);
            unsent.advance(taken);
        }
        assert_eq!(unsent.remaining(), 0);
        sent
    }

    #[test]
    fn long_values_stay_where_they_are_and_leave_in_order() {
        for step in [1000, 16_385, usize::MAX] {
            let mut unsent = Unsent::default();
            let mut wanted = Vec::new();
            for (byte, length) in [(1, 3), (2, APART_MIN), (3, 100_000), (4, APART_MIN - 1)] {
                // Half of them as a caller's frame, half written in place.
                let mut elsewhere = BytesMut::new();
                let apart = frame(&mut elsewhere, b"head", (byte, length), b"tail");
                assert_eq!(apart.is_some(), length >= APART_MIN);
                assert!(elsewhere.len() < APART_MIN + 8);
                unsent.add(&elsewhere, apart);
                if let Some(apart) = frame(unsent.gathered(), b"h", (byte, length), b"t") {
                    unsent.insert(apart);
                }
                for (head, tail) in [(&b"head"[..], &b"tail"[..]), (b"h", b"t")] {
                    wanted.extend_from_slice(head);
                    wanted.extend(std::iter::repeat_n(byte, length));
                    wanted.extend_from_slice(tail);
                }
            }
            assert_eq!(unsent.remaining(), wanted.len());
            assert!(sent(&mut unsent, step) == wanted, "{step}");
        }
    }

    #[test]
    fn a_frame_can_be_had_in_one_piece() {
        let mut out = BytesMut::from(&b"before"[..]);
        let apart = frame(&mut out, b"head", (7, APART_MIN), b"tail").unwrap();
        assert_eq!(apart.len(), APART_MIN);
        apart.join(&mut out);
        let wanted = [&b"beforehead"[..], &[7; APART_MIN], b"tail"].concat();
        assert!(out == wanted[..]);
    }

    #[test]
    fn what_is_forgotten_is_gone() {
        let mut unsent = Unsent::default();
        let apart = frame(unsent.gathered(), b"h", (1, APART_MIN), b"t").unwrap();
        unsent.insert(apart);
        unsent.clear();
        assert!(unsent.is_empty());
        unsent.add(b"next", None);
        assert_eq!(sent(&mut unsent, 100), b"next");
    }
}
