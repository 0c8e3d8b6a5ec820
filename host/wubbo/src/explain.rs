//! How a call would be routed now: what an operator asks, and the answer as JSON. Shape: README, "Admin server".

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value as Json, json};
use wubbo_cluster::{Answer, BalancerStep, Explanation, RouterStep, ScopeStep};
use wubbo_core::{Error, ErrorKind, Remark, Request, RequestBody, ServiceKey};

use crate::contract::descriptor;
use crate::json;

/// A described call.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Question {
    /// `[group/]interface[:version]`.
    pub(crate) service: String,
    /// The method's Java name.
    method: String,
    /// The arguments, as `wubbo call` takes them.
    #[serde(default)]
    arguments: Vec<Json>,
    /// Their Java types; inferred where there are none.
    #[serde(default)]
    types: Option<Vec<String>>,
    /// What the call carries.
    #[serde(default)]
    attachments: BTreeMap<String, String>,
}

impl Question {
    /// The call that is asked about; nobody will receive it.
    ///
    /// # Errors
    /// Types and arguments do not go together.
    pub(crate) fn request(&self) -> Result<Request, Error> {
        let bad = |message: String| Error::new(ErrorKind::BadRequest, message);
        let types = match &self.types {
            Some(types) if types.len() == self.arguments.len() => types.clone(),
            Some(types) => {
                return Err(bad(format!(
                    "types names {} types, but there are {} arguments",
                    types.len(),
                    self.arguments.len()
                )));
            }
            None => self.arguments.iter().map(json::infer).collect(),
        };
        let values = self.arguments.iter().zip(&types);
        let values = values.map(|(argument, java)| json::to_value(argument, java));
        let names: Vec<&str> = types.iter().map(String::as_str).collect();
        let mut request = Request::new(ServiceKey::parse(&self.service), self.method.as_str());
        request.descriptor = descriptor(&names)?.into();
        request.body = RequestBody::Values(values.collect::<Result<_, _>>().map_err(bad)?);
        for (key, value) in &self.attachments {
            request.attachments.set(key.clone(), value.as_str());
        }
        Ok(request)
    }
}

/// The answer as JSON; rows are given by address.
pub(crate) fn to_json(explanation: &Explanation) -> Json {
    let addresses: Vec<&str> = explanation
        .providers
        .iter()
        .map(|provider| provider.address.as_str())
        .collect();
    let names = Names(&addresses);
    let providers = explanation.providers.iter().map(|provider| {
        json!({
            "address": provider.address,
            "available": provider.available,
            "weight": provider.weight,
            "active": provider.active,
        })
    });
    json!({
        "service": explanation.service,
        "method": explanation.method,
        "policies": explanation.policies,
        "rules": explanation.rules,
        "table": explanation.table,
        "skipped": explanation.skipped,
        "skipped_because": explanation.skipped_because,
        "registry": explanation.registry.as_ref().map(scope),
        "group": explanation.group.as_ref().map(scope),
        "providers": providers.collect::<Vec<_>>(),
        "routers": explanation.routers.iter().map(|step| names.router(step)).collect::<Vec<_>>(),
        "balancer": explanation.balancer.as_ref().map(|step| names.balancer(step)),
        "chosen": explanation.chosen.map(|row| names.of(row)),
    })
}

/// One of several registries or groups.
fn scope(step: &ScopeStep) -> Json {
    let passed = step.passed.iter();
    let passed = passed.map(|one| json!({ "name": one.name, "reason": one.reason }));
    json!({
        "chosen": step.chosen,
        "reason": step.reason,
        "passed": passed.collect::<Vec<_>>(),
    })
}

/// Rows by address.
struct Names<'a>(&'a [&'a str]);

impl<'a> Names<'a> {
    fn of(&self, row: usize) -> &'a str {
        self.0.get(row).copied().unwrap_or_default()
    }

    fn all(&self, rows: &[usize]) -> Vec<&'a str> {
        rows.iter().map(|row| self.of(*row)).collect()
    }

    fn router(&self, step: &RouterStep) -> Json {
        json!({
            "router": step.router,
            "kept": self.all(&step.kept),
            "dropped": self.all(&step.dropped),
            "remarks": self.remarks(&step.remarks),
        })
    }

    fn balancer(&self, step: &BalancerStep) -> Json {
        let rounds = step.rounds.iter().map(|round| {
            json!({
                "among": self.all(&round.among),
                "answer": answer(round.answer),
                "provider": round.row.map(|row| self.of(row)),
            })
        });
        json!({
            "balancer": step.balancer,
            "found": step.found,
            "rounds": rounds.collect::<Vec<_>>(),
            "remarks": self.remarks(&step.remarks),
        })
    }

    fn remarks(&self, remarks: &[Remark]) -> Vec<Json> {
        let remark = |remark: &Remark| {
            json!({
                "policy": remark.policy,
                "provider": remark.row.map(|row| self.of(row)),
                "text": remark.text,
            })
        };
        remarks.iter().map(remark).collect()
    }
}

fn answer(answer: Answer) -> &'static str {
    match answer {
        Answer::Row => "chosen",
        Answer::Nobody => "nobody",
        Answer::NoCandidate => "not a candidate: picked uniformly",
        Answer::Unable => "failed: picked uniformly",
        Answer::NotAsked => "no such balancer: picked uniformly",
    }
}
