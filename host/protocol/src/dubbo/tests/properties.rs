//! Any bytes at all: nothing panics, and memory is bounded by what came.

use proptest::prelude::*;
use wubbo_core::Status;

use super::vectors::frames;
use super::*;
use crate::dubbo::framing::{Frame, Framing};
use crate::dubbo::{annotate, describe, reencode, response};

/// A vector with some bytes changed, and perhaps cut: such bytes get far.
fn nearly_a_frame() -> impl Strategy<Value = Vec<u8>> {
    let change = (any::<prop::sample::Index>(), any::<u8>());
    let vector = prop::sample::select(frames());
    (
        vector,
        prop::collection::vec(change, 0..5),
        any::<prop::sample::Index>(),
        any::<bool>(),
    )
        .prop_map(|((_, mut bytes), changes, end, cut)| {
            for (place, byte) in changes {
                let place = place.index(bytes.len());
                bytes[place] = byte;
            }
            if cut {
                bytes.truncate(end.index(bytes.len()));
            }
            bytes
        })
}

fn any_bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![prop::collection::vec(any::<u8>(), 0..300), nearly_a_frame()]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn bytes_are_read_or_refused(bytes in any_bytes()) {
        let (Ok(_) | Err(_)) = describe(&bytes);
        let (Ok(_) | Err(_)) = reencode(&bytes);
        if let Ok(spans) = annotate(&bytes) {
            let mut end = 0;
            for span in spans {
                prop_assert_eq!(span.range.start, end);
                end = span.range.end;
            }
            prop_assert_eq!(end, bytes.len());
        }
        for body in [Bytes::from(bytes.clone()), bytes.get(HEADER_BYTES..).map(Bytes::copy_from_slice).unwrap_or_default()] {
            drop(decode(&body, true));
            drop(response::decode(Status::OK, &body, "p"));
            drop(response::decode(Status(70), &body, "p"));
        }
    }

    /// What is written again means the same, and is written the same from then on.
    #[test]
    fn what_is_written_again_stays_as_it_is(bytes in nearly_a_frame()) {
        if let Ok(once) = reencode(&bytes) {
            let twice = reencode(&once);
            prop_assert_eq!(twice.map_err(|error| error.report()), Ok(once));
        }
    }

    #[test]
    fn a_stream_in_any_pieces_is_the_same_frames(
        parts in prop::collection::vec(nearly_a_frame(), 1..6),
        sizes in prop::collection::vec(1_usize..64, 1..64),
        payload in prop_oneof![Just(0_usize), Just(64), Just(8 * 1024 * 1024)],
    ) {
        let bytes = parts.concat();
        let (whole, kept) = frames_of(&bytes, &[bytes.len().max(1)], payload);
        let (pieces, _) = frames_of(&bytes, &sizes, payload);
        prop_assert_eq!(whole, pieces);
        prop_assert!(kept <= bytes.len().max(4096) * 2 + 64 * 1024, "{} bytes are kept for {}", kept, bytes.len());
    }

    /// A head that was remembered is no other head.
    #[test]
    fn remembered_heads_change_nothing(bodies in prop::collection::vec(nearly_a_frame(), 1..40)) {
        let mut heads = Heads::default();
        for bytes in bodies {
            let body = bytes.get(HEADER_BYTES..).map(Bytes::copy_from_slice).unwrap_or_default();
            let fresh = decode(&body, true).map(|request| printed(&request)).map_err(|error| error.report());
            for _ in 0..4 {
                let known = request::decode(&body, true, &mut heads);
                let known = known.map(|call| printed(&call.request)).map_err(|error| error.report());
                prop_assert_eq!(&known, &fresh);
            }
        }
        prop_assert!(heads.len() <= 16);
    }
}

/// What a service sees of a request.
fn printed(request: &Request) -> String {
    let attachments: Vec<_> = request
        .attachments
        .iter()
        .map(|entry| format!("{entry:?}"))
        .collect();
    format!(
        "{} {} {} {} {} {:?} {attachments:?}",
        request.service,
        request.path,
        request.method,
        request.descriptor,
        request.protocol_version,
        request.body
    )
}

/// The frames of `bytes` that come in pieces of `sizes`, as text, and the most memory that was held.
fn frames_of(bytes: &[u8], sizes: &[usize], payload: usize) -> (Vec<String>, usize) {
    let mut framing = Framing::new(payload);
    let (mut found, mut kept, mut rest) = (Vec::new(), 0, bytes);
    for size in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (piece, behind) = rest.split_at(rest.len().min(*size));
        rest = behind;
        framing.buffer().extend_from_slice(piece);
        loop {
            kept = kept.max(framing.capacity());
            match framing.next() {
                Ok(None) => break,
                Ok(Some(Frame::Whole(header, body))) => found.push(format!("{header:?} {body:?}")),
                Ok(Some(Frame::TooLarge(header))) => found.push(format!("{header:?}")),
                Err(error) => {
                    found.push(error.to_string());
                    return (found, kept);
                }
            }
        }
    }
    (found, kept)
}
