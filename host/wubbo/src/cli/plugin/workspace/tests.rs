use super::*;

#[test]
fn the_manifest_holds_all_that_the_sdk_inherits() {
    let text = manifest("filter-x");
    for line in [
        "name = \"filter-x\"",
        "wubbo-plugin-sdk = { path = \"sdk\" }",
        "wubbo-plugin-sdk-macros = { path = \"sdk/macros\" }",
        "[workspace.lints.rust]",
        "[workspace.lints.clippy]",
        "[profile.plugin]",
        "opt-level = \"s\"",
        "panic = \"abort\"",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} in\n{text}");
    }
    for (path, ..) in CRATES {
        let inherited = sdk::file(path).lines();
        let inherited = inherited.filter(|line| line.contains("workspace = true"));
        for line in inherited.filter(|line| *line != "workspace = true") {
            let key = line.split(['.', ' ']).next().unwrap();
            let given = text
                .lines()
                .any(|line| line.starts_with(&format!("{key} = ")));
            assert!(given, "{path} inherits {key}, which is not in\n{text}");
        }
    }
    assert!(!text.contains("tokio"), "{text}");
    assert!(!text.contains("[profile.release]"), "{text}");
    assert!(!text.contains("mimalloc"), "{text}");
}

#[test]
fn the_lock_file_holds_what_the_sdk_needs_at_our_versions() {
    let text = lock("filter-x");
    let names: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("name = "))
        .collect();
    for name in ["filter-x", "serde", "serde_json", "syn", "wubbo-plugin-sdk"] {
        assert!(
            names.contains(&&*format!("\"{name}\"")),
            "{name}: {names:?}"
        );
    }
    assert!(names.is_sorted(), "{names:?}");
    assert!(!names.contains(&"\"wasmtime\""));
    assert!(names.len() < 40, "{names:?}");
    let ours: Vec<&str> = LOCK.split("\n\n").collect();
    for package in text.split("\n\n").skip(2) {
        if package.contains("name = \"filter-x\"") {
            continue;
        }
        let head: Vec<&str> = package.lines().take(3).collect();
        let head = head.join("\n");
        assert!(ours.iter().any(|ours| ours.contains(&head)), "{package}");
    }
}
