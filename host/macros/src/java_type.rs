//! `#[derive(JavaType)]`: which Java class a type stands for, what fields or constants it has, and whether it is an exception.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{
    Data, DeriveInput, Error, Field, Fields, Path, Result, Type, ext::IdentExt, parse_quote,
    parse2, spanned::Spanned,
};

use crate::{
    attributes::{SerdeNames, TypeAttributes, is_message, java_class},
    case::rename_all,
};

/// The field of `java.lang.Throwable` that holds the message.
const DETAIL_MESSAGE: &str = "detailMessage";

/// A field as it is on the wire.
struct WireField<'item> {
    name: String,
    ty: &'item Type,
    marked: bool,
    /// Name in Rust.
    rust: String,
}

pub(crate) fn expand(item: TokenStream) -> Result<TokenStream> {
    let item: DeriveInput = parse2(item)?;
    let own = TypeAttributes::read(&item.attrs)?;
    let serde = SerdeNames::read(&item.attrs)?;
    let krate = own.krate.unwrap_or_else(|| parse_quote!(::wubbo));
    let class = match &serde.rename {
        Some(name) => java_class(name)?,
        None => {
            let message = "name the Java class: #[serde(rename = \"org.wubbo.demo.User\")]";
            return Err(Error::new(item.ident.span(), message));
        }
    };
    let declare = match &item.data {
        Data::Struct(data) => {
            let fields = wire_fields(&data.fields, &serde)?;
            let exception = if own.exception {
                exception(&item, &krate, &fields)
            } else {
                quote!()
            };
            return Ok(java_type(
                &item,
                &krate,
                &class,
                &declare_struct(&krate, &class, &fields),
                &exception,
            ));
        }
        Data::Enum(data) => {
            if let Some(variant) = data
                .variants
                .iter()
                .find(|variant| !matches!(variant.fields, Fields::Unit))
            {
                return Err(Error::new(
                    variant.span(),
                    "a Java enum has constants only, none with fields",
                ));
            }
            quote!(types.add_enum(#class);)
        }
        Data::Union(data) => {
            return Err(Error::new(
                data.union_token.span(),
                "a union has no Java form",
            ));
        }
    };
    if own.exception {
        return Err(Error::new(
            item.ident.span(),
            "a Java exception is a struct",
        ));
    }
    Ok(java_type(&item, &krate, &class, &declare, &quote!()))
}

fn java_type(
    item: &DeriveInput,
    krate: &Path,
    class: &str,
    declare: &TokenStream,
    more: &TokenStream,
) -> TokenStream {
    let ident = &item.ident;
    let (impl_generics, type_generics, where_clause) = item.generics.split_for_impl();
    quote! {
        impl #impl_generics #krate::contract::JavaType for #ident #type_generics #where_clause {
            fn java_name() -> ::std::borrow::Cow<'static, str> {
                ::std::borrow::Cow::Borrowed(#class)
            }

            fn declare(types: &mut #krate::contract::JavaTypes) {
                #declare
            }
        }

        #more
    }
}

/// Tells the contract the class's fields; those whose type is a [`JavaType`] with that type, the others without.
fn declare_struct(krate: &Path, class: &str, fields: &[WireField]) -> TokenStream {
    let names = fields.iter().map(|field| &field.name);
    let types = fields.iter().map(|field| {
        let ty = field.ty;
        quote_spanned!(ty.span()=> (&&Probe::<#ty>::new()).java_name())
    });
    let nested = fields.iter().map(|field| {
        let ty = field.ty;
        quote_spanned!(ty.span()=> (&&Probe::<#ty>::new()).declare(types);)
    });
    quote! {
        #[allow(unused_imports, reason = "which of the two applies depends on the fields' types")]
        use #krate::contract::macro_support::{MaybeJavaType as _, IsJavaType as _, Probe};
        if types.add_struct(#class, [#((#names, #types)),*]) {
            #(#nested)*
        }
    }
}

fn exception(item: &DeriveInput, krate: &Path, fields: &[WireField]) -> TokenStream {
    let ident = &item.ident;
    let (impl_generics, type_generics, where_clause) = item.generics.split_for_impl();
    let message = fields
        .iter()
        .find(|field| field.marked)
        .or_else(|| fields.iter().find(|field| field.name == DETAIL_MESSAGE))
        .or_else(|| fields.iter().find(|field| field.rust == "message"));
    let field = match message {
        Some(field) => {
            let name = &field.name;
            quote!(::std::option::Option::Some(#name))
        }
        None => quote!(::std::option::Option::None),
    };
    quote! {
        impl #impl_generics #krate::contract::JavaException for #ident #type_generics #where_clause {
            const MESSAGE_FIELD: ::std::option::Option<&'static str> = #field;
        }
    }
}

fn wire_fields<'item>(
    fields: &'item Fields,
    container: &SerdeNames,
) -> Result<Vec<WireField<'item>>> {
    match fields {
        Fields::Named(fields) => {
            let fields = fields
                .named
                .iter()
                .map(|field| wire_field(field, container));
            fields.filter_map(Result::transpose).collect()
        }
        Fields::Unit => Ok(Vec::new()),
        Fields::Unnamed(fields) => Err(Error::new(fields.span(), "a Java class has named fields")),
    }
}

fn wire_field<'item>(
    field: &'item Field,
    container: &SerdeNames,
) -> Result<Option<WireField<'item>>> {
    let serde = SerdeNames::read(&field.attrs)?;
    if serde.hidden {
        return Ok(None);
    }
    let rust = field
        .ident
        .as_ref()
        .map(|ident| ident.unraw().to_string())
        .unwrap_or_default();
    let name = match (&serde.rename, &container.rename_all) {
        (Some(name), _) => name.value(),
        (None, Some(rule)) => rename_all(&rule.value(), &rust)
            .ok_or_else(|| Error::new(rule.span(), format!("unknown case `{}`", rule.value())))?,
        (None, None) => rust.clone(),
    };
    Ok(Some(WireField {
        name,
        ty: &field.ty,
        marked: is_message(&field.attrs)?,
        rust,
    }))
}
