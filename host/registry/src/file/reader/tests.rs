//! Passes over real directories with told times.

use wubbo_watch::{Options, Watch};

use super::*;
use crate::file::layout::{self, is_entry};
use crate::file::owner::Owner;

const SECOND: Duration = Duration::from_secs(1);

async fn state(directory: &Path) -> Change {
    let options = Options::default().accept(is_entry);
    let mut watch = Watch::tree(directory, layout::LEVELS, options).unwrap();
    watch.next().await.unwrap()
}

fn url(port: u16) -> Url {
    Url::parse(&format!("dubbo://h:{port}/a.B")).unwrap()
}

/// The ports of the readable entries and the number of the others.
#[track_caller]
fn view(found: Found) -> (Vec<u16>, usize) {
    let Found::View(view) = found else {
        panic!("{found:?}");
    };
    let items: Vec<_> = view.values().flatten().collect();
    let urls = items.iter().filter_map(|item| item.url.as_ref());
    let mut ports: Vec<_> = urls.filter_map(Url::port).collect();
    ports.sort_unstable();
    let unreadable = items.iter().filter(|item| item.url.is_none()).count();
    (ports, unreadable)
}

fn put(directory: &Path, name: &str, bytes: impl AsRef<[u8]>) {
    let path = directory.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

#[tokio::test]
async fn a_dead_owner_leaves_no_entry_no_file_and_no_lock() {
    let home = tempfile::tempdir().unwrap();
    let (alive, dead) = (Owner::new(home.path()), Owner::new(home.path()));
    alive.register(&url(1)).unwrap();
    dead.register(&url(2)).unwrap();
    put(home.path(), "a.B/providers/java.url", "dubbo://h:3/a.B");
    let now = Instant::now();
    let mut reader = Reader::new(home.path());
    let before = state(home.path()).await;
    assert_eq!(view(reader.pass(&before, now)), (vec![1, 2, 3], 0));
    assert!(matches!(reader.pass(&before, now), Found::Same));
    dead.die();
    // The state is the old one in each of these passes: the entry must not come back with it.
    assert_eq!(view(reader.pass(&before, now)), (vec![1, 3], 0));
    assert_eq!(view(reader.pass(&before, now)), (vec![1, 3], 0));
    let later = reader.pass(&before, now + 5 * SECOND);
    assert!(matches!(later, Found::Same));
    assert!(matches!(&state(home.path()).await, Change::Files(files) if files.len() == 2));
    let locks = fs::read_dir(home.path().join(layout::OWNERS)).unwrap();
    assert_eq!(locks.count(), 1);
}

#[tokio::test]
async fn an_owner_without_a_lock_file_is_dead_after_a_while() {
    let home = tempfile::tempdir().unwrap();
    let owner = Owner::new(home.path());
    owner.register(&url(1)).unwrap();
    let name = "a.B/providers/dubbo-h-2-0@1-gone.live";
    put(home.path(), name, "dubbo://h:2/a.B");
    let before = state(home.path()).await;
    let mut reader = Reader::new(home.path());
    let now = Instant::now();
    assert_eq!(view(reader.pass(&before, now)), (vec![1, 2], 0));
    assert_eq!(
        view(reader.pass(&before, now + SECOND / 2)),
        (vec![1, 2], 0)
    );
    assert_eq!(view(reader.pass(&before, now + SECOND)), (vec![1], 0));
    assert!(!home.path().join(name).exists());
}

#[tokio::test]
async fn an_outage_keeps_the_view_and_a_return_is_believed_after_a_while() {
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().join("registry");
    let owner = Owner::new(&directory);
    owner.register(&url(1)).unwrap();
    let before = state(&directory).await;
    let mut reader = Reader::new(&directory);
    let now = Instant::now();
    assert_eq!(view(reader.pass(&before, now)), (vec![1], 0));
    fs::remove_dir_all(&directory).unwrap();
    // The locks are gone before the watch says so.
    assert!(matches!(reader.pass(&before, now), Found::Outage));
    assert!(matches!(
        reader.pass(&state(&directory).await, now),
        Found::Outage
    ));
    // An empty directory in its place, as an unmounted disk leaves it.
    fs::create_dir(&directory).unwrap();
    assert!(matches!(
        reader.pass(&state(&directory).await, now),
        Found::Outage
    ));
    owner.ensure().unwrap();
    let after = state(&directory).await;
    assert!(matches!(reader.pass(&after, now), Found::ComingBack));
    assert!(matches!(
        reader.pass(&after, now + SECOND / 2),
        Found::ComingBack
    ));
    assert_eq!(view(reader.pass(&after, now + SECOND)), (vec![1], 0));
}

#[tokio::test]
async fn a_registry_that_was_never_reached_is_believed_at_once() {
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().join("registry");
    let mut reader = Reader::new(&directory);
    let now = Instant::now();
    assert!(matches!(
        reader.pass(&state(&directory).await, now),
        Found::Outage
    ));
    fs::write(&directory, "a file").unwrap();
    assert!(matches!(
        reader.pass(&state(&directory).await, now),
        Found::Outage
    ));
    assert_eq!(
        reader.outage.as_deref(),
        Some("the directory is not a directory")
    );
    fs::remove_file(&directory).unwrap();
    put(&directory, "a.B/providers/java.url", "dubbo://h:3/a.B");
    assert_eq!(
        view(reader.pass(&state(&directory).await, now)),
        (vec![3], 0)
    );
}

#[tokio::test]
async fn bad_files_are_skipped_each_with_its_reason() {
    let home = tempfile::tempdir().unwrap();
    let long = format!("dubbo://h:9/a.B?x={}", "y".repeat(64 * 1024));
    for (name, bytes, reason) in [
        ("long.url", long.as_bytes(), "at most 65536 are read"),
        ("binary.url", b"\x7fELF\xff\x00", "is not a text"),
        ("empty.url", b"", "is empty"),
        ("words.url", b"not a url", "is not a URL"),
        ("other.url", b"dubbo://h:9/a.C", "names interface \"a.C\""),
        ("nobody.live", b"dubbo://h:9/a.B", "names no owner"),
    ] {
        let name = format!("a.B/providers/{name}");
        put(home.path(), &name, bytes);
        let mut reader = Reader::new(home.path());
        reader.pass(&state(home.path()).await, Instant::now());
        let known = reader.files.get(Path::new(&name)).unwrap();
        let trouble = known.trouble.as_deref().unwrap();
        assert!(trouble.contains(reason), "{name}: {trouble}");
    }
    put(home.path(), "a.B/providers/good.url", "dubbo://h:3/a.B");
    let mut reader = Reader::new(home.path());
    let found = reader.pass(&state(home.path()).await, Instant::now());
    assert_eq!(view(found), (vec![3], 6));
    put(home.path(), "a.B/providers/words.url", "dubbo://h:4/a.B");
    let found = reader.pass(&state(home.path()).await, Instant::now());
    assert_eq!(view(found), (vec![3, 4], 5));
}

#[tokio::test]
async fn a_file_that_changes_while_it_is_read_is_read_again() {
    let home = tempfile::tempdir().unwrap();
    put(home.path(), "a.B/providers/java.url", "dubbo://h:3/a.B");
    let before = state(home.path()).await;
    let mut reader = Reader::new(home.path());
    let now = Instant::now();
    put(home.path(), "a.B/providers/java.url", "dubbo://h:30/a.B");
    assert_eq!(view(reader.pass(&before, now)), (vec![], 0));
    let after = state(home.path()).await;
    assert_eq!(view(reader.pass(&after, now)), (vec![30], 0));
    put(home.path(), "a.B/providers/java.url", "dubbo://h:300/a.B");
    let moved = home.path().join("moved");
    let stale = state(home.path()).await;
    // Known before: what was read last stays until it can be read again.
    fs::rename(home.path().join("a.B/providers/java.url"), &moved).unwrap();
    assert_eq!(view(reader.pass(&stale, now)), (vec![30], 0));
    fs::rename(&moved, home.path().join("a.B/providers/java.url")).unwrap();
    assert_eq!(
        view(reader.pass(&state(home.path()).await, now)),
        (vec![300], 0)
    );
}

#[cfg(unix)]
#[tokio::test]
async fn an_interface_whose_directory_cannot_be_read_keeps_its_entries() {
    let home = tempfile::tempdir().unwrap();
    put(home.path(), "a.B/providers/java.url", "dubbo://h:3/a.B");
    put(home.path(), "a.C/providers/java.url", "dubbo://h:4/a.C");
    let mut reader = Reader::new(home.path());
    let now = Instant::now();
    assert_eq!(
        view(reader.pass(&state(home.path()).await, now)),
        (vec![3, 4], 0)
    );
    // A link to itself cannot be read by anybody, the superuser included.
    fs::rename(home.path().join("a.B"), home.path().join(".a.B")).unwrap();
    std::os::unix::fs::symlink("a.B", home.path().join("a.B")).unwrap();
    fs::remove_dir_all(home.path().join("a.C")).unwrap();
    assert_eq!(
        view(reader.pass(&state(home.path()).await, now)),
        (vec![3], 0)
    );
    assert!(reader.closed.contains("a.B"));
    fs::remove_file(home.path().join("a.B")).unwrap();
    assert_eq!(
        view(reader.pass(&state(home.path()).await, now)),
        (vec![], 0)
    );
}
