//! What hessian-lite 4.0.4 and 3.2.13 write and read, against `wubbo-hessian2`: every golden row is read as Java reads it, written
//! and read again, and skipped to the same end.

use wubbo_hessian2::{Decoder, Encoder, Value};
use wubbo_tests::canonical::canonical;
use wubbo_tests::golden::{self, Golden};
use wubbo_tests::java::{Line, sorted};

/// How many rows the Java peers of each line wrote.
const ROWS: usize = 201;

/// What hessian-lite 3.2.13 writes without its items, and cannot read back.
const LOST: [&str; 3] = ["List.of", "Set.of", "Map.of"];

/// Checks every row and fails with the id of each that does not hold.
fn check(claim: impl Fn(&Golden) -> Result<(), String>) {
    let mut wrong = Vec::new();
    for line in [Line::Dubbo3, Line::Dubbo2] {
        let rows = golden::rows(line).unwrap();
        assert_eq!(rows.len(), ROWS);
        let failed = |row| claim(row).err().map(|why| format!("{}: {why}", row.id));
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
            let lost = LOST.contains(&&*row.id);
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
    let rows = golden::rows(Line::Dubbo2).unwrap();
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
    let rows = golden::rows(Line::Dubbo3).unwrap();
    let row = rows.iter().find(|row| row.id == "Boxes").unwrap();
    let mut value = row.value().unwrap();
    if let Value::Object(object) = &mut value {
        *object.get_mut("count").unwrap() = Value::Long(-18);
    }
    assert_ne!(sorted(canonical(&value)), sorted(row.canonical.clone()));
}
