//! The real peers that are measured in the same run.

use std::process::Command;

use wubbo_tests::go::{self, Go};
use wubbo_tests::java::{self, Java, Line};
use wubbo_tests::process::Error;

use crate::server::{Server, on_core};

/// How a peer's programs are started, on a core that the command is bound to.
pub(crate) struct Peer {
    pub(crate) name: &'static str,
    program: Vec<String>,
    /// A provider's own flags.
    provider: &'static [&'static str],
    /// How often each kind of call is made before it is measured: a compiler counts calls, and a busy machine needs longer.
    pub(crate) warm_up: f64,
}

/// What is installed here, or a reader is told that it is left out.
pub(crate) struct Peers {
    pub(crate) java: Option<Peer>,
    pub(crate) go: Option<Peer>,
}

/// The JVM chooses compilers and collector by itself. Dubbo refuses what exceeds its threads, 200 by default.
const JVM: [&str; 2] = ["java", "-Xmx512m"];
const THREADS: [&str; 2] = ["--threads", "512"];

impl Peers {
    pub(crate) fn installed() -> Result<Self, Error> {
        let java = java::installed(Line::Dubbo3)?.map(|java: Java| Peer {
            name: "Java 3.3.6",
            program: [&JVM[..], &["-jar", &java.jar().display().to_string()]]
                .concat()
                .into_iter()
                .map(str::to_owned)
                .collect(),
            provider: &THREADS,
            warm_up: 150_000.0,
        });
        let go = go::installed(go::Line::Go1)?.map(|go: Go| Peer {
            name: "dubbo-go 1.5.9",
            program: vec![go.binary().display().to_string()],
            provider: &[],
            warm_up: 10_000.0,
        });
        Ok(Self { java, go })
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Peer> {
        self.java.iter().chain(&self.go)
    }
}

impl Peer {
    /// Its provider of the demo contract.
    pub(crate) fn serve(&self, core: u32) -> Result<Server, Error> {
        let port = wubbo_tests::java::free_port()?.to_string();
        let mut command = self.program(core);
        command.args(["provider", "--port", &port]);
        command.args(self.provider);
        Server::start(command).map_err(|error| error.of(self.name))
    }

    /// Its consumer, which calls `method` all the time from so many callers and prints how many calls were answered so far.
    pub(crate) fn load(&self, core: u32, url: &str, method: &str, callers: &str) -> Command {
        let mut command = self.program(core);
        command.args([
            "load",
            "--url",
            url,
            "--method",
            method,
            "--callers",
            callers,
        ]);
        command
    }

    fn program(&self, core: u32) -> Command {
        let mut command = on_core(core);
        command.args(&self.program);
        command
    }
}
