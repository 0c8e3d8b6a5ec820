//! The request on its way in.

use super::{Reader, stage_remove, stage_set, staged};
use crate::abi::commands::{self, Command, Value};
use crate::abi::interest::Space;
use crate::abi::keys::Key;
use crate::abi::{call, field, limits, names};
use crate::error::{Error, ErrorKind, Result};
use crate::host::Host;
use crate::native::{Form, Part};
use crate::seam::{self, CallRef};
use std::borrow::Cow;
use std::fmt;

/// The call in `on_request`. Reads of what the manifest's `reads` names cost nothing; others ask the host.
///
/// Writes are staged: applied all at once after the hook, not at all if it fails; the plugin reads its own back.
pub struct Request<'a> {
    reader: Reader<'a>,
    out: &'a mut Vec<u8>,
}

impl fmt::Debug for Request<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Request")
            .field("staged_bytes", &self.out.len())
            .finish_non_exhaustive()
    }
}

impl<'a> Request<'a> {
    pub(crate) const fn new(call: CallRef<'a>, out: &'a mut Vec<u8>) -> Self {
        Self {
            reader: Reader { call },
            out,
        }
    }

    /// The host: log, clock, shared state.
    #[must_use]
    pub fn host(&self) -> Host<'a> {
        Host::new(seam::functions(self.reader.call))
    }

    /// Interface name; empty if the call has none.
    ///
    /// # Errors
    /// The host cannot tell now.
    pub fn service(&self) -> Result<Cow<'a, str>> {
        Ok(self.reader.field(field::SERVICE)?.unwrap_or_default())
    }

    /// Method name.
    ///
    /// # Errors
    /// The host cannot tell now.
    pub fn method(&self) -> Result<Cow<'a, str>> {
        Ok(self.reader.field(field::METHOD)?.unwrap_or_default())
    }

    /// A fact of the call by a number of [`crate::abi::field`].
    ///
    /// # Errors
    /// `BadArgument`: unknown field.
    pub fn field(&self, id: u16) -> Result<Option<Cow<'a, str>>> {
        self.reader.field(id)
    }

    /// An attachment, with this plugin's own staged changes.
    ///
    /// # Errors
    /// `TooLarge`: key above 256 bytes.
    pub fn attachment<'k>(&self, key: impl Into<Key<'k>>) -> Result<Option<Cow<'a, str>>> {
        let key = key.into();
        if let Some(own) = staged(self.out, key.name(), |command| match command {
            Command::SetAttachment(key, value) => Some((key, Some(value))),
            Command::RemoveAttachment(key) => Some((key, None)),
            _ => None,
        }) {
            return Ok(own.map(Cow::Owned));
        }
        self.reader.text(Space::Attachment, key)
    }

    /// All attachments as they came, without this plugin's staged changes.
    ///
    /// # Errors
    /// The host cannot tell now.
    pub fn attachments(&self) -> Result<Vec<(String, String)>> {
        self.reader.pairs(Space::Attachment)
    }

    /// A parameter of the merged URL; an empty one counts as absent.
    ///
    /// # Errors
    /// `TooLarge`: key above 256 bytes.
    pub fn parameter<'k>(&self, key: impl Into<Key<'k>>) -> Result<Option<Cow<'a, str>>> {
        self.reader.text(Space::Url, key.into())
    }

    /// `methods.<method>.<key>` of the merged URL, else `<key>`.
    ///
    /// # Errors
    /// `TooLarge`: key above 256 bytes.
    pub fn method_parameter<'k>(&self, key: impl Into<Key<'k>>) -> Result<Option<Cow<'a, str>>> {
        self.reader.text(Space::MethodUrl, key.into())
    }

    /// Number of arguments.
    #[must_use]
    pub fn argument_count(&self) -> u32 {
        self.reader.call.scalars().argument_count
    }

    /// A scalar inside an argument as text: `argument_text(0, "user.id")`. Needs `arguments = read`.
    ///
    /// # Errors
    /// `NotGranted`, `NotReadable`, `WrongType` (a list, a map, an object), `BadArgument` (path), `TooLarge`.
    pub fn argument_text(&self, index: u32, path: &str) -> Result<Option<String>> {
        self.reader
            .body_text(Part::Argument(index), Form::Text, path)
    }

    /// An argument, or what a path finds in it, as JSON. Needs `arguments = read`.
    ///
    /// # Errors
    /// As [`Request::argument_text`].
    pub fn argument_json(&self, index: u32, path: &str) -> Result<Option<String>> {
        self.reader
            .body_text(Part::Argument(index), Form::Json, path)
    }

    /// An argument, or what a path finds in it, as a self-contained Hessian stream. Needs `arguments = read`.
    ///
    /// # Errors
    /// As [`Request::argument_text`].
    pub fn argument_hessian(&self, index: u32, path: &str) -> Result<Option<Vec<u8>>> {
        self.reader.body(Part::Argument(index), Form::Hessian, path)
    }

    /// All arguments as one JSON array. Needs `arguments = read`.
    ///
    /// # Errors
    /// As [`Request::argument_text`].
    pub fn arguments_json(&self) -> Result<Option<String>> {
        self.reader.body_text(Part::Arguments, Form::Json, "")
    }

    /// Milliseconds left of the call's deadline; `None` without one.
    ///
    /// # Errors
    /// The host cannot tell now.
    pub fn remaining_ms(&self) -> Result<Option<u64>> {
        self.reader.number(names::NUMBER_REMAINING_MS)
    }

    /// Is this the provider's side of the call.
    #[must_use]
    pub fn on_provider(&self) -> bool {
        self.reader.on_provider()
    }

    /// Does nobody wait for an answer.
    #[must_use]
    pub fn one_way(&self) -> bool {
        self.reader.has(call::flags::ONE_WAY)
    }

    /// Number of the try, from 0.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.reader.call.scalars().attempt
    }

    /// Stages an attachment.
    ///
    /// # Errors
    /// `TooLarge`: key above 256 bytes or value above 64 KiB; `BadArgument`: empty key.
    pub fn set_attachment<'k>(&mut self, key: impl Into<Key<'k>>, value: &str) -> Result<()> {
        stage_set(self.out, commands::SET_ATTACHMENT, key.into(), value)
    }

    /// Stages the removal of an attachment.
    ///
    /// # Errors
    /// As [`Request::set_attachment`].
    pub fn remove_attachment<'k>(&mut self, key: impl Into<Key<'k>>) -> Result<()> {
        stage_remove(self.out, commands::REMOVE_ATTACHMENT, key.into())
    }

    /// Stages another value for an argument. Needs `arguments = write`.
    ///
    /// # Errors
    /// `BadArgument`: no such argument.
    pub fn set_argument(&mut self, index: u32, value: Value<'_>) -> Result<()> {
        let short = u16::try_from(index)
            .ok()
            .filter(|_| index < self.argument_count());
        let index = short.ok_or(Error::host(ErrorKind::BadArgument, "argument index"))?;
        commands::set_argument(self.out, index, value);
        Ok(())
    }

    /// Keeps a number and up to 512 bytes for `on_response` of this call, which may run on another instance.
    ///
    /// # Errors
    /// `TooLarge`.
    pub fn set_scratch(&mut self, number: u64, blob: &[u8]) -> Result<()> {
        if blob.len() > limits::SCRATCH_MAX {
            return Err(Error::host(ErrorKind::TooLarge, "scratch"));
        }
        commands::set_scratch(self.out, number, blob);
        Ok(())
    }
}
