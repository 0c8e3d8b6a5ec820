//! `#[interface]`: a trait gives the consumer's side of a contract, a struct with the same methods.

use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::{
    Attribute, Error, Ident, ItemTrait, Path, Result, ReturnType, Signature, TraitItem,
    parse_quote, parse2, spanned::Spanned,
};

use crate::{
    attributes::ContractArguments,
    method::{ContextUse, Method, all, check_overloads},
    service::contract,
};

pub(crate) fn expand(arguments: TokenStream, item: TokenStream) -> Result<TokenStream> {
    let arguments = ContractArguments::parse(arguments, true)?;
    let mut item: ItemTrait = parse2(item)?;
    let methods = methods(&mut item)?;
    let signatures: Vec<(Vec<Attribute>, Signature)> = item
        .items
        .iter()
        .filter_map(|item| match item {
            TraitItem::Fn(function) => Some((function.attrs.clone(), function.sig.clone())),
            _ => None,
        })
        .collect();
    let client = match &arguments.client {
        Some(name) => name.parse()?,
        None => format_ident!("{}Client", item.ident),
    };
    make_futures_send(&mut item);

    let client_struct = client_struct(&arguments, &item, &client, &methods);
    let calls = methods.iter().enumerate().zip(&signatures);
    let calls = calls.map(|((index, method), (attributes, signature))| {
        let documentation = documentation(
            attributes,
            &format!("Calls `{}` and waits for its answer.", method.java_name),
        );
        call(&arguments.krate, index, method, &documentation, signature)
    });
    let delegations = methods
        .iter()
        .zip(&signatures)
        .map(|(method, (_, signature))| {
            let (ident, names) = (
                &method.ident,
                method.parameters.iter().map(|parameter| &parameter.ident),
            );
            quote!(#signature { #client::#ident(self, #(#names),*).await })
        });
    let name = &item.ident;
    Ok(quote! {
        #[allow(dead_code, reason = "the trait is for stand-ins; callers may use the client alone")]
        #item

        #client_struct

        impl #client {
            #(#calls)*
        }

        impl #name for #client {
            #(#delegations)*
        }
    })
}

fn methods(item: &mut ItemTrait) -> Result<Vec<Method>> {
    if let Some(generic) = item.generics.params.first() {
        return Err(Error::new(
            generic.span(),
            "Java sees one interface: the trait cannot be generic",
        ));
    }
    let methods = all(item.items.iter_mut().map(|item| {
        let TraitItem::Fn(function) = item else {
            return Err(Error::new(item.span(), "an interface has methods only"));
        };
        if let Some(body) = &function.default {
            return Err(Error::new(
                body.span(),
                "the provider has the body of this method",
            ));
        }
        let method = Method::take(&mut function.sig, &mut function.attrs)?;
        let method = method.ok_or_else(|| {
            Error::new(
                function.sig.span(),
                "every method of an interface takes `&self`",
            )
        })?;
        if method.context != ContextUse::None {
            let message =
                "the context is the provider's; a caller sets options with `client.with(..)`";
            return Err(Error::new(function.sig.inputs.span(), message));
        }
        name_parameters(&mut function.sig, &method);
        Ok(Some(method))
    }))?;
    if methods.is_empty() {
        return Err(Error::new(
            item.ident.span(),
            "an interface has at least one method",
        ));
    }
    check_overloads(&methods)?;
    Ok(methods)
}

/// Gives every parameter the name that the generated bodies use, `_` included.
fn name_parameters(signature: &mut Signature, method: &Method) {
    let inputs = signature.inputs.iter_mut().skip(1);
    for (input, parameter) in inputs.zip(&method.parameters) {
        if let syn::FnArg::Typed(input) = input {
            let ident = &parameter.ident;
            *input.pat = parse_quote!(#ident);
        }
    }
}

/// `async fn` in the trait becomes a function whose future is `Send`, which callers on other threads need.
fn make_futures_send(item: &mut ItemTrait) {
    for item in &mut item.items {
        let TraitItem::Fn(function) = item else {
            continue;
        };
        let output = match &function.sig.output {
            ReturnType::Type(_, ty) => ty.to_token_stream(),
            ReturnType::Default => quote!(()),
        };
        function.sig.asyncness = None;
        function.sig.output =
            parse_quote!(-> impl ::std::future::Future<Output = #output> + ::std::marker::Send);
    }
}

fn client_struct(
    arguments: &ContractArguments,
    item: &ItemTrait,
    client: &Ident,
    methods: &[Method],
) -> TokenStream {
    let krate = &arguments.krate;
    let visibility = &item.vis;
    let title = format!(
        "Calls `{}`. A clone shares everything.",
        arguments.interface
    );
    let contract = contract(arguments, methods);
    quote! {
        #[doc = #title]
        #[derive(Clone, Debug)]
        #visibility struct #client {
            stub: #krate::contract::Stub,
        }

        #[allow(dead_code, reason = "not every caller needs options or the stub")]
        impl #client {
            /// This client with other options for the calls made through what is returned.
            #[must_use]
            pub fn with(&self, options: #krate::contract::CallOptions) -> Self {
                Self { stub: self.stub.with(options) }
            }

            /// The untyped client below this one.
            #[must_use]
            pub fn stub(&self) -> &#krate::contract::Stub {
                &self.stub
            }
        }

        impl #krate::contract::ServiceClient for #client {
            fn contract() -> &'static ::std::sync::Arc<#krate::contract::Contract> {
                #contract
            }

            fn from_stub(stub: #krate::contract::Stub) -> Self {
                Self { stub }
            }
        }
    }
}

/// One method of the client: encodes the arguments in order, calls, decodes.
fn call(
    krate: &Path,
    index: usize,
    method: &Method,
    documentation: &TokenStream,
    signature: &Signature,
) -> TokenStream {
    let writes = method.parameters.iter().map(|parameter| {
        let (ident, name) = (&parameter.ident, parameter.ident.to_string());
        quote_spanned!(parameter.ty.span()=> arguments.write(#name, &#ident)?;)
    });
    let output = &method.output;
    let invoke = quote_spanned! {output.span()=>
        self.stub.call(<Self as #krate::contract::ServiceClient>::contract(), #index, |arguments| {
            let _ = &arguments;
            #(#writes)*
            ::std::result::Result::Ok(())
        }).await
    };
    quote! {
        #documentation
        #[allow(dead_code, reason = "an interface may have more methods than this program calls")]
        pub #signature {
            #invoke
        }
    }
}

/// The doc lines among `attributes`, or `otherwise`.
fn documentation(attributes: &[Attribute], otherwise: &str) -> TokenStream {
    let lines: Vec<&Attribute> = attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("doc"))
        .collect();
    if lines.is_empty() {
        quote!(#[doc = #otherwise])
    } else {
        quote!(#(#lines)*)
    }
}
