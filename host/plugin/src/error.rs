//! Why a plugin, a directory or the plugin host itself did not come up.
//! Every message names the file or plugin and says what to do about it; it is what operators read at `/plugins`.

use std::fmt;

/// What kind of failure a [`PluginError`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PluginErrorKind {
    /// The host's configuration, or a plugin's YAML, is wrong.
    Config,
    /// The directory is missing, unreadable, or writable by everybody.
    Directory,
    /// A file cannot be read or is too large.
    File,
    /// The module is no plugin of this ABI: manifest, imports, exports, limits.
    Check,
    /// The module does not compile.
    Compile,
    /// The plugin refused its configuration, trapped or ran out of a limit while it was started.
    Start,
    /// Another file gives the same kind and name.
    Duplicate,
    /// `plugins.max` plugins are live already, or too many generations still drain.
    Capacity,
    /// A plugin named in `plugins.required` is not live.
    Required,
    /// The engine or a thread of the host cannot be made.
    Engine,
    /// What is asked for was not built in.
    Feature,
    /// There is no such plugin, or no such generation of it.
    Unknown,
    /// What is asked for does not fit the state of the plugin.
    Conflict,
    /// What is asked for cannot be: a digest that is none.
    Argument,
    /// A kept file is not what was written.
    Damaged,
}

impl PluginErrorKind {
    /// The kind's stable name, as metrics label and in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Directory => "directory",
            Self::File => "file",
            Self::Check => "check",
            Self::Compile => "compile",
            Self::Start => "start",
            Self::Duplicate => "duplicate",
            Self::Capacity => "capacity",
            Self::Required => "required",
            Self::Engine => "engine",
            Self::Feature => "feature",
            Self::Unknown => "unknown",
            Self::Conflict => "conflict",
            Self::Argument => "argument",
            Self::Damaged => "damaged",
        }
    }
}

/// A failure of the plugin host or of one plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginError {
    kind: PluginErrorKind,
    message: String,
}

impl PluginError {
    pub(crate) fn new(kind: PluginErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }

    /// The class of the failure.
    #[must_use]
    pub fn kind(&self) -> PluginErrorKind {
        self.kind
    }

    /// The same failure with the thing it happened to in front.
    pub(crate) fn of(self, thing: &dyn fmt::Display) -> Self {
        Self {
            kind: self.kind,
            message: format!("{thing}: {}", self.message),
        }
    }
}

impl fmt::Display for PluginError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.message)
    }
}

impl std::error::Error for PluginError {}

/// The text of an error and of everything that caused it, on one line.
pub(crate) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.ends_with(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}
