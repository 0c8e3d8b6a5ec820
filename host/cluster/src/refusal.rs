//! What a caller is told when no attempt was possible, or none succeeded.

use wubbo_core::{Candidates, Directory, Error, ErrorKind, ProviderList, keys};

use crate::choose::Attempt;

/// The directory has nobody for the call, or the router `emptied_by` left nobody (spec GW-11 and 6.1).
pub(crate) fn no_provider(attempt: &Attempt<'_>, emptied_by: Option<&str>) -> Error {
    let known = attempt.list.invokers.len();
    let skipped = attempt.list.skipped;
    let (routed_away, remedy) = match emptied_by {
        Some(router) => (
            format!("{known} routed away, the last by router {router}"),
            "check that router's rules against the providers",
        ),
        None if known == 0 && skipped > 0 => (
            "0 routed away".to_owned(),
            "put right what is skipped, or start and register providers that can be called under this group and version",
        ),
        None => (
            "0 routed away".to_owned(),
            "check that the providers have been started and registered under this group and version",
        ),
    };
    let message = format!(
        "failed to invoke the method {}: no provider available for the service {} from {}: {known} known, {skipped} skipped{}, {routed_away}; {remedy}",
        attempt.invocation.method(),
        attempt.invocation.service(),
        source(attempt.directory),
        why_skipped(attempt.list),
    );
    Error::new(ErrorKind::NoProvider, message)
}

/// The reasons that the list has, in brackets.
fn why_skipped(list: &ProviderList) -> String {
    let reasons = &list.skipped_because;
    if reasons.is_empty() {
        return String::new();
    }
    let more = match list.skipped.saturating_sub(reasons.len()) {
        0 => String::new(),
        more => format!("; and {more} more"),
    };
    format!(" ({}{more})", reasons.join("; "))
}

/// Nobody among the candidates can be called: draining, its connection is down and was not yet tried again, or the balancer wants none.
pub(crate) fn none_available(attempt: &Attempt<'_>, candidates: &Candidates) -> Error {
    let addresses: Vec<&str> = candidates
        .iter()
        .filter_map(|row| attempt.list.table.rows().get(row))
        .map(|row| row.url.location())
        .take(10)
        .collect();
    let message = format!(
        "failed to invoke the method {}: no available provider for the service {} from {} among {}",
        attempt.invocation.method(),
        attempt.invocation.service(),
        source(attempt.directory),
        addresses.join(", "),
    );
    Error::new(ErrorKind::NoProvider, message)
}

/// Every attempt failed. The words are dubbo-go's and Dubbo Java's (spec/10 section 6.4), the kind is the last attempt's.
pub(crate) fn exhausted(
    attempt: &Attempt<'_>,
    (retries, known): (usize, usize),
    tried: &[String],
    last: Error,
) -> Error {
    let message = format!(
        "Failed to invoke the method {} in the service {}. Tried {retries} times of the providers [{}] ({}/{known}) from {} on the consumer {} \
         using the dubbo version {}. Last error is {}",
        attempt.invocation.method(),
        attempt.invocation.service(),
        tried.join(", "),
        tried.len(),
        source(attempt.directory),
        attempt.directory.url().host(),
        keys::DUBBO_PROTOCOL_VERSION,
        last.message(),
    );
    Error::with_source(last.kind(), message, last)
}

/// The attempt failed without reaching a provider, and too many did so lately for another one.
pub(crate) fn over_budget(last: Error) -> Error {
    let message = format!(
        "{}; not tried on another provider: a gateway's further attempts are at most 20 % of a service's calls, and 10 a second",
        last.message()
    );
    Error::with_source(last.kind(), message, last)
}

fn source(directory: &dyn Directory) -> String {
    match directory.registry() {
        "" => "the direct urls".to_owned(),
        registry => format!("the registry {registry}"),
    }
}
