//! What `check` and `inspect` say about the hostile guests of `tests/fixtures`.

use serde_json::Value as Json;
use wubbo_tests::plugin_files::fixture;
use wubbo_tests::scratch::Scratch;

use super::{done, failed, utf8, wubbo};

/// A guest and what a host says about it; each is the only reason, or the list is complete.
const REFUSED: [(&str, &[&str]); 12] = [
    (
        "abi-2",
        &["plugin needs ABI 2.0, this host speaks 1.0; rebuild it with a matching SDK"],
    ),
    (
        "no-manifest",
        &[
            "has no section `wubbo.plugin`: it is no wubbo plugin; put #[wubbo_plugin(..)] on the impl of its policy",
        ],
    ),
    ("two-manifests", &["has two sections `wubbo.plugin`"]),
    ("bad-manifest", &["manifest: "]),
    (
        "no-fail",
        &["fail: a filter must choose open, closed or {status, message}"],
    ),
    (
        "wasi-import",
        &["imports what this host does not give: wasi_snapshot_preview1."],
    ),
    (
        "unknown-import",
        &[
            "imports what this host does not give: wubbo.launch; a plugin imports functions of module `wubbo` only (no WASI)",
        ],
    ),
    (
        "missing-hook",
        &[
            "exports do not fit the manifest: no function `on_response`; build it with a matching SDK",
        ],
    ),
    (
        "hidden-hook",
        &[
            "exports do not fit the manifest: `on_response` is exported and not among the manifest's hooks; build it with a matching SDK",
        ],
    ),
    (
        "imported-memory",
        &[
            "imports what this host does not give: wubbo.memory; ",
            "has 0 memories, a plugin has one of its own",
        ],
    ),
    ("fail-in-new", &["does not go live without a configuration"]),
    ("loop-in-new", &["does not go live without a configuration"]),
];

#[test]
fn check_says_of_each_broken_guest_what_a_host_would_say() {
    let folder = Scratch::new("plugin-check").unwrap();
    let mut arguments = vec!["plugin".to_owned(), "check".to_owned(), "--json".to_owned()];
    for (name, _) in REFUSED {
        let file = folder.write(format!("{name}.wasm"), fixture(name)).unwrap();
        arguments.push(utf8(&file).to_owned());
    }
    let good = folder.write("pass.wasm", fixture("pass")).unwrap();
    arguments.push(utf8(&good).to_owned());
    let cut = fixture("pass");
    let cut = folder.write("cut.wasm", &cut[..cut.len() / 2]).unwrap();
    arguments.push(utf8(&cut).to_owned());

    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let output = wubbo(&arguments);
    assert_eq!(output.status.code(), Some(1));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("13 of 14 files: refused"), "{stderr}");
    let reports: Json = serde_json::from_slice(&output.stdout).unwrap();
    for (at, (name, expected)) in REFUSED.iter().enumerate() {
        let report = &reports[at];
        let problems = report["problems"].as_array().unwrap();
        let problems: Vec<&str> = problems.iter().filter_map(Json::as_str).collect();
        assert_eq!(report["accepted"], false, "{name}");
        assert_eq!(problems.len(), expected.len(), "{name}: {problems:#?}");
        for (problem, expected) in problems.iter().zip(*expected) {
            assert!(problem.starts_with(expected), "{name}: {problem}");
        }
    }
    let why = |at: usize| reports[at]["problems"][0].as_str().unwrap();
    assert!(why(10).contains("no such limit"), "{}", why(10));
    assert!(why(11).contains("deadline"), "{}", why(11));
    assert_eq!(reports[12]["accepted"], true);
    assert_eq!(reports[12]["plugin"], "filter/pass 1.0.0");
    assert!(
        reports[13]["problems"][0]
            .as_str()
            .unwrap()
            .starts_with("is not a wasm module")
    );
}

#[test]
fn check_tries_a_plugin_with_the_yaml_beside_it() {
    let folder = Scratch::new("plugin-yaml").unwrap();
    let file = folder.write("pass.wasm", fixture("pass")).unwrap();
    let file = utf8(&file);
    folder.write("pass.yaml", "order: 7\n").unwrap();
    let said = done(&["plugin", "check", file]);
    assert!(said.contains("trial   goes live with "), "{said}");
    folder.write("pass.yaml", "enabled: false\n").unwrap();
    let said = done(&["plugin", "check", file]);
    assert!(said.contains("says enabled: false"), "{said}");
    folder.write("pass.yaml", "odrer: 7\n").unwrap();
    let output = wubbo(&["plugin", "check", file]);
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("refused: does not go live with "), "{said}");
    assert!(said.contains("odrer"), "{said}");
}

#[test]
fn inspect_shows_what_is_in_a_file_that_no_host_takes() {
    let folder = Scratch::new("plugin-inspect").unwrap();
    let module = fixture("wasi-import");
    let file = folder.write("wasi.wasm", &module).unwrap();
    let said = done(&["plugin", "inspect", utf8(&file)]);
    for line in [
        &*format!("size      {} bytes ({} bytes)", module.len(), module.len()),
        "abi       1.0",
        "    \"name\": \"wasi-import\",",
        "  memory      memory",
        "  on_request  (i32) -> i64",
    ] {
        assert!(said.lines().any(|found| found == line), "{line}: {said}");
    }
    assert!(said.contains("  wasi_snapshot_preview1."), "{said}");
    let json: Json =
        serde_json::from_str(&done(&["plugin", "inspect", "--json", utf8(&file)])).unwrap();
    assert_eq!(json["bytes"], module.len());
    assert_eq!(json["sha256"].as_str().unwrap().len(), 64);
    assert_eq!(json["manifest"]["kind"], "filter");
    let newer = folder.write("abi-2.wasm", fixture("abi-2")).unwrap();
    let json = done(&["plugin", "inspect", "--json", utf8(&newer)]);
    let json: Json = serde_json::from_str(&json).unwrap();
    assert_eq!(json["abi"], "2.0");
    let text = folder.write("text.wasm", "no module").unwrap();
    let said = failed(&["plugin", "inspect", utf8(&text)]);
    assert!(
        said.ends_with("is not a wasm module: it does not start with \\0asm\n"),
        "{said}"
    );
}
