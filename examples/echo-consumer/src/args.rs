//! The command line. It is fixed: scripts and tests of others rely on it.

use clap::Parser;
use wubbo::core::Url;

use crate::cases;

/// Calls org.wubbo.demo.EchoService 1.0.0 and checks every answer.
///
/// Prints `PASS <case>` or `FAIL <case> <why>` per case and at the end `passed=N failed=M`.
/// Exits with 1 when a case failed.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Example: echo-consumer --url dubbo://127.0.0.1:20880 --case getUser"
)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) target: Target,

    /// `all`, a method such as `getUser` or `$invoke`, or one case such as `getUser/emoji`.
    #[arg(long, value_name = "CASE", value_parser = case, default_value = "all")]
    pub(crate) case: String,

    /// How often each case runs; it passes when every run does.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) count: u32,

    /// One JSON object per line instead.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Where the service is: one of the two.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Target {
    /// The provider's address, such as dubbo://127.0.0.1:20880; several are separated by `;`.
    #[arg(long, value_name = "URL", value_parser = urls)]
    pub(crate) url: Option<String>,

    /// The registry that knows the providers, such as file:./registry.
    #[arg(long, value_name = "URL")]
    pub(crate) registry: Option<String>,
}

/// Keeps the text: the client reads it once more, but a mistake should be a wrong command line.
fn urls(text: &str) -> Result<String, String> {
    for url in text.split(';') {
        let url = Url::parse(url).map_err(|error| error.to_string())?;
        if url.protocol() != "dubbo" || url.host().is_empty() {
            return Err("an address is wanted such as dubbo://127.0.0.1:20880".to_owned());
        }
    }
    Ok(text.to_owned())
}

fn case(text: &str) -> Result<String, String> {
    let cases = cases::all();
    if cases.iter().any(|case| case.is_selected_by(text)) {
        return Ok(text.to_owned());
    }
    let mut known = vec!["all"];
    for case in &cases {
        if !known.contains(&case.method()) {
            known.push(case.method());
        }
    }
    Err(format!("there is: {}", known.join(", ")))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn one_target_and_a_known_case_are_wanted() {
        Args::command().debug_assert();
        let url = "--url=dubbo://127.0.0.1:20880";
        for (arguments, right) in [
            (vec![url], true),
            (vec!["--registry=file:./registry"], true),
            (vec!["--url=dubbo://127.0.0.1:1;dubbo://127.0.0.1:2"], true),
            (vec![url, "--case=getUser"], true),
            (vec![url, "--case=getUser/emoji", "--json"], true),
            (vec![url, "--case=$invoke", "--count=3"], true),
            (vec![], false),
            (vec![url, "--registry=file:./registry"], false),
            (vec!["--url=nonsense"], false),
            (vec!["--url=tri://127.0.0.1:1"], false),
            (vec![url, "--case=getuser"], false),
            (vec![url, "--count=0"], false),
        ] {
            let parsed = Args::try_parse_from([&["echo-consumer"], &arguments[..]].concat());
            match parsed {
                Ok(_) => assert!(right, "{arguments:?}"),
                Err(error) => assert_eq!((right, error.exit_code()), (false, 2), "{arguments:?}"),
            }
        }
    }
}
