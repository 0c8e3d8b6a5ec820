//! `wubbo detach`: takes gateways out of the path again.

use std::time::Duration;

use super::attach::Target;
use super::{on_runtime, output};

/// Takes the gateways of an application out of the path of a service, for all consumers.
///
/// First the condition rule, then, when consumers had time to follow, the migration rules, then the gateways' entries. What was
/// there before is put back byte for byte; where somebody changed it meanwhile, only our line is taken out. Saying it twice, or
/// again after it was killed, is no error.
///
/// Exit codes: 0 detached, 1 failed (run it again), 2 a wrong command line, 64 an address that cannot be one.
///
/// Example: wubbo detach com.shop.Cart:1.0.0 --gateway edge --registry zookeeper://127.0.0.1:2181
#[derive(Debug, clap::Args)]
pub(crate) struct Detach {
    #[command(flatten)]
    target: Target,
    /// How long consumers get to follow each step, with its unit.
    #[arg(long, default_value = "3s", value_parser = super::duration)]
    pause: Duration,
    /// How long to wait for the gateways' entries to go, with its unit.
    #[arg(long, default_value = "30s", value_parser = super::duration)]
    timeout: Duration,
}

impl Detach {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        on_runtime(self.detach())
    }

    async fn detach(self) -> anyhow::Result<()> {
        let site = self.target.open().await?;
        let Some(attached) = site.attached().await?.known else {
            self.tell("not attached", &[]);
            return Ok(());
        };
        let mut touched = Vec::new();
        // The condition rule was written last and goes first.
        for node in attached.nodes.iter().rev() {
            if self.target.dry_run {
                touched.push(format!("{}/{}", node.group, node.key));
                continue;
            }
            if site.restore(node, &attached.consumers).await? {
                touched.push(format!("{}/{}", node.group, node.key));
                tokio::time::sleep(self.pause).await;
            }
        }
        if self.target.dry_run {
            self.tell("would be detached", &touched);
            return Ok(());
        }
        site.forget().await?;
        if !site.gone(self.timeout).await? {
            output::complain(
                "entries of its gateways are still registered; they go when those gateways see that they are detached, or with their sessions",
            );
        }
        self.tell("detached", &touched);
        Ok(())
    }

    fn tell(&self, what: &str, nodes: &[String]) {
        if self.target.json {
            output::line(&serde_json::json!({ "result": what, "nodes": nodes }).to_string());
            return;
        }
        output::line(what);
        for node in nodes {
            output::line(&format!("  {node}"));
        }
    }
}
