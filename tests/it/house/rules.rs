//! The rules. Each takes the tree and says what is wrong, one line each.

use super::tree::Tree;

type Rule = fn(&Tree) -> Vec<String>;

/// Every rule by its name.
pub(super) const RULES: [(&str, Rule); 14] = [
    ("floors", floors),
    ("sdk", sdk),
    ("doors", doors),
    ("top level", top_level),
    ("length", length),
    ("mod.rs", mod_rs),
    ("readme", readme),
    ("lib.rs", lib_rs),
    ("unwrap", unwrap),
    ("unsafe", no_unsafe),
    ("todo", todo),
    ("ignored", ignored),
    ("head", head),
    ("git", git),
];

/// What is wrong, each line with its rule's name in front.
pub(super) fn check(tree: &Tree) -> Vec<String> {
    RULES
        .iter()
        .flat_map(|(name, rule)| {
            rule(tree)
                .into_iter()
                .map(move |line| format!("{name}: {line}"))
        })
        .collect()
}

/// The floor of a workspace folder; a crate sees lower floors only.
fn floor(dir: &str) -> Option<u32> {
    Some(match dir {
        "host/hessian2" | "host/watch" | "plugin-sdk" | "plugin-sdk/macros" => 0,
        "host/core" => 1,
        "host/cluster" | "host/plugin" | "host/protocol" | "host/registry" | "host/macros" => 2,
        "host/wubbo" => 3,
        "tests/xtask" => 4,
        "tests" => 5,
        _ if dir.starts_with("plugins/") => 1,
        _ if dir.starts_with("examples/") || dir.starts_with("tests/fixtures/") => 4,
        _ => return None,
    })
}

fn floors(tree: &Tree) -> Vec<String> {
    let mut wrong = Vec::new();
    for package in &tree.packages {
        let Some(own) = floor(&package.dir) else {
            wrong.push(format!(
                "{} ({}) has no floor in design section 2",
                package.name, package.dir
            ));
            continue;
        };
        for dependency in &package.dependencies {
            let Some(seen) = tree.packages.iter().find(|known| known.name == *dependency) else {
                continue;
            };
            let plugin = package.dir.starts_with("plugins/");
            let lower = floor(&seen.dir).is_some_and(|floor| floor < own);
            let own_macros = package.dir == "plugin-sdk" && seen.dir == "plugin-sdk/macros";
            if !own_macros && (!lower || (plugin && seen.dir != "plugin-sdk")) {
                wrong.push(format!("{} may not see {dependency}", package.name));
            }
        }
    }
    wrong
}

fn sdk(tree: &Tree) -> Vec<String> {
    let allowed = |dir: &str| {
        ["host/plugin", "host/wubbo", "tests"].contains(&dir)
            || ["plugins/", "examples/", "tests/fixtures/"]
                .iter()
                .any(|prefix| dir.starts_with(prefix))
    };
    tree.packages
        .iter()
        .filter(|package| !allowed(&package.dir))
        .filter(|package| {
            package
                .dependencies
                .iter()
                .any(|dependency| dependency == "wubbo-plugin-sdk")
        })
        .map(|package| format!("{} names wubbo-plugin-sdk", package.name))
        .collect()
}

/// Dependencies that have one door.
const DOORS: [(&str, &str); 9] = [
    ("notify", "host/watch"),
    ("wasmtime", "host/plugin"),
    ("wasmparser", "host/plugin"),
    ("hyper", "host/protocol"),
    ("h2", "host/protocol"),
    ("zookeeper-client", "host/registry"),
    ("etcd-client", "host/registry"),
    ("nacos-sdk", "host/registry"),
    ("axum", "host/wubbo"),
];

fn doors(tree: &Tree) -> Vec<String> {
    let mut wrong = Vec::new();
    for package in &tree.packages {
        for (dependency, door) in DOORS {
            if package.dir != door && package.dependencies.iter().any(|named| named == dependency) {
                wrong.push(format!(
                    "{} names {dependency}, whose one door is {door}",
                    package.name
                ));
            }
        }
    }
    wrong
}

const TOP_LEVEL: [&str; 10] = [
    "Cargo.toml",
    "Cargo.lock",
    "README.md",
    "CHANGELOG.md",
    "LICENSE",
    "rust-toolchain.toml",
    "host",
    "plugin-sdk",
    "plugins",
    "examples",
];

fn top_level(tree: &Tree) -> Vec<String> {
    let mut wrong: Vec<String> = tree
        .files
        .iter()
        .filter_map(|(path, _)| path.split('/').next())
        .filter(|top| *top != "tests" && !top.starts_with('.') && !TOP_LEVEL.contains(top))
        .map(|top| format!("{top} does not belong at the top"))
        .collect();
    wrong.dedup();
    wrong
}

/// Whether a file holds tests, examples or build help, where the rules of production code do not hold.
fn is_test(path: &str) -> bool {
    path.starts_with("tests/")
        || ["/tests/", "/benches/", "/fuzz/", "/examples/"]
            .iter()
            .any(|folder| path.contains(folder))
        || path.ends_with("/tests.rs")
        || path.ends_with("_tests.rs")
        || path.ends_with("_test.rs")
}

/// The production Rust files with their text up to an inline test module.
fn production(tree: &Tree) -> impl Iterator<Item = (&str, &str)> {
    tree.files
        .iter()
        .filter(|(path, _)| path.ends_with(".rs") && !is_test(path))
        .map(|(path, text)| {
            let inline = text.match_indices("#[cfg(test)]\n").find(|(at, found)| {
                let behind = text.get(at + found.len()..).unwrap_or_default();
                behind.starts_with("mod ")
                    && behind
                        .lines()
                        .next()
                        .is_some_and(|line| line.ends_with('{'))
            });
            (
                path.as_str(),
                inline.map_or(text.as_str(), |(at, _)| text.get(..at).unwrap_or_default()),
            )
        })
}

fn length(tree: &Tree) -> Vec<String> {
    production(tree)
        .map(|(path, text)| (path, text.lines().count()))
        .filter(|(_, lines)| *lines > 500)
        .map(|(path, lines)| format!("{path} has {lines} lines"))
        .collect()
}

fn mod_rs(tree: &Tree) -> Vec<String> {
    let named = tree
        .files
        .iter()
        .filter(|(path, _)| path.ends_with("/mod.rs"));
    named
        .map(|(path, _)| format!("{path} should be named after its module"))
        .collect()
}

fn readme(tree: &Tree) -> Vec<String> {
    let has = |path: &str| tree.files.iter().any(|(known, _)| known == path);
    let missing = tree
        .packages
        .iter()
        .filter(|package| !has(&format!("{}/README.md", package.dir)));
    missing
        .map(|package| format!("{} has no README.md", package.dir))
        .collect()
}

/// `lib.rs` holds docs, attributes, mod lines and re-exports.
fn lib_rs(tree: &Tree) -> Vec<String> {
    let mut wrong = Vec::new();
    for (path, text) in production(tree).filter(|(path, _)| path.ends_with("src/lib.rs")) {
        let mut inside_use = false;
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            let plain = line.is_empty()
                || [
                    "//",
                    "#[",
                    "#![",
                    "mod ",
                    "pub mod ",
                    "pub(crate) mod ",
                    "extern crate ",
                ]
                .iter()
                .any(|start| line.starts_with(start));
            let starts_use = ["pub use ", "use ", "pub(crate) use "]
                .iter()
                .any(|start| line.starts_with(start));
            if inside_use || starts_use {
                inside_use = !line.ends_with(';');
            } else if !plain {
                wrong.push(format!(
                    "{path}:{} holds more than docs, mods and re-exports",
                    number + 1
                ));
                break;
            }
        }
    }
    wrong
}

fn lines_with(tree: &Tree, skip: &[&str], found: impl Fn(&str) -> bool) -> Vec<String> {
    let mut wrong = Vec::new();
    for (path, text) in production(tree).filter(|(path, _)| !skip.contains(path)) {
        for (number, line) in text.lines().enumerate() {
            if found(line) {
                wrong.push(format!("{path}:{} {}", number + 1, line.trim()));
            }
        }
    }
    wrong
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with("//")
}

fn unwrap(tree: &Tree) -> Vec<String> {
    lines_with(tree, &[], |line| {
        !is_comment(line) && line.contains(".unwrap()")
    })
}

/// The guest glue, the one call that reads back our own compiled modules.
const UNSAFE_DOORS: [&str; 4] = [
    "plugin-sdk/src/guest.rs",
    "plugin-sdk/src/guest/glue.rs",
    "plugin-sdk/macros/src/guest.rs",
    "host/plugin/src/wasm/cache.rs",
];

fn no_unsafe(tree: &Tree) -> Vec<String> {
    lines_with(tree, &UNSAFE_DOORS, |line| {
        let code = line.split("//").next().unwrap_or_default();
        code.split(|c: char| !c.is_alphanumeric() && c != '_')
            .any(|word| word == "unsafe")
    })
}

fn todo(tree: &Tree) -> Vec<String> {
    let marks = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("to", "do!("),
        concat!("un", "implemented!("),
    ];
    lines_with(tree, &[], |line| {
        marks.iter().any(|mark| line.contains(mark))
    })
}

fn ignored(tree: &Tree) -> Vec<String> {
    let mut wrong = Vec::new();
    for (path, text) in tree.files.iter().filter(|(path, _)| path.ends_with(".rs")) {
        for (number, line) in text.lines().enumerate() {
            if line.trim_start().starts_with("#[ignore") {
                wrong.push(format!("{path}:{} ignores a test", number + 1));
            }
        }
    }
    wrong
}

/// Every production file says at its top why it exists.
fn head(tree: &Tree) -> Vec<String> {
    production(tree)
        .filter(|(_, text)| !text.trim_start().starts_with("//!"))
        .map(|(path, _)| format!("{path} does not say at its top why it exists"))
        .collect()
}

fn git(tree: &Tree) -> Vec<String> {
    let manifests = tree
        .files
        .iter()
        .filter(|(path, _)| path.ends_with("Cargo.toml"));
    let naming = manifests.filter(|(_, text)| text.lines().any(|line| line.contains("git = \"")));
    naming
        .map(|(path, _)| format!("{path} has a git dependency"))
        .collect()
}
