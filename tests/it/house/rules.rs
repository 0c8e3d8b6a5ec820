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
        _ if is_plugin(dir) => 1,
        _ if dir.starts_with("examples/") => 4,
        _ => return None,
    })
}

/// First-party plugins, and those that tests bring: they see the SDK alone.
fn is_plugin(dir: &str) -> bool {
    dir.starts_with("plugins/") || dir.starts_with("tests/fixtures/")
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
            let plugin = is_plugin(&package.dir);
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

/// The files that are modules of tests alone: named by `#[cfg(test)] mod name;` in their parent.
fn test_modules(tree: &Tree) -> Vec<String> {
    let mut modules = Vec::new();
    for (path, text) in tree.files.iter().filter(|(path, _)| path.ends_with(".rs")) {
        let folder = path
            .strip_suffix("/lib.rs")
            .or(path.strip_suffix("/main.rs"))
            .or(path.strip_suffix(".rs"));
        for (at, found) in text.match_indices("#[cfg(test)]\nmod ") {
            let behind = text.get(at + found.len()..).unwrap_or_default();
            if let (Some(folder), Some((name, _))) = (folder, behind.split_once(';'))
                && name.chars().all(|c| c.is_alphanumeric() || c == '_')
            {
                modules.push(format!("{folder}/{name}.rs"));
            }
        }
    }
    modules
}

/// The production Rust files with their text up to an inline test module.
fn production(tree: &Tree) -> impl Iterator<Item = (&str, &str)> {
    let tests = test_modules(tree);
    let is_production =
        move |path: &String| path.ends_with(".rs") && !is_test(path) && !tests.contains(path);
    tree.files
        .iter()
        .filter(move |(path, _)| is_production(path))
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

/// `lib.rs` holds docs, attributes, mod lines and re-exports. A plugin is one file, and a macro's functions must stand at its crate's root.
fn lib_rs(tree: &Tree) -> Vec<String> {
    let free = |path: &str| {
        path.starts_with("plugins/")
            || path.starts_with("examples/")
            || path.ends_with("macros/src/lib.rs")
    };
    let libs = production(tree).filter(|(path, _)| path.ends_with("src/lib.rs") && !free(path));
    libs.filter_map(|(path, text)| {
        let line = beyond_declarations(text)?;
        Some(format!(
            "{path}:{line} holds more than docs, mods and re-exports"
        ))
    })
    .collect()
}

/// The first line that is neither documentation, an attribute, a mod nor a use.
fn beyond_declarations(text: &str) -> Option<usize> {
    const PLAIN: [&str; 5] = ["//", "mod ", "pub mod ", "pub(crate) mod ", "extern crate "];
    // What an open declaration ends with.
    let mut open: Option<&str> = None;
    for (number, line) in text.lines().map(str::trim).enumerate() {
        if let Some(end) = open {
            open = (!line.ends_with(end)).then_some(end);
        } else if ["pub use ", "use ", "pub(crate) use "]
            .iter()
            .any(|start| line.starts_with(start))
        {
            open = (!line.ends_with(';')).then_some(";");
        } else if line.starts_with("#[") || line.starts_with("#![") {
            open = (!line.ends_with(']')).then_some("]");
        } else if !line.is_empty() && !PLAIN.iter().any(|start| line.starts_with(start)) {
            return Some(number + 1);
        }
    }
    None
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

/// The guest glue (imports, what the macro emits for a module, the guest's side of the seam), and the one call that reads back our own
/// compiled modules.
const UNSAFE_DOORS: [&str; 5] = [
    "plugin-sdk/src/guest.rs",
    "plugin-sdk/src/guest/imports.rs",
    "plugin-sdk/src/seam/wasm.rs",
    "plugin-sdk/macros/src/emit.rs",
    "host/plugin/src/wasm/precompiled.rs",
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
