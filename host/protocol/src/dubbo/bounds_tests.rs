//! What a peer can make us keep: no more than it sends, and of that no more than is bounded.

use bytes::{BufMut, Bytes, BytesMut};
use wubbo_hessian2::Encoder;

use super::framing::{Frame, Framing};
use super::head::Heads;
use super::request;

#[test]
fn a_claimed_length_takes_no_memory() {
    let mut framing = Framing::new(8 * 1024 * 1024);
    let mut feed = |bytes: &[u8]| {
        framing.buffer().put_slice(bytes);
        let next = framing.next().expect("a frame's start");
        (next, framing.capacity())
    };
    // LJ-5: above the limit, and then some of the body.
    let (next, _) = feed(b"\xda\xbb\xc2\0\0\0\0\0\0\0\0\x01\x7f\xff\xff\xff");
    assert!(matches!(next, Some(Frame::TooLarge(_))));
    for _ in 0..64 {
        let (next, held) = feed(&[0x40; 16 * 1024]);
        assert!(next.is_none());
        assert!(
            held <= 1024 * 1024,
            "{held} bytes are held of a body that is thrown away"
        );
    }
    // Within the limit: the bytes are awaited, not made room for.
    let mut framing = Framing::new(8 * 1024 * 1024);
    framing
        .buffer()
        .put_slice(b"\xda\xbb\xc2\0\0\0\0\0\0\0\0\x01\0\x7f\xff\xff");
    assert!(framing.next().expect("a frame's start").is_none());
    assert!(
        framing.capacity() <= 1024 * 1024,
        "{} bytes for 8 MiB that were only claimed",
        framing.capacity()
    );
}

#[test]
fn a_connection_remembers_a_bounded_number_of_heads() {
    let mut heads = Heads::default();
    for number in 0..1000 {
        let mut body = BytesMut::new();
        let mut encoder = Encoder::new(&mut body);
        for text in ["2.0.2", "a.B", "1.0.0", &format!("method{number}"), ""] {
            encoder.write_str(text);
        }
        encoder.begin_map(None);
        encoder.end_map();
        let body: Bytes = body.freeze();
        let call = request::decode(&body, true, &mut heads).expect("a request");
        assert_eq!(&*call.request.method, format!("method{number}"));
    }
    assert!(
        heads.len() > 0 && heads.len() <= 64,
        "{} heads",
        heads.len()
    );
}
