//! The SDK's source as it was when this binary was built.

/// Path below `plugin-sdk` and text of every file, by path.
pub(super) const FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/sdk.rs"));

/// The text of one file; empty when there is none.
pub(super) fn file(path: &str) -> &'static str {
    let found = FILES.iter().find(|(name, _)| *name == path);
    found.map_or("", |(_, text)| text)
}
