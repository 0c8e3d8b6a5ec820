//! The Hessian codec beside those of Java and Go, in one run: the same values, the same way of measuring.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

use crate::run::{cargo, root, say};

/// The operations, as every program calls them.
const OPERATIONS: [&str; 4] = [
    "encode User",
    "decode User",
    "encode 15 Users",
    "decode 15 Users",
];

/// A codec to compare with.
struct Peer {
    name: &'static str,
    /// How many times as fast ours is to be.
    goal: f64,
    /// Below `tests/interop`; a jar is given to Java.
    program: &'static str,
    /// Nanoseconds that it needed on another machine, by operation, where that was measured.
    elsewhere: Option<[f64; 4]>,
}

const PEERS: [Peer; 4] = [
    Peer {
        name: "hessian-lite 3.2.13",
        goal: 2.0,
        program: "java/target/dubbo2/wubbo-java-peer.jar",
        elsewhere: Some([600.0, 600.0, 2_600.0, 4_000.0]),
    },
    Peer {
        name: "hessian-lite 4.0.4",
        goal: 2.0,
        program: "java/target/wubbo-java-peer.jar",
        elsewhere: Some([1_100.0, 700.0, 5_400.0, 3_300.0]),
    },
    Peer {
        name: "hessian2-go 1.9.4",
        goal: 8.0,
        program: "go/target/wubbo-go-peer",
        elsewhere: Some([2_200.0, 3_600.0, 30_000.0, 35_000.0]),
    },
    Peer {
        name: "hessian2-go 1.12.5",
        goal: 8.0,
        program: "go3/target/wubbo-go-peer",
        elsewhere: None,
    },
];

/// Nanoseconds by operation.
type Figures = BTreeMap<String, f64>;

/// Prints the table. A peer that is not built is replaced by its figures from elsewhere, which is said.
pub(crate) fn table() -> Result<(), String> {
    let mut own = cargo();
    own.args(["bench", "-q", "--workspace", "--bench", "peers"]);
    let ours = figures(&mut own).ok_or("the codec's bench gave no figures")?;
    let peers = PEERS.map(|peer| (peer.measure(), peer));
    let mut title = format!("\n{:18} {:>8}", "codec, ns", "wubbo");
    for (_, peer) in &peers {
        title += &format!(" {:>19} {:>6} {:>4}", peer.name, "times", "goal");
    }
    say(&format!("{title}\n"));
    for (place, name) in OPERATIONS.into_iter().enumerate() {
        let own = ours.get(name).copied().unwrap_or(f64::NAN);
        let mut line = format!("{name:18} {own:>8.0}");
        for (figures, peer) in &peers {
            let here = figures.as_ref().and_then(|figures| figures.get(name));
            let elsewhere = peer.elsewhere.map_or(f64::NAN, |known| known[place]);
            let (nanos, mark) = here.map_or((elsewhere, "*"), |here| (*here, ""));
            let shown = format!("{nanos:.0}{mark}");
            line += &format!(" {shown:>19} {:>6.1} {:>4}", nanos / own, peer.goal);
        }
        say(&format!("{line}\n"));
    }
    for (name, nanos) in ours.iter().filter(|(name, _)| name.starts_with("skip")) {
        say(&format!(
            "{name:18} {nanos:>9.0}{}\n",
            throughput(name, *nanos)
        ));
    }
    if peers.iter().any(|(figures, _)| figures.is_none()) {
        say("* measured on another machine, where it was: the peer is not built here\n");
    }
    Ok(())
}

impl Peer {
    /// What it measures itself, if it is built.
    fn measure(&self) -> Option<Figures> {
        let path = root().join("tests/interop").join(self.program);
        if !path.exists() {
            return None;
        }
        let mut command = Command::new("java");
        if path.extension().is_some_and(|extension| extension == "jar") {
            command.arg("-jar").arg(path);
        } else {
            command = Command::new(path);
        }
        figures(command.arg("bench"))
    }
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
