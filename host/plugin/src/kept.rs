//! What a call keeps for a plugin between its two hooks: the plugin's own scratch, and what the host itself must remember.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use wubbo_core::Scratch;

/// First byte of a blob that holds no time.
const PLAIN: u8 = 0;
/// First byte of a blob in which 8 bytes of time follow.
const TIMED: u8 = 1;

/// Packs a plugin's scratch, and when the call met the plugin, if somebody may ask.
pub(crate) fn pack(number: u64, blob: &[u8], started: Option<Instant>) -> Scratch {
    let head = match started {
        None if blob.is_empty() => {
            return Scratch {
                word: number,
                blob: None,
            };
        }
        None => [PLAIN].to_vec(),
        Some(started) => {
            let since = started.saturating_duration_since(base()).as_nanos();
            let since = u64::try_from(since).unwrap_or(u64::MAX);
            [&[TIMED][..], &since.to_le_bytes()].concat()
        }
    };
    Scratch {
        word: number,
        blob: Some([&head[..], blob].concat().into()),
    }
}

/// The scratch of a call whose request hook failed: its response hook is not to run. Allocates nothing.
pub(crate) fn failed() -> Scratch {
    Scratch {
        word: 0,
        blob: Some(Box::default()),
    }
}

/// What [`pack`] packed; `None` when the request hook failed.
pub(crate) fn unpack(scratch: &Scratch) -> Option<(u64, &[u8], Option<Instant>)> {
    let Some(packed) = scratch.blob.as_deref() else {
        return Some((scratch.word, &[], None));
    };
    let (kind, rest) = packed.split_first()?;
    if *kind == PLAIN {
        return Some((scratch.word, rest, None));
    }
    let (since, blob) = rest.split_first_chunk::<8>()?;
    let started = base().checked_add(Duration::from_nanos(u64::from_le_bytes(*since)));
    Some((scratch.word, blob, started))
}

/// Times are kept as distances from this moment.
fn base() -> Instant {
    static BASE: OnceLock<Instant> = OnceLock::new();
    *BASE.get_or_init(Instant::now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_is_unpacked() {
        let early = base();
        let now = early + Duration::from_secs(3);
        for (blob, started) in [
            (&b""[..], None),
            (b"x", None),
            (b"", Some(now)),
            (b"xyz", Some(now)),
        ] {
            let scratch = pack(7, blob, started);
            assert_eq!(
                unpack(&scratch),
                Some((7, blob, started)),
                "{blob:?} {started:?}"
            );
        }
        assert!(pack(7, b"", None).blob.is_none());
        assert_eq!(unpack(&failed()), None);
        assert_eq!(unpack(&Scratch::default()), Some((0, &[][..], None)));
    }
}
