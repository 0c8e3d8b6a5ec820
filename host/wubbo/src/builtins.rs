//! The policies that are linked in, by identity. A wasm file of the same identity takes a built-in's place while it is there.

use wubbo_plugin_sdk::native::Factory;

/// Every linked policy.
#[must_use]
pub(crate) fn all() -> Vec<Factory> {
    vec![
        filter_accesslog::factory(),
        filter_token::factory(),
        filter_tagrequest::factory(),
        filter_tps::factory(),
        router_condition::factory(),
        router_tag::factory(),
        loadbalance_random::factory(),
        loadbalance_roundrobin::factory(),
        loadbalance_leastactive::factory(),
        loadbalance_consistenthash::factory(),
        configurator_override::factory(),
    ]
}
