//! Every case tells a story of looks at given milliseconds; no file system, no clock.

use super::*;

/// A state as `name:version` words; the version stands for size and times, and for the inode too where it is written `name:=version`.
fn files(text: &str) -> Change {
    let home = tempfile::tempdir().unwrap();
    let mut entries = BTreeMap::new();
    for word in text.split_whitespace() {
        let (name, version) = word.split_once(':').unwrap();
        let path = home.path().join(name);
        let inode = version
            .strip_prefix('=')
            .map_or(0, |version| version.parse().unwrap());
        let version = version.trim_start_matches('=');
        std::fs::write(&path, "x".repeat(version.parse().unwrap())).unwrap();
        let file = std::fs::File::options().write(true).open(&path).unwrap();
        file.set_modified(std::time::UNIX_EPOCH).unwrap();
        let metadata = std::fs::metadata(&path).unwrap();
        let entry = Entry::for_test(name, &metadata).with_inode(inode);
        entries.insert(name.into(), entry);
    }
    Change::Files(Snapshot::new(entries, Vec::new()))
}

fn show(change: &Change) -> String {
    match change {
        Change::Files(snapshot) => {
            let words = snapshot
                .entries()
                .map(|entry| format!("{}:{}", entry.name().display(), entry.len()));
            words.collect::<Vec<_>>().join(" ")
        }
        other => format!("{other:?}"),
    }
}

/// One look: at this millisecond, this state, these names unclosed; then what is reported and when to look again.
type Look = (
    u64,
    &'static str,
    &'static str,
    Option<&'static str>,
    Option<u64>,
);

#[track_caller]
fn check(looks: &[Look]) {
    let start = Instant::now();
    let mut settler = Settler::new(&Options::default());
    for (at, state, unclosed, report, look_at) in looks {
        let state = match *state {
            "missing" => Change::Missing,
            "unreadable" => Change::Unreadable("because".into()),
            text => files(text),
        };
        let verdict = settler.observe(start + Duration::from_millis(*at), state, |entry| {
            unclosed
                .split(' ')
                .any(|name| entry.name() == Path::new(name))
        });
        assert_eq!(
            verdict.report.as_ref().map(show).as_deref(),
            *report,
            "report at {at} ms"
        );
        let again = verdict
            .look_at
            .map(|instant| u64::try_from((instant - start).as_millis()).unwrap());
        assert_eq!(again, *look_at, "next look after {at} ms");
    }
}

#[test]
fn the_first_state_is_reported_after_it_rested() {
    check(&[
        (0, "a:1", "", None, Some(20)),
        (20, "a:1", "", Some("a:1"), None),
        (2000, "a:1", "", None, None),
    ]);
    check(&[
        (0, "missing", "", None, Some(20)),
        (20, "missing", "", Some("Missing"), None),
    ]);
    check(&[(0, "", "", None, Some(20)), (20, "", "", Some(""), None)]);
}

#[test]
fn files_that_change_together_are_reported_together() {
    check(&[
        (0, "", "", None, Some(20)),
        (20, "", "", Some(""), None),
        (100, "a:1", "", None, Some(120)),
        (110, "a:1 b:1", "", None, Some(130)),
        (120, "a:1 b:1", "", None, Some(130)),
        (130, "a:1 b:1", "", Some("a:1 b:1"), None),
    ]);
}

#[test]
fn a_growing_file_is_not_reported_before_it_rests() {
    check(&[
        (0, "", "", None, Some(20)),
        (20, "", "", Some(""), None),
        (100, "a:1", "", None, Some(120)),
        (115, "a:2", "", None, Some(135)),
        (130, "a:3", "", None, Some(150)),
        (150, "a:3", "", Some("a:3"), None),
    ]);
}

#[test]
fn an_unclosed_file_rests_longer_and_is_reported_soon_after_its_close() {
    check(&[
        (0, "", "", None, Some(20)),
        (20, "", "", Some(""), None),
        (100, "a:1", "a", None, Some(350)),
        (350, "a:1", "a", None, Some(600)),
        (400, "a:1", "", Some("a:1"), None),
    ]);
    check(&[
        (0, "a:1", "a", None, Some(250)),
        // The directory is known by then; the file is not.
        (250, "a:1", "a", Some(""), Some(500)),
        (500, "a:1", "a", Some("a:1"), None),
    ]);
}

#[test]
fn a_restless_file_does_not_hold_the_others_back() {
    check(&[
        (0, "log:1", "", None, Some(20)),
        (20, "log:1", "", Some("log:1"), None),
        (100, "log:2", "log", None, Some(350)),
        (110, "a:1 log:3", "log", None, Some(350)),
        (340, "a:1 log:4", "log", None, Some(350)),
        // The restless file keeps its reported entry.
        (350, "a:1 log:4", "log", Some("a:1 log:1"), Some(840)),
        (360, "a:1 log:5", "", None, Some(380)),
        (380, "a:1 log:5", "", Some("a:1 log:5"), None),
    ]);
}

#[test]
fn a_file_that_is_replaced_without_end_is_reported_as_it_is() {
    check(&[
        (0, "a:=1", "", None, Some(20)),
        (20, "a:=1", "", Some("a:1"), None),
        (100, "a:=2", "", None, Some(120)),
        (110, "a:=3", "", None, Some(130)),
        (345, "a:=4", "", None, Some(350)),
        (350, "a:=5", "", Some("a:5"), None),
        (355, "a:=6", "", None, Some(375)),
        (375, "a:=6", "", Some("a:6"), None),
    ]);
    // One that grows where it is, is not.
    check(&[
        (0, "a:=1", "", None, Some(20)),
        (20, "a:=1", "", Some("a:1"), None),
        (100, "a:=2", "", None, Some(120)),
        (345, "a:3", "", None, Some(350)),
        (346, "a:4", "", None, Some(350)),
        (350, "a:5", "", None, Some(370)),
        (370, "a:5", "", Some("a:5"), None),
    ]);
}

#[test]
fn replaced_and_back_within_the_rest_is_silence() {
    check(&[
        (0, "a:1", "", None, Some(20)),
        (20, "a:1", "", Some("a:1"), None),
        (100, "missing", "", None, Some(120)),
        (110, "a:1", "", None, None),
        (200, "", "", None, Some(220)),
        (210, "a:1", "", None, None),
    ]);
}

#[test]
fn vanished_unreadable_and_back_are_reported_each() {
    check(&[
        (0, "a:1", "", None, Some(20)),
        (20, "a:1", "", Some("a:1"), None),
        (100, "missing", "", None, Some(120)),
        (120, "missing", "", Some("Missing"), None),
        (200, "unreadable", "", None, Some(220)),
        (220, "unreadable", "", Some("Unreadable(\"because\")"), None),
        (300, "a:1", "", None, Some(320)),
        (320, "a:1", "", Some("a:1"), None),
    ]);
}

#[test]
fn a_removed_file_is_reported_after_the_rest() {
    check(&[
        (0, "a:1 b:1", "", None, Some(20)),
        (20, "a:1 b:1", "", Some("a:1 b:1"), None),
        (100, "a:1", "", None, Some(120)),
        (120, "a:1", "", Some("a:1"), None),
    ]);
}
