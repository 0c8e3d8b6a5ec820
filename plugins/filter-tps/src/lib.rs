//! Dubbo's provider filter `tps`: a service or method whose URL names a rate gets so many calls per interval and no more.
//!
//! The windows lie in the host's shared state, so they are exact across threads and go on when the plugin is swapped.
//! Rate and interval are read anew for each call: a changed URL counts from the next one.

use std::hash::{DefaultHasher, Hash, Hasher};
use wubbo_plugin_sdk::abi::limits::KEY_MAX;
use wubbo_plugin_sdk::{
    Filter, Flow, Level, NoConfig, Reply, Request, Result, error_code, field, status, wubbo_plugin,
};

mod limit;
mod window;

use limit::{Limit, Limited, Strategy};

/// The policy; what it keeps lies with the host.
#[derive(Debug)]
pub struct Tps;

#[wubbo_plugin(
    kind = filter,
    name = "tps",
    side = provider,
    order = -7000,
    fail = open,
    reads(url("tps.limiter"), method_url("tps")),
    description = "refuses calls above the rate that the service's url names"
)]
impl Filter for Tps {
    type Config = NoConfig;

    fn new(_config: NoConfig) -> Result<Self> {
        Ok(Self)
    }

    fn on_request(&mut self, request: &mut Request<'_>) -> Result<Flow> {
        let limit = match limit::of(request)? {
            Limited::No => return Ok(Flow::Continue),
            Limited::Yes(limit) => limit,
            Limited::Misread(why) => return misread(request, &why),
        };
        let host = request.host();
        let key = key(request, &limit)?;
        let granted = match limit.strategy {
            Strategy::FixedWindow => window::fixed(host, &key, &limit)?,
            Strategy::SlidingWindow => window::sliding(host, &key, &limit)?,
        };
        if granted {
            return Ok(Flow::Continue);
        }
        refuse(request)
    }
}

/// One window per protocol and service, or per method where the URL gives the method its own numbers.
///
/// The strategy is part of it because the two keep different values. A key too long for the host is hashed: the names
/// come from the URL, so there are as many keys as there are limits.
fn key(request: &Request<'_>, limit: &Limit) -> Result<String> {
    let service = match request.field(field::SERVICE_KEY)? {
        Some(key) => key,
        None => request.service()?,
    };
    let protocol = request.field(field::PROTOCOL)?.unwrap_or_default();
    let method = if limit.of_method {
        request.method()?
    } else {
        "".into()
    };
    let key = [limit.strategy.name(), &protocol, &service, &method].join("#");
    if key.len() <= KEY_MAX {
        return Ok(key);
    }
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    Ok(format!(
        "{}#{:016x}",
        limit.strategy.name(),
        hasher.finish()
    ))
}

/// Dubbo's refusal. Never retried elsewhere: the host takes this code for a refusal of a policy.
fn refuse(request: &Request<'_>) -> Result<Flow> {
    let (service, method) = (request.service()?, request.method()?);
    let message = [
        "Failed to invoke service ",
        &*service,
        ".",
        &*method,
        " because exceed max service tps.",
    ]
    .concat();
    if request.parameter("tps.limit.rejected.handler")?.as_deref() == Some("log") {
        // A line that the full log drops changes nothing for the call.
        let _dropped = request.host().log(Level::Warn, &message);
    }
    let (status, code) = (status::SERVICE_ERROR, error_code::LIMIT_EXCEEDED);
    Ok(Flow::Reply(Reply::error(status, code, &message)))
}

/// A limit that cannot be read ends the call, as in dubbo-go: without the limit the operator would believe in it.
///
/// It is no failure of the plugin, for that would count against it for all other services.
fn misread(request: &Request<'_>, why: &str) -> Result<Flow> {
    let message = ["tps limit of ", &*request.service()?, ": ", why].concat();
    let (status, code) = (status::SERVICE_ERROR, error_code::UNKNOWN);
    Ok(Flow::Reply(Reply::error(status, code, &message)))
}

#[cfg(test)]
mod tests;
