//! What an explanation says.

use wubbo_hessian2::{Decoder, annotate};

use crate::notation::unhex;

fn lines(bytes: &str) -> Vec<String> {
    let spans = annotate(&unhex(bytes)).unwrap();
    spans
        .iter()
        .map(|span| {
            format!(
                "{}..{} {}{}",
                span.range.start,
                span.range.end,
                "  ".repeat(span.depth as usize),
                span.meaning
            )
        })
        .collect()
}

#[test]
fn explains_a_response_with_an_object_and_attachments() {
    let expected = [
        "0..1 int 4",
        "1..2 class definition 0",
        "2..3 class name: string of 1 bytes",
        "3..4 \"U\"",
        "4..5 2 fields",
        "5..6 field 0: string of 2 bytes",
        "6..8 \"id\"",
        "8..9 field 1: string of 4 bytes",
        "9..13 \"tags\"",
        "13..14 object of class 0 U, slot 0",
        "14..15   id: null",
        "15..16   tags: list of 2, slot 1",
        "16..17   type 0: string of 4 bytes",
        "17..21   \"[int\"",
        "21..22     element 0: int 1",
        "22..24     element 1: int 300",
        "24..25 map, slot 2",
        "25..26   key: string of 1 bytes",
        "26..27   \"k\"",
        "27..29   value: reference to slot 1",
        "29..30 end of map",
    ];
    assert_eq!(
        lines("94430155920269640474616773604e72045b696e7491c92c48016b51915a"),
        expected
    );
}

#[test]
fn explains_chunks_repeated_types_and_open_lists() {
    assert_eq!(
        lines("520001610162"),
        [
            "0..3 string of 1 bytes, more chunks follow",
            "3..4 \"a\"",
            "4..5 next chunk: string of 1 bytes",
            "5..6 \"b\"",
        ]
    );
    assert_eq!(
        lines("71045b696e74915590915a2101"),
        [
            "0..1 list of 1, slot 0",
            "1..2 type 0: string of 4 bytes",
            "2..6 \"[int\"",
            "6..7   element 0: int 1",
            "7..8 list, slot 1",
            "8..9 type 0 again: [int",
            "9..10   element 0: int 1",
            "10..11 end of list",
            "11..12 binary of 1 bytes",
            "12..13 contents",
        ]
    );
}

#[test]
fn explains_in_the_middle_of_a_stream() {
    let bytes = unhex("0161795190");
    let mut decoder = Decoder::new(&bytes);
    decoder.skip_value().unwrap();
    let spans = decoder.annotate_value().unwrap();
    assert_eq!(
        (spans[0].range.clone(), &*spans[0].meaning),
        (2..3, "list of 1, slot 0")
    );
    assert_eq!(
        (spans[1].range.clone(), &*spans[1].meaning),
        (3..5, "element 0: reference to slot 0")
    );
    assert!(decoder.is_empty());
    assert_eq!(decoder.tables().refs, 1);
}
