//! Cases of filters: calls on fresh instances, with the clock moved between them.

use super::{Case, built, empty, expect, spoil_refused};
use crate::error::{Error, Result};
use crate::native::Level;
use crate::testing::{Call, Ended, Exchange, FilterForm, Form};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// One call, made again in every step.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FilterCase {
    /// The row's id in the spec, or what it is about.
    pub id: String,
    /// What it shows.
    #[serde(default)]
    pub claim: String,
    /// Configuration; `{}` if absent.
    #[serde(default = "empty")]
    pub config: Value,
    /// A part of the message that refuses the configuration, if it is refused.
    #[serde(default)]
    pub refused: Option<String>,
    /// The call.
    #[serde(default)]
    pub call: MadeCall,
    /// What is done.
    #[serde(default)]
    pub steps: Vec<FilterStep>,
}

/// A call.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MadeCall {
    /// Interface; `com.x.S` if absent.
    pub service: String,
    /// Its group, empty for none.
    pub group: String,
    /// Its version, empty for none.
    pub version: String,
    /// The method; `m` if absent.
    pub method: String,
    /// Whether a consumer makes it; else a provider has got it.
    pub consumer: bool,
    /// Other fields by name (ABI.md 5.5).
    pub fields: BTreeMap<String, String>,
    /// Parameters of the merged URL.
    pub url: BTreeMap<String, String>,
    /// Attachments.
    pub attachments: BTreeMap<String, String>,
    /// Arguments.
    pub arguments: Vec<Value>,
    /// What the service answers; null if absent.
    pub answer: Value,
    /// The answer's attachments.
    pub answer_attachments: BTreeMap<String, String>,
}

impl Default for MadeCall {
    fn default() -> Self {
        Self {
            service: "com.x.S".to_owned(),
            group: String::new(),
            version: String::new(),
            method: "m".to_owned(),
            consumer: false,
            fields: BTreeMap::new(),
            url: BTreeMap::new(),
            attachments: BTreeMap::new(),
            arguments: Vec::new(),
            answer: Value::Null,
            answer_attachments: BTreeMap::new(),
        }
    }
}

/// One step.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum FilterStep {
    /// So many calls reach the service unchanged, and its answer comes back unchanged.
    Pass(u32),
    /// A call reaches the service changed like this alone.
    Change(Changes),
    /// Calls that the filter answers itself with an error.
    Refuse(Refused),
    /// The clock moves on.
    WaitMs(u64),
    /// What was logged since the start: level and text.
    Logs(Vec<(String, String)>),
    /// The lines of the access log since the start, without the time.
    AccessLines(Vec<String>),
}

/// Changes of the attachments.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Changes {
    /// These are set.
    pub set: BTreeMap<String, String>,
    /// These are gone.
    pub remove: Vec<String>,
}

/// An error of the framework.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refused {
    /// How many calls; one if absent.
    #[serde(default = "once")]
    pub times: u32,
    /// Dubbo's status byte; 70 if absent.
    #[serde(default = "service_error")]
    pub status: u8,
    /// The code of Dubbo's `RpcException`.
    pub code: u8,
    /// Its text.
    pub message: String,
}

const fn once() -> u32 {
    1
}

const fn service_error() -> u8 {
    crate::abi::status::SERVICE_ERROR
}

impl MadeCall {
    /// The call.
    #[must_use]
    pub fn call(&self) -> Call {
        let group = match self.group.as_str() {
            "" => String::new(),
            group => format!("{group}/"),
        };
        let version = match self.version.as_str() {
            "" => String::new(),
            version => format!(":{version}"),
        };
        let key = [group.as_str(), &self.service, &version].concat();
        let mut call = Call::new(&self.service, &self.method)
            .field("service_key", &key)
            .field("protocol", "dubbo");
        let named = [("group", &self.group), ("version", &self.version)];
        for (name, value) in named.into_iter().filter(|(_, value)| !value.is_empty()) {
            call = call.field(name, value);
        }
        if self.consumer {
            call = call.on_consumer();
        }
        for (name, value) in &self.fields {
            call = call.field(name, value);
        }
        for (key, value) in &self.url {
            call = call.parameter(key, value);
        }
        for (key, value) in &self.attachments {
            call = call.attachment(key, value);
        }
        self.arguments.iter().cloned().fold(call, Call::argument)
    }

    /// What the service answers.
    #[must_use]
    pub fn answer(&self) -> Ended {
        let answer = match &self.answer {
            Value::Null => Ended::null(),
            value => Ended::value(value.clone()),
        };
        self.answer_attachments
            .iter()
            .fold(answer, |answer, (key, value)| answer.attachment(key, value))
    }
}

impl FilterCase {
    /// Spoils the first step of one sort.
    fn spoil(&mut self, spoil: impl Fn(&mut FilterStep) -> bool) -> bool {
        self.steps.iter_mut().any(spoil)
    }
}

impl Case for FilterCase {
    const SPOILS: &'static [fn(&mut Self) -> bool] = &[
        |case| {
            case.spoil(|step| {
                let passes = matches!(step, FilterStep::Pass(_));
                *step = FilterStep::Change(Changes {
                    set: BTreeMap::from([("x".to_owned(), "y".to_owned())]),
                    remove: Vec::new(),
                });
                passes
            })
        },
        |case| {
            case.spoil(|step| match step {
                FilterStep::Change(_) => {
                    *step = FilterStep::Pass(1);
                    true
                }
                _ => false,
            })
        },
        |case| {
            case.spoil(|step| match step {
                FilterStep::Refuse(refused) => {
                    refused.message.push('x');
                    true
                }
                _ => false,
            })
        },
        |case| {
            case.spoil(|step| match step {
                FilterStep::Refuse(refused) => {
                    refused.status += 1;
                    true
                }
                _ => false,
            })
        },
        |case| {
            case.spoil(|step| match step {
                FilterStep::Logs(lines) => {
                    lines.push(("warn".to_owned(), "x".to_owned()));
                    true
                }
                _ => false,
            })
        },
        |case| {
            case.spoil(|step| match step {
                FilterStep::AccessLines(lines) => {
                    lines.push("x".to_owned());
                    true
                }
                _ => false,
            })
        },
        |case| spoil_refused(&mut case.refused),
    ];

    fn id(&self) -> &str {
        &self.id
    }

    fn check(&self, form: &dyn Form) -> Result<()> {
        let made = form.filter(&self.config.to_string());
        let Some(mut filter) = built(made, self.refused.as_deref())? else {
            return Ok(());
        };
        for (number, step) in self.steps.iter().enumerate() {
            self.take(&mut *filter, step)
                .map_err(|error| Error::new(format!("({}) step {number}: {error}", self.claim)))?;
        }
        Ok(())
    }
}

impl FilterCase {
    fn take(&self, filter: &mut dyn FilterForm, step: &FilterStep) -> Result<()> {
        let answer = self.call.answer();
        let mut run = || filter.call(&self.call.call(), &answer);
        match step {
            FilterStep::Pass(times) => {
                (0..*times).try_for_each(|_| self.reaches(&Changes::default(), &answer, &run()?))
            }
            FilterStep::Change(changes) => self.reaches(changes, &answer, &run()?),
            FilterStep::Refuse(refused) => {
                (0..refused.times).try_for_each(|_| refused.check(&run()?))
            }
            FilterStep::WaitMs(ms) => {
                filter.advance_ms(*ms);
                Ok(())
            }
            FilterStep::Logs(lines) => {
                let name = |level: Level| format!("{level:?}").to_lowercase();
                let logs = filter.logs().into_iter();
                let found = logs.map(|(level, text)| (name(level), text)).collect();
                expect("log", lines, &found)
            }
            FilterStep::AccessLines(lines) => expect("access log", lines, &filter.access_lines()),
        }
    }

    fn reaches(&self, changes: &Changes, answer: &Ended, found: &Exchange) -> Result<()> {
        let mut attachments = self.call.attachments.clone();
        attachments.extend(changes.set.clone());
        attachments.retain(|key, _| !changes.remove.contains(key));
        let Some(seen) = &found.seen else {
            return Err(Error::new(format!("the filter replied {:?}", found.ended)));
        };
        expect("attachments", &attachments, &seen.attachments)?;
        expect("arguments", &self.call.arguments, &seen.arguments)?;
        expect("answer", answer, &found.ended)
    }
}

impl Refused {
    fn check(&self, found: &Exchange) -> Result<()> {
        let error = found.ended.as_error();
        let Some((status, code, message)) = error.filter(|_| found.seen.is_none()) else {
            return Err(Error::new(format!("it is not refused: {found:?}")));
        };
        expect("status", &self.status, &status)?;
        if found.exact_code {
            expect("code", &self.code, &code)?;
        }
        expect("message", &self.message.as_str(), &message)
    }
}
