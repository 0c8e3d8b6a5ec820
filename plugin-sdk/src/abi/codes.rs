//! The error codes that cross the border, in both directions (ABI.md section 7).

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $text:literal;)*) => {
        $($(#[$doc])* pub const $name: i32 = $code;)*

        /// All codes with their words, for messages and for tests that must hit each.
        pub const ALL: &[(i32, &str)] = &[$(($code, $text)),*];
    };
}

codes! {
    /// There is no such value.
    ABSENT = -1, "absent";
    /// This function, space or number may not be used in this hook.
    NOT_ALLOWED = -2, "not allowed in this hook";
    /// An id, kind, index, name, path or record that the host does not know.
    BAD_ARGUMENT = -3, "bad argument";
    /// Above a limit of the ABI.
    TOO_LARGE = -4, "too large";
    /// The body cannot be read by the host.
    NOT_READABLE = -5, "body not readable";
    /// The plugin's share of log lines, state or metrics is used up.
    QUOTA = -6, "quota used up";
    /// `state_cas`: the present value is another one.
    CONFLICT = -7, "conflict";
    /// The value has no such form.
    WRONG_TYPE = -8, "wrong type";
    /// Manifest or operator do not permit it.
    NOT_GRANTED = -9, "not granted";
    /// The host cannot do it now.
    UNAVAILABLE = -10, "unavailable";
    /// Answer of a hook: it failed; the message went to `fail`.
    FAILED = -11, "failed";
}

/// The words for a code, or "unknown code".
#[must_use]
pub fn text(code: i32) -> &'static str {
    let known = ALL.iter().find(|(number, _)| *number == code);
    known.map_or("unknown code", |(_, text)| text)
}
