//! What surrounds a new crate so that it builds anywhere as plugins build here: our own profile, versions and lock file.
//!
//! The new crate is the root of a workspace of its own, whose member is the SDK. So the SDK's manifests are written as they are, and
//! everything they inherit is cut from our own workspace's files.

use std::collections::{BTreeMap, BTreeSet};

use super::sdk;

/// Our workspace's manifest.
const MANIFEST: &str = include_str!("../../../../../Cargo.toml");
/// Our workspace's lock file.
const LOCK: &str = include_str!("../../../../../Cargo.lock");
/// The toolchain that all of this is built with, the wasm target included.
pub(super) const TOOLCHAIN: &str = include_str!("../../../../../rust-toolchain.toml");

/// The SDK's crates: manifest below `plugin-sdk`, name, and folder in the new workspace.
const CRATES: [(&str, &str, &str); 2] = [
    ("Cargo.toml", "wubbo-plugin-sdk", "sdk"),
    ("macros/Cargo.toml", "wubbo-plugin-sdk-macros", "sdk/macros"),
];

/// What a plugin itself depends on.
const DEPENDENCIES: [&str; 2] = ["serde", "wubbo-plugin-sdk"];

/// The version of a new crate.
const VERSION: &str = "0.1.0";

/// `Cargo.toml` of the new crate `package`.
pub(super) fn manifest(package: &str) -> String {
    let mut text = format!(
        "[package]\nname = \"{package}\"\nversion = \"{VERSION}\"\nedition = \"2024\"\npublish = false\n\n\
         [lib]\ndoctest = false\n\n[dependencies]\n"
    );
    for dependency in DEPENDENCIES {
        text.push_str(&format!("{dependency}.workspace = true\n"));
    }
    text.push_str(
        "\n# What follows is the SDK's, in the folder `sdk`: its crates, their versions, and the profile that plugins are built with.\n\
         [workspace]\nresolver = \"3\"\nmembers = [\"sdk\", \"sdk/macros\"]\n\n",
    );
    text.push_str(&section("workspace.package"));
    text.push_str("\n[workspace.dependencies]\n");
    for (_, name, folder) in CRATES {
        text.push_str(&format!("{name} = {{ path = \"{folder}\" }}\n"));
    }
    for name in external() {
        text.push_str(&dependency(&name));
    }
    for head in heads() {
        if head.starts_with("workspace.lints.") || head.starts_with("profile.plugin") {
            text.push('\n');
            text.push_str(&section(head));
        }
    }
    text
}

/// The crates from the registry that the SDK names.
fn external() -> BTreeSet<String> {
    let own: Vec<&str> = CRATES.iter().map(|(_, name, _)| *name).collect();
    let manifests = CRATES.iter().map(|(manifest, ..)| sdk::file(manifest));
    manifests
        .flat_map(|text| cut(text, "dependencies").lines())
        .filter(|line| line.contains("workspace = true"))
        .filter_map(|line| line.split(['.', ' ', '=']).next())
        .filter(|name| !own.contains(name))
        .map(str::to_owned)
        .collect()
}

/// The line of our workspace's dependencies that says which version of `name` is meant.
fn dependency(name: &str) -> String {
    let lines = cut(MANIFEST, "workspace.dependencies").lines();
    let mut lines = lines.filter(|line| line.split(['=', ' ']).next() == Some(name));
    lines
        .next()
        .map_or_else(String::new, |line| format!("{line}\n"))
}

/// The names of our manifest's sections.
fn heads() -> impl Iterator<Item = &'static str> {
    let lines = MANIFEST.lines();
    lines.filter_map(|line| line.strip_prefix('[')?.strip_suffix(']'))
}

/// A section of our manifest, up to its last line.
fn section(name: &str) -> String {
    let text = cut(MANIFEST, name);
    // A comment before the next section belongs to that one.
    let lines: Vec<&str> = text
        .lines()
        .take_while(|line| !line.starts_with('#'))
        .collect();
    format!("{}\n", lines.join("\n").trim_end())
}

/// The text from the head `[name]` to the next one.
fn cut<'a>(manifest: &'a str, name: &str) -> &'a str {
    let head = format!("[{name}]\n");
    let Some(start) = manifest.find(&head) else {
        return "";
    };
    let text = manifest.get(start..).unwrap_or_default();
    let end = text.find("\n[").map_or(text.len(), |end| end + 1);
    text.get(..end).unwrap_or_default()
}

/// One package of a lock file.
struct Locked<'a> {
    name: &'a str,
    version: &'a str,
    /// The lines between `version` and `dependencies`: where it comes from.
    source: Vec<&'a str>,
    dependencies: Vec<&'a str>,
}

impl<'a> Locked<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let value = |line: &'a str, key: &str| {
            let rest = line.strip_prefix(key)?.strip_prefix(" = \"")?;
            rest.strip_suffix('"')
        };
        let lines = text.lines();
        Some(Self {
            name: lines.clone().find_map(|line| value(line, "name"))?,
            version: lines.clone().find_map(|line| value(line, "version"))?,
            source: lines
                .clone()
                .filter(|line| line.starts_with("source") || line.starts_with("checksum"))
                .collect(),
            dependencies: lines
                .filter_map(|line| line.strip_prefix(" \"")?.strip_suffix("\","))
                .collect(),
        })
    }

    /// Whether a dependency, `name` or `name version`, means this package.
    fn is(&self, dependency: &str) -> bool {
        let mut words = dependency.split(' ');
        words.next() == Some(self.name) && words.next().is_none_or(|word| word == self.version)
    }
}

/// `Cargo.lock` of the new crate `package`: the packages that the SDK needs, at our versions, so that no other is looked for.
pub(super) fn lock(package: &str) -> String {
    let (head, packages) = LOCK.split_once("[[package]]").unwrap_or((LOCK, ""));
    let all: Vec<Locked<'_>> = packages
        .split("[[package]]")
        .filter_map(Locked::read)
        .collect();
    let mut wanted: Vec<&str> = CRATES.iter().map(|(_, name, _)| *name).collect();
    let mut kept: BTreeMap<(&str, &str), &Locked<'_>> = BTreeMap::new();
    while let Some(dependency) = wanted.pop() {
        let found = all.iter().find(|locked| locked.is(dependency));
        if let Some(found) = found
            && kept.insert((found.name, found.version), found).is_none()
        {
            wanted.extend(&found.dependencies);
        }
    }
    let own = Locked {
        name: package,
        version: VERSION,
        source: Vec::new(),
        dependencies: DEPENDENCIES.to_vec(),
    };
    kept.insert((own.name, own.version), &own);
    let mut text = head.to_owned();
    let names: Vec<&str> = kept.keys().map(|(name, _)| *name).collect();
    // A version is named only where there are several, which may be no longer so.
    let shortened = |dependency: &str| {
        let name = dependency.split(' ').next().unwrap_or_default().to_owned();
        match names.iter().filter(|known| **known == name).count() {
            1 => name,
            _ => dependency.to_owned(),
        }
    };
    for (number, locked) in kept.values().enumerate() {
        let gap = if number == 0 { "" } else { "\n" };
        text.push_str(&format!(
            "{gap}[[package]]\nname = \"{}\"\nversion = \"{}\"\n",
            locked.name, locked.version
        ));
        for line in &locked.source {
            text.push_str(line);
            text.push('\n');
        }
        if !locked.dependencies.is_empty() {
            text.push_str("dependencies = [\n");
            for dependency in &locked.dependencies {
                text.push_str(&format!(" \"{}\",\n", shortened(dependency)));
            }
            text.push_str("]\n");
        }
    }
    text
}

#[cfg(test)]
mod tests;
