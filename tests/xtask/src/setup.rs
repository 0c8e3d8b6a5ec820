//! What the work needs and a fresh machine may lack, installed with a word about it.

use std::path::Path;
use std::process::Command;

use crate::run::{Done, output, run, say};

/// Adds the target that plugins compile to.
pub(crate) fn wasm_target() -> Done {
    const TARGET: &str = "wasm32-unknown-unknown";
    let installed = output("rustup", &["target", "list", "--installed"]);
    if installed.is_some_and(|list| list.lines().any(|line| line == TARGET)) {
        return Ok(());
    }
    run(
        "install the wasm target",
        Command::new("rustup").args(["target", "add", TARGET]),
    )
}

/// Whether the real Java peers can be built and run; installs a JDK and Maven where it may.
///
/// With `CI=true` their absence is an error, otherwise a notice.
pub(crate) fn java() -> Result<bool, String> {
    packages("the real-peer tests", missing_java)
}

/// Whether the real Node peer can be run; installs Node and npm where it may, with the rules of [`java`].
pub(crate) fn node() -> Result<bool, String> {
    packages("the Node peer's tests", missing_node)
}

/// Whether the registry tests find a ZooKeeper and an etcd to start; installs them where it may, with the rules of [`java`].
pub(crate) fn registries() -> Result<bool, String> {
    packages("the tests of registries", missing_registries)
}

/// The compiler of protocol buffers, without which etcd's client is not built; installs it where it may.
pub(crate) fn protoc() -> Done {
    match packages("the registry at etcd", missing_protoc)? {
        true => Ok(()),
        false => Err(
            "nothing can be built without protoc: install protobuf-compiler and libprotobuf-dev"
                .to_owned(),
        ),
    }
}

/// Installs what `missing` names, where that is allowed; whether nothing is missing any more.
fn packages(tests: &str, missing: fn() -> Vec<&'static str>) -> Result<bool, String> {
    let wanted = missing();
    if wanted.is_empty() {
        return Ok(true);
    }
    if output("apt-get", &["--version"]).is_some()
        && output("id", &["-u"]).is_some_and(|id| id.trim() == "0")
    {
        say(&format!(
            "installing through apt-get: {}\n",
            wanted.join(" ")
        ));
        run(
            "update the package list",
            Command::new("apt-get").args(["update", "-qq"]),
        )?;
        let install = ["install", "-y", "-qq", "--no-install-recommends"];
        run(
            "install packages",
            Command::new("apt-get").args(install).args(&wanted),
        )?;
        if missing().is_empty() {
            return Ok(true);
        }
    }
    let reason = format!(
        "{tests} need {}: install them by hand",
        wanted.join(" and ")
    );
    if std::env::var_os("CI").is_some_and(|ci| ci == "true") {
        return Err(reason);
    }
    say(&format!("left out: {reason}\n"));
    Ok(false)
}

fn missing_java() -> Vec<&'static str> {
    let mut missing = Vec::new();
    let javac = output("javac", &["-version"]).and_then(|text| java_version(&text));
    if javac.is_none_or(|version| version < 17) {
        missing.push("openjdk-17-jdk-headless");
    }
    if output("mvn", &["--version"]).is_none() {
        missing.push("maven");
    }
    missing
}

fn missing_node() -> Vec<&'static str> {
    let mut missing = Vec::new();
    let node = output("node", &["--version"]).and_then(|text| node_version(&text));
    if node.is_none_or(|version| version < 18) {
        missing.push("nodejs");
    }
    if output("npm", &["--version"]).is_none() {
        missing.push("npm");
    }
    missing
}

fn missing_registries() -> Vec<&'static str> {
    let mut missing = Vec::new();
    // Where Debian and Ubuntu put it, and where the tests look for it.
    if !Path::new("/usr/share/java/zookeeper.jar").exists() {
        missing.push("zookeeper");
    }
    if output("etcd", &["--version"]).is_none() {
        missing.push("etcd-server");
    }
    missing
}

fn missing_protoc() -> Vec<&'static str> {
    // With it come the files that etcd's own name; Debian has them apart.
    let common = "google/protobuf/descriptor.proto";
    let compiles = output("protoc", &["--descriptor_set_out=/dev/null", common]);
    if compiles.is_some() {
        Vec::new()
    } else {
        vec!["protobuf-compiler", "libprotobuf-dev"]
    }
}

/// Whether the real Go peer can be built; no package manager's Go is new enough, so it must be there.
///
/// With `CI=true` its absence is an error, otherwise a notice.
pub(crate) fn go() -> Result<bool, String> {
    let found = output("go", &["version"]).and_then(|text| go_version(&text));
    if found.is_some_and(|version| version >= (1, 25)) {
        return Ok(true);
    }
    let reason = "the real-peer tests need Go 1.25 or newer on PATH: install it by hand";
    if std::env::var_os("CI").is_some_and(|ci| ci == "true") {
        return Err(reason.to_owned());
    }
    say(&format!("left out: {reason}\n"));
    Ok(false)
}

/// The version in `go version go1.26.8 linux/amd64`.
fn go_version(text: &str) -> Option<(u32, u32)> {
    let version = text.split_whitespace().nth(2)?.strip_prefix("go")?;
    let mut parts = version.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// The major version in `v20.20.2`.
fn node_version(text: &str) -> Option<u32> {
    text.strip_prefix('v')?.split('.').next()?.parse().ok()
}

/// The major version in `javac 17.0.15`.
fn java_version(text: &str) -> Option<u32> {
    text.split_whitespace()
        .find_map(|word| word.split('.').next()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::{go_version, java_version, node_version};

    #[test]
    fn reads_the_major_version() {
        assert_eq!(java_version("javac 17.0.15\n"), Some(17));
        assert_eq!(java_version("javac 21"), Some(21));
        assert_eq!(java_version("command not found"), None);
    }

    #[test]
    fn reads_the_version_of_node() {
        assert_eq!(node_version("v20.20.2\n"), Some(20));
        assert_eq!(node_version("node: not found"), None);
    }

    #[test]
    fn reads_the_version_of_go() {
        assert_eq!(
            go_version("go version go1.26.8 linux/amd64\n"),
            Some((1, 26))
        );
        assert_eq!(go_version("go version go1.9 linux/amd64"), Some((1, 9)));
        assert_eq!(go_version("go version devel +1234"), None);
    }
}
