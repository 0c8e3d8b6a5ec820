//! The code that the attribute stands for.

use crate::attribute::{Attribute, Read};
use crate::manifest::{Hooks, section};
use proc_macro2::{Literal, Span, TokenStream};
use quote::quote;
use syn::{Error, ImplItem, ItemImpl, Result};

const HOOKS: [&str; 4] = ["on_request", "on_response", "tick", "self_test"];

/// The `impl` block itself, and what makes a plugin of it.
pub(crate) fn plugin(attribute: &Attribute, item: &ItemImpl) -> Result<TokenStream> {
    let Some((_, trait_path, _)) = &item.trait_ else {
        return Err(Error::new_spanned(
            item.self_ty.as_ref(),
            "expected `impl Filter for ..`",
        ));
    };
    if trait_path
        .segments
        .last()
        .is_none_or(|last| last.ident != "Filter")
    {
        return Err(Error::new_spanned(
            trait_path,
            "expected `impl Filter for ..`, as kind = filter says",
        ));
    }
    if let Some(parameter) = item.generics.params.first() {
        return Err(Error::new_spanned(
            parameter,
            "a plugin is one concrete type",
        ));
    }
    let overridden: Vec<String> = methods(item).collect();
    let hooks = Hooks(
        HOOKS
            .into_iter()
            .filter(|hook| overridden.iter().any(|name| name == hook))
            .collect(),
    );
    if !hooks.has("on_request") && !hooks.has("on_response") {
        return Err(Error::new(
            Span::call_site(),
            "a filter overrides on_request or on_response",
        ));
    }
    let version = std::env::var("CARGO_PKG_VERSION").unwrap_or_else(|_| "0.0.0".to_owned());
    let manifest = section(attribute, &hooks, &version)?;
    let linked = linked(item, &manifest);
    let described = overridden.iter().any(|name| name == "schema");
    let wasm = wasm(attribute, item, &hooks, &manifest, described);
    Ok(quote! { #item #linked #wasm })
}

fn methods(item: &ItemImpl) -> impl Iterator<Item = String> + '_ {
    item.items.iter().filter_map(|part| match part {
        ImplItem::Fn(function) => Some(function.sig.ident.to_string()),
        _ => None,
    })
}

fn linked(item: &ItemImpl, manifest: &[u8]) -> TokenStream {
    let policy = &item.self_ty;
    let bytes = Literal::byte_string(manifest);
    quote! {
        /// This plugin in its linked form: manifest and constructor.
        #[cfg(not(target_arch = "wasm32"))]
        #[must_use]
        pub const fn factory() -> ::wubbo_plugin_sdk::native::Factory {
            ::wubbo_plugin_sdk::filter_factory::<#policy>(#bytes)
        }
    }
}

fn wasm(
    attribute: &Attribute,
    item: &ItemImpl,
    hooks: &Hooks,
    manifest: &[u8],
    described: bool,
) -> TokenStream {
    let policy = &item.self_ty;
    let bytes = Literal::byte_string(manifest);
    let length = Literal::usize_unsuffixed(manifest.len());
    let interests = interests(attribute);
    let mut exports = TokenStream::new();
    if hooks.has("on_request") {
        exports.extend(export(
            "on_request",
            quote!((len: u32) -> i64),
            quote!(INSTANCE.on_request(len)),
        ));
    }
    if hooks.has("on_response") {
        exports.extend(export(
            "on_response",
            quote!((len: u32) -> i64),
            quote!(INSTANCE.on_response(len)),
        ));
    }
    if hooks.has("tick") {
        exports.extend(export("tick", quote!(() -> i32), quote!(INSTANCE.tick())));
    }
    if hooks.has("self_test") {
        exports.extend(export(
            "self_test",
            quote!(() -> i32),
            quote!(INSTANCE.self_test()),
        ));
    }
    if described {
        let body = quote!(::wubbo_plugin_sdk::guest::Instance::<#policy>::describe());
        exports.extend(export("describe", quote!(() -> i64), body));
    }
    exports.extend(export(
        "arena",
        quote!(() -> i64),
        quote!(::wubbo_plugin_sdk::guest::arena()),
    ));
    exports.extend(export(
        "new",
        quote!(() -> i32),
        quote!(INSTANCE.new_export(INTERESTS)),
    ));
    quote! {
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            #[used]
            #[unsafe(link_section = "wubbo.plugin")]
            static MANIFEST: [u8; #length] = *#bytes;
            static INTERESTS: &[::wubbo_plugin_sdk::abi::interest::Interest<'static>] = &[#interests];
            static INSTANCE: ::wubbo_plugin_sdk::guest::Instance<#policy> =
                ::wubbo_plugin_sdk::guest::Instance::empty();
            #exports
        };
    }
}

fn export(name: &str, signature: TokenStream, body: TokenStream) -> TokenStream {
    let function = quote::format_ident!("export_{name}");
    quote! {
        #[unsafe(export_name = #name)]
        extern "C" fn #function #signature { #body }
    }
}

fn interests(attribute: &Attribute) -> TokenStream {
    let request = attribute.reads.iter().map(|read| (read, quote!(OnRequest)));
    let response = attribute
        .reads_on_response
        .iter()
        .map(|read| (read, quote!(OnResponse)));
    request
        .chain(response)
        .map(|(read, hook)| interest(read, &hook))
        .collect()
}

fn interest(read: &Read, hook: &TokenStream) -> TokenStream {
    let space = match read.space.to_string().as_str() {
        "field" => quote!(Field),
        "url" => quote!(Url),
        "method_url" => quote!(MethodUrl),
        "method_only" => quote!(MethodOnly),
        "response" => quote!(Response),
        // `section` has refused every word but attachment.
        _ => quote!(Attachment),
    };
    let key = &read.key;
    quote! {
        ::wubbo_plugin_sdk::abi::interest::Interest {
            space: ::wubbo_plugin_sdk::Space::#space,
            hooks: ::wubbo_plugin_sdk::Hook::#hook.bit(),
            key: #key,
        },
    }
}
