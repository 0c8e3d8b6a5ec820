//! What a policy may do before it sees its first call: read its configuration, name its metrics, say what it will read.

use crate::abi::interest::{Hook, Interest, Space};
use crate::abi::limits;
use crate::error::{Error, ErrorKind, Result};
use crate::host::{Host, Metric};
use crate::native::MetricKind;
use crate::seam::HostRef;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::fmt;

/// The configuration of a plugin that has none: `{}`, any key is refused.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoConfig {}

/// What is known of a policy when it is compiled; `#[wubbo_plugin]` writes it beside the manifest.
pub trait Declared {
    /// The interest of the manifest: what is at hand in which hook, until the policy asks for something else.
    const INTERESTS: &'static [Interest<'static>];
}

/// What `setup` and `on_rule` of a policy may do.
pub struct Setup<'a> {
    host: HostRef<'a>,
    interest: Option<Vec<(Space, String, Hook)>>,
}

impl fmt::Debug for Setup<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Setup")
            .field("interest", &self.interest)
            .finish_non_exhaustive()
    }
}

impl<'a> Setup<'a> {
    pub(crate) const fn new(host: HostRef<'a>) -> Self {
        Self {
            host,
            interest: None,
        }
    }

    /// The host.
    #[must_use]
    pub const fn host(&self) -> Host<'a> {
        Host::new(self.host)
    }

    /// Asks for a text to be at hand in a hook. The first use in one `setup` or `on_rule` replaces the whole list,
    /// that of the manifest or of an earlier hook; nothing is replaced when the hook fails.
    ///
    /// It is checked after the hook, which then fails: a text that the other hook cannot have (ABI.md 5.3), a key that is
    /// empty or above 256 bytes, more than 64 texts.
    pub fn read(&mut self, space: Space, key: impl Into<String>, hook: Hook) {
        self.interest
            .get_or_insert_default()
            .push((space, key.into(), hook));
    }

    /// A metric that only grows; shown as `wubbo_plugin_<name>`. In `setup` only.
    ///
    /// # Errors
    /// `BadArgument` (name), `Quota` (64 metrics), `Conflict` (the name has another kind), `NotAllowed` (in `on_rule`).
    pub fn counter(&mut self, name: &str, help: &str) -> Result<Metric> {
        Metric::define(self.host, MetricKind::Counter, name, help)
    }

    /// A metric whose last value counts.
    ///
    /// # Errors
    /// As [`Setup::counter`].
    pub fn gauge(&mut self, name: &str, help: &str) -> Result<Metric> {
        Metric::define(self.host, MetricKind::Gauge, name, help)
    }

    /// A metric that observes whole numbers in buckets of powers of two.
    ///
    /// # Errors
    /// As [`Setup::counter`].
    pub fn histogram(&mut self, name: &str, help: &str) -> Result<Metric> {
        Metric::define(self.host, MetricKind::Histogram, name, help)
    }

    /// What was asked for; `None`: nothing, the list stays as it is.
    ///
    /// # Errors
    /// As a host refuses it, but with the name of the text: both forms ask here first.
    pub(crate) fn interest(&self) -> Result<Option<Vec<Interest<'_>>>> {
        let Some(list) = &self.interest else {
            return Ok(None);
        };
        if list.len() > limits::INTEREST_MAX {
            return Err(Error::host(
                ErrorKind::TooLarge,
                "more than 64 texts to read",
            ));
        }
        let checked = list
            .iter()
            .map(|(space, key, hook)| checked(*space, key, *hook));
        checked.collect::<Result<Vec<_>>>().map(Some)
    }
}

fn checked(space: Space, key: &str, hook: Hook) -> Result<Interest<'_>> {
    let kind = match key.len() {
        len if len > limits::KEY_MAX => ErrorKind::TooLarge,
        len if len > 0 && hook.can_read(space, key) => {
            let hooks = hook.bit();
            return Ok(Interest { space, hooks, key });
        }
        _ => ErrorKind::BadArgument,
    };
    Err(Error::of_key(
        kind,
        key,
        &format!("to read in {}", hook.name()),
    ))
}

/// Reads a policy's configuration from JSON text.
///
/// # Errors
/// It does not fit the policy; with the place.
pub(crate) fn config<C: DeserializeOwned>(text: &str) -> Result<C> {
    serde_json::from_str(text).map_err(|error| {
        let place = |number: usize| u32::try_from(number).unwrap_or(0);
        Error::new(format!("configuration: {error}")).at(place(error.line()), place(error.column()))
    })
}
