//! What a config center says laid over what the file says: Dubbo's keys of settings that wubbo has.

mod registry;

use std::collections::BTreeMap;

use wubbo_core::{Pattern, keys, parse_duration};

use super::properties::Properties;
use super::{CLUSTERS, Config, RETRIES, Reference};

/// The pattern of the references that nothing more special is said of.
const EVERY: &str = "*";

/// What became of each key of a config center's settings. No values: they may be secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overlaid {
    /// Keys whose values are in use now.
    pub taken: Vec<String>,
    /// Keys that there is no setting for, or whose setting a more special key says.
    pub passed_over: Vec<String>,
    /// Keys whose value cannot be one, with what is expected; their settings stay as they were.
    pub refused: Vec<(String, String)>,
}

/// Values of one thing's settings by Dubbo's name of the setting, each with the key that says it.
type Said<'a> = BTreeMap<&'a str, Entry<'a>>;

/// A property.
#[derive(Clone, Copy)]
struct Entry<'a> {
    key: &'a str,
    value: &'a str,
}

impl Config {
    /// Lays `properties` over this configuration: what they name is replaced, all else stays. An empty value says nothing.
    ///
    /// | key | setting |
    /// |---|---|
    /// | `dubbo.registries.<id>.*`, `dubbo.registry.<id>.*` | that registry, made if there is none |
    /// | `dubbo.registries.*`, `dubbo.registry.*` | the registry `default`, else the only one of the file |
    /// | `dubbo.consumer.*` | references whose own entry does not say it |
    /// | `dubbo.reference.<interface>.*` | that interface's references |
    pub fn overlay(&mut self, properties: &Properties) -> Overlaid {
        let mut overlaid = Overlaid::default();
        let mut consumer = Said::new();
        let mut references = BTreeMap::<&str, Said<'_>>::new();
        let mut registries = Vec::new();
        for (key, value) in properties {
            let value = value.trim();
            let entry = Entry { key, value };
            if value.is_empty() {
                overlaid.pass_over(key);
            } else if let Some(named) = registry::Named::by(entry) {
                registries.push(named);
            } else if let Some(setting) = key.strip_prefix("dubbo.consumer.") {
                consumer.insert(setting, entry);
            } else if let Some((interface, setting)) = reference(key) {
                references
                    .entry(interface)
                    .or_default()
                    .insert(setting, entry);
            } else {
                overlaid.pass_over(key);
            }
        }
        registry::overlay(&mut self.registries, registries, &mut overlaid);
        self.overlay_consumer(consumer, &mut overlaid);
        self.overlay_references(references, &mut overlaid);
        overlaid
    }

    fn overlay_consumer(&mut self, mut said: Said<'_>, overlaid: &mut Overlaid) {
        // dubbo-go's name of it.
        if let Some(theirs) = said.remove("request_timeout") {
            if said.contains_key(keys::TIMEOUT) {
                overlaid.pass_over(theirs.key);
            } else {
                said.insert(keys::TIMEOUT, theirs);
            }
        }
        let parameters = parameters(said, overlaid);
        if parameters.is_empty() {
            return;
        }
        let mut is_there = false;
        for reference in &mut self.references {
            let is_every = reference.services.as_str() == EVERY;
            is_there |= is_every;
            for (key, value) in &parameters {
                if is_every || reference.parameters.iter().all(|(own, _)| own != key) {
                    set(&mut reference.parameters, key, value);
                }
            }
        }
        if !is_there {
            self.references.push(Reference {
                services: Pattern::new(EVERY),
                parameters,
            });
        }
    }

    /// An entry before those of the file for each interface, which keeps what the file says of it.
    fn overlay_references(
        &mut self,
        references: BTreeMap<&str, Said<'_>>,
        overlaid: &mut Overlaid,
    ) {
        let mut special = Vec::new();
        for (interface, said) in references {
            let parameters = parameters(said, overlaid);
            if parameters.is_empty() {
                continue;
            }
            let mut files = self.references.iter();
            let files = files.find(|reference| reference.services.matches(interface));
            let mut entry = Reference {
                services: Pattern::new(interface),
                parameters: files.map_or_else(Vec::new, |files| files.parameters.clone()),
            };
            for (key, value) in &parameters {
                set(&mut entry.parameters, key, value);
            }
            special.push(entry);
        }
        self.references.splice(..0, special);
    }
}

impl Overlaid {
    fn take(&mut self, key: &str) {
        self.taken.push(key.to_owned());
    }

    fn pass_over(&mut self, key: &str) {
        self.passed_over.push(key.to_owned());
    }

    fn refuse(&mut self, key: &str, expected: &str) {
        self.refused.push((key.to_owned(), expected.to_owned()));
    }
}

/// Interface and setting of a key about one interface. A star would be a pattern, which no key of Dubbo's is.
fn reference(key: &str) -> Option<(&str, &str)> {
    let named = key.strip_prefix("dubbo.reference.")?.rsplit_once('.')?;
    (!named.0.contains('*')).then_some(named)
}

/// The parameters of a reference that are said.
fn parameters(said: Said<'_>, overlaid: &mut Overlaid) -> Vec<(String, String)> {
    let mut parameters = Vec::new();
    for (setting, Entry { key, value }) in said {
        match parameter(setting, value) {
            Some(Ok(value)) => {
                overlaid.take(key);
                parameters.push((setting.to_owned(), value));
            }
            Some(Err(expected)) => overlaid.refuse(key, &expected),
            None => overlaid.pass_over(key),
        }
    }
    parameters
}

/// The value of a reference's parameter, or what is expected; `None` for a setting that there is none of.
fn parameter(setting: &str, value: &str) -> Option<Result<String, String>> {
    let (value, expected) = match setting {
        keys::TIMEOUT => {
            let timeout = parse_duration(value);
            let expected = "milliseconds such as 3000, or a duration such as 3s".to_owned();
            (
                timeout.map(|timeout| timeout.as_millis().to_string()),
                expected,
            )
        }
        keys::RETRIES => {
            let retries = value
                .parse()
                .ok()
                .filter(|retries| RETRIES.contains(retries));
            let (least, most) = (RETRIES.start(), RETRIES.end());
            let expected = format!("a whole number from {least} to {most}");
            (retries.map(|retries| retries.to_string()), expected)
        }
        keys::CLUSTER => {
            let known = CLUSTERS.contains(&value).then(|| value.to_owned());
            (known, format!("one of {}", CLUSTERS.join(", ")))
        }
        // Any name: a balancer of one's own may come as a file, later than this.
        keys::LOADBALANCE => (Some(value.to_owned()), String::new()),
        _ => return None,
    };
    Some(value.ok_or(expected))
}

fn set(parameters: &mut Vec<(String, String)>, key: &str, value: &str) {
    parameters.retain(|(own, _)| own != key);
    parameters.push((key.to_owned(), value.to_owned()));
}

#[cfg(test)]
mod tests;
