//! Dubbo's provider filter `accesslog`: one line per call to the access log of the service.
//!
//! The policy makes the line; time, place, rolling and the bounded queue are the host's, which never blocks a call.

use serde::Deserialize;
use wubbo_plugin_sdk::{ErrorKind, Filter, Flow, Request, Result, field, keys, wubbo_plugin};

mod types;

/// The configuration.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Write a line for every call, also where the URL has no `accesslog`. Default false.
    pub always: bool,
    /// Write types only, no arguments: for services whose arguments must not reach a log. Default false.
    pub hide_arguments: bool,
}

/// The policy; it keeps its configuration.
#[derive(Debug)]
pub struct AccessLog {
    config: Config,
}

#[wubbo_plugin(
    kind = filter,
    name = "accesslog",
    side = provider,
    order = -8000,
    fail = open,
    arguments = read,
    // What a line needs is asked for when one is written: most calls of most services write none.
    reads(url("accesslog")),
    description = "writes one line per call to the access log of the service"
)]
impl Filter for AccessLog {
    type Config = Config;

    fn new(config: Config) -> Result<Self> {
        Ok(Self { config })
    }

    fn on_request(&mut self, request: &mut Request<'_>) -> Result<Flow> {
        if self.config.always || request.parameter(keys::ACCESSLOG)?.is_some() {
            let line = self.line(request)?;
            match request.host().access_log(&line) {
                // The queue is full: the host has counted the lost line, the call must not notice.
                Err(error) if error.kind() == ErrorKind::Quota => {}
                other => other?,
            }
        }
        Ok(Flow::Continue)
    }

    fn schema() -> &'static str {
        r#"{"type":"object","additionalProperties":false,"properties":{
"always":{"type":"boolean","default":false,"description":"write a line for every call"},
"hide_arguments":{"type":"boolean","default":false,"description":"write types only"}}}"#
    }
}

impl AccessLog {
    /// `<remote> -> <local> - [<group>/]<interface>[:<version>] <method>(<types>) <arguments>`, as Java writes it.
    fn line(&self, request: &Request<'_>) -> Result<String> {
        let text = |id| request.field(id).map(Option::unwrap_or_default);
        let mut line = String::with_capacity(256);
        line.push_str(&text(field::REMOTE_ADDRESS)?);
        line.push_str(" -> ");
        line.push_str(&text(field::LOCAL_ADDRESS)?);
        line.push_str(" - ");
        let (group, version) = (text(field::GROUP)?, text(field::VERSION)?);
        if !group.is_empty() {
            line.push_str(&group);
            line.push('/');
        }
        line.push_str(&request.service()?);
        if !version.is_empty() {
            line.push(':');
            line.push_str(&version);
        }
        line.push(' ');
        line.push_str(&request.method()?);
        line.push('(');
        types::push_names(&mut line, &text(field::TYPES)?);
        line.push_str(") ");
        if request.argument_count() > 0 && !self.config.hide_arguments {
            line.push_str(&arguments(request)?);
        }
        Ok(line)
    }
}

/// The arguments as a JSON array; empty if the host cannot read them or they are too large for a line anyway.
fn arguments(request: &Request<'_>) -> Result<String> {
    match request.arguments_json() {
        Ok(text) => Ok(text.unwrap_or_default()),
        Err(error) if matches!(error.kind(), ErrorKind::NotReadable | ErrorKind::TooLarge) => {
            Ok(String::new())
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests;
