//! What this process announces about itself, and taking it back.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use wubbo_core::{Error, Registry, ServiceKey, Url, UrlBuilder, keys};

/// The version that entries of this runtime carry under `release`.
const RELEASE: &str = concat!("wubbo-", env!("CARGO_PKG_VERSION"));

/// The URL under which a provider of `service` at `listen` is announced. It names hessian2 as the serialization, which every consumer
/// then writes (spec/70 section 1).
pub(crate) fn provider_url(listen: &Url, service: &ServiceKey, application: &str) -> UrlBuilder {
    let since_epoch = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let mut builder = listen
        .to_builder()
        .path(service.interface())
        .param(keys::INTERFACE, service.interface())
        .param(keys::APPLICATION, application)
        .param(keys::CATEGORY, "providers")
        .param("side", "provider")
        .param(keys::SERIALIZATION, "hessian2")
        .param(keys::PREFER_SERIALIZATION, "hessian2")
        .param(keys::DUBBO, keys::DUBBO_PROTOCOL_VERSION)
        .param("release", RELEASE)
        .param("pid", std::process::id().to_string())
        .param(keys::TIMESTAMP, since_epoch.as_millis().to_string());
    for (key, value) in [
        (keys::GROUP, service.group()),
        (keys::VERSION, service.version()),
    ] {
        if !value.is_empty() {
            builder = builder.param(key, value);
        }
    }
    builder
}

/// The entries of this process. They are taken back by [`Published::withdraw`]; a process that dies leaves that to its registries.
#[derive(Debug, Default)]
pub(crate) struct Published(Vec<(Arc<dyn Registry>, Url)>);

impl Published {
    /// Announces `url` at `registry`.
    ///
    /// # Errors
    /// The registry cannot be written.
    pub(crate) async fn announce(
        &mut self,
        registry: &Arc<dyn Registry>,
        url: Url,
    ) -> Result<(), Error> {
        registry.register(&url).await?;
        self.0.push((registry.clone(), url));
        Ok(())
    }

    /// Puts `url` in the place of the entries of the same service and address: first the new one is announced, then the old one
    /// taken back, so that there always is one. Whether every registry took it; if not, it is to be said again.
    pub(crate) async fn renew(&mut self, url: &Url) -> bool {
        let mut done = true;
        let same = |entry: &&mut (Arc<dyn Registry>, Url)| entry.1.key() == url.key();
        for (registry, entry) in self.0.iter_mut().filter(same) {
            if entry == url {
                continue;
            }
            let renewed = match registry.register(url).await {
                Ok(()) => registry.unregister(entry).await,
                refused => refused,
            };
            match renewed {
                Ok(()) => *entry = url.clone(),
                Err(error) => {
                    tracing::warn!(registry = %registry.url().location(), %error, "an entry cannot be made anew now");
                    done = false;
                }
            }
        }
        done
    }

    /// Takes every entry back; what a registry refuses is logged, since the process is ending.
    pub(crate) async fn withdraw(&mut self) {
        for (registry, url) in self.0.drain(..) {
            if let Err(error) = registry.unregister(&url).await {
                tracing::warn!(registry = %registry.url().location(), %error, "an entry could not be taken back");
            }
        }
    }
}
