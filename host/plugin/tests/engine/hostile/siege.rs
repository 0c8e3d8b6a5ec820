//! Every hostile guest dropped into a running host, one after the other, in the place of a decent plugin of the same identity, while
//! calls run: whatever it does, every call is answered as if it were not there, other services are served, memory stays flat, and the
//! reason can be seen.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use wubbo_core::{
    Candidates, Chain, Choice, ConfigureSide, Invocation, Outcome, PolicySet, ProviderTable,
    Request, Rule, RuleScope, RuleSet, ServiceKey, Stage, Url,
};
use wubbo_plugin::{PluginState, PluginStatus, PluginsStatus};

use super::table::{End, GUESTS, Row};
use crate::guests::stamping;
use crate::providers::table;
use crate::rig::{MEMORY, Rig, attachments, cpu, mirror, rss, try_start};

const ROWS: usize = 10;
/// Calls to the other service that each guest must leave alone.
const OTHERS: u64 = 50;
/// Calls to the besieged service behind the first that shows what the guest does.
const CALLS: u64 = 10;
/// CPU time that one hook may take beyond its limit: one bulk operation cannot be interrupted.
const OVER: Duration = Duration::from_millis(50);
/// What one step of a guest may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Memory that the host may keep after all guests came and went; one MiB for each would be a leak. Other tests run in this process.
const KEPT: usize = 48 << 20;

/// What the callers saw since it was last taken.
#[derive(Default)]
struct Seen {
    calls: AtomicU64,
    wrong: AtomicU64,
    others: AtomicU64,
    others_wrong: AtomicU64,
    /// The most CPU time that one hook took, nanoseconds.
    worst: AtomicU64,
}

impl Seen {
    fn clear(&self) {
        for cell in [
            &self.calls,
            &self.wrong,
            &self.others,
            &self.others_wrong,
            &self.worst,
        ] {
            cell.store(0, Relaxed);
        }
    }

    /// What was seen of a guest, and whether it is as it should be.
    fn tell(&self, row: &Row) -> (String, bool) {
        let get = |cell: &AtomicU64| cell.load(Relaxed);
        let (wrong, others_wrong) = (get(&self.wrong), get(&self.others_wrong));
        let worst = Duration::from_nanos(get(&self.worst));
        let line = format!(
            "{:5} calls, {wrong} wrong; {:5} others, {others_wrong} wrong; at most {worst:8.1?} of CPU",
            get(&self.calls),
            get(&self.others),
        );
        let answered = (wrong > 0) == (row.end == End::Seen) && others_wrong == 0;
        (line, answered && worst <= row.limit() + OVER)
    }
}

/// Callers of the besieged service and of another one.
struct Callers {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Callers {
    fn start(rig: &Arc<Rig>, seen: &Arc<Seen>, table: &Arc<ProviderTable>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let spawn = |service: &'static str| {
            let (rig, seen, table) = (Arc::clone(rig), Arc::clone(seen), Arc::clone(table));
            let stop = Arc::clone(&stop);
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .build()
                    .unwrap();
                let caller = Caller {
                    rig,
                    seen,
                    table,
                    runtime,
                };
                let untouched = attachments(&caller.ask(service));
                while !stop.load(Relaxed) {
                    match service {
                        "a.B" => caller.besieged(&untouched),
                        _ => caller.other(service, &untouched),
                    }
                    std::thread::sleep(Duration::from_micros(200));
                }
            })
        };
        let threads = vec![spawn("a.B"), spawn("a.B"), spawn("other.C")];
        Self { stop, threads }
    }

    fn stop(self) {
        self.stop.store(true, Relaxed);
        self.threads
            .into_iter()
            .for_each(|thread| thread.join().unwrap());
    }
}

struct Caller {
    rig: Arc<Rig>,
    seen: Arc<Seen>,
    table: Arc<ProviderTable>,
    runtime: tokio::runtime::Runtime,
}

impl Caller {
    /// A call through the provider's filters.
    fn ask(&self, service: &str) -> Outcome {
        let mut request = Request::new(ServiceKey::new(service, "", ""), "call");
        request.attachments.set("n", "1");
        request.policies = self.rig.policies.load();
        let url = Url::parse("dubbo://127.0.0.1:1")
            .unwrap()
            .with_path(service);
        let call = Chain::new(Stage::Provider)
            .invoke(Invocation::new(request, url), |seen| async move {
                Ok(mirror(&seen))
            });
        self.runtime.block_on(call)
    }

    fn other(&self, service: &str, untouched: &[(String, String)]) {
        let right = attachments(&self.ask(service)) == untouched;
        let (seen, cell) = (&self.seen, &self.seen.others_wrong);
        cell.fetch_add(u64::from(!right), Relaxed);
        seen.others.fetch_add(1, Relaxed);
    }

    /// The same through every kind of policy, each looked at and timed.
    fn besieged(&self, untouched: &[(String, String)]) {
        let mut right = self.timed(|| attachments(&self.ask("a.B"))) == untouched;
        let policies = self.rig.policies.load();
        let rows = self.timed(|| self.rig.route_under(&policies, &self.table));
        right &= rows == [0] || rows.len() == ROWS;
        let balancers = GUESTS.iter().filter(|row| row.kind() == "loadbalance");
        for balancer in balancers.filter_map(|row| policies.balancer(row.name)) {
            let all = Candidates::all(ROWS);
            let choice = self.rig.attempt(&self.table, None, |routing| {
                self.timed(|| balancer.select(routing, &all))
            });
            right &= matches!(choice, Choice::Row(2) | Choice::Unable);
        }
        right &= self.configured(&policies);
        self.seen.wrong.fetch_add(u64::from(!right), Relaxed);
        self.seen.calls.fetch_add(1, Relaxed);
    }

    fn configured(&self, policies: &PolicySet) -> bool {
        let url = Url::parse("dubbo://10.0.0.1:20880/a.B?timeout=1000&weight=300").unwrap();
        policies.configurators().iter().all(|entry| {
            let configure = || entry.configurator.configure(&url, ConfigureSide::Consumer);
            match self.timed(configure) {
                None => true,
                Some(changed) => {
                    (changed.get("timeout"), changed.get("weight")) == (Some("1234"), None)
                }
            }
        })
    }

    fn timed<R>(&self, run: impl FnOnce() -> R) -> R {
        let start = cpu();
        let answer = run();
        let took = u64::try_from((cpu() - start).as_nanos()).unwrap();
        self.seen.worst.fetch_max(took, Relaxed);
        answer
    }
}

/// The besieged host.
struct Siege {
    rig: Arc<Rig>,
    seen: Arc<Seen>,
    rules: AtomicU64,
}

impl Siege {
    /// The plugin of a guest.
    fn plugin<'a>(&self, status: &'a PluginsStatus, row: &Row) -> Option<&'a PluginStatus> {
        status.plugin(&format!("{}/{}", row.kind(), row.name))
    }

    /// One guest from its coming to its end.
    ///
    /// # Errors
    /// What did not come, or was not as it should be.
    async fn withstands(&self, row: &Row) -> Result<(), String> {
        let (rig, file) = (&self.rig, format!("{}.wasm", row.name));
        rig.put(&format!("{}.yaml", row.name), row.settings().as_bytes());
        rig.put(&file, &row.decent());
        // Generations of an identity are counted on, also after it was unloaded.
        let is_live = |status: &PluginsStatus| self.generation(status, row) > 0;
        let first = self.generation(&self.until(row, "decent", is_live).await?, row);
        let (before, since) = (rss(), Instant::now());
        self.seen.clear();
        rig.put(&file, &row.module());
        let is_there =
            |status: &PluginsStatus| is_there(row, first, self.plugin(status, row), status);
        self.until(row, "there", is_there).await?;
        let arrived = since.elapsed();
        self.provoke().await;
        let shows = |status: &PluginsStatus| self.shows(row, self.plugin(status, row));
        let status = self.until(row, "to be seen", shows).await?;
        let enough = self.seen.calls.load(Relaxed) + CALLS;
        let served = |_: &PluginsStatus| {
            self.seen.others.load(Relaxed) >= OTHERS && self.seen.calls.load(Relaxed) >= enough
        };
        self.until(row, "no obstacle", served).await?;
        let reason = reason(row, &status, self.plugin(&status, row).ok_or("gone")?);
        let (line, good) = self.seen.tell(row);
        let grown = rss().saturating_sub(before) >> 10;
        println!(
            "{:28} after {:4} ms; {line}; {grown:5} KiB; {reason}",
            row.name,
            arrived.as_millis()
        );
        // The next good file is taken at once, whatever the bad one did.
        rig.put(&file, &row.decent());
        let recovered = |status: &PluginsStatus| {
            let served = self.generation(status, row);
            // A file that was refused left the first generation, which the same bytes are again.
            let taken =
                served == first + 2 || matches!(row.end, End::Refused(_)) && served == first;
            taken && status.directory.as_ref().unwrap().refused.is_empty()
        };
        self.until(row, "decent again", recovered).await?;
        self.leave(row).await?;
        if good {
            Ok(())
        } else {
            Err(format!("{}: {line}", row.name))
        }
    }

    /// Takes the guest's files away.
    async fn leave(&self, row: &Row) -> Result<(), String> {
        for ending in ["wasm", "yaml"] {
            self.rig.remove(&format!("{}.{ending}", row.name));
        }
        let gone = |status: &PluginsStatus| {
            let refused = &status.directory.as_ref().unwrap().refused;
            self.plugin(status, row).is_none() && refused.is_empty()
        };
        self.until(row, "gone", gone).await.map(|_| ())
    }

    fn generation(&self, status: &PluginsStatus, row: &Row) -> u64 {
        self.plugin(status, row)
            .map_or(0, |plugin| plugin.generation)
    }

    /// Waits until the status is as wanted, and says of the guest alone what it is instead.
    async fn until(
        &self,
        row: &Row,
        what: &str,
        wanted: impl Fn(&PluginsStatus) -> bool,
    ) -> Result<PluginsStatus, String> {
        let since = Instant::now();
        loop {
            let status = self.rig.host.status();
            if wanted(&status) {
                return Ok(status);
            }
            if since.elapsed() > PATIENCE {
                let refused = &status.directory.as_ref().unwrap().refused;
                let plugin = self.plugin(&status, row);
                let plugin = plugin.map(|plugin| {
                    (
                        plugin.generation,
                        plugin.instances,
                        &plugin.trips,
                        &plugin.last_error,
                    )
                });
                return Err(format!("{} never {what}: {plugin:?} {refused:?}", row.name));
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// What no call does: a list comes and goes, the rules change.
    async fn provoke(&self) {
        let passing = table(9, 3);
        self.rig.deliver(&passing).await;
        self.rig.host.tables().forget(9);
        let version = self.rules.fetch_add(1, Relaxed) + 1;
        let rule = Rule {
            scope: RuleScope::Service,
            key: "a.B:.condition-router".into(),
            group: "dubbo".into(),
            text: format!("version: {version}").into(),
        };
        self.rig
            .host
            .set_rules(Arc::new(RuleSet::new(version, [rule])))
            .await;
    }

    /// Whether what the guest does can be seen by whoever looks.
    fn shows(&self, row: &Row, plugin: Option<&PluginStatus>) -> bool {
        let Some(plugin) = plugin else { return false };
        match row.end {
            End::Refused(_) => plugin.state == PluginState::Live,
            End::Tripped(class, words) => {
                let said = plugin.trips.iter().any(|trip| trip.reason.contains(words));
                plugin.counters.trips[class] > 0 && said
            }
            End::Flooded("log_dropped") => plugin.counters.log_dropped > 0,
            End::Flooded(_) => plugin.counters.state_refused > 0,
            End::Unruly(words) => {
                let refused = plugin.rules.as_ref().map(|rules| rules.refused.as_slice());
                refused.is_some_and(|refused| refused.iter().any(|one| one.message.contains(words)))
            }
            End::Served => {
                plugin.counters.hooks > 20 && plugin.counters.trips.values().all(|n| *n == 0)
            }
            End::Seen => self.seen.wrong.load(Relaxed) > 0,
        }
    }
}

/// Whether the host has made up its mind about the guest's file.
fn is_there(row: &Row, first: u64, plugin: Option<&PluginStatus>, status: &PluginsStatus) -> bool {
    let Some(plugin) = plugin else { return false };
    let End::Refused(words) = row.end else {
        return plugin.generation == first + 1;
    };
    let refused = &status.directory.as_ref().unwrap().refused;
    let said = refused.iter().any(|one| one.error.reason.contains(words));
    said && plugin.generation == first && plugin.last_error.is_some()
}

/// Why, as an operator reads it.
fn reason(row: &Row, status: &PluginsStatus, plugin: &PluginStatus) -> String {
    match row.end {
        End::Refused(_) => {
            let refused = &status.directory.as_ref().unwrap().refused;
            format!("refused: {}", refused[0].error.reason)
        }
        End::Tripped(class, _) => {
            let trip = plugin
                .trips
                .iter()
                .find(|trip| trip.class.name() == class)
                .unwrap();
            format!("{} ended: {}", trip.hook, trip.reason)
        }
        End::Flooded(counter) => {
            let counters = &plugin.counters;
            format!(
                "{counter}: {}",
                counters.log_dropped.max(counters.state_refused)
            )
        }
        End::Unruly(_) => {
            let refused = &plugin.rules.as_ref().unwrap().refused[0];
            format!("rule refused: {}", refused.message)
        }
        End::Served | End::Seen => format!("live, {} hooks", plugin.counters.hooks),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_guest_harms_a_call_another_service_or_the_host() {
    let _alone = MEMORY.lock().await;
    let files: &[(&str, &[u8])] = &[("control.wasm", &stamping("control", "c"))];
    let rig = try_start(files, Vec::new(), |config| config.workers = 2).await;
    let rig = Arc::new(rig.unwrap());
    let (table, seen) = (table(7, ROWS), Arc::new(Seen::default()));
    rig.deliver(&table).await;
    let callers = Callers::start(&rig, &seen, &table);
    let siege = Siege {
        rig: Arc::clone(&rig),
        seen,
        rules: AtomicU64::new(0),
    };
    // What the compiler takes for the largest module stays with the allocator, so that one comes once before the counting begins.
    let largest = GUESTS.iter().find(|row| row.name == "slow-to-compile");
    siege.withstands(largest.unwrap()).await.unwrap();
    let (before, mut failed) = (rss(), Vec::new());
    for row in GUESTS {
        if let Err(error) = siege.withstands(row).await {
            failed.push(error);
            siege.leave(row).await.unwrap();
        }
    }
    callers.stop();
    let kept = rss().saturating_sub(before);
    let status = rig.host.status();
    println!(
        "{} guests; {} KiB more than before; guest memory {} KiB",
        GUESTS.len(),
        kept >> 10,
        status.memory_bytes >> 10
    );
    assert!(failed.is_empty(), "{failed:#?}");
    assert!(GUESTS.len() > 20);
    assert!(kept <= KEPT, "{kept} bytes");
    assert_eq!(status.plugins.len(), 1, "{:#?}", status.plugins);
    assert_eq!(status.plugin("filter/control").unwrap().generation, 1);
}

#[tokio::test]
async fn a_module_that_describes_itself_for_ever_is_told_so() {
    let error = wubbo_plugin::describe(&super::fixture("loop-in-describe")).unwrap_err();
    println!("{error}");
    assert!(error.to_string().contains("deadline"), "{error}");
}
