//! `#[service]`: an impl block becomes the provider's side of a contract.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::{Error, Ident, ImplItem, ItemImpl, Result, parse2, spanned::Spanned};

use crate::{
    attributes::ContractArguments,
    method::{ContextUse, Method, all, check_overloads},
};

pub(crate) fn expand(arguments: TokenStream, item: TokenStream) -> Result<TokenStream> {
    let arguments = ContractArguments::parse(arguments, false)?;
    let mut item: ItemImpl = parse2(item)?;
    let methods = all(item.items.iter_mut().filter_map(|item| match item {
        ImplItem::Fn(function) => Some(Method::take(&mut function.sig, &mut function.attrs)),
        _ => None,
    }))?;
    if methods.is_empty() {
        return Err(Error::new(
            item.self_ty.span(),
            "a service has at least one `async fn` that takes `&self`",
        ));
    }
    check_overloads(&methods)?;

    let krate = &arguments.krate;
    let contract = contract(&arguments, &methods);
    let arms = methods
        .iter()
        .enumerate()
        .map(|(index, method)| arm(&arguments, index, method));
    let (impl_generics, _, where_clause) = item.generics.split_for_impl();
    let self_ty = &item.self_ty;
    Ok(quote! {
        #item

        impl #impl_generics #krate::contract::Service for #self_ty #where_clause {
            fn contract(&self) -> &::std::sync::Arc<#krate::contract::Contract> {
                #contract
            }

            fn call(
                self: ::std::sync::Arc<Self>,
                method: usize,
                invocation: #krate::contract::macro_support::Invocation,
            ) -> #krate::contract::macro_support::BoxFuture<'static, #krate::contract::macro_support::Outcome> {
                match method {
                    #(#arms)*
                    _ => #krate::contract::macro_support::no_such_index(&invocation, method),
                }
            }
        }
    })
}

/// An expression: a reference to the contract, which is made once.
pub(crate) fn contract(arguments: &ContractArguments, methods: &[Method]) -> TokenStream {
    let ContractArguments {
        interface,
        group,
        version,
        krate,
        ..
    } = arguments;
    let methods = methods.iter().map(|method| method.describe(krate));
    quote! {{
        static CONTRACT: ::std::sync::LazyLock<::std::sync::Arc<#krate::contract::Contract>> =
            ::std::sync::LazyLock::new(|| {
                ::std::sync::Arc::new(
                    #krate::contract::Contract::new(#interface, #group, #version)
                        #(.method(#methods))*
                )
            });
        &CONTRACT
    }}
}

/// The arm that reads the arguments of one method, calls it and encodes what it returns.
fn arm(arguments: &ContractArguments, index: usize, method: &Method) -> TokenStream {
    let (krate, interface, java_name) = (&arguments.krate, &arguments.interface, &method.java_name);
    let support = quote!(#krate::contract::macro_support);
    let names: Vec<Ident> = (0..method.parameters.len())
        .map(|place| format_ident!("wubbo_argument_{place}"))
        .collect();
    let count = names.len();
    let reads = method.parameters.iter().map(|parameter| {
        let (name, target) = (parameter.ident.to_string(), parameter.target());
        let owned = match parameter.is_reference() {
            true => quote_spanned!(target.span()=> <#target as ::std::borrow::ToOwned>::Owned),
            false => quote!(#target),
        };
        quote_spanned!(target.span()=> #support::read::<#owned>(arguments, #name)?)
    });
    let passed = method
        .parameters
        .iter()
        .zip(&names)
        .map(|(parameter, name)| {
            let target = parameter.target();
            match parameter.is_reference() {
                true => quote!(::std::borrow::Borrow::<#target>::borrow(&#name)),
                false => quote!(#name),
            }
        });
    let ident = &method.ident;
    let context = match method.context {
        ContextUse::None => quote!(),
        ContextUse::Borrowed => quote!(&context,),
        ContextUse::Owned => quote!(context.clone(),),
    };
    let output = &method.output;
    let answer = match method.context {
        ContextUse::None => {
            quote_spanned!(output.span()=> #support::reply(#interface, #java_name, self.#ident(#(#passed),*).await))
        }
        _ => {
            quote_spanned!(output.span()=> #support::reply_in(&context, #interface, #java_name, self.#ident(#context #(#passed),*).await))
        }
    };
    let make_context = match method.context {
        ContextUse::None => quote!(),
        _ => quote!(let context = #support::Context::new(invocation);),
    };
    quote! {
        #index => {
            let read = #support::read_arguments(&invocation, #count, |arguments| {
                let _ = &arguments;
                ::std::result::Result::Ok((#(#reads,)*))
            });
            let (#(#names,)*) = match read {
                ::std::result::Result::Ok(arguments) => arguments,
                ::std::result::Result::Err(error) => return #support::refuse(error),
            };
            #make_context
            ::std::boxed::Box::pin(async move { #answer })
        }
    }
}
