//! `wubbo registry`: what is registered, decoded, and entries made and removed by hand.

mod entries;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Subcommand;
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};
use wubbo_core::{Pattern, Snapshot, Subscription, Url};

use self::entries::{Entry, asked};
use super::table::table;
use super::{EXAMPLE_REGISTRY, on_runtime, output, place};

/// Shows, follows, makes and removes entries of a registry.
///
/// Exit codes: 0 done, 1 the registry does not answer in time or refuses, 2 a wrong command line, 64 an address that cannot be one.
///
/// Example: wubbo registry ls --registry zookeeper://127.0.0.1:2181
#[derive(Debug, clap::Args)]
pub(crate) struct Registry {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Ls(Ls),
    Watch(Watch),
    Register(Register),
    Unregister(Unregister),
}

/// Which registry, and how the answer is shown.
#[derive(Debug, clap::Args)]
struct At {
    #[arg(long, value_name = "URL", help = EXAMPLE_REGISTRY)]
    registry: String,
    /// How long to wait for the registry, with its unit.
    #[arg(long, default_value = "5s", value_parser = super::duration)]
    timeout: Duration,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

/// Lists entries: one line each, with what keeps it from being called.
///
/// Example: wubbo registry ls 'com.shop.*' --category providers,consumers --registry zookeeper://127.0.0.1:2181
#[derive(Debug, clap::Args)]
struct Ls {
    /// The interface; * stands for any run of characters.
    #[arg(default_value = "*")]
    interface: String,
    /// Kinds of entries: providers, consumers, routers, configurators, gateways, or * for Dubbo's four.
    #[arg(long, default_value = "providers", value_name = "C1,C2")]
    category: String,
    #[command(flatten)]
    at: At,
}

/// Follows the entries of an interface until it is interrupted: a line for each that comes (+) or goes (-).
///
/// Example: wubbo registry watch com.shop.Cart --registry zookeeper://127.0.0.1:2181
#[derive(Debug, clap::Args)]
struct Watch {
    /// The interface.
    interface: String,
    /// Kinds of entries: providers, consumers, routers, configurators, gateways, or * for Dubbo's four.
    #[arg(long, default_value = "providers", value_name = "C1,C2")]
    category: String,
    #[command(flatten)]
    at: At,
}

/// Makes an entry. It lives as long as the command, which takes it back when it is interrupted; with dynamic=false in its URL, at
/// ZooKeeper, it stays and the command ends.
///
/// Example: wubbo registry register 'dubbo://10.0.0.9:20880/com.shop.Cart?version=1.0.0&dynamic=false' --registry zookeeper://127.0.0.1:2181
#[derive(Debug, clap::Args)]
struct Register {
    /// The entry, dubbo://host:port/interface?version=..
    url: String,
    #[command(flatten)]
    at: At,
}

/// Removes an entry, whoever made it. A living provider may make its own anew.
///
/// Example: wubbo registry unregister 'dubbo://10.0.0.9:20880/com.shop.Cart?version=1.0.0&dynamic=false' --registry zookeeper://127.0.0.1:2181
#[derive(Debug, clap::Args)]
struct Unregister {
    /// The entry, as `ls --json` shows it under url.
    url: String,
    #[command(flatten)]
    at: At,
}

impl Registry {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        on_runtime(async {
            match self.command {
                Command::Ls(ls) => ls.run().await,
                Command::Watch(watch) => watch.run().await,
                Command::Register(register) => register.run().await,
                Command::Unregister(unregister) => unregister.run().await,
            }
        })
    }
}

impl At {
    async fn open(&self) -> anyhow::Result<Arc<dyn wubbo_core::Registry>> {
        place::registry(&self.registry).await
    }

    /// The entry that an operator wrote.
    fn entry(&self, text: &str) -> anyhow::Result<Url> {
        let url = Url::parse(text)?;
        if url.service().is_empty() || url.port().is_none() {
            bail!("{text} is no entry: write dubbo://host:port/interface?version=..");
        }
        Ok(url)
    }
}

impl Ls {
    async fn run(self) -> anyhow::Result<()> {
        let registry = self.at.open().await?;
        let pattern = self.interface.contains('*');
        let interface = if pattern { "*" } else { &self.interface };
        let mut subscription = registry
            .subscribe(&asked(interface, &self.category))
            .await?;
        let list = place::first_list(&*registry, &mut subscription, self.at.timeout).await?;
        let wanted = Pattern::new(self.interface.clone());
        let urls = list.urls.iter().filter(|url| wanted.matches(url.service()));
        let entries: Vec<Entry> = urls.map(Entry::new).collect();
        if self.at.json {
            let shown: Vec<_> = entries.iter().map(Entry::json).collect();
            let skipped = entries.iter().filter(|entry| entry.is_skipped()).count();
            let all = json!({ "registry": registry.url().location(), "entries": shown, "skipped": skipped, "unreadable": list.unreadable });
            output::line(&all.to_string());
            return Ok(());
        }
        let mut rows = vec![Entry::heads()];
        rows.extend(entries.iter().map(Entry::row));
        for line in table(&rows) {
            output::line(&line);
        }
        if list.unreadable > 0 {
            output::complain(&format!(
                "{} entries cannot be read and are not shown",
                list.unreadable
            ));
        }
        Ok(())
    }
}

impl Watch {
    async fn run(self) -> anyhow::Result<()> {
        let registry = self.at.open().await?;
        let mut subscription = registry
            .subscribe(&asked(&self.interface, &self.category))
            .await?;
        let mut list = place::first_list(&*registry, &mut subscription, self.at.timeout).await?;
        let mut known: BTreeMap<String, Url> = BTreeMap::new();
        loop {
            known = self.changes(known, &list);
            list = tokio::select! {
                next = subscription.next() => next.context("the registry was closed")?,
                stopped = stop_signal() => return stopped,
            };
        }
    }

    /// Shows what differs from before.
    fn changes(&self, before: BTreeMap<String, Url>, list: &Snapshot) -> BTreeMap<String, Url> {
        let named = list.urls.iter().map(|url| (url.to_string(), url.clone()));
        let now: BTreeMap<String, Url> = named.collect();
        let gone = before.iter().filter(|(name, _)| !now.contains_key(*name));
        let new = now.iter().filter(|(name, _)| !before.contains_key(*name));
        let marked = gone
            .map(|(_, url)| ('-', url))
            .chain(new.map(|(_, url)| ('+', url)));
        for (mark, url) in marked {
            let entry = Entry::new(url);
            if self.at.json {
                let change = if mark == '+' { "add" } else { "remove" };
                let line = json!({ "change": change, "entries": now.len(), "entry": entry.json() });
                output::line(&line.to_string());
            } else {
                output::line(&format!("{mark} {}", entry.row().join("  ")));
            }
        }
        if now.is_empty() {
            let none = json!({ "change": "none", "entries": 0 }).to_string();
            output::line(if self.at.json { &none } else { "no entry" });
        }
        now
    }
}

impl Register {
    async fn run(self) -> anyhow::Result<()> {
        let url = self.at.entry(&self.url)?;
        let registry = self.at.open().await?;
        let stays = !url.get_bool("dynamic", true);
        if stays && matches!(registry.url().protocol(), "file" | "memory") {
            bail!(
                "entries of this registry live as long as who made them: leave dynamic=false out, or put a .url file into its directory"
            );
        }
        place::in_time(&*registry, self.at.timeout, registry.register(&url)).await?;
        self.tell("registered", &url);
        if stays {
            return Ok(());
        }
        stop_signal().await?;
        place::in_time(&*registry, self.at.timeout, registry.unregister(&url)).await?;
        self.tell("unregistered", &url);
        Ok(())
    }

    fn tell(&self, what: &str, url: &Url) {
        tell(self.at.json, what, url);
    }
}

impl Unregister {
    async fn run(self) -> anyhow::Result<()> {
        let url = self.at.entry(&self.url)?;
        let registry = self.at.open().await?;
        let category = url.get_or("category", "providers");
        let mut subscription = registry.subscribe(&asked(url.service(), category)).await?;
        let list = place::first_list(&*registry, &mut subscription, self.at.timeout).await?;
        let entry = entry_like(&list, &url)
            .with_context(|| format!("there is no such entry: {url}; `wubbo registry ls {} --json` shows those that there are", url.service()))?;
        // An entry is removed by its owner: so it becomes ours first.
        place::in_time(&*registry, self.at.timeout, registry.register(&entry)).await?;
        place::in_time(&*registry, self.at.timeout, registry.unregister(&entry)).await?;
        self.gone(&mut subscription, &entry).await?;
        tell(self.at.json, "unregistered", &url);
        Ok(())
    }

    async fn gone(&self, subscription: &mut Subscription, entry: &Url) -> anyhow::Result<()> {
        let gone = async {
            while let Some(list) = subscription.next().await {
                if entry_like(&list, entry).is_none() {
                    return;
                }
            }
        };
        let waited = tokio::time::timeout(self.at.timeout, gone).await;
        waited.with_context(|| {
            format!("{entry} is still there: who made it keeps it; stop that process, or remove its .url file")
        })
    }
}

/// The entry as the registry has it: a category that the directory says need not be in the URL.
fn entry_like(list: &Snapshot, url: &Url) -> Option<Url> {
    let plain = |url: &Url| url.without_param("category");
    let found = list.urls.iter().find(|entry| plain(entry) == plain(url));
    found.cloned()
}

fn tell(json: bool, what: &str, url: &Url) {
    if json {
        output::line(&json!({ "done": what, "url": url.to_string() }).to_string());
    } else {
        output::line(&format!("{what} {url}"));
    }
}

/// Waits until the command is asked to end.
async fn stop_signal() -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM cannot be waited for")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT cannot be waited for")?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
