//! One method of a contract, read from a Rust signature.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::{
    Attribute, Error, FnArg, GenericParam, LitStr, Pat, Path, Receiver, Result, ReturnType,
    Signature, Type, spanned::Spanned,
};

use crate::{
    attributes::{MethodAttributes, take_parameter_type},
    case::java_method,
};

/// How a method takes the call's context.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum ContextUse {
    None,
    Borrowed,
    Owned,
}

/// A method of the interface.
pub(crate) struct Method {
    pub(crate) ident: Ident,
    pub(crate) java_name: String,
    pub(crate) context: ContextUse,
    pub(crate) parameters: Vec<Parameter>,
    /// The whole return type, a `Result`.
    pub(crate) output: Type,
}

/// An argument of a method.
pub(crate) struct Parameter {
    pub(crate) ident: Ident,
    /// As written.
    pub(crate) ty: Type,
    /// The Java type, when it is not the Rust type's own.
    pub(crate) java: Option<LitStr>,
}

impl Parameter {
    /// The type that is read: what a reference points at, the type itself otherwise.
    pub(crate) fn target(&self) -> &Type {
        match &self.ty {
            Type::Reference(reference) => &reference.elem,
            ty => ty,
        }
    }

    pub(crate) fn is_reference(&self) -> bool {
        matches!(self.ty, Type::Reference(_))
    }
}

impl Method {
    /// Reads a method and removes our attributes from it. `None` when it is no part of the interface.
    pub(crate) fn take(
        signature: &mut Signature,
        attributes: &mut Vec<Attribute>,
    ) -> Result<Option<Self>> {
        let own = MethodAttributes::take(attributes)?;
        let receiver = match signature.inputs.first() {
            Some(FnArg::Receiver(receiver)) if !own.skip => receiver,
            // Skipped, or a constructor: whatever it is, it cannot be called from outside.
            _ => return Ok(None),
        };
        check_receiver(receiver)?;
        check_signature(signature)?;
        let java_name = match &own.name {
            Some(name) => name.value(),
            None => java_method(&signature.ident.to_string()),
        };
        let output = output(signature)?;
        let (context, parameters) = inputs(signature)?;
        Ok(Some(Self {
            ident: signature.ident.clone(),
            java_name,
            context,
            parameters,
            output,
        }))
    }

    /// The expression that describes this method to the contract.
    pub(crate) fn describe(&self, krate: &Path) -> TokenStream {
        let java_name = &self.java_name;
        let parameters = self.parameters.iter().map(|parameter| {
            let name = parameter.ident.to_string();
            let target = parameter.target();
            match &parameter.java {
                Some(java) => quote_spanned!(java.span()=> .parameter_as(#name, #java)),
                None => quote_spanned!(target.span()=> .parameter::<#target>(#name)),
            }
        });
        let output = &self.output;
        let returns = quote_spanned!(output.span()=> .returns::<#output>());
        quote!(#krate::contract::MethodContract::new(#java_name) #(#parameters)* #returns)
    }
}

/// Refuses overloads that Java could not tell apart either.
pub(crate) fn check_overloads(methods: &[Method]) -> Result<()> {
    let form = |method: &Method| {
        let types = method.parameters.iter().map(|parameter| {
            let target = parameter.target();
            parameter
                .java
                .as_ref()
                .map_or_else(|| quote!(#target).to_string(), LitStr::value)
        });
        (method.java_name.clone(), types.collect::<Vec<_>>())
    };
    for (place, method) in methods.iter().enumerate() {
        if methods
            .iter()
            .take(place)
            .any(|earlier| form(earlier) == form(method))
        {
            let message = format!(
                "a second method `{}` with these parameters; see #[wubbo(name = \"..\")]",
                method.java_name
            );
            return Err(Error::new(method.ident.span(), message));
        }
    }
    Ok(())
}

/// Collects results and reports every error at once.
pub(crate) fn all<T>(results: impl IntoIterator<Item = Result<Option<T>>>) -> Result<Vec<T>> {
    let (mut found, mut failure) = (Vec::new(), None::<Error>);
    for result in results {
        match (result, &mut failure) {
            (Ok(item), _) => found.extend(item),
            (Err(error), Some(failure)) => failure.combine(error),
            (Err(error), none) => *none = Some(error),
        }
    }
    failure.map_or(Ok(found), Err)
}

fn check_receiver(receiver: &Receiver) -> Result<()> {
    if receiver.reference.is_some()
        && receiver.mutability.is_none()
        && receiver.colon_token.is_none()
    {
        return Ok(());
    }
    Err(Error::new(
        receiver.span(),
        "calls come concurrently: take `&self`, or mark a helper with #[wubbo(skip)]",
    ))
}

fn check_signature(signature: &Signature) -> Result<()> {
    if signature.asyncness.is_none() {
        let message = "a method of the interface is an `async fn`; mark a helper with #[wubbo(skip)] or move it out";
        return Err(Error::new(signature.fn_token.span(), message));
    }
    let generic = signature
        .generics
        .params
        .iter()
        .find(|param| !matches!(param, GenericParam::Lifetime(_)));
    if let Some(generic) = generic {
        return Err(Error::new(
            generic.span(),
            "Java sees one signature: a method of the interface cannot be generic",
        ));
    }
    Ok(())
}

fn output(signature: &Signature) -> Result<Type> {
    match &signature.output {
        ReturnType::Type(_, ty) => Ok((**ty).clone()),
        ReturnType::Default => {
            let end = signature.paren_token.span.close();
            Err(Error::new(end, "a call can fail: return wubbo::Result<()>"))
        }
    }
}

fn inputs(signature: &mut Signature) -> Result<(ContextUse, Vec<Parameter>)> {
    let mut context = ContextUse::None;
    let mut parameters = Vec::new();
    for (place, input) in signature.inputs.iter_mut().skip(1).enumerate() {
        let FnArg::Typed(input) = input else { continue };
        let java = take_parameter_type(&mut input.attrs)?;
        if place == 0 && java.is_none() {
            context = context_use(&input.ty);
            if context != ContextUse::None {
                continue;
            }
        }
        if let Type::ImplTrait(ty) = &*input.ty {
            return Err(Error::new(
                ty.span(),
                "Java sees one signature: name the type of this parameter",
            ));
        }
        if let Type::Reference(reference) = &*input.ty
            && let Some(mutable) = &reference.mutability
        {
            return Err(Error::new(
                mutable.span(),
                "an argument is a copy: take it by value or by `&`",
            ));
        }
        let ident = match &*input.pat {
            Pat::Ident(pattern) => pattern.ident.clone(),
            Pat::Wild(_) => format_ident!("argument{}", parameters.len(), span = Span::call_site()),
            other => return Err(Error::new(other.span(), "give this parameter a plain name")),
        };
        parameters.push(Parameter {
            ident,
            ty: (*input.ty).clone(),
            java,
        });
    }
    Ok((context, parameters))
}

/// Whether a parameter's type is `Context`, by any path.
fn context_use(ty: &Type) -> ContextUse {
    let named = |ty: &Type| matches!(ty, Type::Path(path) if path.path.segments.last().is_some_and(|last| last.ident == "Context"));
    match ty {
        Type::Reference(reference) if named(&reference.elem) => ContextUse::Borrowed,
        ty if named(ty) => ContextUse::Owned,
        _ => ContextUse::None,
    }
}
