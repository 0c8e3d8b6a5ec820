//! What a plugin says it will read: spaces, hooks, and the records of the import `interest`.

use super::{field, keys, limits, read_u16};

/// Where a text stands (ABI.md 5.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Space {
    /// Facts of the call, [`super::field`].
    Field = 0,
    /// The request's attachments.
    Attachment = 1,
    /// Parameters of the merged URL.
    Url = 2,
    /// `methods.<method>.<key>` of that URL, else `<key>`.
    MethodUrl = 3,
    /// `methods.<method>.<key>` alone.
    MethodOnly = 4,
    /// The response's attachments.
    Response = 5,
}

impl Space {
    /// All spaces in the order of their numbers.
    pub const ALL: [Self; 6] = [
        Self::Field,
        Self::Attachment,
        Self::Url,
        Self::MethodUrl,
        Self::MethodOnly,
        Self::Response,
    ];
    /// Their names in a manifest, same order.
    pub const NAMES: [&'static str; 6] = [
        "field",
        "attachment",
        "url",
        "method_url",
        "method_only",
        "response",
    ];

    /// The space of a number.
    #[must_use]
    pub fn from_number(number: u32) -> Option<Self> {
        Self::ALL.get(usize::try_from(number).ok()?).copied()
    }

    /// The space of a manifest's word.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let place = Self::NAMES.iter().position(|known| *known == name)?;
        Self::ALL.get(place).copied()
    }

    /// The text of an interned key of this space: a field's name, else a common key.
    #[must_use]
    pub fn key_name(self, id: u16) -> Option<&'static str> {
        match self {
            Self::Field => field::name(id),
            _ => keys::name(id),
        }
    }
}

/// Hooks by number; `1 << hook` is its bit in a set of hooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Hook {
    /// `on_request`.
    OnRequest = 0,
    /// `on_response`.
    OnResponse = 1,
    /// `route`.
    Route = 2,
    /// `select`.
    Select = 3,
    /// `on_providers`.
    OnProviders = 4,
    /// `drop_providers`.
    DropProviders = 5,
    /// `on_rule`.
    OnRule = 6,
    /// `configure_url`.
    ConfigureUrl = 7,
    /// `tick`.
    Tick = 8,
    /// `self_test`.
    SelfTest = 9,
    /// `new`; not a hook of the manifest, here so that messages and tables can name it.
    New = 10,
}

impl Hook {
    /// The hooks that a manifest may list, in the order of their numbers.
    pub const LISTED: [Self; 10] = [
        Self::OnRequest,
        Self::OnResponse,
        Self::Route,
        Self::Select,
        Self::OnProviders,
        Self::DropProviders,
        Self::OnRule,
        Self::ConfigureUrl,
        Self::Tick,
        Self::SelfTest,
    ];

    /// The hook's export name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::OnRequest => "on_request",
            Self::OnResponse => "on_response",
            Self::Route => "route",
            Self::Select => "select",
            Self::OnProviders => "on_providers",
            Self::DropProviders => "drop_providers",
            Self::OnRule => "on_rule",
            Self::ConfigureUrl => "configure_url",
            Self::Tick => "tick",
            Self::SelfTest => "self_test",
            Self::New => "new",
        }
    }

    /// The hook of an export name, [`Hook::New`] excluded.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::LISTED.into_iter().find(|hook| hook.name() == name)
    }

    /// The hook's bit in a set.
    #[must_use]
    pub const fn bit(self) -> u16 {
        1 << self as u8
    }
}

/// Bits of the hooks that take interest.
pub const INTEREST_HOOKS: u16 = Hook::OnRequest.bit()
    | Hook::OnResponse.bit()
    | Hook::Route.bit()
    | Hook::Select.bit()
    | Hook::OnProviders.bit()
    | Hook::ConfigureUrl.bit();

/// Fields of a provider, the only ones that `on_providers` has.
const PROVIDER_FIELDS: [u16; 4] = [field::PROTOCOL, field::ADDRESS, field::HOST, field::PORT];

impl Hook {
    /// Whether this hook can have a text under this key of this space (ABI.md 5.3); an unknown field can be had nowhere.
    #[must_use]
    pub fn can_read(self, space: Space, key: &str) -> bool {
        let field = if space == Space::Field {
            field::id(key)
        } else {
            0
        };
        if space == Space::Field && field == 0 {
            return false;
        }
        match self {
            Self::OnResponse => true,
            Self::OnRequest | Self::Route | Self::Select => space != Space::Response,
            Self::ConfigureUrl => matches!(space, Space::Field | Space::Url),
            Self::OnProviders => match space {
                Space::Url => true,
                Space::Field => PROVIDER_FIELDS.contains(&field),
                _ => false,
            },
            _ => false,
        }
    }

    /// The hooks of a set, in the order of their numbers.
    pub fn of_set(set: u16) -> impl Iterator<Item = Self> {
        Self::LISTED
            .into_iter()
            .filter(move |hook| set & hook.bit() != 0)
    }
}

/// One interest: what is read, and in which hooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interest<'a> {
    /// Where it stands.
    pub space: Space,
    /// Set of hooks, bits of [`Hook::bit`].
    pub hooks: u16,
    /// Its key as text.
    pub key: &'a str,
}

/// Why records of interest were refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadInterest {
    /// A record is cut short, or names an unknown space, id, hook, a bad key, or one that a hook cannot have.
    Record,
    /// More than [`limits::INTEREST_MAX`], or a key above [`limits::KEY_MAX`].
    TooLarge,
}

/// Bytes of a record before its key: u8 space, u8 0, u16 hooks, u16 id, u16 key length.
const RECORD_HEAD: usize = 8;

/// Appends one record; a key above 64 KiB is cut by nobody: it gives a record the host refuses.
pub fn write(out: &mut Vec<u8>, interest: Interest<'_>) {
    out.push(interest.space as u8);
    out.push(0);
    out.extend_from_slice(&interest.hooks.to_le_bytes());
    out.extend_from_slice(&0u16.to_le_bytes());
    let len = u16::try_from(interest.key.len()).unwrap_or(u16::MAX);
    out.extend_from_slice(&len.to_le_bytes());
    out.extend_from_slice(interest.key.as_bytes());
}

/// Reads and checks all records of the import `interest`.
///
/// # Errors
/// [`BadInterest`], for the codes `BAD_ARGUMENT` and `TOO_LARGE`.
pub fn read(mut bytes: &[u8]) -> Result<Vec<Interest<'_>>, BadInterest> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        if found.len() == limits::INTEREST_MAX {
            return Err(BadInterest::TooLarge);
        }
        let (interest, rest) = read_one(bytes)?;
        found.push(interest);
        bytes = rest;
    }
    Ok(found)
}

fn read_one(bytes: &[u8]) -> Result<(Interest<'_>, &[u8]), BadInterest> {
    let space = bytes
        .first()
        .and_then(|number| Space::from_number(u32::from(*number)));
    let (Some(space), Some(0), Some(hooks), Some(id), Some(len)) = (
        space,
        bytes.get(1),
        read_u16(bytes, 2),
        read_u16(bytes, 4),
        read_u16(bytes, 6),
    ) else {
        return Err(BadInterest::Record);
    };
    if hooks == 0 || hooks & !INTEREST_HOOKS != 0 {
        return Err(BadInterest::Record);
    }
    let len = usize::from(len);
    let key = bytes
        .get(RECORD_HEAD..RECORD_HEAD + len)
        .ok_or(BadInterest::Record)?;
    let rest = bytes.get(RECORD_HEAD + len..).unwrap_or_default();
    let key = match id {
        0 if len > limits::KEY_MAX => return Err(BadInterest::TooLarge),
        0 if len > 0 => core::str::from_utf8(key).ok(),
        id if id > 0 && len == 0 => space.key_name(id),
        _ => None,
    };
    let readable = |key: &&str| Hook::of_set(hooks).all(|hook| hook.can_read(space, key));
    let key = key.filter(readable);
    let key = key.ok_or(BadInterest::Record)?;
    Ok((Interest { space, hooks, key }, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(space: u8, hooks: u16, id: u16, key: &str) -> Vec<u8> {
        let mut out = vec![space, 0];
        out.extend_from_slice(&hooks.to_le_bytes());
        out.extend_from_slice(&id.to_le_bytes());
        out.extend_from_slice(&u16::try_from(key.len()).unwrap().to_le_bytes());
        out.extend_from_slice(key.as_bytes());
        out
    }

    #[test]
    fn records_round_trip() {
        let all = [
            Interest {
                space: Space::Attachment,
                hooks: 1,
                key: "token",
            },
            Interest {
                space: Space::Field,
                hooks: 3,
                key: "method",
            },
            Interest {
                space: Space::Url,
                hooks: 1 << 7,
                key: "ü",
            },
        ];
        let mut bytes = Vec::new();
        all.iter().for_each(|interest| write(&mut bytes, *interest));
        assert_eq!(read(&bytes), Ok(all.to_vec()));
        let known = record(1, 1, keys::TOKEN, "");
        assert_eq!(read(&known).unwrap()[0].key, "token");
        assert_eq!(
            read(&record(0, 1, field::METHOD, "")).unwrap()[0].key,
            "method"
        );
    }

    #[test]
    fn every_truncation_is_refused() {
        let whole = record(1, 1, 0, "token");
        for end in 1..whole.len() {
            assert_eq!(read(&whole[..end]), Err(BadInterest::Record), "{end}");
        }
    }

    #[test]
    fn bad_records_are_refused() {
        let cases = [
            ("unknown space", record(6, 1, 0, "a"), BadInterest::Record),
            ("no hook", record(1, 0, 0, "a"), BadInterest::Record),
            (
                "hook without interest",
                record(1, 1 << 8, 0, "a"),
                BadInterest::Record,
            ),
            ("unknown id", record(1, 1, 60_000, ""), BadInterest::Record),
            ("id and key", record(1, 1, 1, "a"), BadInterest::Record),
            ("empty key", record(1, 1, 0, ""), BadInterest::Record),
            (
                "unknown field",
                record(0, 1, 0, "colour"),
                BadInterest::Record,
            ),
            (
                "attachment of a provider",
                record(1, Hook::OnProviders.bit(), 0, "a"),
                BadInterest::Record,
            ),
            (
                "method of a provider",
                record(0, Hook::OnProviders.bit(), 0, "method"),
                BadInterest::Record,
            ),
            (
                "attachment of a URL",
                record(1, Hook::ConfigureUrl.bit(), 0, "a"),
                BadInterest::Record,
            ),
            (
                "response on the way in, in one of two hooks",
                record(5, 3, 0, "a"),
                BadInterest::Record,
            ),
            (
                "long key",
                record(1, 1, 0, &"k".repeat(257)),
                BadInterest::TooLarge,
            ),
            (
                "too many",
                record(1, 1, 0, "a").repeat(65),
                BadInterest::TooLarge,
            ),
        ];
        for (name, bytes, expected) in cases {
            assert_eq!(read(&bytes), Err(expected), "{name}");
        }
        assert_eq!(read(&record(1, 1, 0, "a").repeat(64)).unwrap().len(), 64);
    }

    #[test]
    fn each_hook_has_the_spaces_of_its_input() {
        let can = |hook: Hook| {
            let has = |space: &Space| hook.can_read(*space, "host");
            Space::ALL.map(|space| u8::from(has(&space)))
        };
        for (hook, expected) in [
            (Hook::OnRequest, [1, 1, 1, 1, 1, 0]),
            (Hook::OnResponse, [1, 1, 1, 1, 1, 1]),
            (Hook::Route, [1, 1, 1, 1, 1, 0]),
            (Hook::Select, [1, 1, 1, 1, 1, 0]),
            (Hook::OnProviders, [1, 0, 1, 0, 0, 0]),
            (Hook::ConfigureUrl, [1, 0, 1, 0, 0, 0]),
            (Hook::Tick, [0; 6]),
        ] {
            assert_eq!(can(hook), expected, "{}", hook.name());
        }
        for name in field::NAMES {
            let expected = ["protocol", "address", "host", "port"].contains(name);
            assert_eq!(
                Hook::OnProviders.can_read(Space::Field, name),
                expected,
                "{name}"
            );
        }
        assert!(!Hook::OnRequest.can_read(Space::Field, "colour"));
        assert!(Hook::of_set(INTEREST_HOOKS).all(|hook| hook.can_read(Space::Url, "a")));
    }
}
