//! `wubbo attach`: puts gateways in the path of applications that nobody rebuilds or restarts.

mod part;
mod report;
mod site;

use std::time::Duration;

use wubbo_core::ServiceKey;

use super::{EXAMPLE_REGISTRY, on_runtime, place};
use report::Report;
pub(super) use site::Site;

/// How often a plan is made anew because somebody else changed what it counted on.
const TRIES: usize = 5;

/// Leads the calls of a service through gateways, for the consumer applications that are named.
///
/// The gateways announce themselves; once they are seen, a migration rule leads consumers of Dubbo Java 3 to the interface's
/// addresses and a condition rule (force: false) prefers the gateways. Rules that are there are merged, or refused with what is
/// missing. With no gateway left the traffic is direct again. Saying it twice, or again after it was killed, is no error.
///
/// Exit codes: 0 attached, 1 refused or failed (without a gateway nothing is left behind), 2 a wrong command line, 64 an address
/// that cannot be one.
///
/// Example: wubbo attach com.shop.Cart:1.0.0 --gateway edge --consumer shop-web --registry zookeeper://127.0.0.1:2181 --dry-run
#[derive(Debug, clap::Args)]
pub(crate) struct Attach {
    #[command(flatten)]
    target: Target,
    /// A consumer application; may be said several times. Those that are attached already stay so.
    #[arg(long = "consumer", value_name = "APPLICATION", required = true, value_parser = application)]
    consumers: Vec<String>,
    /// How many gateways must be there.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1000))]
    gateways: u16,
    /// How long to wait for the gateways, with its unit.
    #[arg(long, default_value = "30s", value_parser = super::duration)]
    timeout: Duration,
}

/// What attach and detach are about.
#[derive(Debug, clap::Args)]
pub(super) struct Target {
    /// The service: [group/]interface[:version].
    #[arg(value_parser = service)]
    service: ServiceKey,
    /// The application of the gateways, as their wubbo.yaml says.
    #[arg(long, value_name = "APPLICATION", value_parser = application)]
    gateway: String,
    #[arg(long, value_name = "URL", help = EXAMPLE_REGISTRY)]
    registry: String,
    /// Where rules are kept, such as zookeeper://127.0.0.1:2181; without it, at the registry, as Dubbo does it.
    #[arg(long, value_name = "URL")]
    config_center: Option<String>,
    /// Shows what would be written, and writes nothing.
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Prints JSON.
    #[arg(long)]
    pub(super) json: bool,
}

impl Target {
    pub(super) async fn open(&self) -> anyhow::Result<Site> {
        let rules = self.config_center.as_ref().unwrap_or(&self.registry);
        Ok(Site {
            center: place::config_center(rules).await?,
            registry: place::registry(&self.registry).await?,
            gateway: self.gateway.clone(),
            service: self.service.clone(),
        })
    }
}

/// A name that can stand in a condition.
fn application(text: &str) -> Result<String, String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if !text.is_empty() && text.bytes().all(plain) {
        Ok(text.to_owned())
    } else {
        Err("expected the name of an application: letters, digits, - _ .".to_owned())
    }
}

fn service(text: &str) -> Result<ServiceKey, String> {
    let key = ServiceKey::parse(text);
    if key.interface().is_empty() || key.interface().contains('*') {
        return Err("expected [group/]interface[:version]".to_owned());
    }
    Ok(key)
}

impl Attach {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        on_runtime(self.attach())
    }

    async fn attach(self) -> anyhow::Result<()> {
        let site = self.target.open().await?;
        let report = Report::new(self.target.json);
        for _ in 0..TRIES {
            let plan = site.plan(&self.consumers).await?;
            if self.target.dry_run {
                report.plan(&plan.nodes);
                return Ok(());
            }
            // Before anything else is changed: whatever happens now, detach knows what was there.
            if !site.store(plan.raw.as_deref(), &plan.after).await? {
                continue;
            }
            let gateways = match site.gateways(self.gateways.into(), self.timeout).await {
                Ok(gateways) => gateways,
                Err(error) if plan.fresh => {
                    site.forget().await?;
                    return Err(error.context("nothing was changed"));
                }
                Err(error) => return Err(error),
            };
            if site.write(&plan).await? {
                report.attached(&site.service, &plan, &gateways);
                return Ok(());
            }
        }
        anyhow::bail!(
            "somebody else keeps changing the rules of {}: run it again",
            site.service
        )
    }
}
