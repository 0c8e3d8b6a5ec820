//! What an operator says about one plugin: the `<file>.yaml` beside a module, or an entry of the host's `plugins.config`.
//! Unknown keys are refused, with line and column, so that a misspelt `fail` never goes unnoticed.

use std::time::Duration;

use serde::Deserialize;
use wubbo_core::{Applies, Pattern};
use wubbo_plugin_sdk::abi::{limits, status};
use wubbo_plugin_sdk::{Access, Fail, Kind, Manifest, Side, Stage};

use crate::definition::Given;
use crate::error::{PluginError, PluginErrorKind};
use crate::limits::{CONFIGURE_MAX, GrantedLimits, HOOK_MAX, MEMORY_BYTES_MAX, parse_size};

/// The checked settings of one plugin; what they leave out the manifest says.
#[derive(Debug, Clone, Default)]
pub(crate) struct Settings {
    /// The plugin's own configuration as JSON text; `None`: it gets `{}`.
    pub(crate) config: Option<String>,
    pub(crate) order: Option<i32>,
    pub(crate) side: Option<Side>,
    pub(crate) stage: Option<Stage>,
    pub(crate) applies: Applies,
    pub(crate) fail: Option<Fail>,
    pub(crate) limits: GrantedLimits,
    pub(crate) grants: Grants,
    pub(crate) disabled: bool,
}

/// What the operator grants or takes away.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Grants {
    /// Where access-log lines go when the service's URL names no place: `default` or a file.
    pub(crate) accesslog: Option<String>,
    /// Upper bound of the manifest's `arguments`.
    pub(crate) arguments: Option<Access>,
    /// Upper bound of the manifest's `result`.
    pub(crate) result: Option<Access>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    config: Option<serde_json::Value>,
    order: Option<i32>,
    side: Option<Side>,
    stage: Option<Stage>,
    #[serde(default)]
    services: Vec<String>,
    #[serde(default)]
    methods: Vec<String>,
    fail: Option<RawFail>,
    #[serde(default)]
    limits: RawLimits,
    #[serde(default)]
    grants: Grants,
    #[serde(default = "yes")]
    enabled: bool,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum RawFail {
    Word(String),
    Answer { status: u32, message: String },
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct RawLimits {
    memory: Option<String>,
    hook: Option<String>,
    configure: Option<String>,
}

const fn yes() -> bool {
    true
}

impl Settings {
    /// Reads the YAML text of a plugin.
    ///
    /// # Errors
    /// Kind `Config` with line and column, or with the key.
    pub(crate) fn from_yaml(text: &str) -> Result<Self, PluginError> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        let raw = serde_saphyr::from_str::<Raw>(text).map_err(|error| {
            let place = error.location().map_or_else(String::new, |at| {
                format!("line {} column {}: ", at.line(), at.column())
            });
            // The message may repeat the place and show a snippet of several lines; one line is enough here.
            let message = error.without_snippet().to_string();
            bad(format!("{place}{}", first_line(&message)))
        })?;
        raw.checked()
    }

    /// Reads what the operator says about a plugin of this manifest.
    ///
    /// # Errors
    /// Kind `Config` with the place.
    pub(crate) fn of(given: &Given, manifest: &Manifest) -> Result<Self, PluginError> {
        match given {
            Given::Nothing => Ok(Self::default()),
            Given::Yaml(bytes) => std::str::from_utf8(bytes)
                .map_err(|error| bad(format!("not utf-8: {error}")))
                .and_then(Self::from_yaml)
                .map_err(|error| error.of(&"its yaml")),
            Given::Host(tree) => Self::from_tree(tree)
                .map_err(|error| error.of(&format_args!("plugins.config.{}", manifest.identity()))),
        }
    }

    /// Reads settings that the host's own configuration holds.
    ///
    /// # Errors
    /// Kind `Config` with the key.
    pub(crate) fn from_tree(tree: &serde_json::Value) -> Result<Self, PluginError> {
        if tree.is_null() {
            return Ok(Self::default());
        }
        let raw = Raw::deserialize(tree).map_err(|error| bad(error.to_string()))?;
        raw.checked()
    }

    /// Whether every setting means something to a plugin of this manifest.
    ///
    /// # Errors
    /// Kind `Config`: the first that does not, so that nobody relies on it.
    pub(crate) fn fit(&self, manifest: &Manifest) -> Result<(), PluginError> {
        let kind = manifest.kind;
        let given = [
            ("fail", self.fail.is_some(), kind == Kind::Filter),
            ("stage", self.stage.is_some(), kind == Kind::Filter),
            (
                "side",
                self.side.is_some(),
                matches!(kind, Kind::Filter | Kind::Configurator),
            ),
            ("order", self.order.is_some(), kind != Kind::LoadBalance),
            (
                "services",
                !self.applies.services.is_empty(),
                kind != Kind::LoadBalance,
            ),
            (
                "methods",
                !self.applies.methods.is_empty(),
                matches!(kind, Kind::Filter | Kind::Router),
            ),
        ];
        match given.into_iter().find(|(_, given, fits)| *given && !fits) {
            None => Ok(()),
            Some((key, ..)) => Err(bad(format!("{key}: means nothing to a {kind}; remove it"))),
        }
    }

    /// The failure policy that counts for a plugin of this manifest.
    pub(crate) fn fail(&self, manifest: &Manifest) -> Fail {
        let own = self.fail.clone().or_else(|| manifest.fail.clone());
        own.unwrap_or(Fail::Open)
    }
}

impl Raw {
    fn checked(self) -> Result<Settings, PluginError> {
        let config = self.config.filter(|config| !config.is_null());
        let config = config.map(|config| config.to_string());
        if config
            .as_ref()
            .is_some_and(|text| text.len() > limits::CONFIG_MAX)
        {
            return Err(bad(format!(
                "config: above {} bytes as JSON",
                limits::CONFIG_MAX
            )));
        }
        let pattern = |names: Vec<String>| names.into_iter().map(Pattern::new).collect();
        Ok(Settings {
            config,
            order: self.order,
            side: self.side,
            stage: self.stage,
            applies: Applies {
                services: pattern(self.services),
                methods: pattern(self.methods),
            },
            fail: self.fail.map(RawFail::checked).transpose()?,
            limits: self.limits.checked()?,
            grants: self.grants,
            disabled: !self.enabled,
        })
    }
}

impl RawFail {
    fn checked(self) -> Result<Fail, PluginError> {
        match self {
            Self::Word(word) if word == "open" => Ok(Fail::Open),
            Self::Word(word) if word == "closed" => Ok(Fail::Closed),
            Self::Word(word) => Err(bad(format!(
                "fail: `{word}` is neither open, closed nor {{status, message}}"
            ))),
            Self::Answer { status, message } => match u8::try_from(status) {
                Ok(status) if status > status::OK && message.len() <= limits::MESSAGE_MAX => {
                    Ok(Fail::Answer { status, message })
                }
                _ => Err(bad("fail: status must be 21 to 255, message at most 4 KiB")),
            },
        }
    }
}

impl RawLimits {
    fn checked(&self) -> Result<GrantedLimits, PluginError> {
        let memory = |text: &String| {
            parse_size(text)
                .filter(|bytes| (1 << 16..=MEMORY_BYTES_MAX).contains(bytes))
                .ok_or_else(|| {
                    bad(format!(
                        "limits.memory: `{text}` is not a size from 64KiB to 64MiB"
                    ))
                })
        };
        Ok(GrantedLimits {
            memory_bytes: self.memory.as_ref().map(memory).transpose()?,
            hook: time("hook", self.hook.as_ref(), HOOK_MAX)?,
            configure: time("configure", self.configure.as_ref(), CONFIGURE_MAX)?,
        })
    }
}

fn time(key: &str, text: Option<&String>, max: Duration) -> Result<Option<Duration>, PluginError> {
    let Some(text) = text else { return Ok(None) };
    match wubbo_core::parse_duration(text) {
        Some(time) if time >= Duration::from_micros(1) && time <= max => Ok(Some(time)),
        _ => Err(bad(format!(
            "limits.{key}: `{text}` is not a time from 1us to {}s",
            max.as_secs()
        ))),
    }
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

fn bad(message: impl Into<String>) -> PluginError {
    PluginError::new(PluginErrorKind::Config, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_read() {
        let settings = Settings::from_yaml(
            "config: { limit: 5 }\norder: -3\nside: provider\nstage: attempt\nservices: [com.shop.*]\nmethods: [get*]\n\
             fail: { status: 100, message: busy }\nlimits: { memory: 32MiB, hook: 2ms, configure: 3s }\n\
             grants: { accesslog: default, arguments: read }\nenabled: false\n",
        )
        .unwrap();
        assert_eq!(settings.config.as_deref(), Some(r#"{"limit":5}"#));
        assert_eq!(settings.order, Some(-3));
        assert_eq!(settings.side, Some(Side::Provider));
        assert_eq!(settings.stage, Some(Stage::Attempt));
        assert!(settings.applies.to("com.shop.Cart", "getItem"));
        assert!(!settings.applies.to("com.shop.Cart", "putItem"));
        let Some(Fail::Answer { status, .. }) = settings.fail else {
            panic!("no answer")
        };
        assert_eq!(status, 100);
        assert_eq!(settings.limits.memory_bytes, Some(32 << 20));
        assert_eq!(settings.limits.hook, Some(Duration::from_millis(2)));
        assert_eq!(settings.grants.arguments, Some(Access::Read));
        assert!(settings.disabled);
    }

    #[test]
    fn an_empty_file_says_nothing() {
        let settings = Settings::from_yaml("\n").unwrap();
        assert!(settings.config.is_none() && !settings.disabled);
    }

    #[test]
    fn mistakes_are_named_with_their_place() {
        let cases = [
            ("order: 1\nfial: open\n", "line 2 column 1: ", "fial"),
            ("order: high\n", "line 1 column 8: ", ""),
            ("config: [1\n", "line ", ""),
            ("fail: ajar\n", "", "`ajar` is neither open, closed"),
            (
                "fail: { status: 20, message: x }\n",
                "",
                "status must be 21 to 255",
            ),
            ("limits: { memory: 1TB }\n", "", "limits.memory: `1TB`"),
            ("limits: { memory: 65MiB }\n", "", "64MiB"),
            (
                "limits: { hook: 2s }\n",
                "",
                "limits.hook: `2s` is not a time from 1us to 1s",
            ),
        ];
        for (yaml, place, words) in cases {
            let error = Settings::from_yaml(yaml).unwrap_err();
            assert_eq!(error.kind(), PluginErrorKind::Config);
            let text = error.to_string();
            assert!(
                text.starts_with(place) && text.contains(words),
                "{yaml:?}: {text}"
            );
            assert!(!text.contains('\n'), "{text:?}");
        }
    }

    #[test]
    fn the_host_configuration_holds_the_same_keys() {
        let tree = serde_json::json!({ "config": { "a": 1 }, "order": 7 });
        let settings = Settings::from_tree(&tree).unwrap();
        assert_eq!(
            (settings.config.as_deref(), settings.order),
            (Some(r#"{"a":1}"#), Some(7))
        );
        let error = Settings::from_tree(&serde_json::json!({ "ordr": 7 })).unwrap_err();
        assert!(error.to_string().contains("ordr"), "{error}");
    }
}
