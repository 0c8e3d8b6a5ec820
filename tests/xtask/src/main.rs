//! `cargo xtask`: sets up what is missing and runs the project's tests, demo and benches.

mod codec;
mod fuzz;
mod plugins;
mod run;
mod scenarios;
mod setup;
mod test;

use std::process::ExitCode;

const HELP: &str = "\
cargo xtask <command>

  demo [--stay]   swap a filter while real Dubbo calls run through a gateway; --stay keeps everything up
  attach-demo     gateways in the path of unmodified Java consumers over a real ZooKeeper, and out of it
  scenarios       the outage scenarios on ZooKeeper and etcd, and tests/scenarios-report.md; scenarios full: at full length
  test            every check and test; what .ci/run calls
  full            the long forms of the scenarios (minutes to hours), and with nightly the fuzz targets
  fuzz            the fuzz targets alone, ten minutes each (WUBBO_FUZZ_SECONDS)
  bench [codec]   the figures of the README, each beside its goal; codec: Hessian's beside those of Java and Go alone
  plugins         build the first-party plugins to target/plugins/*.wasm
  fixtures <dir>  write the hostile guests as <dir>/*.wasm, to be dropped into the demo

example: cargo xtask demo --stay
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["demo", rest @ ..] if rest.iter().all(|word| *word == "--stay") => test::demo(rest),
        ["attach-demo"] => test::attach_demo(),
        ["scenarios"] => scenarios::report(false),
        ["scenarios", "full"] => scenarios::report(true),
        ["test"] => test::test(),
        ["full"] => test::full(),
        ["fuzz"] => fuzz::all(),
        ["bench"] => test::bench(),
        ["bench", "codec"] => codec::table(),
        ["plugins"] => setup::wasm_target().and_then(|()| plugins::build()),
        ["fixtures", folder] => test::fixtures(folder),
        ["help" | "--help" | "-h"] | [] => {
            run::say(HELP);
            return if words.is_empty() {
                ExitCode::from(2)
            } else {
                ExitCode::SUCCESS
            };
        }
        other => {
            run::say(&format!(
                "xtask: no such command: {}\n\n{HELP}",
                other.join(" ")
            ));
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            run::say(&format!("xtask: {error}\n"));
            ExitCode::FAILURE
        }
    }
}
