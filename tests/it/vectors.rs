//! What hessian-lite 4.0.4 and 3.2.13 and dubbo-go-hessian2 write, against `wubbo-hessian2`: every golden row is read as Java
//! reads it, written and read again, and skipped to the same end.

mod coverage;
mod ids;

use wubbo_hessian2::{Decoder, Encoder, Value};
use wubbo_tests::canonical::canonical;
use wubbo_tests::golden::{self, Golden, Set};
use wubbo_tests::java::{Line, sorted};

/// How many rows each set has.
fn count(set: Set) -> usize {
    match set {
        Set::Cases(_) => 201,
        Set::Rows(_) => 654,
        Set::GoRows => 442,
    }
}

/// What hessian-lite 3.2.13 writes without its items, and cannot read back.
const LOST: [&str; 3] = ["List.of", "Set.of", "Map.of"];

/// Lists of unknown length (`57`) that hessian-lite writes for iterators, and cannot read back unless they are empty.
const UNREADABLE: &str = "Iterator/";

/// Checks every row and fails with the id of each that does not hold.
fn check(claim: impl Fn(&Golden) -> Result<(), String>) {
    let mut wrong = Vec::new();
    for set in Set::ALL {
        let rows = golden::rows(set).unwrap();
        assert_eq!(rows.len(), count(set), "{set:?}");
        let failed = |row: &Golden| {
            let why = claim(row).err()?;
            Some(format!("{set:?} {}: {why}", row.id))
        };
        wrong.extend(rows.iter().filter_map(failed));
    }
    assert!(
        wrong.is_empty(),
        "{} rows:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

fn same(want: &str, got: &str) -> Result<(), String> {
    let cut = |text: &str| text.chars().take(400).collect::<String>();
    if want == got {
        Ok(())
    } else {
        Err(format!("want {}\n    got {}", cut(want), cut(got)))
    }
}

fn encode(value: &Value) -> Result<Vec<u8>, String> {
    let mut out = bytes::BytesMut::new();
    let written = Encoder::new(&mut out).write_value(value);
    written.map_err(|error| error.to_string())?;
    Ok(out.to_vec())
}

/// A value printed with everything that equality sees; unlike `==`, NaN is itself.
fn printed(value: &Value) -> String {
    format!("{value:?}")
}

#[test]
fn every_golden_value_is_what_java_reads() {
    check(|row| {
        if row.canonical.get("unreadable").is_some() {
            let lost = LOST.contains(&&*row.id) || row.id.starts_with(UNREADABLE);
            return lost.then_some(()).ok_or_else(|| row.canonical.to_string());
        }
        let form = sorted(canonical(&row.value()?));
        same(
            &sorted(row.canonical.clone()).to_string(),
            &form.to_string(),
        )
    });
}

#[test]
fn every_golden_value_is_itself_after_writing_and_reading() {
    check(|row| {
        let value = row.value()?;
        let bytes = encode(&value)?;
        let again = Golden {
            bytes,
            ..row.clone()
        };
        same(&printed(&value), &printed(&again.value()?))?;
        same(
            &format!("{:02x?}", again.bytes),
            &format!("{:02x?}", encode(&again.value()?)?),
        )
    });
}

/// Binaries in chunks, whose borders are an encoder's own choice (hessian-lite 4 has 8 KiB buffers, 3.2 has 4 KiB ones), and
/// lists of unknown length, which Java cannot read back and which are never written here.
fn other_bytes(row: &Golden) -> bool {
    matches!(row.bytes.first(), Some(b'A' | b'W'))
}

#[test]
fn what_java_wrote_is_written_byte_for_byte() {
    let mut equal = 0;
    for line in [Line::Dubbo3, Line::Dubbo2] {
        for set in [Set::Cases(line), Set::Rows(line)] {
            for row in golden::rows(set).unwrap() {
                if other_bytes(&row) {
                    continue;
                }
                let written = encode(&row.value().unwrap()).unwrap();
                assert!(written == row.bytes, "{set:?} {}", row.id);
                equal += 1;
            }
        }
    }
    assert!(equal >= 1650, "only {equal} rows are compared");
}

#[test]
fn a_golden_value_that_is_cut_is_an_error() {
    check(|row| {
        // Long rows are made of runs, of which some offsets tell as much as all.
        let step = 1 + row.bytes.len() / 2_000;
        for end in (0..row.bytes.len()).step_by(step) {
            let cut = &row.bytes[..end];
            if Decoder::new(cut).read_value().is_ok() {
                return Err(format!("the first {end} bytes are read"));
            }
            if Decoder::new(cut).skip_value().is_ok() {
                return Err(format!("the first {end} bytes are skipped"));
            }
        }
        Ok(())
    });
}

#[test]
fn skipping_a_golden_value_ends_where_reading_does() {
    check(|row| {
        let (mut reader, mut skipper) = (Decoder::new(&row.bytes), Decoder::new(&row.bytes));
        reader.read_value().map_err(|error| error.to_string())?;
        let range = skipper.skip_value().map_err(|error| error.to_string())?;
        same(&format!("{:?}", 0..row.bytes.len()), &format!("{range:?}"))?;
        same(
            &format!("{:?}", reader.tables()),
            &format!("{:?}", skipper.tables()),
        )
    });
}

/// A collection of JDK 9 keeps its items in a transient field, which hessian-lite 3.2.13 leaves out: they are not on the wire.
#[test]
fn a_collection_of_jdk_9_from_dubbo_2_7_has_no_items() {
    let rows = golden::rows(Set::Cases(Line::Dubbo2)).unwrap();
    let lost: Vec<&Golden> = rows.iter().filter(|row| LOST.contains(&&*row.id)).collect();
    assert_eq!(lost.len(), LOST.len());
    for row in lost {
        let value = row.value().unwrap();
        let object = value.as_object().unwrap();
        assert_eq!(object.class_name(), "java.util.CollSer");
        let fields: Vec<&str> = object.iter().map(|(name, _)| name).collect();
        assert_eq!(fields, ["tag"], "{}", row.id);
        assert!(row.canonical.get("unreadable").is_some(), "{}", row.id);
    }
}

#[test]
fn a_wrong_reading_of_a_golden_value_is_seen() {
    let rows = golden::rows(Set::Cases(Line::Dubbo3)).unwrap();
    let row = rows.iter().find(|row| row.id == "Boxes").unwrap();
    let mut value = row.value().unwrap();
    if let Value::Object(object) = &mut value {
        *object.get_mut("count").unwrap() = Value::Long(-18);
    }
    assert_ne!(sorted(canonical(&value)), sorted(row.canonical.clone()));
}
