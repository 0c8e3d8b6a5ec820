//! The Hessian codec beside those of Java and Go, in one run: the same values, the same way of measuring.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::run::{cargo, root, say};

/// An operation, what the peers needed elsewhere (hessian-lite 3.2.13, dubbo-go-hessian2 1.13), nanoseconds.
const OPERATIONS: [(&str, f64, f64); 4] = [
    ("encode User", 600.0, 2_200.0),
    ("decode User", 600.0, 3_600.0),
    ("encode 15 Users", 2_600.0, 30_000.0),
    ("decode 15 Users", 4_000.0, 35_000.0),
];

/// How many times as fast as hessian-lite, and as dubbo-go-hessian2, the codec is to be.
const GOALS: (f64, f64) = (2.0, 8.0);

/// Nanoseconds by operation.
type Figures = BTreeMap<String, f64>;

/// Prints the table. A peer that is not built is replaced by its figures from elsewhere, which is said.
pub(crate) fn table() -> Result<(), String> {
    let mut own = cargo();
    own.args(["bench", "-q", "-p", "wubbo-hessian2", "--bench", "peers"]);
    let ours = figures(&mut own).ok_or("the codec's bench gave no figures")?;
    let java = peer("java/target/dubbo2/wubbo-java-peer.jar", |jar| {
        let mut java = Command::new("java");
        java.arg("-jar").arg(jar).arg("bench");
        java
    });
    let go = peer("go/target/wubbo-go-peer", |binary| {
        let mut go = Command::new(binary);
        go.arg("bench");
        go
    });
    say(&format!(
        "\n{:18} {:>9} {:>13} {:>6} {:>13} {:>6}   goal {} and {} times\n",
        "codec, ns", "wubbo", "hessian-lite", "times", "hessian2-go", "times", GOALS.0, GOALS.1
    ));
    for (name, java_elsewhere, go_elsewhere) in OPERATIONS {
        let own = ours.get(name).copied().unwrap_or(f64::NAN);
        let side = |figures: &Option<Figures>, elsewhere: f64| match figures
            .as_ref()
            .and_then(|figures| figures.get(name))
        {
            Some(here) => format!("{here:>13.0} {:>6.1}", here / own),
            None => format!("{elsewhere:>12.0}* {:>6.1}", elsewhere / own),
        };
        say(&format!(
            "{name:18} {own:>9.0} {} {}\n",
            side(&java, java_elsewhere),
            side(&go, go_elsewhere)
        ));
    }
    for (name, nanos) in ours.iter().filter(|(name, _)| name.starts_with("skip")) {
        say(&format!(
            "{name:18} {nanos:>9.0}{}\n",
            throughput(name, *nanos)
        ));
    }
    if java.is_none() || go.is_none() {
        say(
            "* measured on another machine: the peer is not built here, `cargo xtask test` builds it\n",
        );
    }
    Ok(())
}

/// Bytes per nanosecond, which are GB/s, of an operation whose name ends with its bytes.
fn throughput(name: &str, nanos: f64) -> String {
    let bytes = name
        .strip_suffix(" bytes")
        .and_then(|name| name.rsplit(' ').next()?.parse::<f64>().ok());
    bytes.map_or_else(String::new, |bytes| {
        format!("   {:.2} GB/s, goal 1", bytes / nanos)
    })
}

/// What a peer below `tests/interop` measures, if it is built.
fn peer(path: &str, command: impl Fn(&Path) -> Command) -> Option<Figures> {
    let path = root().join("tests/interop").join(path);
    path.exists().then(|| figures(&mut command(&path)))?
}

fn figures(command: &mut Command) -> Option<Figures> {
    let output = command
        .current_dir(root())
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .ok()?;
    let figures = parse(&String::from_utf8_lossy(&output.stdout));
    (output.status.success() && !figures.is_empty()).then_some(figures)
}

/// Lines of an operation and its nanoseconds; others are passed over.
fn parse(text: &str) -> Figures {
    let lines = text.lines().filter_map(|line| line.split_once('\t'));
    lines
        .filter_map(|(name, nanos)| Some((name.to_owned(), nanos.parse().ok()?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{parse, throughput};

    #[test]
    fn reads_lines_of_figures() {
        let figures = parse("warning\nencode User\t612\nskip User of 119 bytes\t80\nx\ty\n");
        assert_eq!(figures.len(), 2);
        assert_eq!(figures["encode User"], 612.0);
    }

    #[test]
    fn a_name_that_ends_with_bytes_gives_a_throughput() {
        assert!(throughput("skip User of 600 bytes", 300.0).contains("2.00 GB/s"));
        assert_eq!(throughput("encode User", 300.0), "");
    }
}
