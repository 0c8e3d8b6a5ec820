//! What the code of our macros names. No part of the public interface: it changes with the macros.

use std::{borrow::Cow, marker::PhantomData};

use serde::{Serialize, de::DeserializeOwned};
pub use wubbo_core::{BoxFuture, Error, Invocation, Outcome};

pub use super::{Arguments, Context};
use super::{CallError, JavaType, JavaTypes, arguments};

/// Runs `read` over the arguments of a call of `count`.
///
/// # Errors
/// [`ErrorKind::BadRequest`](wubbo_core::ErrorKind::BadRequest) when the call has another number, and those of `read`.
pub fn read_arguments<T>(
    invocation: &Invocation,
    count: usize,
    read: impl FnOnce(&mut Arguments<'_>) -> Result<T, Error>,
) -> Result<T, Error> {
    let bytes = arguments::argument_bytes(invocation)?;
    read(&mut Arguments::new(invocation, &bytes, count)?)
}

/// Reads one argument.
///
/// # Errors
/// As [`Arguments::read`].
pub fn read<T: DeserializeOwned>(arguments: &mut Arguments<'_>, name: &str) -> Result<T, Error> {
    arguments.read(name)
}

/// What a method's result becomes.
///
/// # Errors
/// The framework's failure that the method returned, or that of writing the result.
pub fn reply<T: Serialize, E: Into<CallError>>(
    interface: &str,
    method: &str,
    result: Result<T, E>,
) -> Outcome {
    arguments::encode_result(interface, method, result.map_err(Into::into))
}

/// [`reply`] with the response attachments of the context.
///
/// # Errors
/// As [`reply`].
pub fn reply_in<T: Serialize, E: Into<CallError>>(
    context: &Context,
    interface: &str,
    method: &str,
    result: Result<T, E>,
) -> Outcome {
    arguments::encode_result_in(context, interface, method, result.map_err(Into::into))
}

/// The answer to a call whose arguments cannot be read.
#[must_use]
pub fn refuse(error: Error) -> BoxFuture<'static, Outcome> {
    Box::pin(std::future::ready(Err(error)))
}

/// The answer to a method index that is not in the contract.
#[must_use]
pub fn no_such_index(invocation: &Invocation, index: usize) -> BoxFuture<'static, Outcome> {
    let message = format!("{} has no method number {index}", invocation.service());
    refuse(Error::new(wubbo_core::ErrorKind::BadRequest, message))
}

/// Asks of any type whether it is a [`JavaType`], which a derive cannot know of a field's: for one that is, method lookup finds
/// [`IsJavaType`] first, for every other it falls through to [`MaybeJavaType`].
#[derive(Debug)]
pub struct Probe<T: ?Sized>(PhantomData<T>);

impl<T: ?Sized> Probe<T> {
    /// A probe of `T`.
    #[must_use]
    #[allow(clippy::new_without_default, reason = "made by the derive only")]
    pub fn new() -> Self {
        Self(PhantomData)
    }
}

/// Of a type that is a [`JavaType`].
pub trait IsJavaType {
    /// Its Java name.
    fn java_name(&self) -> Option<Cow<'static, str>>;
    /// Its [`JavaType::declare`].
    fn declare(&self, types: &mut JavaTypes);
}

impl<T: JavaType + ?Sized> IsJavaType for &Probe<T> {
    fn java_name(&self) -> Option<Cow<'static, str>> {
        Some(T::java_name())
    }

    fn declare(&self, types: &mut JavaTypes) {
        T::declare(types);
    }
}

/// Of any type.
pub trait MaybeJavaType {
    /// No name.
    fn java_name(&self) -> Option<Cow<'static, str>>;
    /// Nothing to declare.
    fn declare(&self, types: &mut JavaTypes);
}

impl<T: ?Sized> MaybeJavaType for Probe<T> {
    fn java_name(&self) -> Option<Cow<'static, str>> {
        None
    }

    fn declare(&self, _types: &mut JavaTypes) {}
}
