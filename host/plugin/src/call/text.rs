//! A text of a call: borrowed where it lies, or written into a small buffer without an allocation.

use std::fmt;

/// Longest `ip:port`: an IPv6 address with scope and port.
const SMALL: usize = 62;

/// A text that a hook reads.
#[derive(Clone)]
pub(crate) enum Text<'a> {
    Borrowed(&'a str),
    Small(Small),
    Owned(String),
}

/// A short text in place.
#[derive(Clone, Copy)]
pub(crate) struct Small {
    bytes: [u8; SMALL],
    len: u8,
}

impl Text<'_> {
    /// What `thing` prints.
    pub(crate) fn display(thing: &dyn fmt::Display) -> Self {
        let mut small = Small {
            bytes: [0; SMALL],
            len: 0,
        };
        match fmt::write(&mut small, format_args!("{thing}")) {
            Ok(()) => Self::Small(small),
            Err(fmt::Error) => Self::Owned(thing.to_string()),
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Borrowed(text) => text,
            Self::Owned(text) => text,
            Self::Small(small) => {
                let bytes = small
                    .bytes
                    .get(..usize::from(small.len))
                    .unwrap_or_default();
                std::str::from_utf8(bytes).unwrap_or_default()
            }
        }
    }
}

impl fmt::Write for Small {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let start = usize::from(self.len);
        let room = self
            .bytes
            .get_mut(start..start + text.len())
            .ok_or(fmt::Error)?;
        room.copy_from_slice(text.as_bytes());
        self.len += u8::try_from(text.len()).map_err(|_| fmt::Error)?;
        Ok(())
    }
}

impl<'a> From<Text<'a>> for std::borrow::Cow<'a, str> {
    fn from(text: Text<'a>) -> Self {
        match text {
            Text::Borrowed(text) => text.into(),
            Text::Owned(text) => text.into(),
            Text::Small(_) => text.as_str().to_owned().into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_texts_stay_in_place_and_long_ones_are_not_cut() {
        let address: std::net::SocketAddr = "[2001:db8:1111:2222:3333:4444:5555:6666]:65535"
            .parse()
            .unwrap();
        let text = Text::display(&address);
        assert!(matches!(text, Text::Small(_)));
        assert_eq!(text.as_str(), address.to_string());
        let long = "g/".repeat(SMALL);
        assert_eq!(Text::display(&long).as_str(), long);
    }
}
