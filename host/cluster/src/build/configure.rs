//! Override rules laid over the providers' URLs, off the workers: a configurator may take its time.
//!
//! A rule stands above what consumer and provider say, so it is applied to the merged URL (spec/10 section 1.10, spec/20 section 5.5).
//! There it meets the consumer's side and application, as in Dubbo Java, and not the provider's (spec/20 section 5.6).

use std::sync::Arc;

use tokio::time::timeout;
use wubbo_core::{ConfigureSide, PolicySet, Url, keys};

use crate::context::POLICY_LIMIT;

const CONSUMER: &str = "consumer";

/// `merged` as the configurators want it, in the same order. When they fail or take too long, as it was.
pub(super) async fn configure(
    merged: Vec<Url>,
    reference: &Url,
    policies: &Arc<PolicySet>,
) -> Vec<Url> {
    let interface = reference.service_key().interface();
    if merged.is_empty() || !applicable(policies, interface) {
        return merged;
    }
    let (urls, consumer, policies) = (merged.clone(), reference.clone(), policies.clone());
    let work = tokio::task::spawn_blocking(move || {
        urls.iter()
            .map(|url| configured(url, &consumer, &policies))
            .collect()
    });
    match timeout(POLICY_LIMIT, work).await {
        Ok(Ok(configured)) => configured,
        Ok(Err(error)) => {
            tracing::error!(service = interface, %error, "a configurator panicked: the provider URLs stay as they are");
            merged
        }
        Err(_) => {
            let limit = POLICY_LIMIT.as_secs();
            tracing::warn!(
                service = interface,
                limit,
                "the configurators take too long: the provider URLs stay as they are"
            );
            merged
        }
    }
}

fn applicable(policies: &PolicySet, interface: &str) -> bool {
    let configurators = policies.configurators().iter();
    configurators
        .filter(|entry| {
            entry
                .side
                .is_none_or(|side| side == ConfigureSide::Consumer)
        })
        .any(|entry| entry.applies.to_service(interface))
}

fn configured(merged: &Url, reference: &Url, policies: &PolicySet) -> Url {
    let interface = reference.service_key().interface();
    let mut url = merged.with_param(keys::SIDE, CONSUMER);
    if let Some(application) = reference.get(keys::APPLICATION) {
        url = url.with_param(keys::APPLICATION, application);
    }
    for entry in policies.configurators() {
        let ours = entry
            .side
            .is_none_or(|side| side == ConfigureSide::Consumer);
        if ours
            && entry.applies.to_service(interface)
            && let Some(changed) = entry.configurator.configure(&url, ConfigureSide::Consumer)
        {
            url = changed;
        }
    }
    // Behind the rules they are the provider's again.
    for key in [keys::SIDE, keys::APPLICATION] {
        url = match merged.first(key) {
            Some(own) => url.with_param(key, own),
            None => url.without_params(&[key]),
        };
    }
    url
}
