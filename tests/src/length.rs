//! Whether the long forms are wanted.

/// `WUBBO_FULL=on` is in the environment, as `cargo xtask full` puts it there.
#[must_use]
pub fn full() -> bool {
    std::env::var_os("WUBBO_FULL").is_some_and(|full| full == "on")
}
