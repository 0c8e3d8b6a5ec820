//! One kept generation as a file: a first line that says what it is, a header, the operator's settings, the module.

use serde::{Deserialize, Serialize};

use super::TOTAL_BYTES_MAX;
use crate::definition::{Given, digest};
use crate::digest::{hex, sha256, unhex};
use crate::private_dir::PrivateDir;

pub(super) const SUFFIX: &str = ".kept";
const FIRST_LINE: &[u8] = b"wubbo kept generation 1\n";
/// Longest header, bytes; names and versions are far below.
const HEADER_MAX: usize = 16 << 10;

/// What is known of a kept generation without its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) identity: String,
    /// The plugin's own version.
    pub(crate) version: String,
    /// The file that it was loaded from.
    pub(crate) file: String,
    /// Which one it was to go live, over all identities.
    pub(crate) number: u64,
    pub(crate) digest: [u8; 32],
    /// Of the module.
    pub(crate) sha256: [u8; 32],
    /// When it went live, milliseconds of unix time.
    pub(crate) live_ms: u64,
    /// Size of the file.
    pub(crate) bytes: u64,
}

#[derive(Serialize, Deserialize)]
struct Header {
    identity: String,
    version: String,
    file: String,
    number: u64,
    digest: String,
    sha256: String,
    live_ms: u64,
    given: Where,
    given_bytes: u64,
    module_bytes: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Where {
    Nothing,
    Yaml,
    Host,
}

impl Entry {
    /// Kind, name, number and the beginning of the digest: enough for people, unique by the number.
    pub(super) fn file_name(&self) -> String {
        let digest: String = hex(&self.digest).chars().take(12).collect();
        let identity = self.identity.replace('/', "-");
        format!("{identity}-{}-{digest}{SUFFIX}", self.number)
    }

    /// Writes the entry and notes its size.
    pub(super) fn write(
        &mut self,
        dir: &PrivateDir,
        given: &Given,
        wasm: &[u8],
    ) -> std::io::Result<()> {
        let settings = given.bytes();
        let header = Header {
            identity: self.identity.clone(),
            version: self.version.clone(),
            file: self.file.clone(),
            number: self.number,
            digest: hex(&self.digest),
            sha256: hex(&self.sha256),
            live_ms: self.live_ms,
            given: match given {
                Given::Nothing => Where::Nothing,
                Given::Yaml(_) => Where::Yaml,
                Given::Host(_) => Where::Host,
            },
            given_bytes: settings.len() as u64,
            module_bytes: wasm.len() as u64,
        };
        let header = serde_json::to_vec(&header)?;
        let length = u32::try_from(header.len()).map_err(std::io::Error::other)?;
        let length = length.to_le_bytes();
        let parts = [FIRST_LINE, &length, &header, &settings, wasm];
        dir.write(&self.file_name(), &parts)?;
        self.bytes = parts.iter().map(|part| part.len() as u64).sum();
        Ok(())
    }

    /// Looks at a file's header; `None` when the file is gone.
    pub(super) fn look(dir: &PrivateDir, name: &str) -> Result<Option<Self>, String> {
        let head = (FIRST_LINE.len() + 4 + HEADER_MAX) as u64;
        let head = dir.head(name, head, TOTAL_BYTES_MAX);
        let Some((head, length)) = head.map_err(|why| why.to_string())? else {
            return Ok(None);
        };
        let (header, at) = header(&head)?;
        let whole = (at as u64)
            .checked_add(header.given_bytes)
            .and_then(|bytes| bytes.checked_add(header.module_bytes));
        if whole != Some(length) {
            return Err(format!(
                "is damaged: {length} bytes, its header says {whole:?}"
            ));
        }
        let entry = Self::of(header, length).ok_or("is damaged: a digest is none")?;
        if entry.file_name() == name {
            Ok(Some(entry))
        } else {
            Err(format!("holds {}; it was renamed", entry.file_name()))
        }
    }

    /// Module and settings, proven.
    pub(super) fn read(&self, dir: &PrivateDir) -> Result<(Vec<u8>, Given), String> {
        let content = dir.read(&self.file_name(), TOTAL_BYTES_MAX);
        let mut content = content
            .map_err(|why| why.to_string())?
            .ok_or("is gone; another process must not use the same directory")?;
        let (header, at) = header(&content)?;
        let wrong = || "is damaged: it is not what its header says".to_owned();
        let settings = usize::try_from(header.given_bytes).map_err(|_| wrong())?;
        let wasm_at = at.checked_add(settings).ok_or_else(wrong)?;
        let text = content.get(at..wasm_at).ok_or_else(wrong)?;
        let given = match header.given {
            Where::Nothing => Given::Nothing,
            Where::Yaml => Given::Yaml(text.to_vec()),
            Where::Host => Given::Host(serde_json::from_slice(text).map_err(|_| wrong())?),
        };
        content.drain(..wasm_at);
        let module = sha256(&[&content]);
        if Some(self) == Self::of(header, self.bytes).as_ref()
            && module == self.sha256
            && digest(&module, &given) == self.digest
        {
            Ok((content, given))
        } else {
            Err(wrong())
        }
    }

    fn of(header: Header, bytes: u64) -> Option<Self> {
        Some(Self {
            digest: unhex(&header.digest)?,
            sha256: unhex(&header.sha256)?,
            identity: header.identity,
            version: header.version,
            file: header.file,
            number: header.number,
            live_ms: header.live_ms,
            bytes,
        })
    }
}

/// The header and where it ends.
fn header(content: &[u8]) -> Result<(Header, usize), String> {
    let rest = content
        .strip_prefix(FIRST_LINE)
        .ok_or("is no kept generation of this version of the host")?;
    let cut = "is damaged: its header is cut short";
    let (length, rest) = rest.split_first_chunk::<4>().ok_or(cut)?;
    let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| cut)?;
    if length > HEADER_MAX {
        return Err(format!("is damaged: a header of {length} bytes"));
    }
    let text = rest.get(..length).ok_or(cut)?;
    let header = serde_json::from_slice(text);
    let header = header.map_err(|error| format!("is damaged: its header: {error}"))?;
    Ok((header, FIRST_LINE.len() + 4 + length))
}
