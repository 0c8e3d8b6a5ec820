//! The watched directory: one task that turns each settled state of it into one publication (design 5.4).

mod asked;
mod draft;
mod files;
mod load;
mod plan;
mod rollback;

use std::path::Path;
use std::sync::Arc;

use wubbo_core::Tasks;
use wubbo_watch::{Change, Options, Snapshot, Watch};

use crate::error::{PluginError, PluginErrorKind};
use crate::host::Inner;
use crate::status::{DirectoryStatus, Reason};
pub(crate) use asked::RollBacks;
use asked::{Asked, Inbox};
use plan::Plan;

/// Loads the directory once and keeps following it; the way to ask for roll-backs, where there is a directory.
///
/// # Errors
/// The directory is missing, unreadable or open to everybody.
pub(crate) async fn watch(
    inner: &Arc<Inner>,
    tasks: &Tasks,
) -> Result<Option<RollBacks>, PluginError> {
    let config = &inner.workshop.config;
    let Some(dir) = config.dir.clone() else {
        return Ok(None);
    };
    let bad = |what: String| {
        PluginError::new(
            PluginErrorKind::Directory,
            format!("plugins.dir {}: {what}", dir.display()),
        )
    };
    let options = Options::default()
        .accept(files::is_plugin_file)
        .settle(config.settle)
        .poll(config.poll);
    let mut watch = Watch::directory(&dir, options).map_err(|error| bad(error.to_string()))?;
    let first = match watch.next().await {
        Some(Change::Files(snapshot)) => snapshot,
        Some(Change::Unreadable(reason)) => return Err(bad(reason)),
        Some(_) => return Err(bad("does not exist; create it or remove the key".to_owned())),
        None => return Err(bad("the watch ended".to_owned())),
    };
    if let Some(problem) = exposed(&dir) {
        return Err(problem);
    }
    inner.book().directory = Some(DirectoryStatus {
        path: dir.display().to_string(),
        degraded: watch.degraded(),
        ..DirectoryStatus::default()
    });
    let (roll_backs, asked) = asked::queue();
    let mut follower = Follower {
        inner: Arc::clone(inner),
        watch,
        asked,
        plan: Some(Plan::default()),
        last: None,
    };
    follower.settled(first).await;
    tasks.spawn(follower.follow());
    Ok(Some(roll_backs))
}

/// The task of one directory.
struct Follower {
    inner: Arc<Inner>,
    watch: Watch,
    asked: Inbox,
    /// What is known of the files; away while a blocking thread works with it.
    plan: Option<Plan>,
    /// The last settled state, for files that wait for a drain.
    last: Option<Snapshot>,
}

impl Follower {
    async fn follow(mut self) {
        loop {
            let waits = self.plan.as_ref().is_some_and(Plan::waits);
            let change = tokio::select! {
                change = self.watch.next() => change,
                () = self.inner.workshop.news.wait_drained(), if waits => self.last.clone().map(Change::Files),
                Some(asked) = self.asked.recv() => {
                    self.roll_back(asked).await;
                    continue;
                }
            };
            match change {
                Some(Change::Files(snapshot)) => self.settled(snapshot).await,
                Some(Change::Missing) => {
                    self.outage("the directory is gone; what is live stays".to_owned())
                }
                Some(Change::Unreadable(reason)) => {
                    self.outage(format!("{reason}; what is live stays"))
                }
                Some(_) => {}
                None => return,
            }
        }
    }

    /// Works through a settled state on a blocking thread: reading, compiling and starting take their time.
    async fn settled(&mut self, snapshot: Snapshot) {
        self.last = Some(snapshot.clone());
        let inner = Arc::clone(&self.inner);
        let degraded = self.watch.degraded();
        let worked = self.work(move |plan| {
            let outage = match inner.workshop.config.dir.as_deref().and_then(exposed) {
                Some(problem) => Some(problem),
                None => plan.work(&inner, &snapshot).err(),
            };
            if let Some(outage) = &outage {
                tracing::error!(%outage, "the plugin directory cannot be used; what is live stays");
            }
            if let Some(directory) = &mut inner.book().directory {
                directory.outage = outage.as_ref().map(Reason::now);
                directory.degraded = degraded;
                directory.scans += 1;
                directory.refused = plan.refused();
            }
        });
        // Lost or not, the next settled state goes on from here.
        let _ = worked.await;
    }

    /// Rolls a plugin back on a blocking thread, and answers.
    async fn roll_back(&mut self, asked: Asked) {
        let inner = Arc::clone(&self.inner);
        let (identity, to) = (asked.identity.clone(), asked.to.clone());
        let worked = self.work(move |plan| {
            let done = plan.roll_back(&inner, &identity, to.as_deref());
            match &done {
                Ok(()) => tracing::warn!(plugin = identity, to, "rolled back by the operator"),
                Err(error) => tracing::error!(plugin = identity, %error, "not rolled back"),
            }
            if let Some(directory) = &mut inner.book().directory {
                directory.refused = plan.refused();
            }
            done
        });
        if let Some(done) = worked.await {
            asked.answer(done);
        }
    }

    /// Works with the plan on a blocking thread and says that something may have changed; `None` when that panicked.
    async fn work<R: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut Plan) -> R + Send + 'static,
    ) -> Option<R> {
        let mut plan = self.plan.take()?;
        let news = self.inner.workshop.news.clone();
        let worked = tokio::task::spawn_blocking(move || {
            let done = work(&mut plan);
            news.tell();
            (plan, done)
        });
        let worked = worked.await.inspect_err(|error| {
            tracing::error!(%error, "loading plugins panicked; what is live stays");
        });
        // A panic in there is a bug of ours: the plan is lost, everything is read anew at the next change, what is live stays.
        let (plan, done) = worked.ok().unzip();
        self.plan = Some(plan.unwrap_or_default());
        done
    }

    fn outage(&self, what: String) {
        tracing::error!(outage = what, "the plugin directory cannot be used");
        if let Some(directory) = &mut self.inner.book().directory {
            directory.outage = Some(Reason::now(&PluginError::new(
                PluginErrorKind::Directory,
                what,
            )));
        }
        self.inner.workshop.news.tell();
    }
}

/// Why the directory is not to be trusted: whoever may write there decides what runs here.
fn exposed(dir: &Path) -> Option<PluginError> {
    let text = match wubbo_watch::exposed_directory(dir) {
        Ok(None) => return None,
        Ok(Some(open)) => format!(
            "{} may be written by everybody, who could so run code here; chmod o-w it",
            open.display()
        ),
        Err(error) => format!("cannot be looked at: {error}"),
    };
    Some(PluginError::new(
        PluginErrorKind::Directory,
        format!("plugins.dir {}: {text}", dir.display()),
    ))
}
