//! Real directories and real events. A poll of an hour proves that an event told, not the poll.
//! Times from close to report are printed (goal: settle + 10 ms); only the loose bound is asserted.

use std::fs::{self, File};
use std::io::Write;
use std::sync::atomic::AtomicUsize;

use tempfile::TempDir;

use super::*;

/// Five times the goal, at least 2 s.
const BOUND: Duration = Duration::from_secs(2);
const NEVER: Duration = Duration::from_secs(3600);

fn home() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn by_events() -> Options {
    Options::default().poll(NEVER)
}

async fn next(watch: &mut Watch) -> Change {
    tokio::time::timeout(BOUND, watch.next())
        .await
        .expect("a change within the bound")
        .expect("a living watch")
}

/// `name=bytes` words, or the state.
fn show(change: &Change) -> String {
    let Change::Files(snapshot) = change else {
        return format!("{change:?}");
    };
    let word = |entry: &Entry| {
        let bytes = entry.read(1 << 20).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        format!("{}={text}", entry.name().display())
    };
    snapshot.entries().map(word).collect::<Vec<_>>().join(" ")
}

/// Starts a watch and takes its first state.
async fn started(path: &Path, options: Options, first: &str) -> Watch {
    let mut watch = Watch::directory(path, options).unwrap();
    assert_eq!(show(&next(&mut watch).await), first);
    watch
}

/// Takes the next state and prints how long after the call it came.
fn expect(watch: &mut Watch, expected: &str, what: &'static str) -> impl Future<Output = ()> {
    let closed = Instant::now();
    async move {
        let change = next(watch).await;
        println!("{what}: {:.1} ms", closed.elapsed().as_secs_f64() * 1e3);
        assert_eq!(show(&change), expected, "{what}");
    }
}

async fn eventually(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + BOUND;
    while !condition() {
        assert!(Instant::now() < deadline, "{what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn pause() {
    // The stalled writer that a test is about, longer than three settle times.
    std::thread::sleep(Duration::from_millis(70));
}

#[tokio::test]
async fn reports_a_file_written_and_closed() {
    let home = home();
    let mut watch = started(home.path(), by_events(), "").await;
    fs::write(home.path().join("a"), "1").unwrap();
    expect(&mut watch, "a=1", "written and closed").await;
    fs::write(home.path().join("a"), "2").unwrap();
    expect(&mut watch, "a=2", "rewritten with the same length").await;
}

#[tokio::test]
async fn reports_a_file_renamed_into_place() {
    let home = home();
    fs::write(home.path().join("a"), "old").unwrap();
    let mut watch = started(home.path(), by_events(), "a=old").await;
    fs::write(home.path().join("a.tmp"), "new").unwrap();
    fs::rename(home.path().join("a.tmp"), home.path().join("a")).unwrap();
    expect(&mut watch, "a=new", "renamed over").await;
}

#[tokio::test]
async fn never_shows_a_part_of_a_slow_copy() {
    let home = home();
    let mut watch = started(home.path(), by_events(), "").await;
    let mut file = File::create(home.path().join("a")).unwrap();
    for part in ["one,", "two,", "three"] {
        file.write_all(part.as_bytes()).unwrap();
        pause();
    }
    assert!(watch.current().is_some_and(|state| show(&state).is_empty()));
    drop(file);
    expect(&mut watch, "a=one,two,three", "slow copy").await;
}

#[tokio::test]
async fn never_shows_a_truncated_file_that_is_about_to_be_written() {
    let home = home();
    fs::write(home.path().join("a"), "old").unwrap();
    let mut watch = started(home.path(), by_events(), "a=old").await;
    let mut file = File::create(home.path().join("a")).unwrap();
    pause();
    file.write_all(b"newer").unwrap();
    drop(file);
    expect(&mut watch, "a=newer", "truncated, then written").await;
}

#[tokio::test]
async fn reports_removed_files() {
    let home = home();
    for name in ["a", "b"] {
        fs::write(home.path().join(name), name).unwrap();
    }
    let mut watch = started(home.path(), by_events(), "a=a b=b").await;
    fs::remove_file(home.path().join("a")).unwrap();
    expect(&mut watch, "b=b", "removed").await;
}

#[tokio::test]
async fn ignores_hidden_and_unfinished_files() {
    let home = home();
    let mut watch = started(home.path(), by_events(), "").await;
    fs::write(home.path().join(".a"), "x").unwrap();
    fs::write(home.path().join("a.tmp"), "x").unwrap();
    pause();
    fs::write(home.path().join("b"), "b").unwrap();
    expect(&mut watch, "b=b", "beside hidden files").await;
}

#[cfg(unix)]
#[tokio::test]
async fn a_symlink_farm_is_swapped_in_one_state() {
    use std::os::unix::fs::symlink;
    let home = home();
    let at = |name: &str| home.path().join(name);
    for (version, text) in [("..v1", "1"), ("..v2", "2")] {
        fs::create_dir(at(version)).unwrap();
        for name in ["a", "b"] {
            fs::write(at(version).join(name), text).unwrap();
        }
    }
    symlink("..v1", at("..data")).unwrap();
    symlink("..data/a", at("a")).unwrap();
    symlink("..data/b", at("b")).unwrap();
    let mut watch = started(home.path(), by_events(), "a=1 b=1").await;
    let mut one = Watch::file(at("a"), by_events()).unwrap();
    assert_eq!(show(&next(&mut one).await), "a=1");
    symlink("..v2", at("..data_tmp")).unwrap();
    fs::rename(at("..data_tmp"), at("..data")).unwrap();
    expect(&mut watch, "a=2 b=2", "symlink farm").await;
    expect(&mut one, "a=2", "one file of a symlink farm").await;
}

#[cfg(unix)]
#[tokio::test]
async fn follows_a_directory_that_is_a_swapped_link() {
    use std::os::unix::fs::symlink;
    let home = home();
    let at = |name: &str| home.path().join(name);
    for version in ["v1", "v2"] {
        fs::create_dir(at(version)).unwrap();
        fs::write(at(version).join("a"), version).unwrap();
    }
    symlink("v1", at("live")).unwrap();
    let mut watch = started(&at("live"), by_events(), "a=v1").await;
    symlink("v2", at("next")).unwrap();
    fs::rename(at("next"), at("live")).unwrap();
    expect(&mut watch, "a=v2", "directory link swapped").await;
    fs::write(at("v2/a"), "v2.1").unwrap();
    expect(&mut watch, "a=v2.1", "behind the swapped link").await;
}

#[tokio::test]
async fn follows_a_directory_replaced_by_rename() {
    let home = home();
    let at = |name: &str| home.path().join(name);
    for (name, text) in [("live", "1"), ("next", "2")] {
        fs::create_dir(at(name)).unwrap();
        fs::write(at(name).join("a"), text).unwrap();
    }
    let mut watch = started(&at("live"), by_events(), "a=1").await;
    fs::rename(at("live"), at("old")).unwrap();
    fs::rename(at("next"), at("live")).unwrap();
    expect(&mut watch, "a=2", "directory replaced").await;
    fs::write(at("old/a"), "dead").unwrap();
    fs::write(at("live/a"), "3").unwrap();
    expect(&mut watch, "a=3", "in the new directory").await;
}

#[tokio::test]
async fn follows_a_directory_that_was_renamed_away_and_back() {
    let home = home();
    let at = |name: &str| home.path().join(name);
    fs::create_dir(at("live")).unwrap();
    let mut watch = started(&at("live"), by_events(), "").await;
    // The same directory is back, but the event library has dropped its watch.
    fs::rename(at("live"), at("old")).unwrap();
    fs::rename(at("old"), at("live")).unwrap();
    pause();
    fs::write(at("live/a"), "1").unwrap();
    expect(&mut watch, "a=1", "renamed away and back").await;
}

#[tokio::test]
async fn a_directory_vanishes_and_comes_back() {
    let home = home();
    let path = home.path().join("x/y");
    let mut watch = started(&path, by_events(), "Missing").await;
    for round in ["1", "2"] {
        fs::create_dir_all(&path).unwrap();
        fs::write(path.join("a"), round).unwrap();
        expect(&mut watch, &format!("a={round}"), "came (back)").await;
        fs::remove_dir_all(home.path().join("x")).unwrap();
        // The files may be seen to go before the directory does.
        let mut state = next(&mut watch).await;
        while state != Change::Missing {
            state = next(&mut watch).await;
        }
    }
}

#[tokio::test]
async fn a_file_in_place_of_the_directory_is_unreadable() {
    let home = home();
    let path = home.path().join("plugins");
    let mut watch = started(&path, by_events(), "Missing").await;
    fs::write(&path, "x").unwrap();
    expect(
        &mut watch,
        "Unreadable(\"is not a directory\")",
        "not a directory",
    )
    .await;
}

#[tokio::test]
async fn a_single_file_comes_changes_and_goes() {
    let home = home();
    let path = home.path().join("wubbo.yaml");
    let mut watch = Watch::file(&path, by_events()).unwrap();
    assert_eq!(next(&mut watch).await, Change::Missing);
    fs::write(&path, "1").unwrap();
    expect(&mut watch, "wubbo.yaml=1", "file came").await;
    fs::write(home.path().join("neighbour"), "x").unwrap();
    fs::write(home.path().join("new"), "2").unwrap();
    fs::rename(home.path().join("new"), &path).unwrap();
    expect(&mut watch, "wubbo.yaml=2", "file replaced").await;
    fs::remove_file(&path).unwrap();
    expect(&mut watch, "Missing", "file gone").await;
}

#[tokio::test]
async fn a_tree_shows_files_of_directories_made_later() {
    let home = home();
    let mut watch = Watch::tree(home.path(), 2, by_events()).unwrap();
    assert_eq!(show(&next(&mut watch).await), "");
    fs::create_dir_all(home.path().join("s/providers")).unwrap();
    fs::write(home.path().join("s/providers/1"), "x").unwrap();
    expect(&mut watch, "s/providers/1=x", "in new directories").await;
    fs::write(home.path().join("s/providers/2"), "y").unwrap();
    expect(
        &mut watch,
        "s/providers/1=x s/providers/2=y",
        "in known directories",
    )
    .await;
}

#[tokio::test]
async fn many_events_are_one_state_for_a_late_reader() {
    let home = home();
    let mut watch = started(home.path(), by_events(), "").await;
    for number in 0..200 {
        fs::write(home.path().join(format!("{number:03}")), "x").unwrap();
    }
    eventually(
        "all files in the current state",
        || matches!(watch.current(), Some(Change::Files(files)) if files.len() == 200),
    )
    .await;
    let state = next(&mut watch).await;
    assert!(matches!(state, Change::Files(files) if files.len() == 200));
}

#[tokio::test]
async fn a_file_that_never_rests_does_not_hold_back_the_others() {
    let home = home();
    let mut watch = started(home.path(), by_events(), "").await;
    let stop = Arc::new(AtomicBool::new(false));
    let (path, flag) = (home.path().join("log"), Arc::clone(&stop));
    let writer = std::thread::spawn(move || {
        let mut log = File::create(path).unwrap();
        while !flag.load(Ordering::Relaxed) {
            log.write_all(b"line\n").unwrap();
            std::thread::sleep(Duration::from_millis(3));
        }
    });
    eventually("the log is there", || home.path().join("log").exists()).await;
    fs::write(home.path().join("a"), "1").unwrap();
    expect(&mut watch, "a=1", "beside a restless file").await;
    stop.store(true, Ordering::Relaxed);
    writer.join().unwrap();
}

#[tokio::test]
async fn the_poll_finds_what_no_event_told() {
    let home = home();
    let options = Options::default()
        .events(Events::Off)
        .poll(Duration::from_millis(50));
    let mut watch = started(home.path(), options, "").await;
    assert!(watch.degraded().is_some());
    fs::write(home.path().join("a"), "1").unwrap();
    expect(&mut watch, "a=1", "by polling every 50 ms").await;
}

#[tokio::test]
async fn events_that_cannot_start_leave_polling_and_say_why() {
    static TRIES: AtomicUsize = AtomicUsize::new(0);
    let home = home();
    let target = Target::Tree {
        root: home.path().to_owned(),
        levels: 0,
    };
    let options = Options::default().poll(Duration::from_millis(50));
    let mut watch = Watch::start(target, options, |_| {
        TRIES.fetch_add(1, Ordering::Relaxed);
        Err(notify::Error::new(notify::ErrorKind::MaxFilesWatch))
    })
    .unwrap();
    assert_eq!(show(&next(&mut watch).await), "");
    let reason = watch.degraded().unwrap();
    assert!(reason.contains("limit"), "{reason}");
    fs::write(home.path().join("a"), "1").unwrap();
    expect(&mut watch, "a=1", "without events").await;
    // The limit is not tried again at every poll.
    assert_eq!(TRIES.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn looking_and_reading_wake_nobody() {
    let home = home();
    fs::write(home.path().join("a"), "1").unwrap();
    let watch = started(home.path(), by_events(), "a=1").await;
    let (wake, wakes) = sync_channel(1);
    let mut source = Source::new(home.path(), Some(open), wake, Arc::default());
    let target = Target::Tree {
        root: home.path().to_owned(),
        levels: 0,
    };
    let found = scan(&target, &Options::default());
    assert!(source.sync(&found.directories, Instant::now()));
    for _ in 0..10 {
        let state = scan(&target, &Options::default()).state;
        assert_eq!(show(&state), "a=1");
    }
    assert!(wakes.recv_timeout(Duration::from_millis(100)).is_err());
    fs::write(home.path().join("a"), "2").unwrap();
    assert!(wakes.recv_timeout(BOUND).is_ok(), "a write does wake");
    drop(watch);
}

#[tokio::test]
async fn dropping_the_watch_ends_its_thread() {
    let home = home();
    let watch = started(home.path(), by_events(), "").await;
    let shared = Arc::downgrade(&watch.shared);
    drop(watch);
    eventually("the thread has ended", || shared.strong_count() == 0).await;
}

#[tokio::test]
async fn a_path_without_a_file_name_is_refused() {
    let error = Watch::file("/", Options::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Path);
}
