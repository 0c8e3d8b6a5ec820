//! That an identity was rolled back: from what its file says to a kept generation.

use serde::{Deserialize, Serialize};

use crate::digest::{hex, unhex};
use crate::private_dir::PrivateDir;
use crate::status::RolledBack;

pub(super) const SUFFIX: &str = ".rolled-back";
const BYTES_MAX: u64 = 4096;

/// One roll-back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Note {
    pub(crate) identity: String,
    /// What the file and its settings are; as soon as they are something else the roll-back is over.
    pub(crate) from: [u8; 32],
    /// What serves instead.
    pub(crate) to: [u8; 32],
    /// When, milliseconds of unix time.
    pub(crate) at_ms: u64,
}

#[derive(Serialize, Deserialize)]
struct Text {
    identity: String,
    from: String,
    to: String,
    at_ms: u64,
}

pub(super) fn file_name(identity: &str) -> String {
    format!("{}{SUFFIX}", identity.replace('/', "-"))
}

impl Note {
    /// As it is shown.
    pub(crate) fn report(&self) -> RolledBack {
        RolledBack {
            from: hex(&self.from),
            at_ms: self.at_ms,
        }
    }

    pub(super) fn write(&self, dir: &PrivateDir) -> std::io::Result<()> {
        let text = serde_json::to_vec(&Text {
            identity: self.identity.clone(),
            from: hex(&self.from),
            to: hex(&self.to),
            at_ms: self.at_ms,
        })?;
        dir.write(&file_name(&self.identity), &[&text])
    }

    /// `None` when the file is gone.
    pub(super) fn read(dir: &PrivateDir, name: &str) -> Result<Option<Self>, String> {
        let bytes = dir.read(name, BYTES_MAX).map_err(|why| why.to_string())?;
        let Some(bytes) = bytes else {
            return Ok(None);
        };
        let text: Text =
            serde_json::from_slice(&bytes).map_err(|error| format!("is damaged: {error}"))?;
        let digests = unhex(&text.from).zip(unhex(&text.to));
        let (from, to) = digests.ok_or("is damaged: a digest is none")?;
        let note = Self {
            from,
            to,
            at_ms: text.at_ms,
            identity: text.identity,
        };
        if file_name(&note.identity) == name {
            Ok(Some(note))
        } else {
            Err(format!("speaks of {}; it was renamed", note.identity))
        }
    }
}
