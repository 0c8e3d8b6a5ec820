//! A service at a registry and a config center, and the steps by which gateways come into its path and leave it.
//!
//! Every write replaces exactly what was read. What belongs to others is noted in the text of [`Attached`] before it is changed.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{anyhow, bail};
use tokio::time::timeout;
use wubbo_core::{ConfigCenter, Registry, ServiceKey, Subscription, Url, keys};

use super::TRIES;
use super::part::Part;
use crate::attached::{Attached, GATEWAYS, GROUP, Node, Service, key};

/// What is worked on.
pub(in crate::cli) struct Site {
    pub(super) center: Arc<dyn ConfigCenter>,
    pub(super) registry: Arc<dyn Registry>,
    pub(super) gateway: String,
    pub(super) service: ServiceKey,
}

/// What is attached now.
pub(in crate::cli) struct Now {
    raw: Option<Arc<str>>,
    all: Attached,
    /// This service, if it is.
    pub(in crate::cli) known: Option<Service>,
}

/// What attaching means for each node.
pub(super) struct Plan {
    pub(super) raw: Option<Arc<str>>,
    pub(super) after: Attached,
    pub(super) consumers: BTreeSet<String>,
    pub(super) nodes: Vec<Node>,
    /// What each of them held when the plan was made.
    from: Vec<Option<Arc<str>>>,
    /// The service was not attached before.
    pub(super) fresh: bool,
}

impl Site {
    pub(in crate::cli) async fn attached(&self) -> anyhow::Result<Now> {
        let key = key(&self.gateway);
        let raw = self.center.read(&key, GROUP).await?;
        let all = Attached::parse(raw.as_deref())
            .map_err(|error| anyhow!("the text {key} in group {GROUP} is not what attach wrote ({error}): mend or remove it"))?;
        let known = all.services.get(&self.service.to_string()).cloned();
        Ok(Now { raw, all, known })
    }

    pub(super) async fn plan(&self, consumers: &[String]) -> anyhow::Result<Plan> {
        let mut now = self.attached().await?;
        let known = now.known.clone().unwrap_or_default();
        let all = known.consumers.iter().chain(consumers).cloned();
        let consumers: BTreeSet<String> = all.collect();
        let (mut nodes, mut from) = (Vec::new(), Vec::new());
        for part in self.parts(&consumers) {
            let found = self.center.read(&part.key, part.group).await?;
            let text = found.as_deref();
            let recorded = known.nodes.iter().find(|node| is_at(node, &part));
            // As it was without us: noted, or what is left when our line is taken out.
            let before = match recorded {
                Some(node) if text == Some(&*node.written) || text == node.before.as_deref() => {
                    node.before.clone()
                }
                _ => part.take_out(text),
            };
            let written = match text {
                Some(text) if part.stands_in(text) => text.to_owned(),
                _ => part
                    .put_in(before.as_deref())
                    .map_err(|error| anyhow!(error))?,
            };
            from.push(found.clone());
            nodes.push(Node {
                group: part.group.to_owned(),
                key: part.key,
                before,
                written,
            });
        }
        let service = Service {
            consumers: consumers.clone(),
            nodes: nodes.clone(),
        };
        now.all.services.insert(self.service.to_string(), service);
        Ok(Plan {
            raw: now.raw,
            after: now.all,
            consumers,
            nodes,
            from,
            fresh: now.known.is_none(),
        })
    }

    /// Writes what is attached, if it is still what was read.
    pub(super) async fn store(&self, from: Option<&str>, to: &Attached) -> anyhow::Result<bool> {
        let key = key(&self.gateway);
        Ok(self
            .center
            .replace(&key, GROUP, from, to.text().as_deref())
            .await?)
    }

    /// Takes the service off the text.
    pub(in crate::cli) async fn forget(&self) -> anyhow::Result<()> {
        for _ in 0..TRIES {
            let mut now = self.attached().await?;
            if now.all.services.remove(&self.service.to_string()).is_none()
                || self.store(now.raw.as_deref(), &now.all).await?
            {
                return Ok(());
            }
        }
        bail!(
            "somebody else keeps changing what is attached to {}: run it again",
            self.gateway
        )
    }

    /// Writes the nodes in their order. False: one of them is not what the plan counted on.
    pub(super) async fn write(&self, plan: &Plan) -> anyhow::Result<bool> {
        for (node, from) in plan.nodes.iter().zip(&plan.from) {
            let to = Some(&*node.written);
            if from.as_deref() != to
                && !self
                    .center
                    .replace(&node.key, &node.group, from.as_deref(), to)
                    .await?
            {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Puts a node back as it was; where somebody changed it, only our line goes. False: there was nothing to do.
    pub(in crate::cli) async fn restore(
        &self,
        node: &Node,
        consumers: &BTreeSet<String>,
    ) -> anyhow::Result<bool> {
        for _ in 0..TRIES {
            let text = self.center.read(&node.key, &node.group).await?;
            let text = text.as_deref();
            let part = self.parts(consumers).find(|part| is_at(node, part));
            let left = match part {
                _ if text == Some(&*node.written) => node.before.clone(),
                Some(part) => part.take_out(text),
                None => text.map(str::to_owned),
            };
            if left.as_deref() == text {
                return Ok(false);
            }
            if self
                .center
                .replace(&node.key, &node.group, text, left.as_deref())
                .await?
            {
                return Ok(true);
            }
        }
        bail!(
            "somebody else keeps changing {}/{}: run it again",
            node.group,
            node.key
        )
    }

    /// Waits until so many gateways announce the service.
    pub(super) async fn gateways(
        &self,
        wanted: usize,
        limit: Duration,
    ) -> anyhow::Result<Vec<Url>> {
        let mut entries = self.entries().await?;
        let (mut found, mut refused) = (Vec::new(), Vec::new());
        let seen = async {
            while let Some(list) = entries.next().await {
                let ours = list
                    .urls
                    .iter()
                    .filter(|url| self.is_of_gateway(url))
                    .cloned();
                (refused, found) = ours.partition(|url| url.get(keys::WUBBO_REFUSED).is_some());
                let all = found.len() + refused.len();
                if found.len() >= wanted || (all >= wanted && !refused.is_empty()) {
                    return;
                }
            }
        };
        let _late = timeout(limit, seen).await;
        if found.len() >= wanted {
            return Ok(found);
        }
        let (service, gateway) = (&self.service, &self.gateway);
        if let Some(refusal) = refused.first() {
            let reason = refusal.get_or(keys::WUBBO_REFUSED, "no reason");
            bail!(
                "gateway {} of {gateway} does not serve {service}: {reason}",
                refusal.location()
            );
        }
        bail!(
            "{} of {wanted} gateways of {gateway} announced {service} within {limit:?}: are they running with `application: {gateway}`, is their config_center this one and gateway.registry this registry, and has {service} dubbo providers here?",
            found.len()
        )
    }

    /// Waits until no gateway announces the service any more. False: some still do.
    pub(in crate::cli) async fn gone(&self, limit: Duration) -> anyhow::Result<bool> {
        let mut entries = self.entries().await?;
        let gone = async {
            while let Some(list) = entries.next().await {
                if !list.urls.iter().any(|url| self.is_of_gateway(url)) {
                    return;
                }
            }
        };
        Ok(timeout(limit, gone).await.is_ok())
    }

    async fn entries(&self) -> anyhow::Result<Subscription> {
        let categories = format!("providers,{GATEWAYS}");
        let consumer = Url::builder()
            .protocol("consumer")
            .host("0.0.0.0")
            .path(self.service.interface())
            .params([
                (keys::INTERFACE, self.service.interface()),
                (keys::CATEGORY, &*categories),
                (keys::GROUP, self.service.group()),
                (keys::VERSION, self.service.version()),
            ])
            .build();
        Ok(self.registry.subscribe(&consumer).await?)
    }

    fn is_of_gateway(&self, url: &Url) -> bool {
        url.get(keys::WUBBO_GATEWAY_APPLICATION) == Some(&self.gateway)
    }

    /// In the order in which they are written: consumers see the gateway's address before they prefer it.
    fn parts(&self, consumers: &BTreeSet<String>) -> impl Iterator<Item = Part> {
        let all: Vec<String> = consumers.iter().cloned().collect();
        let condition = Part::condition(&self.service, &all);
        let migrations: Vec<Part> = all
            .iter()
            .map(|consumer| Part::migration(&self.service, consumer))
            .collect();
        migrations.into_iter().chain([condition])
    }
}

fn is_at(node: &Node, part: &Part) -> bool {
    node.group == part.group && node.key == part.key
}
