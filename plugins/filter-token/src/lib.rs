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
    use wubbo_plugin_sdk::testing::{Bench, Call};
    use wubbo_plugin_sdk::{error_code, status};

    /// Spec `20-config-filters.md` 7.13 with the wanted, exact comparison; the last rows are ours.
    const VECTORS: &[(&str, Option<&str>, Option<&str>, bool)] = &[
        ("FLT-03 equal", Some("ori_key"), Some("ori_key"), true),
        ("FLT-04 no token on the url", None, Some("ori_key"), true),
        ("FLT-05 no attachment", Some("ori_key"), None, false),
        (
            "FLT-06 another token",
            Some("ori_key"),
            Some("err_key"),
            false,
        ),
        ("FLT-07 another case", Some("Key"), Some("key"), false),
        ("empty token on the url", Some(""), None, true),
        ("empty attachment", Some("k"), Some(""), false),
        ("a prefix", Some("ori_key"), Some("ori"), false),
        ("longer", Some("ori"), Some("ori_key"), false),
        ("not ascii", Some("schlüssel"), Some("schlüssel"), true),
    ];

    #[test]
    fn vectors() {
        let mut bench = Bench::new(factory(), "{}").unwrap();
        for (name, url, attachment, passes) in VECTORS {
            let mut call = Call::new("com.x.S", "m");
            if let Some(token) = url {
                call = call.parameter("token", token);
            }
            if let Some(token) = attachment {
                call = call.attachment("token", token);
            }
            let entered = bench.request(&call).unwrap();
            assert_eq!(entered.reply.is_none(), *passes, "{name}");
            assert_eq!(entered.call, call, "{name}: the call goes on unchanged");
        }
    }

    #[test]
    fn a_refusal_is_an_error_of_the_framework_in_dubbos_words() {
        let mut bench = Bench::new(factory(), "{}").unwrap();
        let call = Call::new("com.x.S", "m").parameter("token", "t");
        let reply = bench.request(&call).unwrap().reply.unwrap();
        let text = "Invalid token! Forbid invoke remote service com.x.S method m";
        assert_eq!(
            reply.as_error(),
            Some((status::SERVICE_ERROR, error_code::FORBIDDEN, text))
        );
    }

    #[test]
    fn it_has_no_configuration() {
        assert!(Bench::new(factory(), r#"{"token":"x"}"#).is_err());
    }
}
