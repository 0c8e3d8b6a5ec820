//! `wubbo call`: one call from the command line.

use std::time::Duration;

use anyhow::anyhow;
use serde_json::Value as Json;
use wubbo_core::ErrorKind;

use super::target::Target;
use super::{arguments, output};
use crate::contract::{CallError, CallOptions};
use crate::json;

/// Calls a method and prints its result as JSON.
///
/// Without --types the Java types of the arguments are inferred: text is java.lang.String, a whole number int or long, a fraction double,
/// true and false boolean, a list java.util.List, an object with "class" that class, another object java.util.Map.
///
/// Exit codes: 0 a result, 1 an exception or a failure (on standard error), 2 a wrong command line.
///
/// Example: wubbo call dubbo://127.0.0.1:20880/org.wubbo.demo.EchoService?version=1.0.0 getUser '"7"'
#[derive(Debug, clap::Args)]
#[command(disable_version_flag = true)]
pub(crate) struct Call {
    #[command(flatten)]
    target: Target,
    /// The method's Java name.
    method: String,
    /// The arguments, each as JSON, or @FILE for a file that holds it.
    #[arg(value_name = "JSON", allow_negative_numbers = true)]
    arguments: Vec<String>,
    /// The Java types of the arguments, such as java.lang.String,int,byte[].
    #[arg(long, value_delimiter = ',', value_name = "T1,T2")]
    types: Option<Vec<String>>,
    /// An attachment of the call; may be said several times.
    #[arg(long = "attach", value_name = "K=V", value_parser = pair)]
    attachments: Vec<(String, String)>,
    /// How long to wait, with its unit.
    #[arg(long, default_value = "3s", value_parser = super::duration)]
    timeout: Duration,
    /// Calls by $invoke, for a provider whose classes are not known here.
    #[arg(long)]
    generic: bool,
    /// Prints an exception or failure as JSON on standard error, too.
    #[arg(long)]
    json: bool,
}

pub(super) fn pair(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("expected KEY=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
}

impl Call {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        super::on_runtime(self.call())
    }

    async fn call(self) -> anyhow::Result<()> {
        let (types, values) = arguments::typed(&self.arguments, self.types.as_deref())?;

        let timeout = ("timeout", self.timeout.as_millis().to_string());
        let stub = self
            .target
            .stub(&[timeout, ("retries", "0".to_owned())])
            .await?;
        let mut options = CallOptions::new().timeout(self.timeout);
        for (key, value) in &self.attachments {
            options = options.attachment(key.clone(), value.clone());
        }
        let stub = stub.with(options);
        let names: Vec<&str> = types.iter().map(String::as_str).collect();
        let result = if self.generic {
            stub.generic_invoke(&self.method, Some(&names), values)
                .await
        } else {
            stub.invoke(&self.method, &names, values).await
        };
        match result {
            Ok(value) => {
                output::line(&json::to_json(&value).to_string());
                Ok(())
            }
            Err(error) => Err(self.explained(error, &types)),
        }
    }

    /// What failed, with everything that tells where: service, method, address and cause.
    fn explained(&self, error: CallError, types: &[String]) -> anyhow::Error {
        let what = format!("{}.{}", self.target.text(), self.method);
        if self.json {
            output::complain(&failure_json(&error).to_string());
        }
        match error {
            CallError::Exception(thrown) => {
                anyhow!(
                    "{what} threw {}: {}",
                    thrown.class(),
                    thrown.message().unwrap_or("(no message)")
                )
            }
            CallError::Framework(error) => {
                let hint = match error.kind() {
                    ErrorKind::BadRequest if self.types.is_none() => format!(
                        "\n  the arguments were taken for ({}); if the method has other parameter types, name them with --types",
                        types.join(", ")
                    ),
                    _ => String::new(),
                };
                anyhow!(
                    "{what} failed ({}): {}{hint}",
                    error.kind().name(),
                    error.report()
                )
            }
        }
    }
}

fn failure_json(error: &CallError) -> Json {
    match error {
        CallError::Exception(thrown) => serde_json::json!({
            "exception": thrown.class(),
            "message": thrown.message(),
            "value": json::to_json(thrown.value()),
        }),
        CallError::Framework(error) => serde_json::json!({
            "error": error.kind().name(),
            "status": error.kind().status().0,
            "message": error.report(),
        }),
    }
}
