//! What a caller is told when no attempt was possible, or none succeeded.

use wubbo_core::{Directory, Error, ErrorKind, Invocation, ProviderList, keys};

/// The directory has nobody for the call, or routing left nobody (spec GW-11 and 6.1).
pub(crate) fn no_provider(
    invocation: &Invocation,
    directory: &dyn Directory,
    list: &ProviderList,
    left: usize,
) -> Error {
    let known = list.invokers.len();
    let message = format!(
        "failed to invoke the method {}: no provider available for the service {} from {}: {known} known, {} skipped, {} routed away; \
         check that the providers have been started and registered under this group and version",
        invocation.method(),
        invocation.service(),
        source(directory),
        list.skipped,
        known - left.min(known),
    );
    Error::new(ErrorKind::NoProvider, message)
}

/// Every candidate is unavailable: draining, or its connection is down and was not yet tried again.
pub(crate) fn none_available(
    invocation: &Invocation,
    directory: &dyn Directory,
    list: &ProviderList,
) -> Error {
    let addresses: Vec<&str> = list
        .table
        .rows()
        .iter()
        .map(|row| row.url.location())
        .take(10)
        .collect();
    let message = format!(
        "failed to invoke the method {}: no available provider for the service {} from {} among {}",
        invocation.method(),
        invocation.service(),
        source(directory),
        addresses.join(", "),
    );
    Error::new(ErrorKind::NoProvider, message)
}

/// Every attempt failed. The words are dubbo-go's and Dubbo Java's (spec/10 section 6.4), the kind is the last attempt's.
pub(crate) fn exhausted(
    invocation: &Invocation,
    directory: &dyn Directory,
    (retries, known): (usize, usize),
    tried: &[String],
    last: Error,
) -> Error {
    let message = format!(
        "Failed to invoke the method {} in the service {}. Tried {retries} times of the providers [{}] ({}/{known}) from {} on the consumer {} \
         using the dubbo version {}. Last error is {}",
        invocation.method(),
        invocation.service(),
        tried.join(", "),
        tried.len(),
        source(directory),
        directory.url().host(),
        keys::DUBBO_PROTOCOL_VERSION,
        last.message(),
    );
    Error::with_source(last.kind(), message, last)
}

fn source(directory: &dyn Directory) -> String {
    match directory.registry() {
        "" => "the direct urls".to_owned(),
        registry => format!("the registry {registry}"),
    }
}
