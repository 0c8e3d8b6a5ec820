//! What a consumer uses for a provider: the provider's URL with the consumer's wishes laid over it.

use std::sync::Arc;

use super::{Parts, Url, is_any_or_several, params::Params, read::METHODS_PREFIX};
use crate::keys;

impl Url {
    /// Merges a provider's URL (`service`) with the consumer's (`reference`), as dubbo-go's `MergeUrl`:
    ///
    /// 1. the provider's address, path, credentials and the first value of each of its parameters;
    /// 2. the consumer's parameters where the provider has none or an empty one;
    /// 3. for `loadbalance`, `cluster`, `retries` and `timeout` the consumer's value wins, if not empty, for the service and
    ///    for each method;
    /// 4. a provider's `timestamp` becomes `remote.timestamp`, which warm-up reads, and `timestamp` is the consumer's.
    ///
    /// `dubbo.tag` is the provider's alone, as in Dubbo Java: a consumer's says which providers it wants, and would make every
    /// provider one of them.
    ///
    /// A reference to any or several groups or versions does not say which one a provider has that says none.
    ///
    /// dubbo-go loses three of the four at method level to a captured loop variable, and all of them in production because
    /// nothing fills the field that it reads the method names from. We take the names from the keys.
    #[must_use]
    pub fn merge(service: &Self, reference: &Self) -> Self {
        let firsts = service.parts().params.firsts().cloned().collect();
        let mut params = Params::from_pairs(firsts);
        for (key, value) in reference.parts().params.firsts() {
            let missing = service.get(key).is_none() && says_it_of_providers(key, value);
            if missing || (is_consumers_choice(key) && !value.is_empty()) {
                params.set(Arc::clone(key), Arc::clone(value));
            }
        }
        if let Some(started) = service.get(keys::TIMESTAMP) {
            params.set(keys::REMOTE_TIMESTAMP.into(), started.into());
            params.set(
                keys::TIMESTAMP.into(),
                reference.first(keys::TIMESTAMP).unwrap_or_default().into(),
            );
        }
        Self::from_parts(Parts {
            params: Arc::new(params),
            ..service.parts().clone()
        })
    }
}

/// Whether a consumer's parameter counts where the provider has none.
fn says_it_of_providers(key: &str, value: &str) -> bool {
    match key {
        keys::TAG => false,
        keys::GROUP | keys::VERSION => !is_any_or_several(value),
        _ => true,
    }
}

/// Whether the key, of a service or of a method, is one of the four that describe how the consumer calls.
fn is_consumers_choice(key: &str) -> bool {
    let of_method = key
        .strip_prefix(METHODS_PREFIX)
        .and_then(|rest| rest.rsplit_once('.'));
    let leaf = of_method.map_or(key, |(_method, leaf)| leaf);
    [
        keys::LOADBALANCE,
        keys::CLUSTER,
        keys::RETRIES,
        keys::TIMEOUT,
    ]
    .contains(&leaf)
}
