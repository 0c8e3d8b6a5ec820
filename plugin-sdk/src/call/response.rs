//! The response on its way back.

use super::{Reader, Reply, stage_remove, stage_set, staged};
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

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// With a value.
    Value,
    /// With null.
    Null,
    /// With a business exception of the service.
    Exception,
    /// With an error of the framework.
    Error {
        /// Dubbo's status byte.
        status: u8,
        /// Code of Dubbo's `RpcException`.
        code: u8,
    },
}

/// The call in `on_response`; the request can still be read, writes concern the response.
pub struct Response<'a> {
    reader: Reader<'a>,
    out: &'a mut Vec<u8>,
}

impl fmt::Debug for Response<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Response")
            .field("staged_bytes", &self.out.len())
            .finish_non_exhaustive()
    }
}

impl<'a> Response<'a> {
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

    /// How the call ended.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        let scalars = self.reader.call.scalars();
        match scalars.outcome {
            call::outcome::VALUE => Outcome::Value,
            call::outcome::NULL => Outcome::Null,
            call::outcome::EXCEPTION => Outcome::Exception,
            _ => Outcome::Error {
                status: scalars.status,
                code: scalars.error_code,
            },
        }
    }

    /// Did the caller go away before there was a result; then nothing that is staged is used.
    #[must_use]
    pub fn cancelled(&self) -> bool {
        self.reader.has(call::flags::CANCELLED)
    }

    /// Java class of the exception, with outcome `Exception`.
    ///
    /// # Errors
    /// The host cannot tell now.
    pub fn exception_class(&self) -> Result<Option<Cow<'a, str>>> {
        self.reader.field(field::EXCEPTION_CLASS)
    }

    /// Text of the exception or error.
    ///
    /// # Errors
    /// The host cannot tell now.
    pub fn message(&self) -> Result<Option<Cow<'a, str>>> {
        self.reader.field(field::ERROR_MESSAGE)
    }

    /// A fact of the call by a number of [`crate::abi::field`].
    ///
    /// # Errors
    /// `BadArgument`: unknown field.
    pub fn field(&self, id: u16) -> Result<Option<Cow<'a, str>>> {
        self.reader.field(id)
    }

    /// A request attachment as it was sent on.
    ///
    /// # Errors
    /// `TooLarge`: key above 256 bytes.
    pub fn request_attachment<'k>(&self, key: impl Into<Key<'k>>) -> Result<Option<Cow<'a, str>>> {
        self.reader.text(Space::Attachment, key.into())
    }

    /// A response attachment, with this plugin's own staged changes.
    ///
    /// # Errors
    /// `TooLarge`: key above 256 bytes.
    pub fn attachment<'k>(&self, key: impl Into<Key<'k>>) -> Result<Option<Cow<'a, str>>> {
        let key = key.into();
        if let Some(own) = staged(self.out, key.name(), |command| match command {
            Command::SetResponseAttachment(key, value) => Some((key, Some(value))),
            Command::RemoveResponseAttachment(key) => Some((key, None)),
            _ => None,
        }) {
            return Ok(own.map(Cow::Owned));
        }
        self.reader.text(Space::Response, key)
    }

    /// A parameter of the merged URL; an empty one counts as absent.
    ///
    /// # Errors
    /// `TooLarge`: key above 256 bytes.
    pub fn parameter<'k>(&self, key: impl Into<Key<'k>>) -> Result<Option<Cow<'a, str>>> {
        self.reader.text(Space::Url, key.into())
    }

    /// The result's value or exception, or what a path finds in it, as JSON. Needs `result = read`.
    ///
    /// # Errors
    /// `NotGranted`, `NotReadable`, `BadArgument` (path), `TooLarge`.
    pub fn result_json(&self, path: &str) -> Result<Option<String>> {
        self.reader.body_text(Part::Result, Form::Json, path)
    }

    /// A scalar in the result as text. Needs `result = read`.
    ///
    /// # Errors
    /// As [`Response::result_json`], and `WrongType`.
    pub fn result_text(&self, path: &str) -> Result<Option<String>> {
        self.reader.body_text(Part::Result, Form::Text, path)
    }

    /// Nanoseconds since the call (stage attempt: the attempt) began here.
    ///
    /// # Errors
    /// The host cannot tell now.
    pub fn elapsed_ns(&self) -> Result<Option<u64>> {
        self.reader.number(names::NUMBER_ELAPSED_NS)
    }

    /// The number that `on_request` of this call kept, else 0.
    #[must_use]
    pub fn scratch(&self) -> u64 {
        self.reader.call.scalars().scratch
    }

    /// The bytes that `on_request` of this call kept.
    #[must_use]
    pub fn scratch_blob(&self) -> &'a [u8] {
        self.reader.call.scratch_blob()
    }

    /// Is this the provider's side of the call.
    #[must_use]
    pub fn on_provider(&self) -> bool {
        self.reader.on_provider()
    }

    /// Stages a response attachment.
    ///
    /// # Errors
    /// `TooLarge`: key above 256 bytes or value above 64 KiB; `BadArgument`: empty key.
    pub fn set_attachment<'k>(&mut self, key: impl Into<Key<'k>>, value: &str) -> Result<()> {
        stage_set(
            self.out,
            commands::SET_RESPONSE_ATTACHMENT,
            key.into(),
            value,
        )
    }

    /// Stages the removal of a response attachment.
    ///
    /// # Errors
    /// As [`Response::set_attachment`].
    pub fn remove_attachment<'k>(&mut self, key: impl Into<Key<'k>>) -> Result<()> {
        stage_remove(self.out, commands::REMOVE_RESPONSE_ATTACHMENT, key.into())
    }

    /// Stages another scalar for the one at a path of the result: `set_result("user.card", Value::Text("***"))`. All else stays
    /// as it is, Java classes and shared parts included. Nothing happens where the path leads nowhere. Reads of this hook still
    /// see the result as it came. Needs `result = write`.
    ///
    /// What lies there and the value must be null, a boolean, a number, a text, a date or bytes, else the host refuses all that
    /// the hook staged. Beside [`Response::replace`] it changes nothing.
    ///
    /// # Errors
    /// `BadArgument`: an empty path; `TooLarge`: a path above 256 bytes.
    pub fn set_result(&mut self, path: &str, value: Value<'_>) -> Result<()> {
        match path.len() {
            0 => Err(Error::host(ErrorKind::BadArgument, "empty path")),
            len if len > limits::PATH_MAX => Err(Error::host(ErrorKind::TooLarge, "path")),
            _ => {
                commands::set_result(self.out, path, value);
                Ok(())
            }
        }
    }

    /// Stages another outcome for the caller. A value needs `result = write`.
    ///
    /// # Errors
    /// `BadArgument`: this hook has staged one already.
    pub fn replace(&mut self, reply: &Reply) -> Result<()> {
        if commands::staged(self.out).any(|command| matches!(command, Command::Outcome(_))) {
            return Err(Error::host(ErrorKind::BadArgument, "second outcome"));
        }
        reply.stage(self.out);
        Ok(())
    }
}
