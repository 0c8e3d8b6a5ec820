//! Configurators run off the workers: one may take its time, and a bad one costs no call.

use std::sync::Arc;

use tokio::time::timeout;
use wubbo_core::{ConfigureSide, PolicySet, Url};

use crate::context::POLICY_LIMIT;

/// Each of `urls`, which are of `interface`, as `one` makes it of the configurators of `policies`, in the same order. When they
/// panic or take longer than 10 s, as it was. Must be called on a tokio runtime.
pub async fn configure(
    urls: Vec<Url>,
    interface: &str,
    side: ConfigureSide,
    policies: &Arc<PolicySet>,
    one: impl Fn(&Url, &PolicySet) -> Url + Send + 'static,
) -> Vec<Url> {
    if urls.is_empty() || !policies.configures(interface, side) {
        return urls;
    }
    let (given, policies) = (urls.clone(), policies.clone());
    let work =
        tokio::task::spawn_blocking(move || given.iter().map(|url| one(url, &policies)).collect());
    match timeout(POLICY_LIMIT, work).await {
        Ok(Ok(configured)) => configured,
        Ok(Err(error)) => {
            tracing::error!(service = interface, %error, "a configurator panicked: the URLs stay as they are");
            urls
        }
        Err(_) => {
            let limit = POLICY_LIMIT.as_secs();
            tracing::warn!(
                service = interface,
                limit,
                "the configurators take too long: the URLs stay as they are"
            );
            urls
        }
    }
}
