//! The command line. It is fixed: scripts and tests of others rely on it.

use std::path::PathBuf;

use clap::Parser;
use wubbo::core::Url;

/// Serves org.wubbo.demo.EchoService 1.0.0.
///
/// Prints `READY <listen url>` per listener once it is served and announced.
/// SIGTERM or SIGINT: takes its entries back, lets calls in flight end, exits with 0.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Example: echo-provider --listen dubbo://127.0.0.1:20880 --registry file:./registry --name p1"
)]
pub(crate) struct Args {
    /// Where to listen; port 0 is any. Parameters apply to the service: dubbo://127.0.0.1:20880?token=secret. Repeatable.
    #[arg(long, value_name = "URL", value_parser = url, default_value = "dubbo://127.0.0.1:20880")]
    pub(crate) listen: Vec<String>,

    /// Where to announce the service, such as file:./registry. Repeatable; without it, consumers need our address.
    #[arg(long, value_name = "URL")]
    pub(crate) registry: Vec<String>,

    /// Where override rules are followed, such as file:./rules; one that changes the service's URL is announced.
    #[arg(long, value_name = "URL")]
    pub(crate) config_center: Option<String>,

    /// What `whoami` answers, so that a test sees which provider served it.
    #[arg(long, default_value = "wubbo")]
    pub(crate) name: String,

    /// Directory of wasm plugins, watched while we run. Without it, the linked policies alone.
    #[arg(long, value_name = "DIR")]
    pub(crate) plugins: Option<PathBuf>,

    /// Worker threads. Default: one per core.
    #[arg(long, value_name = "N", value_parser = threads)]
    pub(crate) threads: Option<usize>,
}

/// Keeps the text: the server reads it once more, but a mistake should be a wrong command line.
fn url(text: &str) -> Result<String, String> {
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    match (url.protocol(), url.host()) {
        ("dubbo", host) if !host.is_empty() => Ok(text.to_owned()),
        ("dubbo", _) => Err("it names no host, such as dubbo://127.0.0.1:20880".to_owned()),
        (other, _) => Err(format!("the protocol {other:?} is not served, dubbo is")),
    }
}

fn threads(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number @ 1..=1024) => Ok(number),
        _ => Err("a number from 1 to 1024 is wanted".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_as_documented() {
        Args::command().debug_assert();
        let args = Args::try_parse_from(["echo-provider"]).unwrap();
        assert_eq!(args.listen, ["dubbo://127.0.0.1:20880"]);
        let args = Args::try_parse_from([
            "echo-provider",
            "--listen",
            "dubbo://127.0.0.1:1?token=t",
            "--listen",
            "dubbo://[::1]:0",
        ]);
        assert_eq!(
            args.unwrap().listen,
            ["dubbo://127.0.0.1:1?token=t", "dubbo://[::1]:0"]
        );
    }

    #[test]
    fn a_mistake_is_a_wrong_command_line() {
        for wrong in [
            ["--listen", "nonsense"],
            ["--listen", "dubbo://"],
            ["--listen", "tri://127.0.0.1:50051"],
            ["--listen", "dubbo://127.0.0.1:65536"],
            ["--threads", "0"],
            ["--threads", "many"],
        ] {
            let error = Args::try_parse_from([&["echo-provider"], &wrong[..]].concat());
            assert_eq!(error.unwrap_err().exit_code(), 2, "{wrong:?}");
        }
    }
}
