//! Providers of the demo service: values in this process, which are stopped in order, and processes, which can be killed.

use std::time::Duration;

use wubbo::{RunningServer, Server};
use wubbo_tests::hosts::EchoProvider;
use wubbo_tests::java::LOOPBACK;

use super::scene::{Scene, Session};

/// How long a provider that stops waits for its calls.
const DRAIN: Duration = Duration::from_secs(10);

/// A service that knows its own name.
struct Echo(String);

#[wubbo::service(interface = "org.wubbo.demo.EchoService", version = "1.0.0")]
impl Echo {
    async fn whoami(&self) -> Result<String, wubbo::Error> {
        Ok(self.0.clone())
    }

    async fn sleep(&self, millis: i64) -> Result<String, wubbo::Error> {
        tokio::time::sleep(Duration::from_millis(millis.unsigned_abs())).await;
        Ok(format!("slept {millis}"))
    }
}

/// A provider in this process.
pub(super) struct Local {
    server: RunningServer,
    pub(super) location: String,
}

/// A provider in a process of its own.
pub(super) struct Remote {
    process: EchoProvider,
    pub(super) location: String,
}

impl Local {
    /// Listens at a free port of `host` and is announced when this returns.
    pub(super) async fn start(scene: &Scene, host: &str, name: &str) -> Self {
        let local = Self::at(host, name, Some(scene.address(Session::Steady))).await;
        let location = &local.location;
        scene
            .log
            .say(format_args!("provider {name} is announced at {location}"));
        local
    }

    /// As [`Local::start`], where a Java consumer of this machine reaches it.
    pub(super) async fn for_java(scene: &Scene, name: &str) -> Self {
        let registry = scene.address(Session::Steady);
        let server = Self::described("127.0.0.1", name).registry(&registry);
        Self::run(server.publish_host(LOOPBACK)).await
    }

    /// As [`Local::start`], at this registry, or announced nowhere.
    pub(super) async fn at(host: &str, name: &str, registry: Option<String>) -> Self {
        let server = Self::described(host, name);
        Self::run(match registry {
            Some(registry) => server.registry(&registry),
            None => server,
        })
        .await
    }

    fn described(host: &str, name: &str) -> Server {
        Server::new("status-dubbo-p")
            .listen(&format!("dubbo://{host}:0"))
            .service(Echo(name.to_owned()))
    }

    async fn run(server: Server) -> Self {
        let server = Box::pin(server.start()).await.unwrap();
        let location = server.listening().next().unwrap().location().to_owned();
        Self { server, location }
    }

    /// Takes its entry back and ends in order: no call is cut off.
    pub(super) async fn stop(self) {
        assert_eq!(self.server.stop(DRAIN).await, 0);
    }
}

impl Remote {
    /// Listens at `listen`, such as `127.0.0.2:0`, and is announced when this returns.
    pub(super) fn start(scene: &Scene, listen: &str, name: &str) -> Self {
        let remote = Self::at(&scene.address(Session::Brief), listen, name);
        scene.log.say(format_args!(
            "provider {name} (process {}) is announced at {}",
            remote.pid(),
            remote.location
        ));
        remote
    }

    /// As [`Remote::start`], where a Java consumer of this machine reaches it.
    pub(super) fn for_java(scene: &Scene, name: &str) -> Self {
        let registry = scene.address(Session::Brief);
        let arguments = ["--registry", &registry, "--name", name];
        Self::of(EchoProvider::start_published(LOOPBACK, &arguments).unwrap())
    }

    /// As [`Remote::start`], at this registry.
    pub(super) fn at(registry: &str, listen: &str, name: &str) -> Self {
        let listen = format!("dubbo://{listen}");
        let arguments = ["--listen", &listen, "--registry", registry, "--name", name];
        Self::of(EchoProvider::start(&arguments).unwrap())
    }

    fn of(process: EchoProvider) -> Self {
        let location = process.url().trim_start_matches("dubbo://").to_owned();
        Self { process, location }
    }

    pub(super) fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Asks it to stop and waits until it did.
    pub(super) fn stop(self) {
        assert_eq!(self.process.stop().unwrap(), 0);
    }

    /// SIGKILL; it is gone when this returns.
    pub(super) fn kill(self) {
        drop(self.process);
    }

    /// Stops it in its tracks, its sockets open.
    pub(super) fn freeze(&self) {
        let pid = self.pid().to_string();
        let mut kill = std::process::Command::new("kill");
        let sent = kill.args(["-s", "STOP", &pid]).status();
        assert!(sent.unwrap().success());
    }
}
