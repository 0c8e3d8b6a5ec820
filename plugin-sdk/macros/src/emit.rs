//! The code that the attribute stands for.

use crate::attribute::{Attribute, Read};
use crate::kinds::{Export, Hook, Kind, There, kind};
use crate::manifest::{Hooks, section};
use proc_macro2::{Literal, Span, TokenStream};
use quote::{format_ident, quote};
use syn::{Error, Ident, ImplItem, ItemImpl, Result};

/// The `impl` block itself, and what makes a plugin of it.
pub(crate) fn plugin(attribute: &Attribute, item: &ItemImpl) -> Result<TokenStream> {
    let kind = kind(attribute.kind.as_ref())?;
    check_trait(kind, item)?;
    if let Some(parameter) = item.generics.params.first() {
        return Err(Error::new_spanned(
            parameter,
            "a plugin is one concrete type",
        ));
    }
    let overridden: Vec<String> = methods(item).collect();
    let hooks = hooks(kind, &overridden)?;
    let version = std::env::var("CARGO_PKG_VERSION").unwrap_or_else(|_| "0.0.0".to_owned());
    let manifest = section(kind, attribute, &hooks, &version)?;
    let declared = declared(kind, attribute, item);
    let linked = linked(kind, item, &manifest);
    let described = overridden.iter().any(|name| name == "schema");
    let wasm = wasm(kind, item, &hooks, &manifest, described);
    Ok(quote! { #item #declared #linked #wasm })
}

fn check_trait(kind: &Kind, item: &ItemImpl) -> Result<()> {
    let expected = format!(
        "expected `impl {} for ..`, as kind = {} says",
        kind.policy, kind.word
    );
    let Some((_, path, _)) = &item.trait_ else {
        return Err(Error::new_spanned(item.self_ty.as_ref(), expected));
    };
    match path.segments.last() {
        Some(last) if last.ident == kind.policy => Ok(()),
        _ => Err(Error::new_spanned(path, expected)),
    }
}

fn hooks(kind: &Kind, overridden: &[String]) -> Result<Hooks> {
    let written = |hook: &Hook| overridden.iter().any(|name| name == hook.name);
    let one_of = || kind.hooks.iter().filter(|hook| hook.there == There::OneOf);
    if one_of().count() > 0 && !one_of().any(written) {
        let names: Vec<&str> = one_of().map(|hook| hook.name).collect();
        return Err(Error::new(
            Span::call_site(),
            format!("a {} overrides {}", kind.word, names.join(" or ")),
        ));
    }
    let has = |hook: &&Hook| hook.there == There::Always || written(hook);
    let found = kind.hooks.iter().filter(has);
    Ok(Hooks(found.map(|hook| hook.name).collect()))
}

fn methods(item: &ItemImpl) -> impl Iterator<Item = String> + '_ {
    item.items.iter().filter_map(|part| match part {
        ImplItem::Fn(function) => Some(function.sig.ident.to_string()),
        _ => None,
    })
}

fn linked(kind: &Kind, item: &ItemImpl, manifest: &[u8]) -> TokenStream {
    let policy = &item.self_ty;
    let factory = format_ident!("{}", kind.factory);
    let bytes = Literal::byte_string(manifest);
    quote! {
        /// This plugin in its linked form: manifest and constructor.
        #[cfg(not(target_arch = "wasm32"))]
        #[must_use]
        pub const fn factory() -> ::wubbo_plugin_sdk::native::Factory {
            ::wubbo_plugin_sdk::#factory::<#policy>(#bytes)
        }
    }
}

fn wasm(
    kind: &Kind,
    item: &ItemImpl,
    hooks: &Hooks,
    manifest: &[u8],
    described: bool,
) -> TokenStream {
    let policy = &item.self_ty;
    let guest = format_ident!("{}", kind.guest);
    let trait_name = format_ident!("{}", kind.policy);
    let bytes = Literal::byte_string(manifest);
    let length = Literal::usize_unsuffixed(manifest.len());
    let mut exports = TokenStream::new();
    for hook in kind.hooks.iter().filter(|hook| hooks.has(hook.name)) {
        exports.extend(hook_export(hook));
    }
    if described {
        let body = quote!(::wubbo_plugin_sdk::guest::describe(<#policy as ::wubbo_plugin_sdk::#trait_name>::schema()));
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
        quote!(INSTANCE.new_export()),
    ));
    quote! {
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            #[used]
            #[unsafe(link_section = "wubbo.plugin")]
            static MANIFEST: [u8; #length] = *#bytes;
            static INSTANCE: ::wubbo_plugin_sdk::guest::Instance<::wubbo_plugin_sdk::guest::#guest<#policy>> =
                ::wubbo_plugin_sdk::guest::Instance::empty();
            #exports
        };
    }
}

fn hook_export(hook: &Hook) -> TokenStream {
    let function = format_ident!("{}", hook.name);
    let (signature, body) = match hook.export {
        Export::Commands => (quote!((len: u32) -> i64), quote!(INSTANCE.#function(len))),
        Export::Input => (quote!((len: u32) -> i32), quote!(INSTANCE.#function(len))),
        Export::Token => (
            quote!((service_token: u64) -> i32),
            quote!(INSTANCE.#function(service_token)),
        ),
        Export::Nothing => (quote!(() -> i32), quote!(INSTANCE.#function())),
    };
    export(hook.name, signature, body)
}

fn export(name: &str, signature: TokenStream, body: TokenStream) -> TokenStream {
    let function = format_ident!("export_{name}");
    quote! {
        #[unsafe(export_name = #name)]
        extern "C" fn #function #signature { #body }
    }
}

/// The interest of the manifest, for the code of both forms.
fn declared(kind: &Kind, attribute: &Attribute, item: &ItemImpl) -> TokenStream {
    let policy = &item.self_ty;
    let interests: TokenStream = kind
        .reads
        .iter()
        .flat_map(|reads| {
            let hook = format_ident!("{}", reads.variant);
            let all = attribute.reads(reads.key).iter();
            all.map(move |read| interest(read, &hook))
        })
        .collect();
    quote! {
        impl ::wubbo_plugin_sdk::Declared for #policy {
            const INTERESTS: &'static [::wubbo_plugin_sdk::abi::interest::Interest<'static>] = &[#interests];
        }
    }
}

fn interest(read: &Read, hook: &Ident) -> TokenStream {
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
