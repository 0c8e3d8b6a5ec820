//! The registry in a directory: several processes on one machine find each other with no server to install.
//!
//! One file per entry, with the URL as its text, under `<interface>/<category>/`.
//! An entry made by [`FileRegistry`] belongs to an owner, who holds a lock as long as the process lives, however it dies;
//! whoever finds an owner's lock free removes the entries. A file named `*.url` has no owner and stays until it is removed.

mod entry;
mod layout;
mod owner;
mod reader;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::time::{MissedTickBehavior, interval};
use wubbo_core::{BoxFuture, Error, ErrorKind, Registry, Subscription, Tasks, Url};
use wubbo_watch::{Change, Options, Watch};

use crate::board::Board;
use owner::Owner;
use reader::{Found, Reader};

/// How often owners' locks are tried and own entries are checked. A freed lock gives no file event, so this is
/// half of the 1 s within which a dead owner's entries should be gone.
const CHECK: Duration = Duration::from_millis(500);
/// How long a file that may still be written rests. Shorter than the watch's default: entries are renamed into
/// place, and one written by hand is a single line.
const SETTLE_UNCLOSED: Duration = Duration::from_millis(100);

/// A registry that is a directory on a local disk, shared by all processes which open it.
///
/// Dropping the value takes its entries back and ends its subscriptions.
#[derive(Debug)]
pub struct FileRegistry {
    url: Url,
    owner: Arc<Owner>,
    board: Arc<Board>,
    available: Arc<AtomicBool>,
    /// Runs [`Follower`]; dropped with this value.
    _tasks: Tasks,
}

impl FileRegistry {
    /// Opens the registry in `directory`, which is made if it can be. Must be called on a tokio runtime.
    ///
    /// # Errors
    /// [`ErrorKind::Registry`] when `directory` is no usable path or no thread can be started to watch it.
    /// A directory that cannot be made or read now is an outage, not an error.
    pub async fn open(directory: &Path) -> Result<Self, Error> {
        let options = Options::default()
            .accept(layout::is_entry)
            .settle_unclosed(SETTLE_UNCLOSED);
        let watch = Watch::tree(directory, layout::LEVELS, options).map_err(|error| {
            let message = format!("registry file:{}: cannot be watched", directory.display());
            Error::with_source(ErrorKind::Registry, message, error)
        })?;
        let directory = watch.path().to_owned();
        let owner = Arc::new(Owner::new(&directory));
        let made = {
            let owner = Arc::clone(&owner);
            blocking(move || owner.make_directory()).await
        };
        let board = Arc::new(Board::default());
        // The watch tells of an outage in the log; here it is only remembered.
        let available = Arc::new(AtomicBool::new(made.is_ok()));
        let tasks = Tasks::new("file registry");
        let follower = Follower {
            owner: Arc::clone(&owner),
            board: Arc::clone(&board),
            available: Arc::clone(&available),
            reader: Reader::new(&directory),
            own_trouble: None,
        };
        tasks.spawn(follower.run(watch));
        Ok(Self {
            url: Url::builder()
                .protocol("file")
                .path(&directory.to_string_lossy())
                .build(),
            owner,
            board,
            available,
            _tasks: tasks,
        })
    }

    /// With these parameters in its address.
    pub(crate) fn saying(mut self, parameters: Vec<(&str, &str)>) -> Self {
        self.url = self.url.with_params(parameters);
        self
    }
}

impl Registry for FileRegistry {
    fn url(&self) -> &Url {
        &self.url
    }

    fn register<'a>(&'a self, url: &'a Url) -> BoxFuture<'a, Result<(), Error>> {
        let (owner, url) = (Arc::clone(&self.owner), url.clone());
        Box::pin(blocking(move || owner.register(&url)))
    }

    fn unregister<'a>(&'a self, url: &'a Url) -> BoxFuture<'a, Result<(), Error>> {
        let (owner, url) = (Arc::clone(&self.owner), url.clone());
        Box::pin(blocking(move || owner.unregister(&url)))
    }

    fn subscribe<'a>(&'a self, consumer: &'a Url) -> BoxFuture<'a, Result<Subscription, Error>> {
        Box::pin(async move { self.board.subscribe(consumer) })
    }

    fn is_available(&self) -> bool {
        self.available.load(Ordering::Relaxed)
    }
}

impl Drop for FileRegistry {
    fn drop(&mut self) {
        // A few unlinks on a local disk; the follower cannot bring the entries back after it.
        self.owner.close();
        self.board.close();
    }
}

/// Runs file work on a blocking thread.
///
/// # Cancel safety
/// Work that has started goes on when the future is dropped; register and unregister may both be repeated.
async fn blocking(work: impl FnOnce() -> Result<(), Error> + Send + 'static) -> Result<(), Error> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => Err(Error::with_source(
            ErrorKind::Registry,
            "file registry: the work was lost",
            error,
        )),
    }
}

/// Brings what is in the directory to the board, and keeps the own entries in the directory.
struct Follower {
    owner: Arc<Owner>,
    board: Arc<Board>,
    available: Arc<AtomicBool>,
    reader: Reader,
    /// Why the own entries could not be kept, told once.
    own_trouble: Option<String>,
}

impl Follower {
    async fn run(mut self, mut watch: Watch) {
        let directory: PathBuf = watch.path().to_owned();
        let available = Arc::clone(&self.available);
        let mut check = interval(CHECK);
        check.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut state: Option<Change> = None;
        loop {
            tokio::select! {
                change = watch.next() => match change {
                    Some(change) => state = Some(change),
                    None => break,
                },
                _ = check.tick() => {}
            }
            let Some(state) = state.clone() else {
                continue;
            };
            // The pass reads files and tries locks: not on a worker.
            let pass = tokio::task::spawn_blocking(move || {
                self.pass(&state);
                self
            });
            match pass.await {
                Ok(back) => self = back,
                Err(_) => break,
            }
        }
        available.store(false, Ordering::Relaxed);
        tracing::error!(registry = %directory.display(), "file registry is no longer followed");
    }

    fn pass(&mut self, state: &Change) {
        // Own entries first: after a lost directory they must be there before anybody believes in an empty one.
        let own_trouble = self.owner.ensure().err().map(|error| error.report());
        if own_trouble.is_some() && own_trouble != self.own_trouble {
            tracing::warn!(
                error = own_trouble.as_deref(),
                "own entries cannot be kept in the registry"
            );
        }
        self.own_trouble = own_trouble;
        let found = self.reader.pass(state, Instant::now());
        self.available
            .store(!matches!(found, Found::Outage), Ordering::Relaxed);
        if let Found::View(view) = found {
            self.board.publish(view);
        }
    }
}

#[cfg(test)]
mod tests;
