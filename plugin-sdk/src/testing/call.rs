//! A made-up call and its end, and how a hook sees them.

use super::memory::MemoryHost;
use crate::abi::commands::{Outcome, Value as Given};
use crate::abi::interest::Space;
use crate::abi::{call, error_code, limits, names, status};
use crate::error::{Error, ErrorKind, Result};
use crate::manifest::{Access, Manifest};
use crate::native::{Form, HostCall, HostFunctions, HostResult, Part, Scalars};
use serde_json::Value;
use std::borrow::Cow;

/// Pairs in the order in which they were set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Pairs(Vec<(String, String)>);

impl Pairs {
    pub(super) fn get(&self, key: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(found, _)| found == key)
            .map(|(_, value)| value.as_str())
    }

    pub(super) fn set(&mut self, key: &str, value: &str) {
        match self.0.iter_mut().find(|(found, _)| found == key) {
            Some(pair) => value.clone_into(&mut pair.1),
            None => self.0.push((key.to_owned(), value.to_owned())),
        }
    }

    pub(super) fn remove(&mut self, key: &str) {
        self.0.retain(|(found, _)| found != key);
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (&**key, &**value))
    }
}

/// A call to run through a policy; on the provider's side until [`Call::on_consumer`] says otherwise.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    pub(super) attachments: Pairs,
    pub(super) scratch: (u64, Vec<u8>),
    pub(super) fields: Pairs,
    pub(super) url: Pairs,
    pub(super) arguments: Vec<Value>,
    pub(super) flags: u16,
    attempt: u32,
    remaining_ms: Option<u64>,
}

impl Call {
    /// A call of a method of an interface.
    #[must_use]
    pub fn new(service: &str, method: &str) -> Self {
        let mut fields = Pairs::default();
        fields.set("service", service);
        fields.set("method", method);
        Self {
            attachments: Pairs::default(),
            scratch: (0, Vec::new()),
            fields,
            url: Pairs::default(),
            arguments: Vec::new(),
            flags: call::flags::PROVIDER,
            attempt: 0,
            remaining_ms: None,
        }
    }

    /// Makes it the consumer's side.
    #[must_use]
    pub const fn on_consumer(mut self) -> Self {
        self.flags &= !call::flags::PROVIDER;
        self
    }

    /// Sets flags of [`crate::abi::call::flags`].
    #[must_use]
    pub const fn flags(mut self, flags: u16) -> Self {
        self.flags |= flags;
        self
    }

    /// Sets the number of the try, from 0.
    #[must_use]
    pub const fn attempt(mut self, attempt: u32) -> Self {
        self.attempt = attempt;
        self
    }

    /// Sets a field by its name (ABI.md 5.5).
    #[must_use]
    pub fn field(mut self, name: &str, value: &str) -> Self {
        self.fields.set(name, value);
        self
    }

    /// Sets an attachment.
    #[must_use]
    pub fn attachment(mut self, key: &str, value: &str) -> Self {
        self.attachments.set(key, value);
        self
    }

    /// Sets a parameter of the merged URL; `methods.<m>.<key>` for a method's.
    #[must_use]
    pub fn parameter(mut self, key: &str, value: &str) -> Self {
        self.url.set(key, value);
        self
    }

    /// Adds an argument.
    #[must_use]
    pub fn argument(mut self, value: impl Into<Value>) -> Self {
        self.arguments.push(value.into());
        self
    }

    /// Sets what is left of the deadline.
    #[must_use]
    pub const fn remaining_ms(mut self, left: u64) -> Self {
        self.remaining_ms = Some(left);
        self
    }

    /// An attachment as it is now.
    #[must_use]
    pub fn attached(&self, key: &str) -> Option<&str> {
        self.attachments.get(key)
    }

    /// An argument as it is now.
    #[must_use]
    pub fn argument_at(&self, index: usize) -> Option<&Value> {
        self.arguments.get(index)
    }

    pub(super) fn set_argument(&mut self, index: usize, given: Given<'_>) -> Result<()> {
        let place = self
            .arguments
            .get_mut(index)
            .ok_or(Error::host(ErrorKind::BadArgument, "argument index"))?;
        *place = json(given)?;
        Ok(())
    }

    fn method_parameter(&self, key: &str) -> Option<&str> {
        self.url
            .get(&format!("methods.{}.{key}", self.fields.get("method")?))
    }
}

fn json(given: Given<'_>) -> Result<Value> {
    match given {
        Given::Text(text) => Ok(Value::from(text)),
        Given::Json(text) => serde_json::from_str(text)
            .map_err(|error| Error::new(format!("value is not JSON: {error}"))),
        // The test host has no Hessian codec: the stream is shown as its bytes.
        Given::Hessian(stream) => Ok(Value::from(stream.to_vec())),
    }
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Ended {
    pub(super) attachments: Pairs,
    outcome: u8,
    status: u8,
    error_code: u8,
    value: Value,
    class: String,
    message: String,
}

impl Ended {
    /// With null.
    #[must_use]
    pub fn null() -> Self {
        Self {
            attachments: Pairs::default(),
            outcome: call::outcome::NULL,
            status: status::OK,
            error_code: error_code::UNKNOWN,
            value: Value::Null,
            class: String::new(),
            message: String::new(),
        }
    }

    /// With a value.
    #[must_use]
    pub fn value(value: impl Into<Value>) -> Self {
        Self {
            outcome: call::outcome::VALUE,
            value: value.into(),
            ..Self::null()
        }
    }

    /// With a business exception.
    #[must_use]
    pub fn exception(class: &str, message: &str) -> Self {
        let (class, message) = (class.to_owned(), message.to_owned());
        Self {
            outcome: call::outcome::EXCEPTION,
            class,
            message,
            ..Self::null()
        }
    }

    /// With an error of the framework.
    #[must_use]
    pub fn error(status: u8, error_code: u8, message: &str) -> Self {
        Self {
            outcome: call::outcome::ERROR,
            status,
            error_code,
            message: message.to_owned(),
            ..Self::null()
        }
    }

    /// Adds a response attachment.
    #[must_use]
    pub fn attachment(mut self, key: &str, value: &str) -> Self {
        self.attachments.set(key, value);
        self
    }

    /// A response attachment as it is now.
    #[must_use]
    pub fn attached(&self, key: &str) -> Option<&str> {
        self.attachments.get(key)
    }

    /// The value, null included; `None` for an exception or error.
    #[must_use]
    pub const fn as_value(&self) -> Option<&Value> {
        match self.outcome {
            call::outcome::VALUE | call::outcome::NULL => Some(&self.value),
            _ => None,
        }
    }

    /// Status, `RpcException` code and text of an error of the framework.
    #[must_use]
    pub fn as_error(&self) -> Option<(u8, u8, &str)> {
        (self.outcome == call::outcome::ERROR).then_some((
            self.status,
            self.error_code,
            self.message.as_str(),
        ))
    }

    /// Class and text of a business exception.
    #[must_use]
    pub fn as_exception(&self) -> Option<(&str, &str)> {
        (self.outcome == call::outcome::EXCEPTION)
            .then_some((self.class.as_str(), self.message.as_str()))
    }

    /// Replaces the scalar at a path of the value, if there is one.
    pub(super) fn set_part(&mut self, path: &str, given: Given<'_>) -> Result<()> {
        let scalar = |value: &Value| !value.is_array() && !value.is_object();
        let refused = |kind| Err(Error::host(kind, "part of the result"));
        let new = json(given)?;
        let place: *const Value = match self.as_value().map(|value| walk(value, path)) {
            None | Some(Err(ErrorKind::Absent)) => return Ok(()),
            Some(Err(kind)) => return refused(kind),
            Some(Ok(old)) if !scalar(old) || !scalar(&new) => return refused(ErrorKind::WrongType),
            Some(Ok(old)) => old,
        };
        put(&mut self.value, place, new);
        Ok(())
    }

    pub(super) fn replace(&mut self, given: Outcome<'_>) {
        let attachments = std::mem::take(&mut self.attachments);
        *self = match given {
            Outcome::Value(value) => match json(value) {
                Ok(Value::Null) => Self::null(),
                Ok(value) => Self::value(value),
                Err(error) => Self::error(
                    status::SERVICE_ERROR,
                    error_code::UNKNOWN,
                    &error.to_string(),
                ),
            },
            Outcome::Error {
                status,
                code,
                message,
            } => Self::error(status, code, message),
            Outcome::Exception { class, message } => Self::exception(class, message),
        };
        self.attachments = attachments;
    }
}

/// What a hook sees of them.
pub(super) struct View<'a> {
    pub(super) call: &'a Call,
    pub(super) ended: Option<&'a Ended>,
    pub(super) host: &'a MemoryHost,
    pub(super) manifest: &'a Manifest,
}

impl View<'_> {
    fn field(&self, key: &str) -> Option<&str> {
        match (key, self.ended) {
            ("exception_class", Some(ended)) => ended.as_exception().map(|(class, _)| class),
            ("error_message", Some(ended)) => {
                (ended.outcome >= call::outcome::EXCEPTION).then_some(&*ended.message)
            }
            _ => self.call.fields.get(key),
        }
    }

    fn granted(&self, part: Part) -> HostResult<Value> {
        let (access, value) = match part {
            Part::Argument(index) => {
                let place = usize::try_from(index)
                    .ok()
                    .and_then(|index| self.call.arguments.get(index));
                (self.manifest.arguments, place.cloned())
            }
            Part::Arguments => (
                self.manifest.arguments,
                Some(Value::Array(self.call.arguments.clone())),
            ),
            Part::Result => {
                let ended = self.ended.ok_or(ErrorKind::NotAllowed)?;
                (self.manifest.result, ended.as_value().cloned())
            }
        };
        if access == Access::None {
            return Err(ErrorKind::NotGranted);
        }
        value.ok_or(ErrorKind::Absent)
    }
}

impl HostCall for View<'_> {
    fn functions(&self) -> &dyn HostFunctions {
        self.host
    }

    fn scalars(&self) -> Scalars {
        Scalars {
            flags: self.call.flags,
            attempt: self.call.attempt,
            argument_count: u32::try_from(self.call.arguments.len()).unwrap_or(u32::MAX),
            scratch: self.ended.map_or(0, |_| self.call.scratch.0),
            outcome: self.ended.map_or(0, |ended| ended.outcome),
            status: self.ended.map_or(0, |ended| ended.status),
            error_code: self.ended.map_or(0, |ended| ended.error_code),
            ..Scalars::default()
        }
    }

    fn scratch_blob(&self) -> &[u8] {
        self.ended.map_or(&[], |_| self.call.scratch.1.as_slice())
    }

    fn get(&self, space: Space, key: &str) -> HostResult<Option<Cow<'_, str>>> {
        if key.len() > limits::KEY_MAX {
            return Err(ErrorKind::TooLarge);
        }
        let found = match space {
            Space::Field => self.field(key),
            Space::Attachment => self.call.attachments.get(key),
            Space::Url => self.call.url.get(key).filter(|value| !value.is_empty()),
            Space::MethodUrl => {
                let method = self
                    .call
                    .method_parameter(key)
                    .filter(|value| !value.is_empty());
                method.or_else(|| self.call.url.get(key).filter(|value| !value.is_empty()))
            }
            Space::MethodOnly => self
                .call
                .method_parameter(key)
                .filter(|value| !value.is_empty()),
            Space::Response => self
                .ended
                .ok_or(ErrorKind::NotAllowed)?
                .attachments
                .get(key),
        };
        Ok(found.map(Cow::Borrowed))
    }

    fn list(&self, space: Space, each: &mut dyn FnMut(&str, &str)) -> HostResult<()> {
        let pairs = match space {
            Space::Attachment => &self.call.attachments,
            Space::Url => &self.call.url,
            Space::Response => &self.ended.ok_or(ErrorKind::NotAllowed)?.attachments,
            _ => return Err(ErrorKind::BadArgument),
        };
        pairs.iter().for_each(|(key, value)| each(key, value));
        Ok(())
    }

    fn number(&self, what: u32) -> HostResult<u64> {
        match what {
            names::NUMBER_REMAINING_MS => self.call.remaining_ms.ok_or(ErrorKind::Absent),
            names::NUMBER_ELAPSED_NS if self.ended.is_some() => Ok(0),
            names::NUMBER_ELAPSED_NS => Err(ErrorKind::NotAllowed),
            names::NUMBER_REQUEST_BYTES
            | names::NUMBER_RESPONSE_BYTES
            | names::NUMBER_TIMEOUT_MS => Err(ErrorKind::Absent),
            _ => Err(ErrorKind::BadArgument),
        }
    }

    fn body(&self, part: Part, form: Form, path: &str) -> HostResult<Vec<u8>> {
        let whole = self.granted(part)?;
        let value = walk(&whole, path)?;
        match (form, value) {
            (Form::Hessian, _) => Err(ErrorKind::NotReadable),
            (Form::Json, value) => Ok(value.to_string().into_bytes()),
            (Form::Text, Value::Null) => Err(ErrorKind::Absent),
            (Form::Text, Value::String(text)) => Ok(text.clone().into_bytes()),
            (Form::Text, Value::Array(_) | Value::Object(_)) => Err(ErrorKind::WrongType),
            (Form::Text, scalar) => Ok(scalar.to_string().into_bytes()),
        }
    }
}

/// Puts `new` where the value at the address `place` is; the address is only compared.
fn put(value: &mut Value, place: *const Value, new: Value) {
    if std::ptr::eq(value, place) {
        *value = new;
        return;
    }
    match value {
        Value::Array(items) => items
            .iter_mut()
            .for_each(|item| put(item, place, new.clone())),
        Value::Object(fields) => fields
            .values_mut()
            .for_each(|item| put(item, place, new.clone())),
        _ => {}
    }
}

/// The value that a path of ABI.md 8.1 finds.
fn walk<'a>(whole: &'a Value, path: &str) -> HostResult<&'a Value> {
    let mut value = whole;
    let mut rest = path;
    while !rest.is_empty() {
        let found = if let Some(after) = rest.strip_prefix('[') {
            let (index, after) = after.split_once(']').ok_or(ErrorKind::BadArgument)?;
            rest = after;
            value.get(index.parse::<usize>().map_err(|_| ErrorKind::BadArgument)?)
        } else {
            let name = rest.strip_prefix('.').unwrap_or(rest);
            let end = name.find(['.', '[']).unwrap_or(name.len());
            let (name, after) = name.split_at(end);
            rest = after;
            if name.is_empty() {
                return Err(ErrorKind::BadArgument);
            }
            value.get(name)
        };
        value = found.ok_or(ErrorKind::Absent)?;
    }
    Ok(value)
}
