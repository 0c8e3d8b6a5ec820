//! Values of many kilobytes: read into room of their size, passed on without a copy, and held no longer than that takes.

use bytes::BufMut;
use wubbo_core::{Payload, ResultKind, RpcResult, Status};

use super::*;
use crate::dubbo::framing::{Frame, Framing};
use crate::dubbo::header::Header;
use crate::dubbo::request::Outgoing;
use crate::dubbo::response::{self, Answering};

/// Too long to be copied.
const LONG_BYTES: usize = 100_000;

fn binary(length: usize) -> Value {
    Value::Binary(vec![7; length].into())
}

fn request(length: usize) -> Invocation {
    let mut request = Request::new(ServiceKey::new("a.B", "", "1.0"), "echo");
    request.descriptor = "[B".into();
    request.body = RequestBody::Values(vec![binary(length)]);
    Invocation::new(request, Url::default())
}

/// Takes `bytes` as a socket gives them that holds all of it: each read fills its room. The frames, how many reads they took, and how
/// much was held.
fn read(framing: &mut Framing, mut bytes: &[u8]) -> (Vec<Bytes>, usize, usize) {
    let (mut frames, mut reads, mut most) = (Vec::new(), 0, 0);
    while !bytes.is_empty() {
        let buffer = framing.buffer();
        let room = (buffer.capacity() - buffer.len()).min(bytes.len());
        assert!(room > 0);
        buffer.put(&bytes[..room]);
        bytes = &bytes[room..];
        (reads, most) = (reads + 1, most.max(framing.capacity()));
        while let Some(Frame::Whole(_, body)) = framing.next().unwrap() {
            frames.push(body);
        }
    }
    (frames, reads, most)
}

#[test]
fn a_long_frame_is_read_at_once_into_room_of_its_size() {
    let mut framing = Framing::new(0);
    for id in 0..20 {
        let frame = encode(id, &request(LONG_BYTES));
        let (frames, reads, most) = read(&mut framing, &frame);
        assert_eq!(frames.len(), 1);
        assert_eq!(frames[0], body(&frame));
        // Its start, which says how long it is, and the rest.
        assert_eq!(reads, 2, "frame {id}");
        assert!(most < LONG_BYTES + 8 * 1024, "{most}");
        drop(frames);
        framing.buffer();
        assert!(framing.capacity() < 8 * 1024, "{}", framing.capacity());
    }
    // Doubled, not read by steps.
    let frame = encode(1, &request(4_000_000));
    let (frames, reads, most) = read(&mut framing, &frame);
    assert_eq!(frames[0].len(), frame.len() - HEADER_BYTES);
    assert!(reads < 10, "{reads}");
    assert!(most < 9_000_000, "{most}");
}

#[test]
fn frames_of_all_lengths_in_one_stream_are_found() {
    let lengths = [0, 100_000, 10, 20_000, 3_000, 70_000, 16_000, 300_000, 1];
    let frames: Vec<BytesMut> = (0..)
        .zip(lengths)
        .map(|(id, length)| encode(id, &request(length)))
        .collect();
    let mut framing = Framing::new(0);
    for _ in 0..3 {
        let (found, _, _) = read(&mut framing, &frames.concat());
        let wanted: Vec<Bytes> = frames.iter().map(|frame| body(frame)).collect();
        assert!(found == wanted);
    }
}

#[test]
fn a_claimed_length_makes_us_take_a_bounded_step() {
    let mut framing = Framing::new(0);
    let header = hex("dabbc20000000000000000017fffffff");
    framing.buffer().extend_from_slice(&header);
    assert!(matches!(framing.next(), Ok(None)));
    framing.buffer();
    assert!(framing.capacity() <= 192 * 1024, "{}", framing.capacity());
    // The next one only when that much has come.
    framing.buffer().put_bytes(0, 1024);
    assert!(matches!(framing.next(), Ok(None)));
    framing.buffer();
    assert!(framing.capacity() <= 192 * 1024, "{}", framing.capacity());
}

#[test]
fn long_arguments_pass_without_a_copy_and_count_for_the_limit() {
    let came = body(&encode(1, &request(LONG_BYTES)));
    let invocation = Invocation::new(decode(&came, true).unwrap(), Url::default());
    let url = Url::default();
    let outgoing = |payload| Outgoing {
        id: 2,
        invocation: &invocation,
        remaining: LONG,
        url: &url,
        payload,
    };
    let mut out = BytesMut::new();
    let apart = outgoing(0).encode_apart(&mut out).unwrap().unwrap();
    assert!(out.len() < 1024, "{}", out.len());
    apart.join(&mut out);
    let header = Header::parse(out.first_chunk().unwrap()).unwrap();
    assert_eq!(header.body_bytes, out.len() - HEADER_BYTES);
    let went = decode(&body(&out), true).unwrap();
    assert_eq!(went.body.to_values().unwrap(), [binary(LONG_BYTES)]);
    let error = outgoing(LONG_BYTES).encode_apart(&mut out).unwrap_err();
    let text = format!("Data length too large: {}", header.body_bytes);
    assert!(error.message().starts_with(&text), "{error}");
}

#[test]
fn a_long_result_passes_without_a_copy_and_counts_for_the_limit() {
    let result = RpcResult::value(binary(LONG_BYTES));
    let answering = |payload| Answering {
        id: 5,
        attachments: true,
        payload,
    };
    let mut out = BytesMut::new();
    // A value of our own is written into the frame.
    assert!(answering(0).encode_apart(&mut out, &Ok(result)).is_none());
    let came = response::decode(Status::OK, &body(&out), "p").unwrap();
    let ResultKind::Value(Payload::Raw(_)) = &came.kind else {
        panic!("raw")
    };
    let mut again = BytesMut::from(&b"before"[..]);
    let outcome = Ok(came);
    let apart = answering(0).encode_apart(&mut again, &outcome).unwrap();
    assert!(again.len() < 1024, "{}", again.len());
    apart.join(&mut again);
    assert_eq!(again[6..], out[..]);
    again.truncate(6);
    let refused = answering(LONG_BYTES).encode_apart(&mut again, &outcome);
    assert!(refused.is_none());
    let frame = again.split_off(6);
    let error = response::decode(Status(frame[3]), &body(&frame), "p").unwrap_err();
    assert!(
        error.message().starts_with("Data length too large: "),
        "{error}"
    );
}
