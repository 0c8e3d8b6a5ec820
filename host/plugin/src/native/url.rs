//! A URL as a linked configurator reads it.

use std::borrow::Cow;

use wubbo_core::{ConfigureSide, Url};
use wubbo_plugin_sdk::ErrorKind;
use wubbo_plugin_sdk::abi::interest::Space;
use wubbo_plugin_sdk::native::{HostFunctions, HostResult, HostUrl};

use super::host::Host;
use crate::call::url;

pub(super) struct UrlHost<'a> {
    host: Host<'a>,
    url: &'a Url,
    side: ConfigureSide,
}

impl<'a> UrlHost<'a> {
    pub(super) fn new(host: Host<'a>, url: &'a Url, side: ConfigureSide) -> Self {
        Self { host, url, side }
    }
}

impl HostUrl for UrlHost<'_> {
    fn functions(&self) -> &dyn HostFunctions {
        &self.host
    }

    fn is_provider_side(&self) -> bool {
        self.side == ConfigureSide::Provider
    }

    fn service_token(&self) -> u64 {
        0
    }

    fn get(&self, space: Space, key: &str) -> HostResult<Option<Cow<'_, str>>> {
        let text = url::get(self.url, space, key, ErrorKind::NotAllowed)?;
        Ok(text.map(Cow::from))
    }

    fn list(&self, each: &mut dyn FnMut(&str, &str)) -> HostResult<()> {
        self.url
            .first_params()
            .for_each(|(key, value)| each(key, value));
        Ok(())
    }
}
