//! The map at the end of a body: read entry by entry, written by copying what nobody touched.

use bytes::Bytes;
use wubbo_core::{AttachmentValue, Attachments};
use wubbo_hessian2::{Decoder, Encoder, Kind, Limits, Result, Value};

/// Entries that are read, dropped ones included. A call has about ten, and since keys are unique each entry is compared with all before
/// it: without a bound one frame of 600 KB with 100,000 entries keeps a thread busy for 20 s.
const ENTRIES_MAX: usize = 1000;

/// Bounds for reading a body of `bytes`. A value in the attachments is copied with everything that it refers to, so 60 KB of references to
/// one large argument could stand for 100 MB; what is not repeated has one byte per value at least.
pub(crate) fn limits(bytes: usize) -> Limits {
    let values = bytes.saturating_mul(REPEAT_MAX).saturating_add(VALUES_MIN);
    let most = Limits::default();
    Limits {
        values: u32::try_from(values).map_or(most.values, |values| values.min(most.values)),
        ..most
    }
}

/// How often the attachments may repeat the arguments.
const REPEAT_MAX: usize = 4;
/// Values that any body may have.
const VALUES_MIN: usize = 1024;

/// Why a body cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unreadable {
    #[error(transparent)]
    Hessian(#[from] wubbo_hessian2::Error),
    #[error("{0:?} is no list of parameter types")]
    Descriptor(String),
    /// In Dubbo Java's words.
    #[error("Unknown result flag, expect '0' '1' '2' '3' '4' '5', but received: {0}")]
    ResultFlag(i32),
    #[error("more than {ENTRIES_MAX} attachments")]
    TooMany,
}

/// Reads the map that comes next; `whole` is the body that the decoder stands in. No map and null read as none.
pub(crate) fn read(decoder: &mut Decoder<'_>, whole: &Bytes) -> Result<Attachments, Unreadable> {
    if decoder.is_empty() || decoder.is_null() {
        return Ok(Attachments::new());
    }
    let mut attachments = Attachments::over(whole.clone());
    decoder.begin_map()?;
    let mut entries = 0_usize;
    while !decoder.at_end()? {
        entries = entries.saturating_add(1);
        if entries > ENTRIES_MAX {
            return Err(Unreadable::TooMany);
        }
        let start = decoder.position();
        // A key that is no text names nothing that anybody could ask for.
        if decoder.kind()? != Kind::String {
            decoder.skip_value()?;
            decoder.skip_value()?;
            continue;
        }
        let key = decoder.read_str()?;
        let key_end = decoder.position();
        if decoder.kind()? == Kind::String {
            let value = decoder.read_str()?;
            let end = decoder.position();
            // Text that borrows from the frame lies right before the position behind it.
            let borrowed =
                |text: &str, end: usize| end.checked_sub(text.len()).map(|from| from..end);
            if let (std::borrow::Cow::Borrowed(name), std::borrow::Cow::Borrowed(text)) =
                (&key, &value)
                && let (Some(name), Some(text)) = (borrowed(name, key_end), borrowed(text, end))
                && attachments.push_raw(name, text, start..end)
            {
                continue;
            }
            attachments.push_decoded(
                key.into_owned(),
                AttachmentValue::from(value.as_ref()),
                start..end,
            );
        } else {
            // Null is an empty text to every reader of attachments.
            let value = match decoder.read_document()? {
                Value::Null => AttachmentValue::from(""),
                value => AttachmentValue::Value(value),
            };
            attachments.push_decoded(key.into_owned(), value, start..decoder.position());
        }
    }
    decoder.end_map()?;
    Ok(attachments)
}

/// Writes a text entry of the map that was begun.
pub(crate) fn write(encoder: &mut Encoder<'_>, key: &str, value: &str) {
    encoder.write_str(key);
    encoder.write_str(value);
}

/// Writes the entries of `attachments` into the map that was begun, without those whose key is `own` to the writer. Untouched text is
/// copied as it came; a value that may define classes or refer to slots is written anew, since what stands before it may have changed its
/// numbers.
pub(crate) fn copy(
    encoder: &mut Encoder<'_>,
    attachments: &Attachments,
    own: impl Fn(&str) -> bool,
) -> Result<()> {
    for entry in attachments.iter().filter(|entry| !own(entry.key)) {
        match (entry.raw, entry.value) {
            (Some(raw), None) => {
                let tables = encoder.tables();
                encoder.write_raw(raw, tables);
            }
            (_, Some(value)) => {
                encoder.write_str(entry.key);
                encoder.write_document(value)?;
            }
            (None, None) => write(encoder, entry.key, entry.text.unwrap_or_default()),
        }
    }
    Ok(())
}
