//! A gateway's side of attaching: it follows the text and keeps an entry of its own for every attached service, as long as it is
//! attached and this process lives.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::watch;
use tokio::time::sleep;
use wubbo_core::{
    ConfigCenter, ConfigSubscription, Error, Pattern, Registry, ServiceKey, Subscription, Tasks,
    Url, keys,
};

use super::entry::{Gateway, entry, refusal};
use super::{Attached, GROUP, key};

/// When an entry that the registry did not take is tried again.
const TRY_AGAIN: Duration = Duration::from_secs(1);
/// How long the entries may take to be taken back at the end; then they go with the registry's session.
const WITHDRAW_MAX: Duration = Duration::from_secs(10);
/// Services that may be attached to one gateway.
const SERVICES_MAX: usize = 1000;

/// What an [`Announcer`] is made of.
#[derive(Debug)]
pub(crate) struct AnnouncerParts {
    /// Where the text is.
    pub(crate) center: Arc<dyn ConfigCenter>,
    /// Where providers are found and entries are made.
    pub(crate) registry: Arc<dyn Registry>,
    /// The gateway's hop mark.
    pub(crate) id: String,
    /// The gateway's application, which names the text.
    pub(crate) application: String,
    /// The interfaces that may be called through it.
    pub(crate) services: Vec<Pattern>,
    /// Where consumers reach it.
    pub(crate) address: Url,
}

/// Keeps the entries. Dropping it leaves them to the registry's session; [`Announcer::withdraw`] takes them back.
#[derive(Debug)]
pub(crate) struct Announcer {
    stop: watch::Sender<()>,
    tasks: Tasks,
}

impl Announcer {
    /// Starts to follow the text.
    ///
    /// # Errors
    /// The text cannot be followed at all; an outage is no error.
    pub(crate) async fn start(parts: AnnouncerParts) -> Result<Self, Error> {
        let texts = parts
            .center
            .subscribe(&key(&parts.application), GROUP)
            .await?;
        let started = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let shared = Arc::new(Shared {
            registry: parts.registry,
            services: parts.services,
            gateway: Gateway {
                address: parts.address,
                id: parts.id,
                application: parts.application,
                started: started.as_millis().to_string(),
            },
            // Its subscriptions live as long as it does.
            _center: parts.center,
        });
        let (stop, stopped) = watch::channel(());
        let tasks = Tasks::new("attached services");
        tasks.spawn(follow(shared, texts, stopped));
        Ok(Self { stop, tasks })
    }

    /// Takes every entry back.
    pub(crate) async fn withdraw(self) {
        drop(self.stop);
        if self.tasks.join(WITHDRAW_MAX).await > 0 {
            tracing::warn!(
                "entries of attached services could not be taken back in time; they go with the registry's session"
            );
        }
    }
}

#[derive(Debug)]
struct Shared {
    registry: Arc<dyn Registry>,
    services: Vec<Pattern>,
    gateway: Gateway,
    _center: Arc<dyn ConfigCenter>,
}

/// Follows the text until `stopped`, and takes everything back then.
async fn follow(
    shared: Arc<Shared>,
    mut texts: ConfigSubscription,
    mut stopped: watch::Receiver<()>,
) {
    // A service that was attached once keeps its task, so that an entry that is taken back and made again is so in that order.
    let mut known: BTreeMap<ServiceKey, watch::Sender<bool>> = BTreeMap::new();
    let tasks = Tasks::new("attached services");
    loop {
        match Attached::parse(texts.current().as_deref()) {
            Ok(attached) => {
                let wanted = attached.keys();
                for (service, want) in &known {
                    turn(want, wanted.contains(service));
                }
                for service in wanted {
                    if !known.contains_key(&service) && known.len() < SERVICES_MAX {
                        let (want, wants) = watch::channel(true);
                        tasks.spawn(keep(shared.clone(), service.clone(), wants));
                        known.insert(service, want);
                    }
                }
            }
            Err(error) => {
                tracing::error!(
                    key = key(&shared.gateway.application),
                    error,
                    "what is attached to this gateway cannot be read; everything stays as it is"
                );
            }
        }
        tokio::select! {
            changed = texts.changed() => if !changed { break },
            _ = stopped.changed() => break,
        }
    }
    drop(known);
    tasks.join(WITHDRAW_MAX).await;
}

fn turn(want: &watch::Sender<bool>, to: bool) {
    want.send_if_modified(|wanted| std::mem::replace(wanted, to) != to);
}

/// Keeps the entry for one service while it is wanted, until nobody can want it any more.
async fn keep(shared: Arc<Shared>, service: ServiceKey, mut wants: watch::Receiver<bool>) {
    let mut ended = false;
    while !ended && wants.wait_for(|wanted| *wanted).await.is_ok() {
        let mut announced: Option<Url> = None;
        tokio::select! {
            () = shared.serve(&service, &mut announced) => {}
            turned = wants.wait_for(|wanted| !wanted) => ended = turned.is_err(),
        }
        if let Some(url) = announced
            && let Err(error) = shared.registry.unregister(&url).await
        {
            tracing::warn!(%service, %error, "the entry of an attached service could not be taken back");
        }
        tracing::info!(%service, "service detached");
    }
}

impl Shared {
    /// Announces the service as its providers say, or that it is not served here.
    async fn serve(&self, service: &ServiceKey, announced: &mut Option<Url>) {
        let listed = |pattern: &Pattern| pattern.matches(service.interface());
        if self.services.iter().any(listed) {
            tracing::info!(%service, "service attached");
            self.follow_providers(service, announced).await;
        } else {
            tracing::error!(
                %service,
                "attached, but not among those listed under gateway.services: nothing is announced, nobody calls it through this gateway"
            );
            let reason = "it is not listed under gateway.services";
            let refusal = refusal(service, &self.gateway, reason);
            self.announce(refusal, announced).await;
        }
        std::future::pending().await
    }

    async fn follow_providers(&self, service: &ServiceKey, announced: &mut Option<Url>) {
        let mut providers = self.providers(service).await;
        let mut told = false;
        while let Some(list) = providers.next().await {
            match entry(service, &list.urls, &self.gateway) {
                Some(url) if announced.as_ref() != Some(&url) => {
                    self.announce(url, announced).await;
                }
                Some(_) => {}
                // The last entry stays: with it a consumer learns from us what is wrong.
                None if announced.is_none() && !std::mem::replace(&mut told, true) => {
                    tracing::warn!(%service, "attached, but there is no provider that could be called yet");
                }
                None => {}
            }
        }
    }

    async fn providers(&self, service: &ServiceKey) -> Subscription {
        let consumer = Url::builder()
            .protocol("consumer")
            .host("127.0.0.1")
            .path(service.interface())
            .params([
                (keys::INTERFACE, service.interface()),
                (keys::GROUP, service.group()),
                (keys::VERSION, service.version()),
            ])
            .build();
        loop {
            match self.registry.subscribe(&consumer).await {
                Ok(providers) => return providers,
                Err(error) => {
                    tracing::warn!(%service, %error, "the providers of an attached service cannot be followed, it is tried again");
                    sleep(TRY_AGAIN).await;
                }
            }
        }
    }

    /// Announces `url` in place of what was announced before: first the new entry, then without the old one.
    async fn announce(&self, url: Url, announced: &mut Option<Url>) {
        let mut told = false;
        while let Err(error) = self.registry.register(&url).await {
            if !std::mem::replace(&mut told, true) {
                tracing::warn!(service = %url.service_key(), %error, "an attached service cannot be announced, it is tried again");
            }
            sleep(TRY_AGAIN).await;
        }
        if let Some(before) = announced.replace(url)
            && let Err(error) = self.registry.unregister(&before).await
        {
            tracing::warn!(%error, "the former entry of an attached service could not be taken back");
        }
    }
}
