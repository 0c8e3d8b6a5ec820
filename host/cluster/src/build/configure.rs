//! Override rules laid over the URLs of consumers' references.
//!
//! A rule stands above what consumer and provider say, so it is applied to the merged URL (spec/10 section 1.10, spec/20 section 5.5).
//! There it meets the consumer's side and application, as in Dubbo Java, and not the provider's (spec/20 section 5.6).

use std::sync::Arc;

use wubbo_core::{ConfigureSide, PolicySet, Url, keys};

use crate::configure::configure;

const CONSUMER: &str = "consumer";

/// `merged` as the configurators want it, in the same order. When they fail or take too long, as it was.
pub(super) async fn configure_merged(
    merged: Vec<Url>,
    reference: &Url,
    policies: &Arc<PolicySet>,
) -> Vec<Url> {
    let (interface, consumer) = (reference.service_key().interface(), reference.clone());
    let one = move |url: &Url, policies: &PolicySet| configured(url, &consumer, policies);
    configure(merged, interface, ConfigureSide::Consumer, policies, one).await
}

fn configured(merged: &Url, reference: &Url, policies: &PolicySet) -> Url {
    let mut url = merged.with_param(keys::SIDE, CONSUMER);
    if let Some(application) = reference.get(keys::APPLICATION) {
        url = url.with_param(keys::APPLICATION, application);
    }
    let mut url = policies.configured(&url, ConfigureSide::Consumer);
    // Behind the rules they are the provider's again.
    for key in [keys::SIDE, keys::APPLICATION] {
        url = match merged.first(key) {
            Some(own) => url.with_param(key, own),
            None => url.without_params(&[key]),
        };
    }
    url
}
