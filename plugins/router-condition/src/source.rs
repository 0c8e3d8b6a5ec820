//! Where the value of a condition's key comes from: the call and its consumer, or the list of providers.

use std::borrow::Cow;
use wubbo_plugin_sdk::{Column, Hook, Providers, Result, Routing, Setup, Space, field};

/// What a key on the left of the arrow asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    Method,
    Host,
    /// Constant: the URL of a consumer is `consumer://<host>/<interface>`.
    Protocol,
    Path,
    /// Index, and a path into the value.
    Argument(u32, String),
    Attachment(String),
    /// A parameter of the consumer's URL, and the key of its default.
    Parameter(String, String),
}

impl Source {
    /// `None`: `arguments[..]` or `attachments[..]` is not written as it must be.
    pub(crate) fn of(key: &str) -> Option<Self> {
        if let Some(rest) = key.strip_prefix("arguments[") {
            let (index, path) = rest.split_once(']')?;
            return Some(Self::Argument(index.parse().ok()?, path.to_owned()));
        }
        if let Some(rest) = key.strip_prefix("attachments[") {
            let name = rest.strip_suffix(']').filter(|name| !name.is_empty())?;
            return Some(Self::Attachment(name.to_owned()));
        }
        Some(match key {
            "method" | "methods" => Self::Method,
            "host" => Self::Host,
            "protocol" => Self::Protocol,
            "path" => Self::Path,
            _ => Self::Parameter(key.to_owned(), format!("default.{key}")),
        })
    }

    /// What `$key` on the right of the arrow asks for: only what the consumer's URL says.
    pub(crate) fn of_reference(key: &str) -> Self {
        match key {
            "host" => Self::Host,
            "protocol" => Self::Protocol,
            "path" => Self::Path,
            _ => Self::Parameter(key.to_owned(), String::new()),
        }
    }

    /// The value in a call. What cannot be read, a list as an argument's text for instance, is absent.
    pub(crate) fn read<'c>(
        &'c self,
        call: &Routing<'c>,
        path: &'c str,
    ) -> Result<Option<Cow<'c, str>>> {
        match self {
            Self::Method => call.field(field::METHOD),
            Self::Host => call.field(field::HOST),
            Self::Protocol => Ok(Some(Cow::Borrowed("consumer"))),
            Self::Path => Ok(Some(Cow::Borrowed(path))),
            Self::Argument(index, path) => {
                let text = call.argument_text(*index, path).ok().flatten();
                Ok(text.map(Cow::Owned))
            }
            Self::Attachment(name) => call.attachment(name.as_str()),
            Self::Parameter(key, default) => match call.parameter(key.as_str())? {
                None if !default.is_empty() => call.parameter(default.as_str()),
                found => Ok(found),
            },
        }
    }

    /// Asks for it to be at hand in a call.
    pub(crate) fn want(&self, wants: &mut Wants) {
        match self {
            Self::Method => wants.add(Space::Field, "method", Hook::Route),
            Self::Host => wants.add(Space::Field, "host", Hook::Route),
            Self::Attachment(name) => wants.add(Space::Attachment, name, Hook::Route),
            Self::Parameter(key, default) => {
                wants.add(Space::Url, key, Hook::Route);
                if !default.is_empty() {
                    wants.add(Space::Url, default, Hook::Route);
                }
            }
            Self::Protocol | Self::Path | Self::Argument(..) => {}
        }
    }
}

/// A provider's texts under a key, row by row: the parameter or else its default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Cells {
    /// Per row the number of its word plus 1, 0 for none.
    pub(crate) rows: Vec<u32>,
    pub(crate) words: Vec<String>,
}

impl Cells {
    pub(crate) fn read(providers: &Providers<'_>, key: &str, path: &str) -> Result<Self> {
        let count = providers.len();
        match key {
            "path" => Ok(Self {
                rows: vec![1; count],
                words: vec![path.to_owned()],
            }),
            "address" | "host" | "port" | "protocol" => Ok(Self::new(
                count,
                &providers.column(Space::Field, key)?,
                &Column::default(),
            )),
            _ => {
                let column = providers.column(Space::Url, key)?;
                let default = format!("default.{key}");
                Ok(Self::new(
                    count,
                    &column,
                    &providers.column(Space::Url, default.as_str())?,
                ))
            }
        }
    }

    fn new(count: usize, column: &Column<'_>, default: &Column<'_>) -> Self {
        let number = |word: usize| u32::try_from(word).unwrap_or(0);
        let offset = number(column.words()) + 1;
        let of = |row| {
            let own = column.word(row).map(|word| word + 1);
            own.or_else(|| default.word(row).map(|word| word + offset))
        };
        let texts = |column: &Column<'_>| -> Vec<String> {
            let words = 0..number(column.words());
            words.map(|word| column.text(word).to_owned()).collect()
        };
        Self {
            rows: (0..count).map(|row| of(row).unwrap_or(0)).collect(),
            words: [texts(column), texts(default)].concat(),
        }
    }

    /// Asks for what [`Cells::read`] reads.
    pub(crate) fn want(key: &str, wants: &mut Wants) {
        match key {
            "path" => {}
            "address" | "host" | "port" | "protocol" => {
                wants.add(Space::Field, key, Hook::OnProviders)
            }
            _ => {
                wants.add(Space::Url, key, Hook::OnProviders);
                wants.add(Space::Url, &format!("default.{key}"), Hook::OnProviders);
            }
        }
    }
}

/// What the rules read, each thing once.
#[derive(Debug, Default)]
pub(crate) struct Wants {
    list: Vec<(Space, String, Hook)>,
}

impl Wants {
    pub(crate) fn add(&mut self, space: Space, key: &str, hook: Hook) {
        let known = |(s, k, h): &(Space, String, Hook)| *s == space && k == key && *h == hook;
        if !self.list.iter().any(known) {
            self.list.push((space, key.to_owned(), hook));
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    /// Hands the list to the host, the first `max`: what a call reads beyond them it asks for.
    pub(crate) fn declare(self, setup: &mut Setup<'_>, max: usize) {
        for (space, key, hook) in self.list.into_iter().take(max) {
            setup.read(space, key, hook);
        }
    }
}
