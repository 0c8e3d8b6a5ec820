//! What does not come back as it was: the table of the README, row by row. Everything else does, see `properties`.

use wubbo_hessian2::{Decoder, Value, to_bytes};

use crate::notation::{hex, read_all, unhex, write_all};

/// What is lost, bytes that hold it, and the bytes that are written for what was read.
const LOSSES: [(&str, &str, &str); 10] = [
    ("-0.0", "448000000000000000", "5b"),
    (
        "the bits of a NaN",
        "44fff8000000000001",
        "447ff8000000000000",
    ),
    ("a lone surrogate", "01eda0be", "01efbfbd"),
    ("unknown length", "5790915a", "7a9091"),
    (
        "unknown length, typed",
        "55045b696e7490915a",
        "72045b696e749091",
    ),
    (
        "a type name again",
        "7a71045b696e749171045b696e7492",
        "7a71045b696e7491719092",
    ),
    ("a class that is not used", "43016190 90", "90"),
    (
        "a class that is repeated",
        "7a4301619101626090430161910162 6191",
        "7a43016191016260906091",
    ),
    ("the borders of chunks", "5200016130 0162", "026162"),
    ("a longer form", "5e0005", "5d05"),
];

#[test]
fn each_loss_is_what_the_table_says() {
    for (what, bytes, written) in LOSSES {
        let values = read_all(&unhex(bytes)).unwrap();
        assert_eq!(hex(&write_all(&values)), written, "{what}");
        assert_eq!(
            hex(&write_all(&read_all(&unhex(written)).unwrap())),
            written,
            "{what}, again"
        );
    }
}

#[test]
fn a_rust_zero_and_nan_lose_the_same() {
    assert_eq!(hex(&to_bytes(&-0.0_f64).unwrap()), "5b");
    let odd = f64::from_bits(f64::NAN.to_bits() | 1);
    assert_eq!(hex(&to_bytes(&odd).unwrap()), "447ff8000000000000");
}

#[test]
fn a_lone_surrogate_says_that_it_was_lost() {
    let bytes = unhex("01eda0be");
    let mut decoder = Decoder::new(&bytes);
    assert_eq!(decoder.read_value().unwrap(), Value::from("\u{fffd}"));
    assert!(decoder.lossy());
}
