//! Rules of a config center, and override URLs and routes of registries: followed key by key as services come into use, applied to the
//! policies as one set.

mod registered;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::{OnceCell, watch};
use tokio::time::timeout;
use wubbo_core::{
    BoxFuture, ConfigCenter, ConfigSubscription, Error, ProviderTable, Registry, RuleKey,
    RuleScope, RuleSet, ServiceKey, Subscription, TableSink, Tasks, Url, keys, rule_keys,
    tag_rule_key,
};
use wubbo_plugin::PluginHost;

use registered::Holder;

/// Keys that are followed at most; provider lists name applications, and those are other people's.
const KEYS_MAX: usize = 10_000;
/// How long a reference waits for what its registry holds besides providers. What comes later is applied when it comes.
const REGISTERED_MAX: Duration = Duration::from_millis(500);
/// How long a reference waits until the rules that it brought in are applied. Later they apply by themselves.
const APPLY_MAX: Duration = Duration::from_secs(3);

/// The beginning of a subscription, made once.
type Following = Arc<OnceCell<watch::Receiver<bool>>>;

/// Follows the rules of the services in use. Send + Sync; dropping it ends every subscription, what was applied stays.
pub(crate) struct Rules {
    center: Option<Arc<dyn ConfigCenter>>,
    application: String,
    board: Arc<Board>,
    /// Of each key, whether what there is was heard once.
    following: Mutex<HashMap<RuleKey, Following>>,
    tasks: Tasks,
}

/// The texts as they stand, and how far they are applied.
struct Board {
    texts: Mutex<BTreeMap<RuleKey, Option<Arc<str>>>>,
    /// The version of the texts.
    changed: watch::Sender<u64>,
    /// The version that the policies follow.
    applied: watch::Sender<u64>,
}

impl Rules {
    /// Follows rules of `center`, if there is one, for the process `application`, and hands every change to `plugins`.
    #[must_use]
    pub(crate) fn new(
        center: Option<Arc<dyn ConfigCenter>>,
        application: &str,
        plugins: &Arc<PluginHost>,
    ) -> Self {
        let board = Arc::new(Board {
            texts: Mutex::default(),
            changed: watch::Sender::new(0),
            applied: watch::Sender::new(0),
        });
        let tasks = Tasks::new("rules");
        // Before the task first runs: a rule that comes meanwhile would be taken for known.
        let changed = board.changed.subscribe();
        tasks.spawn(apply(board.clone(), changed, Arc::downgrade(plugins)));
        Self {
            center,
            application: application.to_owned(),
            board,
            following: Mutex::default(),
            tasks,
        }
    }

    /// Brings in the rules about `service` and about this application; done when they are applied, after 3 s at the latest.
    pub(crate) async fn follow_service(&self, service: &ServiceKey) {
        self.follow(rule_keys(service, &self.application)).await;
    }

    /// Brings in further keys, of an operator's own routers.
    pub(crate) async fn follow_keys(&self, keys: &[String]) {
        let own = |key: &String| RuleKey {
            scope: RuleScope::Service,
            key: key.as_str().into(),
            group: "dubbo".into(),
        };
        self.follow(keys.iter().map(own).collect()).await;
    }

    /// Brings in the override URLs that `registry` holds for the service of `url`, a consumer's or a provider's, and for a consumer
    /// its routes; done when they are applied, after some seconds at the latest.
    pub(crate) async fn follow_registered(&self, registry: &Arc<dyn Registry>, url: &Url) {
        let holder = Holder::new(registry.url(), url);
        let key = holder.key();
        let Some(cell) = self.cell(&key) else {
            return;
        };
        let begun = cell.get_or_try_init(async || {
            let subscription = registry.subscribe(&holder.wanted(url)).await?;
            let (heard, first) = watch::channel(false);
            let board = self.board.clone();
            self.tasks
                .spawn(keep_up_registered(board, holder, subscription, heard));
            Ok::<_, Error>(first)
        });
        match begun.await {
            // The task says so in time, whatever the registry does.
            Ok(first) => drop(first.clone().wait_for(|heard| *heard).await),
            Err(error) => {
                tracing::warn!(key = &*key.key, %error, "override URLs and routes of the registry cannot be followed");
            }
        }
        self.applied().await;
    }

    async fn follow(&self, keys: Vec<RuleKey>) {
        let Some(center) = &self.center else {
            return;
        };
        for key in keys {
            let Some(cell) = self.cell(&key) else {
                continue;
            };
            if let Err(error) = cell.get_or_try_init(|| self.subscribe(center, &key)).await {
                // The next reference that needs it tries again.
                tracing::warn!(key = &*key.key, %error, "a rule cannot be followed");
            }
        }
        self.applied().await;
    }

    fn cell(&self, key: &RuleKey) -> Option<Following> {
        let mut following = self
            .following
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(cell) = following.get(key) {
            return Some(cell.clone());
        }
        if following.len() >= KEYS_MAX {
            tracing::warn!(
                key = &*key.key,
                "not followed: there are {KEYS_MAX} rules already"
            );
            return None;
        }
        let cell = Following::default();
        following.insert(key.clone(), cell.clone());
        Some(cell)
    }

    async fn subscribe(
        &self,
        center: &Arc<dyn ConfigCenter>,
        key: &RuleKey,
    ) -> Result<watch::Receiver<bool>, Error> {
        let subscription = center.subscribe(&key.key, &key.group).await?;
        self.board.set(key, subscription.current());
        self.tasks
            .spawn(keep_up(self.board.clone(), key.clone(), subscription));
        Ok(watch::channel(true).1)
    }

    /// Waits until what is on the board now is applied.
    async fn applied(&self) {
        let wanted = *self.board.changed.borrow();
        let mut applied = self.board.applied.subscribe();
        let waited = timeout(APPLY_MAX, applied.wait_for(|version| *version >= wanted)).await;
        if waited.is_err() {
            tracing::warn!(
                version = wanted,
                "rules are not applied after {} s; calls go on under the former ones",
                APPLY_MAX.as_secs()
            );
        }
    }
}

impl Board {
    fn set(&self, key: &RuleKey, text: Option<Arc<str>>) {
        // An empty text is no rule: what admin tools leave behind when one is taken back.
        let text = text.filter(|text| !text.trim().is_empty());
        let mut texts = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        let before = texts.insert(key.clone(), text.clone()).flatten();
        if before != text {
            self.changed.send_modify(|version| *version += 1);
        }
    }

    /// Puts `now` in the place of what was `held`.
    fn exchange(&self, held: &mut registered::Rules, now: registered::Rules) {
        if *held == now {
            return;
        }
        let mut texts = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        texts.retain(|key, _| !held.contains_key(key));
        let place = |(key, text): (&RuleKey, &Arc<str>)| (key.clone(), Some(text.clone()));
        texts.extend(now.iter().map(place));
        *held = now;
        self.changed.send_modify(|version| *version += 1);
    }

    /// The rules that exist, and their version.
    fn rules(&self) -> RuleSet {
        let texts = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        let rules = texts
            .iter()
            .filter_map(|(key, text)| Some(key.rule(text.clone()?)));
        RuleSet::new(*self.changed.borrow(), rules)
    }
}

/// Keeps one key's text on the board up to date.
async fn keep_up(board: Arc<Board>, key: RuleKey, mut subscription: ConfigSubscription) {
    while subscription.changed().await {
        tracing::info!(key = &*key.key, "rule changed");
        board.set(&key, subscription.current());
    }
}

/// Keeps what a registry holds on the board up to date.
async fn keep_up_registered(
    board: Arc<Board>,
    holder: Holder,
    mut subscription: Subscription,
    heard: watch::Sender<bool>,
) {
    let mut held = registered::Rules::new();
    // In an outage the first list comes when the registry is back.
    if let Ok(Some(snapshot)) = timeout(REGISTERED_MAX, subscription.next()).await {
        board.exchange(&mut held, holder.rules(&snapshot));
    }
    heard.send_replace(true);
    while let Some(snapshot) = subscription.next().await {
        board.exchange(&mut held, holder.rules(&snapshot));
    }
}

/// Applies the latest state of the board; states that came and went while one was applied are left out.
async fn apply(board: Arc<Board>, mut changed: watch::Receiver<u64>, plugins: Weak<PluginHost>) {
    while changed.changed().await.is_ok() {
        let rules = board.rules();
        let version = rules.version();
        let Some(plugins) = plugins.upgrade() else {
            return;
        };
        plugins.set_rules(Arc::new(rules)).await;
        board.applied.send_replace(version);
    }
}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rules")
            .field("center", &self.center)
            .field("version", &*self.board.changed.borrow())
            .finish_non_exhaustive()
    }
}

/// Hands tables to the policies, after the rules about the applications that provide them (the tag router's) were brought in.
#[derive(Debug)]
pub(crate) struct RuledTables {
    rules: Arc<Rules>,
    policies: Arc<dyn TableSink>,
}

impl RuledTables {
    /// Tables go on to `policies`.
    #[must_use]
    pub(crate) fn new(rules: Arc<Rules>, policies: Arc<dyn TableSink>) -> Self {
        Self { rules, policies }
    }
}

impl TableSink for RuledTables {
    fn deliver<'a>(&'a self, table: &'a Arc<ProviderTable>) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            let rows = table.rows().iter();
            let providers: BTreeSet<&str> = rows
                .filter_map(|row| row.url.get(keys::REMOTE_APPLICATION))
                .collect();
            let keys = providers.into_iter().map(tag_rule_key).collect();
            self.rules.follow(keys).await;
            self.policies.deliver(table).await;
        })
    }

    fn weights_changed<'a>(&'a self, table: &'a Arc<ProviderTable>) -> BoxFuture<'a, ()> {
        self.policies.weights_changed(table)
    }

    fn forget(&self, token: u64) {
        self.policies.forget(token);
    }
}
