//! The one unsafe call of the host: taking back native code that this process's own cache holds.

use wasmtime::{Engine, Module};

/// Code that [`super::cache::Cache`] vouches for.
pub(super) struct Vouched<'a> {
    code: &'a [u8],
}

impl<'a> Vouched<'a> {
    /// States that `code` is what [`Module::serialize`] gave this host, unchanged, and that nobody else can write where it was kept.
    pub(super) fn new(code: &'a [u8]) -> Self {
        Self { code }
    }
}

/// Loads the code; `None` when it was made by another engine, which wasmtime itself checks.
#[allow(
    unsafe_code,
    reason = "deserialising our own cache spares a second of compilation; see the SAFETY comment"
)]
pub(super) fn load(engine: &Engine, code: &Vouched<'_>) -> Option<Module> {
    // SAFETY: `Module::deserialize` asks that the bytes come from `Module::serialize` of a trusted compilation. `Vouched` is made in one
    // place, `Cache::load`, which (1) reads from a directory that belongs to this user and that nobody else may write to, checked when
    // it was opened, (2) reads files that this user made with mode 0600, and (3) compares the SHA-256 that was stored in front of the
    // code with the code. Version, target and settings of the engine are part of the file's name and checked again by wasmtime.
    unsafe { Module::deserialize(engine, code.code) }.ok()
}
