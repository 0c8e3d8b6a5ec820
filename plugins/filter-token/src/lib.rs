//! Dubbo's provider filter `token`: a service whose URL has a `token` answers only callers that know it.
//!
//! Direct callers that went around the registry do not know it. It reads one URL parameter and one attachment; names only to refuse.

use wubbo_plugin_sdk::{Filter, Flow, NoConfig, Reply, Request, Result, keys, wubbo_plugin};

/// The policy; it keeps nothing.
#[derive(Debug)]
pub struct Token;

#[wubbo_plugin(
    kind = filter,
    name = "token",
    side = provider,
    order = -9000,
    fail = closed,
    reads(url("token"), attachment("token")),
    description = "refuses callers that do not present the token of the service's url"
)]
impl Filter for Token {
    type Config = NoConfig;

    fn new(_config: NoConfig) -> Result<Self> {
        Ok(Self)
    }

    fn on_request(&mut self, request: &mut Request<'_>) -> Result<Flow> {
        let Some(wanted) = request.parameter(keys::TOKEN)? else {
            return Ok(Flow::Continue);
        };
        let given = request.attachment(keys::TOKEN)?;
        if given.is_some_and(|given| same(wanted.as_bytes(), given.as_bytes())) {
            return Ok(Flow::Continue);
        }
        let (service, method) = (request.service()?, request.method()?);
        let message = [
            "Invalid token! Forbid invoke remote service ",
            &*service,
            " method ",
            &*method,
        ]
        .concat();
        Ok(Flow::Reply(Reply::refuse(&message)))
    }
}

/// Equality whose time does not tell where the first difference is; lengths are no secret.
fn same(wanted: &[u8], given: &[u8]) -> bool {
    let differences = wanted
        .iter()
        .zip(given)
        .fold(0, |found, (left, right)| found | (left ^ right));
    // Keeps the compiler from leaving the loop at the first difference.
    wanted.len() == given.len() && std::hint::black_box(differences) == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use wubbo_plugin_sdk::testing::{Linked, vectors};

    #[test]
    fn rows_of_the_specification() {
        let file = include_str!("../tests/vectors/token.json");
        let report = vectors::run(file, &Linked(factory())).unwrap();
        assert_eq!(report.prove(), 11);
    }
}
