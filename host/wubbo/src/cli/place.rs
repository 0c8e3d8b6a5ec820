//! The registry and the config center that a command works on.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use wubbo_core::{ConfigCenter, Error, Registry, Snapshot, Subscription};

use super::BadAddress;

/// Opens the registry at `address`.
pub(super) async fn registry(address: &str) -> anyhow::Result<Arc<dyn Registry>> {
    wubbo_registry::check(address).map_err(|error| BadAddress(error.to_string()))?;
    Ok(wubbo_registry::open(address).await?)
}

/// Opens the config center at `address`.
pub(super) async fn config_center(address: &str) -> anyhow::Result<Arc<dyn ConfigCenter>> {
    wubbo_registry::check_config(address).map_err(|error| BadAddress(error.to_string()))?;
    Ok(wubbo_registry::open_config(address).await?)
}

/// The first list of a subscription.
pub(super) async fn first_list(
    registry: &dyn Registry,
    subscription: &mut Subscription,
    limit: Duration,
) -> anyhow::Result<Arc<Snapshot>> {
    match tokio::time::timeout(limit, subscription.next()).await {
        Ok(list) => list.context("the registry was closed"),
        Err(_) => bail!(silent(registry, limit)),
    }
}

/// What `work` gives before `limit`.
pub(super) async fn in_time<T>(
    registry: &dyn Registry,
    limit: Duration,
    work: impl Future<Output = Result<T, Error>>,
) -> anyhow::Result<T> {
    match tokio::time::timeout(limit, work).await {
        Ok(done) => Ok(done?),
        Err(_) => bail!(silent(registry, limit)),
    }
}

fn silent(registry: &dyn Registry, limit: Duration) -> String {
    let url = registry.url();
    format!(
        "registry {url:?} does not answer within {limit:?}; is it up and its port open from here? --timeout waits longer"
    )
}
