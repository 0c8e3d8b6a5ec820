//! From a settled file to an entry. Files are put there by anybody: nothing in them is trusted, and a bad one
//! is reported with its reason and hurts nobody else.

use wubbo_core::{Url, keys};
use wubbo_watch::{Entry, ErrorKind};

use super::layout::Place;
use crate::matching::PROVIDERS;

/// Longest text of an entry. Dubbo's longest URLs have some thousand bytes, for services with many methods.
pub(super) const TEXT_BYTES_MAX: u64 = 64 * 1024;

/// Why a file gave no entry.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Bad {
    /// It changed while it was read; the watch tells again.
    Changed,
    /// It cannot be read now; the same bytes may be read later.
    Unread(String),
    /// These bytes are no entry.
    Refused(String),
}

/// Reads and checks the file of an entry.
pub(super) fn read(file: &Entry, place: &Place) -> Result<Url, Bad> {
    let bytes = file
        .read(TEXT_BYTES_MAX)
        .map_err(|error| match error.kind() {
            ErrorKind::Changed => Bad::Changed,
            ErrorKind::TooLarge => Bad::Refused(error.to_string()),
            _ => Bad::Unread(chain(&error)),
        })?;
    parse(&bytes, place).map_err(Bad::Refused)
}

fn chain(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

/// The URL in `bytes`, which must be one that belongs to `place`.
fn parse(bytes: &[u8], place: &Place) -> Result<Url, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "is not a text".to_owned())?;
    let text = text.trim();
    if text.is_empty() {
        return Err("is empty".into());
    }
    if text.chars().any(char::is_control) {
        return Err("holds more than one line".into());
    }
    let url = Url::parse(text).map_err(|error| format!("is not a URL: {error}"))?;
    if url.service() != place.interface {
        let (found, expected) = (url.service(), &place.interface);
        return Err(format!(
            "names interface {found:?} in the directory of {expected:?}"
        ));
    }
    match url.get(keys::CATEGORY) {
        Some(category) if category != place.category => Err(format!(
            "names category {category:?} in the directory of {:?}",
            place.category
        )),
        None if place.category != PROVIDERS => {
            Ok(url.with_param(keys::CATEGORY, place.category.as_str()))
        }
        _ if url.host().is_empty() => Err("names no host".into()),
        _ => Ok(url),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::layout::Keeper;

    fn place(category: &str) -> Place {
        Place {
            interface: "a.B".into(),
            category: category.into(),
            keeper: Keeper::Nobody,
        }
    }

    #[track_caller]
    fn check(bytes: &[u8], category: &str, expected: Result<&str, &str>) {
        let found = parse(bytes, &place(category)).map(|url| url.to_string());
        match (&found, expected) {
            (Ok(url), Ok(expected)) => assert_eq!(url, expected),
            (Err(reason), Err(expected)) => assert!(reason.starts_with(expected), "{reason}"),
            _ => panic!("{found:?}, expected {expected:?}"),
        }
    }

    #[test]
    fn reads_plain_and_encoded_urls() {
        let plain = "dubbo://h:1/a.B?x=%26";
        check(plain.as_bytes(), "providers", Ok(plain));
        check(b"  dubbo://h:1/a.B?x=%26\r\n", "providers", Ok(plain));
        let encoded = b"dubbo%3A%2F%2Fh%3A1%2Fa.B%3Fx%3Dy";
        check(encoded, "providers", Ok("dubbo://h:1/a.B?x=y"));
    }

    #[test]
    fn the_directory_gives_the_category_that_the_url_leaves_open() {
        check(
            b"route://0.0.0.0/a.B",
            "routers",
            Ok("route://0.0.0.0:/a.B?category=routers"),
        );
        check(
            b"dubbo://h:1/a.B?category=routers",
            "providers",
            Err("names category \"routers\" in the directory of \"providers\""),
        );
    }

    #[test]
    fn says_what_is_wrong() {
        check(b"", "providers", Err("is empty"));
        check(b" \n", "providers", Err("is empty"));
        check(b"\xff\xfe\x00", "providers", Err("is not a text"));
        check(b"hello", "providers", Err("is not a URL: "));
        check(b"dubbo://h:99999/a.B", "providers", Err("is not a URL: "));
        check(b"dubbo:///a.B", "providers", Err("names no host"));
        check(
            b"dubbo://h:1/a.B\ndubbo://h:2/a.B",
            "providers",
            Err("holds more than one line"),
        );
        check(
            b"dubbo://h:1/a.C",
            "providers",
            Err("names interface \"a.C\" in the directory of \"a.B\""),
        );
    }
}
