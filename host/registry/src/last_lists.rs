//! The last lists of a registry in a file, so that a consumer can start while the registry is out of reach
//! (Dubbo Java `AbstractRegistry`, parameter `file`; its format differs).
//!
//! One line per subscription: its key, then every URL, all form-encoded and so without blanks. The file is read once, at the
//! start, and replaced as a whole soon after a list changed.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::sleep;
use wubbo_core::{Tasks, Url, keys};

/// Changes within this are written together.
const WRITE_AFTER: Duration = Duration::from_millis(500);
/// A larger file is not read: 20,000 URLs of 1 KiB for each of some services.
const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// The parameters of a subscription that decide what is in its list.
const ASKED: [&str; 6] = [
    keys::GROUP,
    keys::VERSION,
    keys::CATEGORY,
    keys::INTERFACE,
    "classifier",
    "enabled",
];

/// The lists by subscription, in memory and in their file.
#[derive(Debug)]
pub(crate) struct LastLists {
    lists: Arc<Lists>,
    loaded: watch::Receiver<bool>,
    changed: watch::Sender<()>,
    /// Reads and writes the file; dropped with this value.
    _tasks: Tasks,
}

#[derive(Debug, Default)]
struct Lists(Mutex<BTreeMap<String, Vec<Url>>>);

impl LastLists {
    /// Starts to read the file at `path`. Must be called on a tokio runtime. A file that is not there is an empty one; one that
    /// cannot be read or written is told of in the log.
    pub(crate) fn open(path: &Path) -> Self {
        let lists = Arc::<Lists>::default();
        let (loading, loaded) = watch::channel(false);
        let (changed, changes) = watch::channel(());
        let tasks = Tasks::new("registry cache file");
        let keeper = Keeper {
            path: path.to_owned(),
            lists: Arc::clone(&lists),
            trouble: None,
        };
        tasks.spawn(keeper.run(loading, changes));
        Self {
            lists,
            loaded,
            changed,
            _tasks: tasks,
        }
    }

    /// Remembers the list of a subscription; an empty one is forgotten.
    pub(crate) fn put(&self, consumer: &Url, urls: &[Url]) {
        let key = key(consumer);
        let mut lists = self.lists.lock();
        let news = lists.get(&key).map_or(&[][..], Vec::as_slice) != urls;
        if urls.is_empty() {
            lists.remove(&key);
        } else if news {
            lists.insert(key, urls.to_vec());
        }
        drop(lists);
        if news {
            self.changed.send_replace(());
        }
    }

    /// The last list of a subscription, if there was one that was not empty.
    pub(crate) async fn get(&self, consumer: &Url) -> Option<Vec<Url>> {
        let mut loaded = self.loaded.clone();
        loaded.wait_for(|loaded| *loaded).await.ok()?;
        self.lists.lock().get(&key(consumer)).cloned()
    }
}

impl Lists {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Vec<Url>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds what a file holds; what is known already is newer.
    fn add(&self, text: &str) {
        let mut lists = self.lock();
        for line in text.lines() {
            let mut words = line.split(' ');
            let Some(key) = words.next().filter(|key| !key.is_empty()) else {
                continue;
            };
            let urls: Vec<Url> = words.filter_map(|word| Url::parse(word).ok()).collect();
            if !urls.is_empty() {
                lists.entry(key.to_owned()).or_insert(urls);
            }
        }
    }

    fn text(&self) -> String {
        let mut text = String::new();
        for (key, urls) in self.lock().iter() {
            text.push_str(key);
            for url in urls {
                text.push(' ');
                text.push_str(&url.to_encoded_string());
            }
            text.push('\n');
        }
        text
    }
}

/// What makes two subscriptions ask for the same list.
fn key(consumer: &Url) -> String {
    let asked = Url::builder()
        .protocol("consumer")
        .host("0.0.0.0")
        .path(consumer.service());
    let asked = ASKED
        .iter()
        .fold(asked, |asked, name| match consumer.get(name) {
            Some(value) if *name != keys::INTERFACE => asked.param(*name, value),
            _ => asked,
        });
    asked.build().to_encoded_string()
}

/// The task behind [`LastLists`].
struct Keeper {
    path: PathBuf,
    lists: Arc<Lists>,
    /// What went wrong last, told once.
    trouble: Option<String>,
}

impl Keeper {
    async fn run(mut self, loading: watch::Sender<bool>, mut changes: watch::Receiver<()>) {
        let (path, lists) = (self.path.clone(), Arc::clone(&self.lists));
        let read = move || read(&path).map(|text| lists.add(&text));
        self.report("read", tokio::task::spawn_blocking(read).await);
        loading.send_replace(true);
        while changes.changed().await.is_ok() {
            sleep(WRITE_AFTER).await;
            changes.mark_unchanged();
            let (path, lists) = (self.path.clone(), Arc::clone(&self.lists));
            let write = move || write(&path, &lists.text());
            self.report("written", tokio::task::spawn_blocking(write).await);
        }
    }

    fn report(&mut self, what: &str, done: Result<io::Result<()>, tokio::task::JoinError>) {
        let failed = match done {
            Ok(done) => done.err().map(|error| error.to_string()),
            Err(error) => Some(error.to_string()),
        };
        if failed.is_some() && failed != self.trouble {
            tracing::warn!(
                file = %self.path.display(), error = failed.as_deref(),
                "the registry's last lists cannot be {what}; make the file's directory, and let this user write there"
            );
        }
        self.trouble = failed;
    }
}

fn read(path: &Path) -> io::Result<String> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(String::new()),
        file => file?,
    };
    let mut text = String::new();
    file.take(FILE_BYTES_MAX + 1).read_to_string(&mut text)?;
    if text.len() as u64 > FILE_BYTES_MAX {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(text)
}

/// Writes beside and renames, so that the file is whole whenever the process ends.
fn write(path: &Path, text: &str) -> io::Result<()> {
    let unfinished = path.with_added_extension(format!("{}.tmp", std::process::id()));
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    // The URLs may hold tokens.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&unfinished)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&unfinished, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    async fn until_written(path: &Path, lines: usize) {
        for _ in 0..200 {
            if fs::read_to_string(path).is_ok_and(|text| text.lines().count() == lines) {
                return;
            }
            sleep(Duration::from_millis(20)).await;
        }
        panic!("{lines} lines expected: {:?}", fs::read_to_string(path));
    }

    #[tokio::test]
    async fn lists_come_back_in_the_next_life() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("lists");
        let urls = [
            url("dubbo://h:1/a.B?methods=x%2Cy&note=a%26b+c%3D%25&token=t"),
            url("tri://[::1]:2/a.B"),
        ];
        let consumer = url("consumer://10.0.0.1/a.B?group=g&version=1&timestamp=5");
        let first = LastLists::open(&path);
        assert_eq!(first.get(&consumer).await, None);
        first.put(&consumer, &urls);
        first.put(&url("consumer://10.0.0.1/a.C"), &urls);
        until_written(&path, 2).await;
        let second = LastLists::open(&path);
        let later = url("consumer://10.0.0.2/x?interface=a.B&group=g&version=1&timestamp=6");
        assert_eq!(second.get(&later).await.as_deref(), Some(&urls[..]));
        assert_eq!(
            second.get(&url("consumer://10.0.0.2/a.B?group=g")).await,
            None
        );
        second.put(&url("consumer://10.0.0.1/a.C"), &[]);
        until_written(&path, 1).await;
        assert_eq!(
            fs::read_dir(home.path()).unwrap().count(),
            1,
            "nothing is left beside it"
        );
    }

    #[tokio::test]
    async fn a_bad_file_is_no_obstacle() {
        let home = tempfile::tempdir().unwrap();
        for (name, bytes) in [
            ("torn", &b"consumer%3A%2F%2F0.0.0.0%2Fa.B dubbo%3A%2F%2Fh%3A1%2Fa.B dubbo%3A%2F%2Fh%3A99999"[..]),
            ("binary", b"\xff\xfe\x00"),
            ("other", b"\n \nhello\n"),
        ] {
            let path = home.path().join(name);
            fs::write(&path, bytes).unwrap();
            let found = LastLists::open(&path).get(&url("consumer://c/a.B")).await;
            let expected = (name == "torn").then(|| vec![url("dubbo://h:1/a.B")]);
            assert_eq!(found, expected, "{name}");
        }
        let nowhere = LastLists::open(&home.path().join("no/such/lists"));
        nowhere.put(&url("consumer://c/a.B"), &[url("dubbo://h:1/a.B")]);
        assert!(nowhere.get(&url("consumer://c/a.B")).await.is_some());
    }
}
