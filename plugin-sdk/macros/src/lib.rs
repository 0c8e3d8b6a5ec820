//! `#[wubbo_plugin]`: makes a plugin of an `impl` block of `Filter`, `Router`, `LoadBalance` or `Configurator`.
//!
//! In the wasm form it emits the exports (only for hooks that the block overrides) and the section `wubbo.plugin`;
//! linked it emits `pub fn factory()`. The section must sit in the final crate: link-section statics of a dependency
//! are dropped by the linker, so the macro writes it where it is used.

mod attribute;
mod emit;
mod kinds;
mod manifest;
#[cfg(test)]
mod tests;

use proc_macro::TokenStream;

/// Makes a plugin of the `impl` block of a policy. One per crate.
///
/// | key | needed | value |
/// |---|---|---|
/// | `kind` | yes | `filter`, `router`, `loadbalance`, `configurator`; the block implements the trait of it |
/// | `name` | yes | Dubbo's name of the policy, `a-z 0-9 - _ .` |
/// | `fail` | filter | `open`, `closed`, or `answer(status, "message")`; refused for the other kinds, whose policy is fixed |
/// | `order` | | an `i32`, default 0; smaller runs first |
/// | `side` | | filter, configurator: `provider`, `consumer`, `both` (default) |
/// | `stage` | | filter: `call` (default), `attempt` |
/// | `version` | | default: the crate's version |
/// | `reads(..)` | | what `on_request`, `route`, `select` read: `"key"` or `attachment("key")`, `url("key")`, `method_url("key")`, `method_only("key")`, `field("name")`; what `configure_url` reads: `url`, `field` |
/// | `reads_on_response(..)` | | filter, what `on_response` reads: the same and `response("key")` |
/// | `reads_on_providers(..)` | | router, loadbalance: the columns of `on_providers`: `url("key")`, `field("address")`, `host`, `port`, `protocol` |
/// | `arguments` | | filter: `read`, `write`; router, loadbalance: `read`; default: no access |
/// | `result` | | filter: `read`, `write`; default: no access |
/// | `state_version` | | default 1; shared state is kept over a swap while it stays the same |
/// | `tick_ms` | with `tick` | interval in milliseconds |
/// | `memory_bytes`, `hook_us`, `configure_ms` | | limits that the plugin wishes for |
/// | `description` | | one line for people |
#[proc_macro_attribute]
pub fn wubbo_plugin(attribute: TokenStream, item: TokenStream) -> TokenStream {
    let attribute = syn::parse_macro_input!(attribute as attribute::Attribute);
    let item = syn::parse_macro_input!(item as syn::ItemImpl);
    match emit::plugin(&attribute, &item) {
        Ok(tokens) => tokens.into(),
        Err(error) => error.to_compile_error().into(),
    }
}
