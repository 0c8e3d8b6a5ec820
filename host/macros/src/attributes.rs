//! What stands in attributes: the arguments of the two macros, `#[wubbo(..)]` inside them, and the parts of serde's attributes that
//! say how a type is called on the wire.

use proc_macro2::{Span, TokenStream};
use syn::{
    Attribute, Error, LitStr, Path, Result,
    meta::{ParseNestedMeta, parser},
    parse::Parser,
    parse_quote,
};

use crate::case::is_java_class;

/// The arguments of `#[service(..)]` and `#[interface(..)]`.
pub(crate) struct ContractArguments {
    pub(crate) interface: String,
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) krate: Path,
    /// Name of the client struct; `interface` only.
    pub(crate) client: Option<LitStr>,
}

impl ContractArguments {
    pub(crate) fn parse(tokens: TokenStream, takes_client: bool) -> Result<Self> {
        let (mut interface, mut group, mut version, mut client) = (None, None, None, None);
        let mut krate: Path = parse_quote!(::wubbo);
        let arguments = parser(|meta| match key(&meta).as_str() {
            "interface" => once(&meta, &mut interface),
            "group" => once(&meta, &mut group),
            "version" => once(&meta, &mut version),
            "crate" => text(&meta)?.parse().map(|path| krate = path),
            "client" if takes_client => once(&meta, &mut client),
            other => Err(meta.error(format!(
                "unknown key `{other}`; known: interface, group, version, crate"
            ))),
        });
        arguments.parse2(tokens)?;
        let interface = interface.ok_or_else(|| {
            let example = "name the Java interface: interface = \"org.wubbo.demo.EchoService\"";
            Error::new(Span::call_site(), example)
        })?;
        let value = |text: Option<LitStr>| text.map(|text| text.value()).unwrap_or_default();
        Ok(Self {
            interface: java_class(&interface)?,
            group: value(group),
            version: value(version),
            krate,
            client,
        })
    }
}

/// `#[wubbo(..)]` on a method.
#[derive(Default)]
pub(crate) struct MethodAttributes {
    pub(crate) name: Option<LitStr>,
    pub(crate) skip: bool,
}

impl MethodAttributes {
    /// Reads and removes the attribute.
    pub(crate) fn take(attributes: &mut Vec<Attribute>) -> Result<Self> {
        let mut found = Self::default();
        take(attributes, "wubbo", |meta| match key(&meta).as_str() {
            "name" => once(&meta, &mut found.name),
            "skip" => {
                found.skip = true;
                Ok(())
            }
            other => Err(meta.error(format!(
                "unknown key `{other}` on a method; known: name, skip"
            ))),
        })?;
        Ok(found)
    }
}

/// Reads and removes `#[wubbo(java = "..")]` of a parameter.
pub(crate) fn take_parameter_type(attributes: &mut Vec<Attribute>) -> Result<Option<LitStr>> {
    let mut java = None;
    take(attributes, "wubbo", |meta| match key(&meta).as_str() {
        "java" => once(&meta, &mut java),
        other => Err(meta.error(format!("unknown key `{other}` on a parameter; known: java"))),
    })?;
    if let Some(java) = &java {
        let name = java.value();
        let element = name.trim_end_matches("[]");
        if !is_java_class(element) {
            return Err(Error::new(
                java.span(),
                format!("`{name}` is no Java type, such as int or java.lang.Object[]"),
            ));
        }
    }
    Ok(java)
}

/// `#[java(..)]` on a type.
#[derive(Default)]
pub(crate) struct TypeAttributes {
    pub(crate) exception: bool,
    pub(crate) krate: Option<Path>,
}

impl TypeAttributes {
    pub(crate) fn read(attributes: &[Attribute]) -> Result<Self> {
        let mut found = Self::default();
        read(attributes, "java", |meta| match key(&meta).as_str() {
            "exception" => {
                found.exception = true;
                Ok(())
            }
            "crate" => text(&meta)?.parse().map(|path| found.krate = Some(path)),
            other => Err(meta.error(format!(
                "unknown key `{other}` on a type; known: exception, crate"
            ))),
        })?;
        Ok(found)
    }
}

/// Whether `#[java(message)]` stands on a field.
pub(crate) fn is_message(attributes: &[Attribute]) -> Result<bool> {
    let mut found = false;
    read(attributes, "java", |meta| match key(&meta).as_str() {
        "message" => {
            found = true;
            Ok(())
        }
        other => Err(meta.error(format!("unknown key `{other}` on a field; known: message"))),
    })?;
    Ok(found)
}

/// The parts of `#[serde(..)]` that name things and hide them.
#[derive(Default)]
pub(crate) struct SerdeNames {
    /// `rename`, or `rename(serialize = ..)`.
    pub(crate) rename: Option<LitStr>,
    pub(crate) rename_all: Option<LitStr>,
    /// The field is not on the wire, or not under a name of its own.
    pub(crate) hidden: bool,
}

impl SerdeNames {
    pub(crate) fn read(attributes: &[Attribute]) -> Result<Self> {
        let mut found = Self::default();
        read(attributes, "serde", |meta| match key(&meta).as_str() {
            "rename" => renamed(&meta, &mut found.rename),
            "rename_all" => renamed(&meta, &mut found.rename_all),
            "skip" | "flatten" | "skip_serializing" => {
                found.hidden = true;
                Ok(())
            }
            _ => skip(&meta),
        })?;
        Ok(found)
    }
}

/// The Java class in `text`.
pub(crate) fn java_class(text: &LitStr) -> Result<String> {
    let name = text.value();
    if is_java_class(&name) {
        return Ok(name);
    }
    Err(Error::new(
        text.span(),
        format!("`{name}` is no Java class name, such as org.wubbo.demo.User"),
    ))
}

fn take(
    attributes: &mut Vec<Attribute>,
    name: &str,
    each: impl FnMut(ParseNestedMeta) -> Result<()>,
) -> Result<()> {
    let outcome = read(attributes, name, each);
    attributes.retain(|attribute| !attribute.path().is_ident(name));
    outcome
}

fn read(
    attributes: &[Attribute],
    name: &str,
    mut each: impl FnMut(ParseNestedMeta) -> Result<()>,
) -> Result<()> {
    for attribute in attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident(name))
    {
        attribute.parse_nested_meta(&mut each)?;
    }
    Ok(())
}

fn key(meta: &ParseNestedMeta) -> String {
    meta.path
        .get_ident()
        .map(ToString::to_string)
        .unwrap_or_default()
}

fn text(meta: &ParseNestedMeta) -> Result<LitStr> {
    meta.value()?.parse()
}

fn once(meta: &ParseNestedMeta, place: &mut Option<LitStr>) -> Result<()> {
    let value = text(meta)?;
    if place.replace(value).is_some() {
        return Err(meta.error(format!("`{}` is given twice", key(meta))));
    }
    Ok(())
}

/// `rename = "a"` or `rename(serialize = "a", deserialize = "b")`, of which the first counts.
fn renamed(meta: &ParseNestedMeta, place: &mut Option<LitStr>) -> Result<()> {
    if meta.input.peek(syn::Token![=]) {
        *place = Some(text(meta)?);
        return Ok(());
    }
    meta.parse_nested_meta(|inner| {
        let value = text(&inner)?;
        if inner.path.is_ident("serialize") {
            *place = Some(value);
        }
        Ok(())
    })
}

/// Steps over a key of serde's that does not concern us, whatever its form.
fn skip(meta: &ParseNestedMeta) -> Result<()> {
    if meta.input.peek(syn::Token![=]) {
        meta.value()?.parse::<syn::Expr>()?;
    } else if meta.input.peek(syn::token::Paren) {
        let inner;
        syn::parenthesized!(inner in meta.input);
        inner.parse::<TokenStream>()?;
    }
    Ok(())
}
