//! What an answer is compared with, and how a difference is told.

use std::fmt::Debug;

use anyhow::{Context, bail, ensure};
use wubbo::Throwable;

use crate::case::Outcome;
use crate::contract::{DemoException, Result};

/// How much of a value a failure shows, in characters.
const SHOWN_MAX: usize = 120;

/// The answer is `wanted`.
pub(crate) fn same<T: PartialEq + Debug>(answer: &T, wanted: &T) -> Outcome {
    ensure!(
        answer == wanted,
        "got {}, wanted {}",
        shown(answer),
        shown(wanted)
    );
    Ok(())
}

/// The call ended with an exception of exactly this class and with this message.
pub(crate) fn thrown<T: Debug>(result: Result<T>, class: &str, message: Option<&str>) -> Outcome {
    let exception = exception(result)?;
    same(&exception.class(), &class).context("class of the exception")?;
    same(&exception.message(), &message).context("message of the exception")
}

/// The call ended with the declared exception of the contract, which has a Rust type here.
pub(crate) fn declared<T: Debug>(result: Result<T>, message: Option<&str>) -> Outcome {
    let exception = exception(result)?;
    let exception: DemoException = exception
        .downcast()
        .with_context(|| format!("not a DemoException: {exception}"))?;
    same(&exception.message.as_deref(), &message).context("message of the DemoException")
}

/// The exception with which a call ended.
pub(crate) fn exception<T: Debug>(result: Result<T>) -> anyhow::Result<Throwable> {
    match result {
        Ok(value) => bail!("no exception but {}", shown(&value)),
        Err(wubbo::Error::Exception(exception)) => Ok(exception),
        Err(other) => Err(other).context("no exception of the service"),
    }
}

fn shown(value: &impl Debug) -> String {
    let text = format!("{value:?}");
    match text.char_indices().nth(SHOWN_MAX) {
        Some((end, _)) => format!("{}..", text.get(..end).unwrap_or_default()),
        None => text,
    }
}
