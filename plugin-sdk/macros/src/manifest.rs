//! The bytes of the section `wubbo.plugin` (ABI.md 2.1), checked while the plugin is compiled.

use crate::attribute::{Attribute, Fail, Read};
use crate::kinds::{Kind, Reads};
use proc_macro2::Span;
use syn::{Error, Ident, Result};

/// Magic, major 1, minor 0: a plugin of this SDK uses nothing later.
const PREFIX: &[u8] = b"wubp\x01\0\0\0";
const FIELDS: [&str; 16] = [
    "service",
    "method",
    "group",
    "version",
    "service_key",
    "types",
    "remote_address",
    "local_address",
    "path",
    "exception_class",
    "error_message",
    "dubbo_version",
    "protocol",
    "address",
    "host",
    "port",
];

/// Hooks that the plugin has.
pub(crate) struct Hooks(pub(crate) Vec<&'static str>);

impl Hooks {
    /// Is this hook there.
    pub(crate) fn has(&self, hook: &str) -> bool {
        self.0.contains(&hook)
    }
}

/// The section's bytes.
pub(crate) fn section(
    kind: &Kind,
    attribute: &Attribute,
    hooks: &Hooks,
    crate_version: &str,
) -> Result<Vec<u8>> {
    check_keys(kind, attribute)?;
    let (name_key, name) = attribute
        .name
        .as_ref()
        .ok_or_else(|| missing("name = \"..\""))?;
    check_name(name_key, name)?;
    let mut keys = vec![
        ("kind", quoted(kind.word)),
        ("name", quoted(name)),
        (
            "version",
            quoted(attribute.version.as_deref().unwrap_or(crate_version)),
        ),
        ("hooks", list(hooks.0.iter().map(|hook| quoted(hook)))),
    ];
    if kind.word == "filter" {
        keys.push(("fail", fail(attribute)?));
    }
    keys.extend(attribute.order.map(|order| ("order", order.to_string())));
    keys.extend(word(attribute, "side", &["provider", "consumer", "both"])?);
    keys.extend(word(attribute, "stage", &["call", "attempt"])?);
    keys.extend(word(attribute, "arguments", kind.arguments)?);
    keys.extend(word(attribute, "result", &["read", "write"])?);
    keys.push(("interest", interest(kind, attribute, hooks)?));
    keys.extend(tick(attribute, hooks)?);
    keys.extend(
        attribute
            .number("state_version")
            .map(|(_, number)| ("state_version", number.to_string())),
    );
    keys.push(("limits", limits(attribute)));
    keys.extend(
        attribute
            .description
            .as_ref()
            .map(|text| ("description", quoted(text))),
    );
    let body: Vec<String> = keys
        .iter()
        .map(|(key, value)| format!("{}:{value}", quoted(key)))
        .collect();
    Ok([PREFIX, format!("{{{}}}", body.join(",")).as_bytes()].concat())
}

fn missing(what: &str) -> Error {
    Error::new(Span::call_site(), format!("wubbo_plugin needs {what}"))
}

fn check_name(key: &Ident, name: &str) -> Result<()> {
    let first = name.starts_with(|first: char| first.is_ascii_lowercase());
    let rest = name
        .bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte));
    if first && rest && name.len() <= 64 {
        return Ok(());
    }
    Err(Error::new(
        key.span(),
        "expected 1 to 64 of a-z 0-9 - _ . with a letter first",
    ))
}

fn fail(attribute: &Attribute) -> Result<String> {
    match &attribute.fail {
        None => Err(missing(
            "fail = open, closed or answer(status, \"message\"): what is a failure of yours to the call?",
        )),
        Some(Fail::Word(word)) if word == "open" || word == "closed" => {
            Ok(quoted(&word.to_string()))
        }
        Some(Fail::Word(word)) => Err(Error::new(
            word.span(),
            "expected open, closed or answer(status, \"message\")",
        )),
        Some(Fail::Answer { status, message }) => Ok(format!(
            "{{\"status\":{status},\"message\":{}}}",
            quoted(message)
        )),
    }
}

fn word(
    attribute: &Attribute,
    key: &'static str,
    known: &[&str],
) -> Result<Option<(&'static str, String)>> {
    let Some(word) = attribute.word(key) else {
        return Ok(None);
    };
    if known.iter().any(|known| word == known) {
        return Ok(Some((key, quoted(&word.to_string()))));
    }
    Err(Error::new(
        word.span(),
        format!("expected {}", known.join(", ")),
    ))
}

fn tick(attribute: &Attribute, hooks: &Hooks) -> Result<Option<(&'static str, String)>> {
    match attribute.number("tick_ms") {
        Some((_, ms)) if hooks.has("tick") && (100..=86_400_000).contains(ms) => {
            Ok(Some(("tick_ms", ms.to_string())))
        }
        Some((key, _)) => Err(Error::new(
            key.span(),
            "goes with a hook `tick`, and is 100 to 86400000",
        )),
        None if hooks.has("tick") => Err(missing("tick_ms, for there is a hook `tick`")),
        None => Ok(None),
    }
}

fn limits(attribute: &Attribute) -> String {
    let wished = ["memory_bytes", "hook_us", "configure_ms"];
    let given = wished.iter().filter_map(|key| attribute.number(key));
    let given: Vec<String> = given
        .map(|(key, number)| format!("{}:{number}", quoted(&key.to_string())))
        .collect();
    format!("{{{}}}", given.join(","))
}

/// Keys that this kind does not take, each with the reason.
fn check_keys(kind: &Kind, attribute: &Attribute) -> Result<()> {
    for key in &attribute.keys {
        if let Some((_, reason)) = kind.refused.iter().find(|(refused, _)| key == refused) {
            return Err(Error::new(
                key.span(),
                format!("`{key}` does not go with kind = {}: {reason}", kind.word),
            ));
        }
    }
    Ok(())
}

fn interest(kind: &Kind, attribute: &Attribute, hooks: &Hooks) -> Result<String> {
    let mut all = Vec::new();
    for reads in kind.reads {
        for read in attribute.reads(reads.key) {
            all.push(one_interest(read, reads, hooks)?);
        }
    }
    if all.len() > 64 {
        return Err(Error::new(
            Span::call_site(),
            "at most 64 interests; others can be read lazily",
        ));
    }
    Ok(list(all.into_iter()))
}

fn one_interest(read: &Read, reads: &Reads, hooks: &Hooks) -> Result<String> {
    let bad = |message: &str| Err(Error::new(read.space.span(), message));
    let space = read.space.to_string();
    let hook = reads.hook;
    if !hooks.has(hook) {
        return bad(&format!(
            "`{}` is read in {hook}, which this impl does not have",
            read.key
        ));
    }
    if !reads.spaces.contains(&space.as_str()) {
        return bad(&format!(
            "expected one of {} for {hook}",
            reads.spaces.join(", ")
        ));
    }
    let fields = if reads.fields.is_empty() {
        &FIELDS
    } else {
        reads.fields
    };
    if space == "field" && !fields.contains(&read.key.as_str()) {
        return bad(&format!("expected one of {}", fields.join(", ")));
    }
    if read.key.is_empty() || read.key.len() > 256 {
        return bad("a key has 1 to 256 bytes");
    }
    Ok(format!(
        "[{},{},[{}]]",
        quoted(&space),
        quoted(&read.key),
        quoted(hook)
    ))
}

fn list(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(","))
}

/// A JSON string.
fn quoted(text: &str) -> String {
    let mut out = String::from('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => out.extend(['\\', character]),
            control if u32::from(control) < 0x20 => {
                out.push_str(&format!("\\u{:04x}", u32::from(control)))
            }
            other => out.push(other),
        }
    }
    out.push('"');
    out
}
