//! `wubbo explain`: how a running gateway would route a described call, and why.

use std::collections::BTreeMap;

use anyhow::Context;
use serde_json::{Value as Json, json};

use super::table::table;
use super::{arguments, http, output};

/// Asks a running gateway which provider each router and the balancer would keep or drop for a call, and why. Nobody is called.
/// Of several registries or groups it names the one that the call keeps to.
///
/// The routers and the balancer are really asked: one that takes turns has taken one. A registry that is drawn by weight is drawn anew. Filters do not run, so attachments that a filter
/// would set are to be given.
///
/// Exit codes: 0 explained, 1 the gateway cannot be asked or refuses the question, 2 a wrong command line.
///
/// Example: wubbo explain com.shop.Cart:1.0.0 add '"book"' 1 --attach dubbo.tag=gray
#[derive(Debug, clap::Args)]
#[command(disable_version_flag = true)]
pub(crate) struct Explain {
    /// The service: [group/]interface[:version].
    service: String,
    /// The method's Java name.
    method: String,
    /// The arguments, each as JSON, or @FILE for a file that holds it.
    #[arg(value_name = "JSON", allow_negative_numbers = true)]
    arguments: Vec<String>,
    /// The Java types of the arguments, such as java.lang.String,int,byte[].
    #[arg(long, value_delimiter = ',', value_name = "T1,T2")]
    types: Option<Vec<String>>,
    /// An attachment of the call; may be said several times.
    #[arg(long = "attach", value_name = "K=V", value_parser = super::call::pair)]
    attachments: Vec<(String, String)>,
    /// The gateway's admin server.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:9090")]
    admin: String,
    /// Prints the gateway's answer as it is.
    #[arg(long)]
    json: bool,
}

impl Explain {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let attachments: BTreeMap<&str, &str> = self
            .attachments
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()))
            .collect();
        let question = json!({
            "service": self.service,
            "method": self.method,
            "arguments": arguments::parse(&self.arguments)?,
            "types": self.types,
            "attachments": attachments,
        });
        let body = http::post(&self.admin, "/explain", &question.to_string())?;
        if self.json {
            output::line(body.trim_end());
            return Ok(());
        }
        let answer: Json = serde_json::from_str(&body)
            .with_context(|| format!("{}/explain is no JSON", self.admin))?;
        for line in lines(&answer) {
            output::line(&line);
        }
        Ok(())
    }
}

/// The registry and the group where there are several, a line per router with its reasons, then the balancer, then who is left; last the
/// providers as a table.
fn lines(answer: &Json) -> Vec<String> {
    let mut lines = vec![format!(
        "{}.{}: {} providers, {} entries skipped; policies {}, rules {}, list {}",
        text(&answer["service"]),
        text(&answer["method"]),
        list(&answer["providers"]).len(),
        answer["skipped"],
        answer["policies"],
        answer["rules"],
        answer["table"],
    )];
    let reasons = list(&answer["skipped_because"]).iter();
    lines.extend(reasons.map(|reason| format!("  skipped {}", text(reason))));
    for kind in ["registry", "group"] {
        lines.extend(scope(kind, &answer[kind]));
    }
    for step in list(&answer["routers"]) {
        lines.push(format!(
            "router {}: kept {}, dropped {}",
            text(&step["router"]),
            count(&step["kept"]),
            count(&step["dropped"])
        ));
        lines.extend(remarks(step));
    }
    match &answer["balancer"] {
        Json::Null => {}
        step => {
            for round in list(&step["rounds"]) {
                lines.push(format!(
                    "balancer {}: {} among {}",
                    text(&step["balancer"]),
                    text(&round["answer"]),
                    count(&round["among"])
                ));
            }
            lines.extend(remarks(step));
        }
    }
    lines.push(match &answer["chosen"] {
        Json::String(address) => format!("chosen: {address}"),
        _ => "chosen: nobody, the call would fail".to_owned(),
    });
    let mut rows = vec![
        ["PROVIDER", "WEIGHT", "ACTIVE", "AVAILABLE"]
            .map(str::to_owned)
            .to_vec(),
    ];
    rows.extend(list(&answer["providers"]).iter().map(|provider| {
        vec![
            text(&provider["address"]).to_owned(),
            provider["weight"].to_string(),
            provider["active"].to_string(),
            provider["available"].to_string(),
        ]
    }));
    lines.extend(table(&rows));
    lines
}

/// One of several registries or groups, and those that were passed over.
fn scope(kind: &str, step: &Json) -> Vec<String> {
    let named = |name: &Json| match name {
        Json::String(name) if name.is_empty() => "(without a name)".to_owned(),
        Json::String(name) => name.clone(),
        _ => "none".to_owned(),
    };
    if step.is_null() {
        return Vec::new();
    }
    let reason = text(&step["reason"]);
    let mut lines = vec![format!("{kind} {}: {reason}", named(&step["chosen"]))];
    let passed = list(&step["passed"]).iter();
    lines.extend(passed.map(|one| format!("  {}: {}", named(&one["name"]), text(&one["reason"]))));
    lines
}

/// The reasons of one step, a line each.
fn remarks(step: &Json) -> Vec<String> {
    let remark = |remark: &Json| match &remark["provider"] {
        Json::String(provider) => format!("  {provider}: {}", text(&remark["text"])),
        _ => format!("  {}", text(&remark["text"])),
    };
    list(&step["remarks"]).iter().map(remark).collect()
}

/// Addresses as they are when they are few, else how many.
fn count(addresses: &Json) -> String {
    let addresses = list(addresses);
    if addresses.is_empty() {
        return "none".to_owned();
    }
    let few: Vec<&str> = addresses.iter().map(text).collect();
    if few.len() <= 5 {
        few.join(", ")
    } else {
        format!("{} providers", few.len())
    }
}

fn list(json: &Json) -> &[Json] {
    json.as_array().map_or(&[], Vec::as_slice)
}

fn text(json: &Json) -> &str {
    json.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_has_its_line_and_its_reasons() {
        let answer = json!({
            "service": "com.shop.Cart:1.0.0", "method": "add", "skipped": 1, "policies": 4,
            "skipped_because": ["tri://h:50051: tri is not spoken here, dubbo is"],
            "rules": 2, "table": 9,
            "registry": { "chosen": "zookeeper://zk:2181", "reason": "preferred",
                "passed": [{ "name": "etcd3://e:2379", "reason": "nobody is available" }] },
            "group": { "chosen": "", "reason": "number 2 of 2 groups", "passed": [{ "name": "a", "reason": "router tag leaves nobody" }] },
            "providers": [
                { "address": "10.0.0.1:20880", "weight": 100, "active": 3, "available": true },
                { "address": "10.0.0.2:20880", "weight": 50, "active": 0, "available": false },
            ],
            "routers": [{ "router": "tag", "kept": ["10.0.0.1:20880"], "dropped": ["10.0.0.2:20880"],
                "remarks": [{ "policy": "router/tag", "provider": "10.0.0.2:20880", "text": "its tag is gray" },
                            { "policy": "router/tag", "provider": null, "text": "no tag asked for" }] }],
            "balancer": null,
            "chosen": "10.0.0.1:20880",
        });
        assert_eq!(
            lines(&answer),
            [
                "com.shop.Cart:1.0.0.add: 2 providers, 1 entries skipped; policies 4, rules 2, list 9",
                "  skipped tri://h:50051: tri is not spoken here, dubbo is",
                "registry zookeeper://zk:2181: preferred",
                "  etcd3://e:2379: nobody is available",
                "group (without a name): number 2 of 2 groups",
                "  a: router tag leaves nobody",
                "router tag: kept 10.0.0.1:20880, dropped 10.0.0.2:20880",
                "  10.0.0.2:20880: its tag is gray",
                "  no tag asked for",
                "chosen: 10.0.0.1:20880",
                "PROVIDER        WEIGHT  ACTIVE  AVAILABLE",
                "10.0.0.1:20880  100     3       true",
                "10.0.0.2:20880  50      0       false",
            ]
        );
    }

    #[test]
    fn a_balancer_that_failed_and_nobody_left_are_said() {
        let answer = json!({
            "service": "a.B", "method": "c", "routers": [],
            "registry": { "chosen": null, "reason": "no registry of the zone east", "passed": [] }, "group": null,
            "balancer": { "balancer": "random", "rounds": [{ "among": ["a", "b"], "answer": "failed: picked uniformly" }] },
            "chosen": null,
        });
        let lines = lines(&answer);
        assert_eq!(lines[1], "registry none: no registry of the zone east");
        assert!(
            lines.contains(&"balancer random: failed: picked uniformly among a, b".to_owned()),
            "{lines:?}"
        );
        assert!(
            lines.contains(&"chosen: nobody, the call would fail".to_owned()),
            "{lines:?}"
        );
    }
}
