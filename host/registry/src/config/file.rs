//! The config center in a directory: one file is one rule, and an editor is enough to change it.

mod name;
mod reader;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;
use wubbo_core::{BoxFuture, ConfigCenter, ConfigSubscription, Error, ErrorKind, Tasks};
use wubbo_watch::{Change, Options, Watch};

use super::check_length;
use super::texts::{Place, Texts};
use reader::Reader;

/// How long opening waits for the first look at the directory. Longer than a file that is being written rests.
const FIRST_LOOK: Duration = Duration::from_secs(2);
/// After this a rule that is replaced without a pause counts as it is: rules are small and put in place whole.
const RESTLESS: Duration = Duration::from_millis(50);
/// When a file that could not be read is tried again.
const TRY_AGAIN: Duration = Duration::from_secs(1);

/// A config center that is a directory: `<directory>/<group>/<key>`, the group being `dubbo` for Dubbo's rules.
///
/// Dropping the value ends its subscriptions.
#[derive(Debug)]
pub struct FileConfigCenter {
    directory: PathBuf,
    texts: Arc<Texts>,
    _tasks: Tasks,
}

impl FileConfigCenter {
    /// Opens the config center in `directory`, which need not exist yet. Must be called on a tokio runtime.
    ///
    /// # Errors
    /// [`ErrorKind::Registry`] when `directory` is no usable path or no thread can be started to watch it.
    /// A directory that is not there or cannot be read now is an outage, not an error.
    pub async fn open(directory: &Path) -> Result<Self, Error> {
        let options = Options::default().settle_max(RESTLESS);
        let watch = Watch::tree(directory, name::LEVELS, options).map_err(|error| {
            let message = format!(
                "config center file:{}: cannot be watched",
                directory.display()
            );
            Error::with_source(ErrorKind::Registry, message, error)
        })?;
        let texts = Arc::new(Texts::default());
        let path = watch.path().to_owned();
        let mut follower = Follower {
            reader: Reader::new(watch.path()),
            texts: texts.clone(),
            state: None,
            watch,
        };
        // Whoever subscribes next shall find what is there.
        if let Ok(Some(first)) = timeout(FIRST_LOOK, follower.watch.next()).await {
            follower.state = Some(first);
            follower = follower.pass().await?;
        }
        let tasks = Tasks::new("file config center");
        tasks.spawn(follower.run());
        Ok(Self {
            directory: path,
            texts,
            _tasks: tasks,
        })
    }
}

impl ConfigCenter for FileConfigCenter {
    fn subscribe<'a>(
        &'a self,
        key: &'a str,
        group: &'a str,
    ) -> BoxFuture<'a, Result<ConfigSubscription, Error>> {
        Box::pin(async move { Ok(self.texts.subscribe(Place::new(key, group)?)) })
    }

    fn read<'a>(
        &'a self,
        key: &'a str,
        group: &'a str,
    ) -> BoxFuture<'a, Result<Option<Arc<str>>, Error>> {
        Box::pin(async move {
            let place = Place::new(key, group)?;
            let directory = self.directory.clone();
            blocking(move || writer::read(&directory, &place)).await
        })
    }

    fn replace<'a>(
        &'a self,
        key: &'a str,
        group: &'a str,
        from: Option<&'a str>,
        to: Option<&'a str>,
    ) -> BoxFuture<'a, Result<bool, Error>> {
        Box::pin(async move {
            let place = Place::new(key, group)?;
            check_length(key, to.unwrap_or_default())?;
            let directory = self.directory.clone();
            let (from, to) = (from.map(str::to_owned), to.map(str::to_owned));
            blocking(move || writer::replace(&directory, &place, from.as_deref(), to.as_deref()))
                .await
        })
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let lost = |error| {
        let message = "file config center: the work was lost";
        Error::with_source(ErrorKind::Registry, message, error)
    };
    tokio::task::spawn_blocking(work).await.map_err(lost)?
}

impl Drop for FileConfigCenter {
    fn drop(&mut self) {
        self.texts.close();
    }
}

/// Brings what is in the directory to those who follow it.
struct Follower {
    watch: Watch,
    reader: Reader,
    texts: Arc<Texts>,
    state: Option<Change>,
}

impl Follower {
    async fn run(mut self) {
        loop {
            let again = async {
                tokio::time::sleep(TRY_AGAIN).await;
            };
            tokio::select! {
                change = self.watch.next() => match change {
                    Some(change) => self.state = Some(change),
                    None => break,
                },
                () = again, if self.reader.is_restless() => {}
            }
            match self.pass().await {
                Ok(back) => self = back,
                Err(error) => {
                    tracing::error!(%error, "file config center is no longer followed");
                    return;
                }
            }
        }
        tracing::error!("file config center is no longer followed");
    }

    /// Reads the state on a blocking thread.
    async fn pass(mut self) -> Result<Self, Error> {
        let pass = blocking(move || {
            let texts = self
                .state
                .as_ref()
                .and_then(|state| self.reader.pass(state));
            if let Some(texts) = texts {
                self.texts.publish(texts);
            }
            Ok(self)
        });
        pass.await
    }
}

#[cfg(test)]
mod tests;
