//! The batch of commands with which a hook says what it wants done (ABI.md 6.1).
//!
//! Guests write it with the functions here, the host checks it whole with [`check`] before it applies anything.
//! The linked form of a plugin speaks the same bytes, so both forms obey the same rules.

mod check;
mod write;

pub use check::{BadBatch, BadBatchKind, Batch, Commands, check, staged};
pub use write::{
    outcome_error, outcome_exception, outcome_value, remove, set, set_argument, set_result,
    set_scratch,
};

/// Bytes of a record before `a`.
pub const RECORD_HEAD: usize = 12;

/// Op: set a request attachment.
pub const SET_ATTACHMENT: u8 = 1;
/// Op: remove a request attachment.
pub const REMOVE_ATTACHMENT: u8 = 2;
/// Op: set a response attachment.
pub const SET_RESPONSE_ATTACHMENT: u8 = 3;
/// Op: remove a response attachment.
pub const REMOVE_RESPONSE_ATTACHMENT: u8 = 4;
/// Op: replace an argument.
pub const SET_ARGUMENT: u8 = 5;
/// Op: reply with, or replace the outcome by, a value.
pub const OUTCOME_VALUE: u8 = 6;
/// Op: the same with an error of the framework.
pub const OUTCOME_ERROR: u8 = 7;
/// Op: the same with a business exception.
pub const OUTCOME_EXCEPTION: u8 = 8;
/// Op: keep a number and a blob for `on_response`.
pub const SET_SCRATCH: u8 = 9;
/// Op: set a URL parameter.
pub const SET_PARAMETER: u8 = 10;
/// Op: remove a URL parameter.
pub const REMOVE_PARAMETER: u8 = 11;
/// Op: replace a scalar inside the result.
pub const SET_RESULT: u8 = 12;

/// One of Dubbo's values as a plugin writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value<'a> {
    /// A self-contained Hessian 2.0 stream with one top-level value; the host checks it when it is applied.
    Hessian(&'a [u8]),
    /// JSON text: null, boolean, int or long, double, string, list, map.
    Json(&'a str),
    /// A string.
    Text(&'a str),
}

/// How a call ends when a plugin decides it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome<'a> {
    /// A value; null included.
    Value(Value<'a>),
    /// An error of the framework.
    Error {
        /// Dubbo's status byte, 21 to 255.
        status: u8,
        /// Code of Dubbo's `RpcException`, 0 to 8.
        code: u8,
        /// Its text.
        message: &'a str,
    },
    /// A business exception.
    Exception {
        /// Its Java class.
        class: &'a str,
        /// Its text.
        message: &'a str,
    },
}

/// One checked command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command<'a> {
    /// Set a request attachment.
    SetAttachment(&'a str, &'a str),
    /// Remove a request attachment.
    RemoveAttachment(&'a str),
    /// Set a response attachment.
    SetResponseAttachment(&'a str, &'a str),
    /// Remove a response attachment.
    RemoveResponseAttachment(&'a str),
    /// Replace the argument of this index; the host checks the index against the call.
    SetArgument(u16, Value<'a>),
    /// Replace the scalar at this path of the result; the host checks what lies there.
    SetResult(&'a str, Value<'a>),
    /// Reply (`on_request`) or replace the outcome (`on_response`).
    Outcome(Outcome<'a>),
    /// Keep this for `on_response`.
    SetScratch(u64, &'a [u8]),
    /// Set a URL parameter.
    SetParameter(&'a str, &'a str),
    /// Remove a URL parameter.
    RemoveParameter(&'a str),
}

/// What the manifest lets a plugin rewrite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WriteGrants {
    /// `arguments: write`.
    pub arguments: bool,
    /// `result: write`.
    pub result: bool,
}

#[cfg(test)]
mod tests;
