//! The config center over real directories, as operators change them.

use std::fs;
use std::path::PathBuf;

use super::*;
use crate::config::conformance::{self, until_text};

const KEY: &str = "shop.condition-router";

struct Home {
    _temporary: tempfile::TempDir,
    directory: PathBuf,
}

impl Home {
    fn new() -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let directory = temporary.path().join("config");
        fs::create_dir_all(directory.join("dubbo")).unwrap();
        Self {
            directory,
            _temporary: temporary,
        }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.directory.join("dubbo").join(name)
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        fs::write(self.file(name), text).unwrap();
    }

    async fn open(&self) -> FileConfigCenter {
        FileConfigCenter::open(&self.directory).await.unwrap()
    }

    async fn subscribed(&self) -> (FileConfigCenter, ConfigSubscription) {
        let center = self.open().await;
        let subscription = center.subscribe(KEY, "dubbo").await.unwrap();
        (center, subscription)
    }
}

/// Nothing is heard for as long as a change would take, several times over.
async fn quiet(subscription: &mut ConfigSubscription, what: &str) {
    let heard = timeout(Duration::from_millis(300), subscription.changed()).await;
    assert!(heard.is_err(), "{what}: {:?}", subscription.current());
}

#[tokio::test]
async fn conforms() {
    let home = Home::new();
    let write = async |key: &str, group: &str, text: Option<&str>| {
        let file = home.directory.join(group).join(key);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        match text {
            Some(text) => fs::write(file, text).unwrap(),
            None => _ = fs::remove_file(file),
        }
    };
    let open = async || Arc::new(home.open().await) as Arc<dyn ConfigCenter>;
    conformance::check("file", open, write).await;
}

#[tokio::test]
async fn what_is_there_is_known_when_it_is_open() {
    let home = Home::new();
    home.write("shop.condition-router.yaml", "one");
    let (_center, mut subscription) = home.subscribed().await;
    assert_eq!(subscription.current().as_deref(), Some("one"));
    home.write("shop.condition-router.yaml", "two");
    until_text(&mut subscription, Some("two"), "written anew").await;
    let other = home.file("other");
    fs::write(&other, "three").unwrap();
    fs::rename(&other, home.file("shop.condition-router.yaml")).unwrap();
    until_text(&mut subscription, Some("three"), "renamed into place").await;
    fs::remove_file(home.file("shop.condition-router.yaml")).unwrap();
    until_text(&mut subscription, None, "removed").await;
}

#[tokio::test]
async fn a_half_written_file_is_not_seen() {
    use std::io::Write;
    let home = Home::new();
    home.write(KEY, "whole");
    let (_center, mut subscription) = home.subscribed().await;
    let mut file = fs::File::create(home.file(KEY)).unwrap();
    file.write_all(b"conditions: [").unwrap();
    file.flush().unwrap();
    quiet(&mut subscription, "half of it").await;
    file.write_all(b"]").unwrap();
    drop(file);
    until_text(&mut subscription, Some("conditions: []"), "closed").await;
}

#[tokio::test]
async fn a_directory_that_vanishes_keeps_the_rules() {
    let home = Home::new();
    home.write(KEY, "one");
    let (_center, mut subscription) = home.subscribed().await;
    let gone = home.directory.with_extension("gone");
    fs::rename(&home.directory, &gone).unwrap();
    quiet(&mut subscription, "the directory is gone").await;
    fs::create_dir(&home.directory).unwrap();
    quiet(&mut subscription, "an empty one, as of a disk not mounted").await;
    fs::remove_dir(&home.directory).unwrap();
    fs::write(gone.join("dubbo").join(KEY), "two").unwrap();
    fs::rename(&gone, &home.directory).unwrap();
    until_text(&mut subscription, Some("two"), "it is back").await;

    fs::rename(home.directory.join("dubbo"), home.directory.join("away")).unwrap();
    quiet(&mut subscription, "the group is gone").await;
    fs::create_dir(home.directory.join("dubbo")).unwrap();
    until_text(&mut subscription, None, "an empty group has no rules").await;
}

#[tokio::test]
async fn a_center_that_is_not_there_yet_is_no_error() {
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().join("some/where");
    let center = FileConfigCenter::open(&directory).await.unwrap();
    let mut subscription = center.subscribe(KEY, "dubbo").await.unwrap();
    assert_eq!(subscription.current(), None);
    fs::create_dir_all(directory.join("dubbo")).unwrap();
    fs::write(directory.join("dubbo").join(KEY), "here").unwrap();
    until_text(&mut subscription, Some("here"), "made later").await;
}

#[tokio::test]
async fn a_text_is_replaced_where_it_lies_and_a_directory_that_is_not_there_is_named() {
    let home = Home::new();
    home.write("shop.condition-router.yaml", "one");
    let center = home.open().await;
    let read = center.read(KEY, "").await.unwrap();
    assert_eq!(read.as_deref(), Some("one"));
    assert!(
        center
            .replace(KEY, "", Some("one"), Some("two"))
            .await
            .unwrap()
    );
    let text = fs::read_to_string(home.file("shop.condition-router.yaml")).unwrap();
    assert_eq!(text, "two");
    home.write("bad", b"\xff\xfe");
    let error = center.read("bad", "").await.unwrap_err();
    assert!(error.message().contains("dubbo/bad"), "{error}");
    fs::remove_dir_all(&home.directory).unwrap();
    for failed in [
        center.read(KEY, "").await.map(drop),
        center.replace(KEY, "", None, Some("x")).await.map(drop),
    ] {
        let error = failed.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Registry);
        assert!(error.message().contains("make it, or mount it"), "{error}");
    }
}

#[tokio::test]
async fn bad_files_hurt_nobody_else_and_a_spoilt_one_keeps_its_last_text() {
    let home = Home::new();
    let long = vec![b'x'; 1024 * 1024 + 1];
    home.write("too-long", &long);
    home.write("no-text", b"\xff\xfe");
    home.write("bad%escape", "text");
    fs::write(home.directory.join("README.md"), "beside the groups").unwrap();
    home.write(KEY, "good");
    let (center, mut subscription) = home.subscribed().await;
    assert_eq!(subscription.current().as_deref(), Some("good"));
    for key in ["too-long", "no-text", "bad%escape", "README"] {
        let other = center.subscribe(key, "dubbo").await.unwrap();
        assert_eq!(other.current(), None, "{key}");
    }
    for spoilt in [&long[..], b"\xff\xfe"] {
        home.write(KEY, spoilt);
        quiet(&mut subscription, "spoilt").await;
        assert_eq!(subscription.current().as_deref(), Some("good"));
    }
    home.write(KEY, "better");
    until_text(&mut subscription, Some("better"), "mended").await;
    home.write("too-long", &long[1..]);
    let mut largest = center.subscribe("too-long", "dubbo").await.unwrap();
    let text = String::from_utf8(long[1..].to_vec()).unwrap();
    until_text(&mut largest, Some(&text), "1 MiB is not too long").await;
}

#[tokio::test]
async fn of_two_files_with_one_key_the_first_by_name_counts() {
    let home = Home::new();
    home.write("shop.condition-router.yaml", "second");
    home.write(KEY, "first");
    let (_center, mut subscription) = home.subscribed().await;
    assert_eq!(subscription.current().as_deref(), Some("first"));
    fs::remove_file(home.file(KEY)).unwrap();
    until_text(&mut subscription, Some("second"), "the other one is left").await;
}

#[tokio::test]
async fn texts_beyond_the_bound_of_all_are_left_out_and_known_ones_stay() {
    let home = Home::new();
    home.write(KEY, "known");
    let (center, mut subscription) = home.subscribed().await;
    let large = vec![b'x'; 1024 * 1024];
    for number in 0..64 {
        home.write(&format!("large{number:02}"), &large);
    }
    let mut last = center.subscribe("large63", "dubbo").await.unwrap();
    let text = String::from_utf8(large).unwrap();
    until_text(&mut last, Some(&text), "64 MiB").await;
    home.write(KEY, "changed, and one byte too many");
    quiet(&mut subscription, "beyond the bound").await;
    assert_eq!(subscription.current().as_deref(), Some("known"));
    fs::remove_file(home.file("large00")).unwrap();
    until_text(
        &mut subscription,
        Some("changed, and one byte too many"),
        "there is room",
    )
    .await;
}

#[tokio::test]
async fn dropping_it_ends_its_subscriptions() {
    let (center, mut subscription) = Home::new().subscribed().await;
    drop(center);
    assert!(!subscription.changed().await);
}
