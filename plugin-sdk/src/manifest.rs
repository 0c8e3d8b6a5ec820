//! The manifest of a plugin as the host reads it, from the section `wubbo.plugin` or from a linked factory.
//!
//! Reading is strict where a mistake would change what a plugin does, and blind to keys it does not know (ABI.md 2.1).

use crate::abi::interest::{Hook, INTEREST_HOOKS, Space};
use crate::abi::{
    ABI_MAJOR, ABI_MINOR, MANIFEST_MAGIC, MANIFEST_PREFIX, field, limits, read_u16, status,
};
use serde::Deserialize;
use std::fmt;

/// Kind of a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Sees every call on the way in and on the way back.
    Filter,
    /// Narrows the providers of a call.
    Router,
    /// Picks one provider.
    LoadBalance,
    /// Changes URLs.
    Configurator,
}

impl Kind {
    /// Dubbo's word for it, as in the manifest.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Filter => "filter",
            Self::Router => "router",
            Self::LoadBalance => "loadbalance",
            Self::Configurator => "configurator",
        }
    }

    /// Hooks that this kind may have, as a set.
    #[must_use]
    pub const fn hooks(self) -> u16 {
        let common = Hook::Tick.bit() | Hook::SelfTest.bit();
        let tables = Hook::OnProviders.bit() | Hook::DropProviders.bit();
        common
            | match self {
                Self::Filter => Hook::OnRequest.bit() | Hook::OnResponse.bit(),
                Self::Router => Hook::Route.bit() | Hook::OnRule.bit() | tables,
                Self::LoadBalance => Hook::Select.bit() | tables,
                Self::Configurator => Hook::ConfigureUrl.bit() | Hook::OnRule.bit(),
            }
    }

    /// Hooks of which this kind must have at least one, as a set.
    #[must_use]
    pub const fn required_hooks(self) -> u16 {
        match self {
            Self::Filter => Hook::OnRequest.bit() | Hook::OnResponse.bit(),
            Self::Router => Hook::Route.bit(),
            Self::LoadBalance => Hook::Select.bit(),
            Self::Configurator => Hook::ConfigureUrl.bit(),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// Where a policy applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// Calls that we serve.
    Provider,
    /// Calls that we make.
    Consumer,
    /// Both.
    #[default]
    Both,
}

/// How often a consumer's filter runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Once per call.
    #[default]
    Call,
    /// Once per attempt of the cluster.
    Attempt,
}

/// What a filter's failure means for the call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fail {
    /// The call passes as if the plugin were not there.
    Open,
    /// The call is refused with status 70.
    Closed,
    /// The call is answered with this.
    Answer {
        /// Dubbo's status byte, above 20.
        status: u8,
        /// The text of the error.
        message: String,
    },
}

/// May a plugin see or rewrite a part of the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Access {
    /// No.
    #[default]
    None,
    /// See.
    Read,
    /// See and rewrite.
    Write,
}

/// One interest of the manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestInterest {
    /// Where it stands.
    pub space: Space,
    /// Its key.
    pub key: String,
    /// Set of hooks.
    pub hooks: u16,
}

/// Limits that a plugin wishes for; the operator caps each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub struct WishedLimits {
    /// Memory of an instance in bytes.
    pub memory_bytes: Option<u64>,
    /// CPU time of a per-call hook in microseconds.
    pub hook_us: Option<u64>,
    /// CPU time of a hook off the call path in milliseconds.
    pub configure_ms: Option<u64>,
}

/// A checked manifest; the keys are those of ABI.md 2.1.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Manifest {
    /// Lowest ABI minor that the plugin needs.
    pub abi_minor: u16,
    /// Kind of policy.
    pub kind: Kind,
    /// Dubbo's name of it.
    pub name: String,
    /// Semantic version.
    pub version: String,
    /// Smaller runs first.
    pub order: i32,
    /// Where it applies.
    pub side: Side,
    /// How often it runs.
    pub stage: Stage,
    /// A filter's failure policy; `None` for the other kinds.
    pub fail: Option<Fail>,
    /// Hooks it has, as a set of [`Hook::bit`].
    pub hooks: u16,
    /// What it reads.
    pub interest: Vec<ManifestInterest>,
    /// May it see or rewrite arguments.
    pub arguments: Access,
    /// May it see or rewrite the result.
    pub result: Access,
    /// Shared state is kept per this number.
    pub state_version: u32,
    /// Interval of `tick` in milliseconds; `None` without that hook.
    pub tick_ms: Option<u64>,
    /// Limits it wishes for.
    pub limits: WishedLimits,
    /// One line for people.
    pub description: String,
}

/// Why a manifest was refused, in words that name the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadManifest(String);

impl fmt::Display for BadManifest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::error::Error for BadManifest {}

fn bad(message: impl Into<String>) -> BadManifest {
    BadManifest(message.into())
}

#[derive(Deserialize)]
#[serde(untagged)]
enum RawFail {
    Word(String),
    Answer { status: u32, message: String },
}

#[derive(Deserialize)]
struct Raw {
    kind: Kind,
    name: String,
    version: String,
    #[serde(default)]
    order: i32,
    #[serde(default)]
    side: Side,
    #[serde(default)]
    stage: Stage,
    fail: Option<RawFail>,
    hooks: Vec<String>,
    #[serde(default)]
    interest: Vec<(String, String, Vec<String>)>,
    #[serde(default)]
    arguments: Access,
    #[serde(default)]
    result: Access,
    #[serde(default = "one")]
    state_version: u32,
    tick_ms: Option<u64>,
    #[serde(default)]
    limits: WishedLimits,
    #[serde(default)]
    description: String,
}

const fn one() -> u32 {
    1
}

impl Manifest {
    /// Reads and checks the bytes of the section `wubbo.plugin`.
    ///
    /// # Errors
    /// [`BadManifest`]: too long, no or another prefix, an ABI that this host does not speak, a key missing or wrong.
    pub fn parse(section: &[u8]) -> Result<Self, BadManifest> {
        let abi_minor = prefix(section)?;
        let body = section.get(MANIFEST_PREFIX..).unwrap_or_default();
        let raw: Raw =
            serde_json::from_slice(body).map_err(|error| bad(format!("manifest: {error}")))?;
        check_name(&raw.name)?;
        check_version(&raw.version)?;
        if raw.description.len() > limits::MESSAGE_MAX {
            return Err(bad(format!(
                "description: at most {} bytes",
                limits::MESSAGE_MAX
            )));
        }
        let hooks = hooks(&raw)?;
        Ok(Self {
            abi_minor,
            kind: raw.kind,
            fail: fail(raw.kind, raw.fail)?,
            hooks,
            interest: interest(&raw.interest, hooks)?,
            tick_ms: tick(raw.tick_ms, hooks)?,
            name: raw.name,
            version: raw.version,
            order: raw.order,
            side: raw.side,
            stage: raw.stage,
            arguments: raw.arguments,
            result: raw.result,
            state_version: raw.state_version,
            limits: raw.limits,
            description: raw.description,
        })
    }

    /// Does the plugin have this hook.
    #[must_use]
    pub const fn has(&self, hook: Hook) -> bool {
        self.hooks & hook.bit() != 0
    }

    /// Kind and name, e.g. `filter/token`: what a plugin is known by.
    #[must_use]
    pub fn identity(&self) -> String {
        format!("{}/{}", self.kind, self.name)
    }
}

fn prefix(section: &[u8]) -> Result<u16, BadManifest> {
    if section.len() > limits::MANIFEST_MAX {
        return Err(bad(format!(
            "manifest: {} bytes, at most {}",
            section.len(),
            limits::MANIFEST_MAX
        )));
    }
    let (Some(magic), Some(major), Some(minor)) =
        (section.get(..4), read_u16(section, 4), read_u16(section, 6))
    else {
        return Err(bad("manifest: cut short before the ABI version"));
    };
    if magic != MANIFEST_MAGIC {
        return Err(bad("manifest: does not start with `wubp`"));
    }
    if major != ABI_MAJOR || minor > ABI_MINOR {
        return Err(bad(format!(
            "plugin needs ABI {major}.{minor}, this host speaks {ABI_MAJOR}.{ABI_MINOR}; rebuild it with a matching SDK"
        )));
    }
    Ok(minor)
}

fn check_name(name: &str) -> Result<(), BadManifest> {
    let first = name
        .bytes()
        .next()
        .is_some_and(|byte| byte.is_ascii_lowercase());
    let rest = name
        .bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte));
    if first && rest && name.len() <= limits::NAME_MAX {
        return Ok(());
    }
    Err(bad(format!(
        "name: expected 1 to {} of a-z 0-9 - _ . with a letter first",
        limits::NAME_MAX
    )))
}

fn check_version(version: &str) -> Result<(), BadManifest> {
    let core = version.split(['-', '+']).next().unwrap_or_default();
    let numbers = core
        .split('.')
        .filter(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()));
    let tail = version
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b".-+".contains(&byte));
    if numbers.count() == 3
        && core.split('.').count() == 3
        && tail
        && version.len() <= limits::NAME_MAX
    {
        return Ok(());
    }
    Err(bad("version: expected a semantic version such as 1.4.0"))
}

fn hooks(raw: &Raw) -> Result<u16, BadManifest> {
    let mut set = 0;
    for name in &raw.hooks {
        let hook = Hook::from_name(name).filter(|hook| raw.kind.hooks() & hook.bit() != 0);
        let hook =
            hook.ok_or_else(|| bad(format!("hooks: a {} has no hook `{name}`", raw.kind)))?;
        if set & hook.bit() != 0 {
            return Err(bad(format!("hooks: `{name}` is listed twice")));
        }
        set |= hook.bit();
    }
    if set & raw.kind.required_hooks() == 0 {
        return Err(bad(format!(
            "hooks: a {} needs one of its own hooks",
            raw.kind
        )));
    }
    Ok(set)
}

fn fail(kind: Kind, given: Option<RawFail>) -> Result<Option<Fail>, BadManifest> {
    match (kind, given) {
        (Kind::Filter, None) => Err(bad(
            "fail: a filter must choose open, closed or {status, message}",
        )),
        (Kind::Filter, Some(RawFail::Word(word))) => match word.as_str() {
            "open" => Ok(Some(Fail::Open)),
            "closed" => Ok(Some(Fail::Closed)),
            _ => Err(bad(format!(
                "fail: `{word}` is neither open, closed nor {{status, message}}"
            ))),
        },
        (
            Kind::Filter,
            Some(RawFail::Answer {
                status: given,
                message,
            }),
        ) => match u8::try_from(given) {
            Ok(given) if given > status::OK && message.len() <= limits::MESSAGE_MAX => {
                Ok(Some(Fail::Answer {
                    status: given,
                    message,
                }))
            }
            _ => Err(bad("fail: status must be 21 to 255, message at most 4 KiB")),
        },
        (_, None) => Ok(None),
        (kind, Some(_)) => Err(bad(format!("fail: the policy of a {kind} is fixed"))),
    }
}

fn interest(
    given: &[(String, String, Vec<String>)],
    hooks: u16,
) -> Result<Vec<ManifestInterest>, BadManifest> {
    if given.len() > limits::INTEREST_MAX {
        return Err(bad(format!(
            "interest: {} entries, at most {}",
            given.len(),
            limits::INTEREST_MAX
        )));
    }
    given
        .iter()
        .map(|(space, key, names)| one_interest(space, key, names, hooks))
        .collect()
}

fn one_interest(
    space: &str,
    key: &str,
    names: &[String],
    hooks: u16,
) -> Result<ManifestInterest, BadManifest> {
    let found =
        Space::from_name(space).ok_or_else(|| bad(format!("interest: unknown space `{space}`")))?;
    if key.is_empty() || key.len() > limits::KEY_MAX {
        return Err(bad(format!(
            "interest: a key of {space} must have 1 to {} bytes",
            limits::KEY_MAX
        )));
    }
    if found == Space::Field && field::id(key) == 0 {
        return Err(bad(format!("interest: unknown field `{key}`")));
    }
    let mut set = 0;
    for name in names {
        let hook = Hook::from_name(name).filter(|hook| hooks & INTEREST_HOOKS & hook.bit() != 0);
        let hook = hook.ok_or_else(|| {
            bad(format!(
                "interest: `{key}` names hook `{name}`, which takes none or is not there"
            ))
        })?;
        if !hook.can_read(found, key) {
            return Err(bad(format!(
                "interest: {space} `{key}` cannot be had in {name}"
            )));
        }
        set |= hook.bit();
    }
    if set == 0 {
        return Err(bad(format!("interest: `{key}` names no hook")));
    }
    Ok(ManifestInterest {
        space: found,
        key: key.to_owned(),
        hooks: set,
    })
}

fn tick(given: Option<u64>, hooks: u16) -> Result<Option<u64>, BadManifest> {
    let has = hooks & Hook::Tick.bit() != 0;
    match given {
        Some(ms) if has && (limits::TICK_MS_MIN..=limits::TICK_MS_MAX).contains(&ms) => Ok(given),
        None if !has => Ok(None),
        _ => Err(bad(format!(
            "tick_ms: needed with the hook tick, and only there, {} to {}",
            limits::TICK_MS_MIN,
            limits::TICK_MS_MAX
        ))),
    }
}

#[cfg(test)]
mod tests;
