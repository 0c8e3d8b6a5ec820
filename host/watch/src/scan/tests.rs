use std::fs;

use super::*;

fn tree(root: &Path, levels: usize) -> Target {
    Target::Tree {
        root: root.to_owned(),
        levels,
    }
}

#[track_caller]
fn names(target: &Target, options: &Options) -> Vec<String> {
    match scan(target, options).state {
        Change::Files(snapshot) => snapshot
            .entries()
            .map(|entry| entry.name().to_str().unwrap().to_owned())
            .collect(),
        other => panic!("{other:?}"),
    }
}

fn layout() -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    let root = home.path();
    fs::create_dir_all(root.join("one/two/three")).unwrap();
    fs::create_dir(root.join(".hidden")).unwrap();
    for name in [
        "a.wasm",
        "a.yaml",
        ".a.swp",
        "b.wasm.tmp",
        "one/c.wasm",
        "one/two/d.wasm",
        "one/two/three/e.wasm",
        ".hidden/f.wasm",
    ] {
        fs::write(root.join(name), name).unwrap();
    }
    home
}

#[test]
fn lists_as_many_levels_as_asked_without_hidden_and_unfinished_files() {
    let home = layout();
    let options = Options::default();
    let flat = ["a.wasm", "a.yaml"];
    assert_eq!(names(&tree(home.path(), 0), &options), flat);
    let deep = ["a.wasm", "a.yaml", "one/c.wasm", "one/two/d.wasm"];
    assert_eq!(names(&tree(home.path(), 2), &options), deep);
}

#[test]
fn accept_sees_the_relative_path() {
    let home = layout();
    let options = Options::default().accept(|name| name.starts_with("one"));
    assert_eq!(
        names(&tree(home.path(), 2), &options),
        ["one/c.wasm", "one/two/d.wasm"]
    );
}

#[test]
fn watches_every_listed_directory_and_the_one_above() {
    let home = layout();
    let found = scan(&tree(home.path(), 1), &Options::default()).directories;
    let found: Vec<_> = found.into_iter().map(|(path, _)| path).collect();
    let above = home.path().parent().unwrap().to_owned();
    assert_eq!(
        found,
        [home.path().to_owned(), above, home.path().join("one")]
    );
}

#[test]
fn of_a_missing_path_the_nearest_existing_directory_is_watched() {
    let home = tempfile::tempdir().unwrap();
    let target = tree(&home.path().join("x/y/z"), 0);
    let found = scan(&target, &Options::default());
    assert_eq!(found.state, Change::Missing);
    assert_eq!(found.directories.len(), 1);
    assert_eq!(found.directories[0].0, home.path());
}

#[test]
fn says_why_a_state_is_unreadable() {
    let home = layout();
    let file = home.path().join("a.wasm");
    let options = Options::default();
    let unreadable = |text: &str| Change::Unreadable(text.into());
    assert_eq!(
        scan(&tree(&file, 0), &options).state,
        unreadable("is not a directory")
    );
    let directory = Target::File {
        path: home.path().to_owned(),
    };
    assert_eq!(
        scan(&directory, &options).state,
        unreadable("is not a file")
    );
    let few = Options {
        entries_max: 1,
        ..Options::default()
    };
    assert_eq!(
        scan(&tree(home.path(), 0), &few).state,
        unreadable("holds more than 1 files")
    );
}

#[cfg(unix)]
#[test]
fn links_to_nothing_and_pipes_are_not_files() {
    let home = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink("nowhere", home.path().join("dangling")).unwrap();
    let socket = std::os::unix::net::UnixListener::bind(home.path().join("socket"));
    assert!(names(&tree(home.path(), 0), &Options::default()).is_empty());
    drop(socket);
}

#[cfg(unix)]
#[test]
fn a_cycle_of_links_ends_at_the_given_level() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("a"), "a").unwrap();
    std::os::unix::fs::symlink(home.path(), home.path().join("loop")).unwrap();
    assert_eq!(
        names(&tree(home.path(), 2), &Options::default()),
        ["a", "loop/a", "loop/loop/a"]
    );
}
