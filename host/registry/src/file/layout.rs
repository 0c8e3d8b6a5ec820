//! Where an entry lies: `<directory>/<interface>/<category>/<file>`, and what its file name says.
//!
//! `*.live` belongs to the owner named behind its last `@`; `*.url` was put there by hand and has no owner.
//! Names of directories are percent-encoded, so that no interface can name a path.

use std::path::{Component, Path, PathBuf};

use wubbo_core::{Error, ErrorKind, Url};

use crate::matching::category;

/// Levels of directories below the registry's own: interface and category.
pub(super) const LEVELS: usize = 2;
/// Where the owners' locks lie. Hidden, so that it is no interface.
pub(super) const OWNERS: &str = ".owners";
/// Ending of an owner's lock file.
pub(super) const LOCK: &str = "lock";
/// Ending of an entry that lives as long as its owner.
const LIVE: &str = "live";
/// Ending of an entry that lives until its file is removed.
const STATIC: &str = "url";
/// Longest encoded interface or category. File systems allow 255 bytes a name.
const NAME_BYTES_MAX: usize = 240;
/// Longest part of a host name in a file name; what is cut off is in the text.
const HOST_CHARS_MAX: usize = 80;

/// Who keeps an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Keeper {
    /// Nobody: it stays until it is removed.
    Nobody,
    /// This owner.
    Owner(String),
    /// The name should tell and does not.
    Unknown,
}

/// What the place of an entry says about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) interface: String,
    pub(super) category: String,
    pub(super) keeper: Keeper,
}

/// Whether a path relative to the registry's directory is that of an entry.
pub(super) fn is_entry(name: &Path) -> bool {
    place(name).is_some()
}

/// Reads a path relative to the registry's directory; `None` when no entry can lie there.
pub(super) fn place(name: &Path) -> Option<Place> {
    let mut parts = name.components().map(|part| match part {
        Component::Normal(part) => part.to_str(),
        _ => None,
    });
    let (interface, category, file) = (parts.next()??, parts.next()??, parts.next()??);
    if parts.next().is_some() {
        return None;
    }
    let keeper = match file.rsplit_once('.')? {
        (_, STATIC) => Keeper::Nobody,
        (stem, LIVE) => match stem.rsplit_once('@') {
            Some((_, owner)) if !owner.is_empty() => Keeper::Owner(owner.to_owned()),
            _ => Keeper::Unknown,
        },
        _ => return None,
    };
    Some(Place {
        interface: decode(interface),
        category: decode(category),
        keeper,
    })
}

/// The directory of `url`'s entry, relative to the registry's.
///
/// # Errors
/// [`ErrorKind::Config`] when the URL names no interface, or one that is too long for a file name.
pub(super) fn folder(url: &Url) -> Result<PathBuf, Error> {
    let refuse = |cause: &str| {
        let message = format!("registration {url:?}: {cause}");
        Err(Error::new(ErrorKind::Config, message))
    };
    let (interface, category) = (encode(url.service()), encode(category(url)));
    if interface.is_empty() {
        return refuse("names no interface");
    }
    if interface.len().max(category.len()) > NAME_BYTES_MAX {
        return refuse("interface or category is too long for a file name");
    }
    Ok(Path::new(&interface).join(category))
}

/// The file name of an entry. `number` is never used twice by `owner`, and owners' names differ, so that a name
/// never comes back: whoever removes a dead entry cannot hit a new one.
pub(super) fn file_name(url: &Url, number: u64, owner: &str) -> String {
    let host: String = url.host().chars().take(HOST_CHARS_MAX).map(plain).collect();
    let protocol: String = url
        .protocol()
        .chars()
        .take(HOST_CHARS_MAX)
        .map(plain)
        .collect();
    let port = url
        .port()
        .map_or_else(String::new, |port| format!("-{port}"));
    format!("{protocol}-{host}{port}-{number}@{owner}.{LIVE}")
}

fn plain(char: char) -> char {
    match char {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '.' | '-' => char,
        _ => '_',
    }
}

/// Percent-encodes all but letters, digits and `._-$`; of dots a leading one, too.
fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'.' if encoded.is_empty() => encoded.push_str("%2E"),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'_' | b'-' | b'$' => {
                encoded.push(char::from(byte));
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

/// The text of an encoded name. A name made by hand may be anything: what is no escape stays as it is.
fn decode(name: &str) -> String {
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let escape = tail
            .first_chunk::<2>()
            .filter(|digits| first == b'%' && digits.iter().all(u8::is_ascii_hexdigit))
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(escape.unwrap_or(first));
        rest = match escape {
            Some(_) => tail.get(2..).unwrap_or_default(),
            None => tail,
        };
    }
    String::from_utf8(bytes).unwrap_or_else(|_| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_interface_is_one_plain_name_and_comes_back() {
        for (text, name) in [
            ("org.wubbo.demo.EchoService", "org.wubbo.demo.EchoService"),
            ("a.B$Inner", "a.B$Inner"),
            ("../../etc", "%2E.%2F..%2Fetc"),
            (".hidden", "%2Ehidden"),
            ("*", "%2A"),
            ("a%2Fb c", "a%252Fb%20c"),
            ("grüße", "gr%C3%BC%C3%9Fe"),
        ] {
            assert_eq!(encode(text), name);
            assert_eq!(decode(name), text);
        }
        for odd in ["100%", "%zz", "%f", "%FF", "%+1"] {
            assert_eq!(decode(odd), odd);
        }
    }

    #[test]
    fn the_place_tells_interface_category_and_keeper() {
        let keeper = |name: &str| place(Path::new(name)).map(|place| place.keeper);
        let owned = Keeper::Owner("17-ab".into());
        assert_eq!(keeper("a.B/providers/dubbo-h-1-0@17-ab.live"), Some(owned));
        assert_eq!(keeper("a.B/providers/java.url"), Some(Keeper::Nobody));
        assert_eq!(keeper("a.B/providers/x.live"), Some(Keeper::Unknown));
        assert_eq!(keeper("a.B/providers/x@.live"), Some(Keeper::Unknown));
        for no_entry in [
            "a.B/x.url",
            "a.B/providers/c/x.url",
            "a.B/providers/x",
            "x.live",
        ] {
            assert_eq!(keeper(no_entry), None, "{no_entry}");
        }
        let odd = place(Path::new("%2A/routers/x.url")).unwrap();
        assert_eq!(
            (odd.interface.as_str(), odd.category.as_str()),
            ("*", "routers")
        );
    }

    #[test]
    fn folder_and_file_name_of_a_url() {
        let check = |text: &str, expected: &str| {
            let url = Url::parse(text).unwrap();
            let path = folder(&url).unwrap().join(file_name(&url, 3, "17-ab"));
            assert_eq!(path, Path::new(expected), "{text}");
            assert!(is_entry(&path), "{text}");
        };
        check(
            "dubbo://10.0.0.1:20880/a.B?group=g",
            "a.B/providers/dubbo-10.0.0.1-20880-3@17-ab.live",
        );
        check(
            "consumer://[::1]/a.B",
            "a.B/consumers/consumer-__1-3@17-ab.live",
        );
        check(
            "route://0.0.0.0/a.B?category=routers",
            "a.B/routers/route-0.0.0.0-3@17-ab.live",
        );
    }

    #[test]
    fn refuses_what_makes_no_name() {
        let refused = |text: &str| folder(&Url::parse(text).unwrap()).unwrap_err();
        assert!(
            refused("dubbo://h:1")
                .message()
                .ends_with("names no interface")
        );
        let long = refused(&format!("dubbo://h:1/{}", "x".repeat(300)));
        assert_eq!(long.kind(), ErrorKind::Config);
        assert!(long.message().contains("too long"), "{long}");
    }
}
