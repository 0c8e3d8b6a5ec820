//! The house rules of the workspace, checked over `cargo metadata` and the files: which crate may see which, which dependency has which
//! door, how long a file may be. Each rule is shown to fail on a made-up tree.

mod rules;
mod tree;

use rules::{RULES, check};
use tree::{Package, Tree};

#[test]
fn the_house_is_in_order() {
    let tree = Tree::read();
    assert!(tree.packages.len() > 15, "the workspace was not found");
    assert!(tree.files.len() > 100, "the files were not found");
    let found: Vec<String> = check(&tree);
    assert!(
        found.is_empty(),
        "{} house rules broken:\n{}",
        found.len(),
        found.join("\n")
    );
}

fn package(dir: &str, name: &str, dependencies: &[&str]) -> Package {
    Package {
        dir: dir.into(),
        name: name.into(),
        dependencies: dependencies
            .iter()
            .map(|dependency| (*dependency).to_owned())
            .collect(),
    }
}

/// A tree in which everything is right.
fn sound() -> Tree {
    let packages = vec![
        package("host/hessian2", "wubbo-hessian2", &["bytes"]),
        package("host/watch", "wubbo-watch", &["notify"]),
        package(
            "plugin-sdk",
            "wubbo-plugin-sdk",
            &["wubbo-plugin-sdk-macros"],
        ),
        package("plugin-sdk/macros", "wubbo-plugin-sdk-macros", &["syn"]),
        package("host/core", "wubbo-core", &["wubbo-hessian2"]),
        package(
            "plugins/filter-token",
            "filter-token",
            &["wubbo-plugin-sdk"],
        ),
        package(
            "host/plugin",
            "wubbo-plugin",
            &["wubbo-core", "wubbo-plugin-sdk", "wasmtime"],
        ),
        package(
            "host/wubbo",
            "wubbo",
            &["wubbo-core", "wubbo-plugin", "filter-token"],
        ),
        package("examples/echo-provider", "echo-provider", &["wubbo"]),
        package("tests", "wubbo-tests", &["wubbo", "wubbo-core"]),
    ];
    let readmes = packages.iter().map(|package| {
        (
            format!("{}/README.md", package.dir),
            "What it does.".to_owned(),
        )
    });
    let mut files: Vec<(String, String)> = readmes.collect();
    files.push(("README.md".into(), "wubbo".into()));
    files.push((
        "host/core/src/lib.rs".into(),
        "//! Words.\n\nmod url;\n\npub use url::{\n    Url,\n};\n".into(),
    ));
    files.push(("host/core/src/url.rs".into(), "//! A URL.\n".into()));
    Tree { packages, files }
}

#[test]
fn a_sound_tree_breaks_no_rule() {
    assert_eq!(check(&sound()), Vec::<String>::new());
}

/// One made-up tree per rule: what is wrong with it, and the words that the rule must say.
#[test]
fn every_rule_fails_on_a_tree_that_breaks_it() {
    let long = "let x = 1;\n".repeat(501);
    let mut tested = std::collections::BTreeSet::new();
    let mut broken = |rule: &'static str, words: &str, breaking: &dyn Fn(&mut Tree)| {
        let mut tree = sound();
        breaking(&mut tree);
        let found = check(&tree);
        assert!(
            found
                .iter()
                .any(|line| line.starts_with(&format!("{rule}: ")) && line.contains(words)),
            "{rule} did not see {words:?}: {found:?}"
        );
        tested.insert(rule);
    };
    let add = |tree: &mut Tree, path: &str, text: &str| tree.files.push((path.into(), text.into()));
    let depend = |tree: &mut Tree, package: &str, on: &str| {
        let package = tree
            .packages
            .iter_mut()
            .find(|known| known.name == package)
            .expect("a package");
        package.dependencies.push(on.into());
    };

    broken("floors", "wubbo-core may not see wubbo-plugin", &|tree| {
        depend(tree, "wubbo-core", "wubbo-plugin")
    });
    broken(
        "floors",
        "wubbo-hessian2 may not see wubbo-watch",
        &|tree| depend(tree, "wubbo-hessian2", "wubbo-watch"),
    );
    broken("floors", "filter-token may not see wubbo-core", &|tree| {
        depend(tree, "filter-token", "wubbo-core")
    });
    broken("floors", "no floor", &|tree| {
        tree.packages
            .push(package("host/extra", "wubbo-extra", &[]))
    });
    broken("sdk", "wubbo-core names wubbo-plugin-sdk", &|tree| {
        depend(tree, "wubbo-core", "wubbo-plugin-sdk")
    });
    broken("doors", "wubbo-core names wasmtime", &|tree| {
        depend(tree, "wubbo-core", "wasmtime")
    });
    broken("doors", "wubbo names notify", &|tree| {
        depend(tree, "wubbo", "notify")
    });
    broken("top level", "scripts", &|tree| {
        add(tree, "scripts/x.sh", "")
    });
    broken("length", "host/core/src/long.rs", &|tree| {
        add(tree, "host/core/src/long.rs", &long)
    });
    broken("mod.rs", "host/core/src/url/mod.rs", &|tree| {
        add(tree, "host/core/src/url/mod.rs", "")
    });
    broken("readme", "host/core", &|tree| {
        tree.files.retain(|(path, _)| path != "host/core/README.md")
    });
    broken("lib.rs", "host/watch/src/lib.rs", &|tree| {
        add(tree, "host/watch/src/lib.rs", "//! Docs.\npub fn f() {}\n")
    });
    broken("unwrap", "host/core/src/a.rs:2", &|tree| {
        add(
            tree,
            "host/core/src/a.rs",
            "//! A.\nfn f() { x.unwrap() }\n",
        )
    });
    broken("unsafe", "host/core/src/a.rs:1", &|tree| {
        add(tree, "host/core/src/a.rs", "fn f() { unsafe { g() } }\n")
    });
    broken("todo", "host/core/src/a.rs:1", &|tree| {
        add(tree, "host/core/src/a.rs", "// TO\u{44}O: later\n")
    });
    broken("ignored", "host/core/src/a.rs:1", &|tree| {
        add(tree, "host/core/src/a.rs", "#[ignore]\n")
    });
    broken("head", "host/core/src/a.rs", &|tree| {
        add(tree, "host/core/src/a.rs", "use x;\n")
    });
    broken("git", "Cargo.toml", &|tree| {
        add(
            tree,
            "host/core/Cargo.toml",
            "x = { git = \"https://x\" }\n",
        )
    });

    let all: std::collections::BTreeSet<&str> = RULES.iter().map(|(name, _)| *name).collect();
    assert_eq!(tested, all, "every rule has a tree that breaks it");
}
