//! From what a registry announces to what a call can choose from.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use wubbo_core::{
    EndpointStatistics, Invoker, Protocol, ProviderList, ProviderRow, ProviderTable, Url, keys,
};

/// Tables are numbered within the process, so that a policy never takes one for another.
static TABLES: AtomicU64 = AtomicU64::new(1);
/// References are numbered too: two of one service may differ in their parameters.
static REFERENCES: AtomicU64 = AtomicU64::new(1);

/// Makes the lists of one reference, keeping what stays from one list to the next.
#[derive(Debug)]
pub(crate) struct ListBuilder {
    reference: Url,
    token: u64,
    protocols: Vec<Arc<dyn Protocol>>,
    skip_gateways: bool,
    kept: HashMap<String, Kept>,
}

#[derive(Clone, Debug)]
struct Kept {
    announced: Url,
    merged: Url,
    invoker: Arc<dyn Invoker>,
    statistics: Arc<EndpointStatistics>,
}

impl ListBuilder {
    pub(crate) fn new(
        reference: Url,
        protocols: &[Arc<dyn Protocol>],
        skip_gateways: bool,
    ) -> Self {
        Self {
            reference,
            token: REFERENCES.fetch_add(1, Ordering::Relaxed),
            protocols: protocols.to_vec(),
            skip_gateways,
            kept: HashMap::new(),
        }
    }

    /// The list of `announced` URLs. What is not in it any more is forgotten once the old list is.
    pub(crate) fn build(&mut self, announced: &[Url]) -> ProviderList {
        let mut kept = HashMap::with_capacity(announced.len());
        let mut list = ProviderList::default();
        let mut rows = Vec::with_capacity(announced.len());
        for url in announced.iter().filter(|url| url.protocol() != "empty") {
            // The same provider announced twice, such as by two registrations, is one provider.
            let key = url.key();
            if kept.contains_key(&key) {
                continue;
            }
            let Some(provider) = self.provider(&key, url) else {
                list.skipped += 1;
                continue;
            };
            rows.push(ProviderRow::new(
                provider.merged.clone(),
                provider.statistics.clone(),
            ));
            list.invokers.push(provider.invoker.clone());
            kept.insert(key, provider);
        }
        self.kept = kept;
        list.table = Arc::new(ProviderTable::new(
            self.reference.service_key().clone(),
            self.token,
            TABLES.fetch_add(1, Ordering::Relaxed),
            rows,
        ));
        list
    }

    fn provider(&self, key: &str, announced: &Url) -> Option<Kept> {
        let known = self.kept.get(key);
        if let Some(known) = known.filter(|known| known.announced == *announced) {
            return Some(known.clone());
        }
        if self.skip_gateways && announced.get(keys::WUBBO_GATEWAY).is_some() {
            return None;
        }
        let protocol = self
            .protocols
            .iter()
            .find(|protocol| protocol.name() == announced.protocol())?;
        let merged = Url::merge(announced, &self.reference);
        match protocol.refer(&merged) {
            Ok(invoker) => Some(Kept {
                announced: announced.clone(),
                merged,
                invoker,
                // A provider that restarts with other parameters is the same endpoint to its counters.
                statistics: known.map_or_else(Arc::default, |known| known.statistics.clone()),
            }),
            Err(error) => {
                tracing::warn!(provider = %announced.location(), %error, "an announced provider cannot be called");
                None
            }
        }
    }
}
