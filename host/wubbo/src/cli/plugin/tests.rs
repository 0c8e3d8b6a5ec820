//! What the commands do to files, without cargo and without a host.

use clap::Parser;

use super::*;
use crate::cli::plugin::template::{Kind, files, package};

#[derive(Debug, Parser)]
struct Words {
    #[command(flatten)]
    plugin: Plugin,
}

fn parse(words: &[&str]) -> Result<Words, clap::Error> {
    Words::try_parse_from(["plugin"].iter().chain(words))
}

fn run(words: &[&str]) -> Result<(), String> {
    let words = parse(words).map_err(|error| error.to_string())?;
    words.plugin.run().map_err(|error| format!("{error:#}"))
}

#[test]
fn a_wrong_command_line_ends_with_2_and_says_what_was_expected() {
    let cases: [(&[&str], &str); 7] = [
        (&["new", "filter", "Tenant"], "expected 1 to 64 of a-z 0-9"),
        (&["new", "filter", "2x"], "with a letter first"),
        (&["new", "filter", "../x"], "expected 1 to 64"),
        (
            &["new", "balancer", "x"],
            "possible values: filter, router, loadbalance, configurator",
        ),
        (&["new", "filter"], "<NAME>"),
        (&["check"], "<FILE.wasm>"),
        (&["sell"], "unrecognized subcommand"),
    ];
    for (words, expected) in cases {
        let error = parse(words).unwrap_err();
        assert_eq!(error.exit_code(), 2, "{words:?}");
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[test]
fn the_help_of_each_command_shows_an_example_and_the_exit_codes() {
    for command in ["new", "build", "check", "inspect", "list"] {
        let help = parse(&[command, "--help"]).unwrap_err().to_string();
        assert!(help.contains("Example: wubbo plugin "), "{help}");
        assert!(help.contains("Exit codes: 0 "), "{help}");
    }
}

#[test]
fn new_writes_every_file_once_and_refuses_a_folder_that_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("deep/tenant");
    let place = dir.to_str().unwrap();
    run(&["new", "filter", "tenant", "--dir", place]).unwrap();
    for (path, text) in files(Kind::Filter, "tenant") {
        assert_eq!(
            std::fs::read_to_string(dir.join(&path)).unwrap(),
            text,
            "{path}"
        );
    }
    let error = run(&["new", "filter", "tenant", "--dir", place]).unwrap_err();
    assert!(
        error.contains("is there already; choose another place"),
        "{error}"
    );
}

#[test]
fn a_place_that_cannot_be_written_is_named_and_left_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "mine").unwrap();
    let inside = file.join("tenant");
    let error = run(&["new", "filter", "x", "--dir", inside.to_str().unwrap()]).unwrap_err();
    assert!(error.contains("cannot be made"), "{error}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "mine");
}

#[test]
fn no_placeholder_is_left_in_a_new_crate() {
    for kind in <Kind as clap::ValueEnum>::value_variants() {
        let own = files(*kind, "my.own_one");
        let own = own.iter().filter(|(path, _)| !path.starts_with("sdk/"));
        for (path, text) in own {
            for mark in ["plugin-name", "package-name", "ABOUT", "EXAMPLE"] {
                assert!(!text.contains(mark), "{path} holds {mark}:\n{text}");
            }
        }
        let package = package(*kind, "my.own_one");
        assert_eq!(package, format!("{}-my-own_one", kind.name()));
    }
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    for command in ["check", "inspect"] {
        let error = run(&[command, "nowhere/x.wasm"]).unwrap_err();
        assert!(
            error.starts_with("nowhere/x.wasm cannot be read: "),
            "{error}"
        );
    }
}

#[test]
fn what_is_no_module_is_refused_with_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.wasm");
    std::fs::write(&file, "text").unwrap();
    let file = file.to_str().unwrap();
    let error = run(&["inspect", file]).unwrap_err();
    assert!(
        error.starts_with(&format!("{file} is not a wasm module")),
        "{error}"
    );
    assert_eq!(run(&["check", file]).unwrap_err(), "1 of 1 files: refused");
}
