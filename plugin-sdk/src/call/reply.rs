//! How a filter ends a call by itself, or replaces its outcome.

use crate::abi::commands::{self, Value};
use crate::abi::{error_code, limits, status};
use crate::error::{Error, Result};
use serde::Serialize;

/// What happens after `on_request`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Flow {
    /// The call goes on.
    Continue,
    /// The call ends here with this answer; the service sees nothing of it.
    Reply(Reply),
}

/// An answer that a filter gives instead of the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    commands: Vec<u8>,
}

impl Reply {
    /// Null.
    #[must_use]
    pub fn null() -> Self {
        Self::of(Value::Json("null"))
    }

    /// A string.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self::of(Value::Text(text))
    }

    /// Any value that JSON can write: null, bool, int, long, double, string, list, map.
    ///
    /// # Errors
    /// The value has no JSON form.
    pub fn value(value: &impl Serialize) -> Result<Self> {
        let text =
            serde_json::to_string(value).map_err(|error| Error::new(format!("reply: {error}")))?;
        Ok(Self::of(Value::Json(&text)))
    }

    /// A value as a self-contained Hessian 2.0 stream.
    #[must_use]
    pub fn hessian(stream: &[u8]) -> Self {
        Self::of(Value::Hessian(stream))
    }

    /// An error of the framework, as Dubbo's own refusals are: status `SERVICE_ERROR` (70), code `FORBIDDEN`.
    /// A message above 4 KiB is cut.
    #[must_use]
    pub fn refuse(message: &str) -> Self {
        Self::error(status::SERVICE_ERROR, error_code::FORBIDDEN, message)
    }

    /// An error of the framework with a status of [`crate::abi::status`] above 20 and a code of
    /// [`crate::abi::error_code`]. A message above 4 KiB is cut.
    #[must_use]
    pub fn error(status: u8, code: u8, message: &str) -> Self {
        let mut commands = Vec::new();
        commands::outcome_error(&mut commands, status, code, cut(message));
        Self { commands }
    }

    /// A business exception of a Java class. A message above 4 KiB is cut.
    #[must_use]
    pub fn exception(class: &str, message: &str) -> Self {
        let mut commands = Vec::new();
        commands::outcome_exception(&mut commands, class, cut(message));
        Self { commands }
    }

    /// Adds an attachment of the response.
    ///
    /// # Errors
    /// `TooLarge`: key above 256 bytes or value above 64 KiB; `BadArgument`: empty key.
    pub fn with_attachment(mut self, key: &str, value: &str) -> Result<Self> {
        super::stage_set(
            &mut self.commands,
            commands::SET_RESPONSE_ATTACHMENT,
            key.into(),
            value,
        )?;
        Ok(self)
    }

    fn of(value: Value<'_>) -> Self {
        let mut commands = Vec::new();
        commands::outcome_value(&mut commands, value);
        Self { commands }
    }

    pub(crate) fn stage(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.commands);
    }
}

/// The message up to the limit, at a character boundary.
pub(crate) fn cut(message: &str) -> &str {
    let mut end = message.len().min(limits::MESSAGE_MAX);
    while !message.is_char_boundary(end) {
        end -= 1;
    }
    message.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_cut_at_a_character() {
        assert_eq!(cut("short"), "short");
        let long = "ü".repeat(3000);
        assert_eq!(cut(&long).len(), limits::MESSAGE_MAX);
        let odd = format!("x{long}");
        assert_eq!(cut(&odd).len(), limits::MESSAGE_MAX - 1);
    }
}
