//! From what a registry announces to what a call can choose from.

mod configure;
mod skips;

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use wubbo_core::{
    AttemptLimits, Candidates, EndpointStatistics, Invoker, ListedRegistry, MethodNames, PolicySet,
    Protocol, ProviderList, ProviderRow, ProviderTable, Url, keys,
};

use crate::announcements::Announced;
use configure::configure_merged;
use skips::Skips;

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
    names: Arc<MethodNames>,
    kept: HashMap<String, Kept>,
}

#[derive(Clone, Debug)]
struct Kept {
    announced: Url,
    configuration: u64,
    url: Url,
    limits: AttemptLimits,
    invoker: Arc<dyn Invoker>,
    statistics: Arc<EndpointStatistics>,
}

/// A provider on its way into the list.
struct Entry<'a> {
    key: String,
    announced: &'a Url,
    /// The provider's URL merged with the reference's and configured; the known one where nothing changed.
    url: Url,
    limits: AttemptLimits,
    known: Option<Kept>,
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
            names: Arc::default(),
            kept: HashMap::new(),
        }
    }

    /// Names the reference in all its tables.
    pub(crate) fn token(&self) -> u64 {
        self.token
    }

    /// The list of what is `announced` under the configurators of `policies`. What is not in it any more is forgotten once the old list
    /// is.
    pub(crate) async fn build(
        &mut self,
        announced: &Announced,
        policies: &Arc<PolicySet>,
    ) -> ProviderList {
        let configuration = policies.configuration();
        let mut list = ProviderList::default();
        let mut skips = Skips::default();
        let mut entries = self.entries(&announced.snapshot.urls, configuration, &mut skips);
        self.configure(&mut entries, configuration, policies).await;

        let mut kept = HashMap::with_capacity(entries.len());
        let mut rows = Vec::with_capacity(entries.len());
        let mut places = HashMap::new();
        for entry in entries {
            let (key, announced_at) = (entry.key.clone(), entry.announced);
            let provider = match self.provider(entry, configuration) {
                Ok(provider) => provider,
                Err(why) => {
                    skips.add(announced_at, &why);
                    continue;
                }
            };
            let row = ProviderRow::new(provider.url.clone(), provider.statistics.clone());
            rows.push(row.with_limits(provider.limits.clone()));
            list.invokers.push(provider.invoker.clone());
            if !announced.registries.is_empty() {
                places.insert(key.clone(), list.invokers.len() - 1);
            }
            kept.insert(key, provider);
        }
        self.kept = kept;
        list.table = Arc::new(ProviderTable::new(
            self.reference.service_key().clone(),
            self.token,
            TABLES.fetch_add(1, Ordering::Relaxed),
            rows,
        ));
        list.skipped = skips.count + announced.snapshot.unreadable;
        list.skipped_because = skips.reasons;
        list.registries = of_each(announced, &places);
        list
    }

    /// Each provider once, with its merged URL: one that is announced twice, such as by two registrations, is one provider.
    fn entries<'a>(
        &self,
        announced: &'a [Url],
        configuration: u64,
        skips: &mut Skips,
    ) -> Vec<Entry<'a>> {
        let mut seen = HashSet::with_capacity(announced.len());
        let mut entries = Vec::with_capacity(announced.len());
        for url in announced.iter().filter(|url| url.protocol() != "empty") {
            let key = url.key();
            if !seen.insert(key.clone()) {
                continue;
            }
            if self.skip_gateways && url.get(keys::WUBBO_GATEWAY).is_some() {
                skips.add(
                    url,
                    &"a gateway's own entry, and a gateway calls no gateway",
                );
                continue;
            }
            let known = self.kept.get(&key).cloned();
            let same = known
                .as_ref()
                .filter(|known| known.is_same(url, configuration));
            entries.push(Entry {
                url: same.map_or_else(|| self.merge(url), |known| known.url.clone()),
                limits: same.map(|known| known.limits.clone()).unwrap_or_default(),
                key,
                announced: url,
                known,
            });
        }
        entries
    }

    /// The provider's URL as this reference sees it.
    fn merge(&self, announced: &Url) -> Url {
        let merged = Url::merge(announced, &self.reference);
        // `application` stays the provider's; routers that ask for it by Dubbo's name find it, too (spec/10 section 8.7).
        match announced.get(keys::APPLICATION) {
            Some(application) => merged.with_param_if_absent(keys::REMOTE_APPLICATION, application),
            None => merged,
        }
    }

    /// Configures the URLs that are new or were configured by others.
    async fn configure(
        &self,
        entries: &mut [Entry<'_>],
        configuration: u64,
        policies: &Arc<PolicySet>,
    ) {
        let is_new = |entry: &Entry<'_>| {
            let known = entry.known.as_ref();
            !known.is_some_and(|known| known.is_same(entry.announced, configuration))
        };
        let merged: Vec<Url> = entries
            .iter()
            .filter(|entry| is_new(entry))
            .map(|entry| entry.url.clone())
            .collect();
        let configured = configure_merged(merged, &self.reference, policies).await;
        let new = entries.iter_mut().filter(|entry| is_new(entry));
        for (entry, url) in new.zip(configured) {
            entry.limits = AttemptLimits::ruled(&entry.url, &url);
            entry.url = url;
        }
    }

    /// The provider of an entry, or why it cannot be called.
    fn provider(&self, entry: Entry<'_>, configuration: u64) -> Result<Kept, String> {
        let Entry {
            announced,
            url,
            limits,
            known,
            ..
        } = entry;
        // What an operator took out of play by an override (Dubbo Java: `RegistryDirectory`).
        if url.get_bool(keys::DISABLED, false) || !url.get_bool(keys::ENABLED, true) {
            return Err("taken out of play by disabled or enabled".to_owned());
        }
        let (known_invoker, known_statistics) = known.map_or((None, None), |known| {
            let same = known.url == url;
            (same.then_some(known.invoker), Some(known.statistics))
        });
        let invoker = match known_invoker {
            Some(invoker) => invoker,
            None => self.refer(&url)?,
        };
        Ok(Kept {
            announced: announced.clone(),
            configuration,
            url,
            limits,
            invoker,
            // A provider that restarts with other parameters is the same endpoint to its counters.
            statistics: known_statistics
                .unwrap_or_else(|| Arc::new(EndpointStatistics::new(self.names.clone()))),
        })
    }

    fn refer(&self, url: &Url) -> Result<Arc<dyn Invoker>, String> {
        let wanted = url.protocol();
        let mut protocols = self.protocols.iter();
        let Some(protocol) = protocols.find(|protocol| protocol.name() == wanted) else {
            let spoken: Vec<&str> = self.protocols.iter().map(|one| one.name()).collect();
            let spoken = spoken.join(", ");
            return Err(format!("{wanted} is not spoken here, {spoken} is"));
        };
        let referred = protocol.refer(url);
        referred.map_err(|error| {
            tracing::warn!(provider = %url.location(), %error, "an announced provider cannot be called");
            error.to_string()
        })
    }
}

/// Which rows each of several registries announces, where `places` tells the row of a provider.
fn of_each(announced: &Announced, places: &HashMap<String, usize>) -> Vec<ListedRegistry> {
    let rows_of = |part: &Range<usize>| {
        let urls = announced.snapshot.urls.get(part.clone());
        let urls = urls.unwrap_or_default().iter();
        let own = urls.filter_map(|url| places.get(&url.key()).copied());
        Candidates::of(places.len(), own)
    };
    let registries = announced.registries.iter();
    registries
        .map(|(url, part)| ListedRegistry {
            url: url.clone(),
            rows: rows_of(part),
        })
        .collect()
}

impl Kept {
    fn is_same(&self, announced: &Url, configuration: u64) -> bool {
        self.configuration == configuration && self.announced == *announced
    }
}
