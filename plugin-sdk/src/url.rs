//! A URL as a configurator sees it.

use crate::abi::commands::{self, Command};
use crate::abi::field;
use crate::abi::keys::Key;
use crate::call::{stage_remove, stage_set, staged};
use crate::error::{Error, Result};
use crate::host::Host;
use crate::seam::{self, UrlRef};
use std::borrow::Cow;
use std::fmt;

/// The URL of a service that this process exports, or of a provider as a consumer sees it.
///
/// Writes are staged: applied all at once after the hook, not at all if it fails; the plugin reads its own back.
pub struct ConfiguredUrl<'a> {
    url: UrlRef<'a>,
    out: &'a mut Vec<u8>,
}

impl fmt::Debug for ConfiguredUrl<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("ConfiguredUrl")
            .field("staged_bytes", &self.out.len())
            .finish_non_exhaustive()
    }
}

impl<'a> ConfiguredUrl<'a> {
    pub(crate) const fn new(url: UrlRef<'a>, out: &'a mut Vec<u8>) -> Self {
        Self { url, out }
    }

    /// The host: log, clock, shared state. Called so because [`ConfiguredUrl::host`] is the URL's.
    #[must_use]
    pub fn functions(&self) -> Host<'a> {
        Host::new(self.url.functions())
    }

    /// Is it the URL of a service that this process exports; else of a provider as a consumer sees it.
    #[must_use]
    pub fn is_provider_side(&self) -> bool {
        self.url.is_provider_side()
    }

    /// `dubbo`, `tri` ...; empty if it has none.
    ///
    /// # Errors
    /// The host cannot tell now.
    pub fn protocol(&self) -> Result<Cow<'a, str>> {
        Ok(self.field(field::PROTOCOL)?.unwrap_or_default())
    }

    /// `host:port`; empty if it has none.
    ///
    /// # Errors
    /// The host cannot tell now.
    pub fn address(&self) -> Result<Cow<'a, str>> {
        Ok(self.field(field::ADDRESS)?.unwrap_or_default())
    }

    /// Its host; empty if it has none.
    ///
    /// # Errors
    /// The host cannot tell now.
    pub fn host(&self) -> Result<Cow<'a, str>> {
        Ok(self.field(field::HOST)?.unwrap_or_default())
    }

    /// Its port; 0 if it has none.
    ///
    /// # Errors
    /// The host cannot tell now.
    pub fn port(&self) -> Result<u16> {
        let text = self.field(field::PORT)?;
        Ok(text.and_then(|text| text.parse().ok()).unwrap_or(0))
    }

    /// A fact of the URL by a number of [`crate::abi::field`].
    ///
    /// # Errors
    /// `BadArgument`: unknown field.
    pub fn field(&self, id: u16) -> Result<Option<Cow<'a, str>>> {
        seam::read_url_field(self.url, id).map_err(|kind| Error::host(kind, "field of the URL"))
    }

    /// A parameter, with this plugin's own staged changes; an empty one counts as absent.
    ///
    /// # Errors
    /// `TooLarge`: key above 256 bytes.
    pub fn parameter<'k>(&self, key: impl Into<Key<'k>>) -> Result<Option<Cow<'a, str>>> {
        let key = key.into();
        if let Some(own) = staged(self.out, key.name(), change) {
            return Ok(own.filter(|value| !value.is_empty()).map(Cow::Owned));
        }
        seam::read_url(self.url, key).map_err(|kind| Error::host(kind, "parameter of the URL"))
    }

    /// All parameters in the URL's order, with this plugin's own staged changes; a new one is last.
    ///
    /// # Errors
    /// The host cannot tell now.
    pub fn parameters(&self) -> Result<Vec<(String, String)>> {
        let mut all: Vec<(String, String)> = Vec::new();
        self.url
            .list(&mut |key, value| all.push((key.to_owned(), value.to_owned())))
            .map_err(|kind| Error::host(kind, "parameters of the URL"))?;
        for (key, value) in commands::staged(self.out).filter_map(change) {
            let place = all.iter().position(|(found, _)| found == key);
            match (place.and_then(|place| all.get_mut(place)), value) {
                (Some((_, present)), Some(value)) => value.clone_into(present),
                (None, Some(value)) => all.push((key.to_owned(), value.to_owned())),
                (_, None) => all.retain(|(found, _)| found != key),
            }
        }
        Ok(all)
    }

    /// Stages a parameter.
    ///
    /// # Errors
    /// `TooLarge`: key above 256 bytes or value above 64 KiB; `BadArgument`: empty key.
    pub fn set_parameter<'k>(&mut self, key: impl Into<Key<'k>>, value: &str) -> Result<()> {
        stage_set(self.out, commands::SET_PARAMETER, key.into(), value)
    }

    /// Stages the removal of a parameter.
    ///
    /// # Errors
    /// As [`ConfiguredUrl::set_parameter`].
    pub fn remove_parameter<'k>(&mut self, key: impl Into<Key<'k>>) -> Result<()> {
        stage_remove(self.out, commands::REMOVE_PARAMETER, key.into())
    }
}

/// Key and new value of a command that concerns parameters; `None` as value: removed.
fn change(command: Command<'_>) -> Option<(&str, Option<&str>)> {
    match command {
        Command::SetParameter(key, value) => Some((key, Some(value))),
        Command::RemoveParameter(key) => Some((key, None)),
        _ => None,
    }
}
