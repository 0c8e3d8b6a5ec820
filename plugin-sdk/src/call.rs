//! A call as hooks see it: reads go to the host, writes are staged and applied after the hook.

mod reply;
mod request;
mod response;
mod routing;

pub use reply::{Flow, Reply};
pub use request::Request;
pub use response::{Outcome, Response};
pub use routing::{Cell, Routing};

use crate::abi::commands::{self, Command};
use crate::abi::interest::Space;
use crate::abi::keys::Key;
use crate::abi::{call, limits};
use crate::error::{Error, ErrorKind, Result};
use crate::native::{Form, Part};
use crate::seam::{self, CallRef};
use std::borrow::Cow;

/// What all hooks of a call read alike.
#[derive(Clone, Copy)]
struct Reader<'a> {
    call: CallRef<'a>,
}

impl<'a> Reader<'a> {
    fn text(self, space: Space, key: Key<'_>) -> Result<Option<Cow<'a, str>>> {
        seam::read(self.call, space, key).map_err(|kind| Error::host(kind, "read of the call"))
    }

    fn field(self, id: u16) -> Result<Option<Cow<'a, str>>> {
        seam::read_field(self.call, id).map_err(|kind| Error::host(kind, "field of the call"))
    }

    fn pairs(self, space: Space) -> Result<Vec<(String, String)>> {
        let mut found = Vec::new();
        let mut keep = |key: &str, value: &str| found.push((key.to_owned(), value.to_owned()));
        self.call
            .list(space, &mut keep)
            .map_err(|kind| Error::host(kind, "list of the call"))?;
        Ok(found)
    }

    fn number(self, what: u32) -> Result<Option<u64>> {
        crate::host::absent_is_none(self.call.number(what))
            .map_err(|kind| Error::host(kind, "number of the call"))
    }

    fn body(self, part: Part, form: Form, path: &str) -> Result<Option<Vec<u8>>> {
        crate::host::absent_is_none(self.call.body(part, form, path))
            .map_err(|kind| Error::host(kind, "body"))
    }

    fn body_text(self, part: Part, form: Form, path: &str) -> Result<Option<String>> {
        let bytes = self.body(part, form, path)?;
        let text = bytes.map(String::from_utf8).transpose();
        text.map_err(|_| Error::host(ErrorKind::NotReadable, "body"))
    }

    fn has(self, flag: u16) -> bool {
        self.call.scalars().flags & flag != 0
    }

    fn on_provider(self) -> bool {
        self.has(call::flags::PROVIDER)
    }
}

fn check_key(key: Key<'_>) -> Result<()> {
    match key.name().len() {
        0 => Err(Error::host(ErrorKind::BadArgument, "empty key")),
        len if len > limits::KEY_MAX => Err(Error::host(ErrorKind::TooLarge, "key")),
        _ => Ok(()),
    }
}

fn check_text(text: &str, max: usize, what: &'static str) -> Result<()> {
    if text.len() > max {
        Err(Error::host(ErrorKind::TooLarge, what))
    } else {
        Ok(())
    }
}

pub(crate) fn stage_set(out: &mut Vec<u8>, op: u8, key: Key<'_>, value: &str) -> Result<()> {
    check_key(key)?;
    check_text(value, limits::VALUE_MAX, "value")?;
    commands::set(out, op, key.id(), key.name(), value);
    Ok(())
}

pub(crate) fn stage_remove(out: &mut Vec<u8>, op: u8, key: Key<'_>) -> Result<()> {
    check_key(key)?;
    commands::remove(out, op, key.id(), key.name());
    Ok(())
}

/// Key and new value (`None`: removed) of a command that concerns the texts in question.
pub(crate) type Pick = for<'c> fn(Command<'c>) -> Option<(&'c str, Option<&'c str>)>;

/// What the plugin itself staged under a key: `None` nothing, `Some(None)` removed, else the value.
pub(crate) fn staged(out: &[u8], key: &str, pick: Pick) -> Option<Option<String>> {
    let last = commands::staged(out)
        .filter_map(pick)
        .filter(|(found, _)| *found == key)
        .last()?;
    Some(last.1.map(str::to_owned))
}
