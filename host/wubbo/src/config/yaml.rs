//! The file as a tree, and `${env:NAME}` and `${file:PATH}` in its texts. The only place that reads the environment.

use std::path::Path;

use serde_json::Value;

use super::ConfigError;

/// Parses `text`; references stay unresolved, so that a report of problems cannot show a secret.
pub(super) fn tree(path: &Path, text: &str) -> Result<Value, ConfigError> {
    serde_saphyr::from_str(text)
        .map_err(|error| ConfigError::malformed(path, format!("YAML: {error}")))
}

/// `text` with its references to the environment and to files (relative to `base`) replaced.
pub(super) fn resolve(text: &str, base: &Path) -> Result<String, String> {
    let mut rest = text;
    let mut whole = String::new();
    while let Some((before, after)) = rest.split_once("${") {
        let (name, behind) = after
            .split_once('}')
            .ok_or_else(|| "a } after each ${".to_owned())?;
        whole.push_str(before);
        whole.push_str(&secret(name, base)?);
        rest = behind;
    }
    whole.push_str(rest);
    Ok(whole)
}

fn secret(name: &str, base: &Path) -> Result<String, String> {
    match name.split_once(':') {
        Some(("env", variable)) => std::env::var(variable)
            .map_err(|_| format!("the environment variable {variable} to be set")),
        Some(("file", file)) => std::fs::read_to_string(base.join(file))
            .map(|text| text.trim_end().to_owned())
            .map_err(|error| format!("a readable file {file} ({error})")),
        _ => Err("${env:NAME} or ${file:PATH}".to_owned()),
    }
}
