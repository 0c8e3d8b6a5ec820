//! What attach says.

use serde_json::json;
use wubbo_core::{ServiceKey, Url};

use super::site::Plan;
use crate::attached::Node;
use crate::cli::output;

pub(super) struct Report {
    json: bool,
}

impl Report {
    pub(super) fn new(json: bool) -> Self {
        Self { json }
    }

    /// What would be written.
    pub(super) fn plan(&self, nodes: &[Node]) {
        if self.json {
            output::line(&json!({ "result": "would be attached", "nodes": nodes }).to_string());
            return;
        }
        for node in nodes {
            output::line(&format!("{}/{}", node.group, node.key));
            for line in difference(node.before.as_deref().unwrap_or_default(), &node.written) {
                output::line(&format!("  {line}"));
            }
        }
    }

    pub(super) fn attached(&self, service: &ServiceKey, plan: &Plan, gateways: &[Url]) {
        let addresses: Vec<String> = gateways
            .iter()
            .map(|url| format!("{}://{}", url.protocol(), url.location()))
            .collect();
        if self.json {
            let all = json!({
                "result": "attached", "service": service.to_string(), "consumers": plan.consumers,
                "gateways": addresses, "nodes": plan.nodes,
            });
            output::line(&all.to_string());
            return;
        }
        output::line(&format!("attached {service}"));
        let consumers: Vec<&str> = plan.consumers.iter().map(String::as_str).collect();
        output::line(&format!("  for {}", consumers.join(", ")));
        output::line(&format!("  by  {}", addresses.join(", ")));
    }
}

/// The lines that went and came. Our changes add lines and take them away again, nothing is moved.
fn difference(before: &str, after: &str) -> Vec<String> {
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let gone = old
        .iter()
        .filter(|line| !new.contains(line))
        .map(|line| format!("- {line}"));
    let come = new.iter().map(|line| {
        let mark = if old.contains(line) { ' ' } else { '+' };
        format!("{mark} {line}")
    });
    gone.chain(come).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_is_marked() {
        assert_eq!(difference("a\nc\n", "a\nb\nc\n"), ["  a", "+ b", "  c"]);
        assert_eq!(difference("", "x\n"), ["+ x"]);
        assert_eq!(difference("x\n", ""), ["- x"]);
    }
}
