//! The arguments of a call as they are typed: JSON each, or a file that holds it.

use std::fs;

use anyhow::{Context, anyhow, bail};
use serde_json::Value as Json;
use wubbo_hessian2::Value;

use crate::json;

/// Reads each text as JSON; `@FILE` stands for what a file holds, since the system takes no word of more than 128 KiB.
pub(super) fn parse(texts: &[String]) -> anyhow::Result<Vec<Json>> {
    texts.iter().map(|text| one(text)).collect()
}

fn one(text: &str) -> anyhow::Result<Json> {
    let Some(file) = text.strip_prefix('@') else {
        return serde_json::from_str(text).with_context(|| {
            format!("the argument {text} is no JSON (text needs its own quotes: '\"text\"')")
        });
    };
    let held = fs::read_to_string(file).with_context(|| format!("the argument {text}"))?;
    serde_json::from_str(&held).with_context(|| format!("the file {file} is no JSON"))
}

/// As [`parse`], each as its Java type, which is inferred where none is given.
pub(super) fn typed(
    texts: &[String],
    types: Option<&[String]>,
) -> anyhow::Result<(Vec<String>, Vec<Value>)> {
    let arguments = parse(texts)?;
    let types: Vec<String> = match types {
        Some(types) if types.len() == arguments.len() => types.to_vec(),
        Some(types) => bail!(
            "--types names {} types, but there are {} arguments",
            types.len(),
            arguments.len()
        ),
        None => arguments.iter().map(json::infer).collect(),
    };
    let values = arguments
        .iter()
        .zip(&types)
        .map(|(argument, java)| json::to_value(argument, java));
    let values = values
        .collect::<Result<_, _>>()
        .map_err(|error| anyhow!("{error}"))?;
    Ok((types, values))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(words: &[&str]) -> Vec<String> {
        words.iter().copied().map(str::to_owned).collect()
    }

    #[test]
    fn words_and_files_are_arguments() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("user.json");
        fs::write(&path, "{\"name\": \"x\"}\n").unwrap();
        let file = format!("@{}", path.display());
        let parsed = parse(&texts(&["7", "\"@text\"", &file])).unwrap();
        assert_eq!(parsed[0], 7);
        assert_eq!(parsed[1], "@text");
        assert_eq!(parsed[2]["name"], "x");
    }

    #[test]
    fn what_is_none_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("half.json");
        fs::write(&path, "{").unwrap();
        let half = format!("@{}", path.display());
        for (word, named) in [
            ("hello", "the argument hello is no JSON (text needs"),
            ("@nowhere.json", "the argument @nowhere.json"),
            (half.as_str(), "half.json is no JSON"),
        ] {
            let error = parse(&texts(&[word])).unwrap_err();
            assert!(format!("{error:#}").contains(named), "{error:#}");
        }
    }

    #[test]
    fn types_are_given_or_inferred() {
        let (types, values) = typed(&texts(&["\"AQID\"", "7"]), None).unwrap();
        assert_eq!(types, ["java.lang.String", "int"]);
        assert_eq!(values[1], Value::Int(7));
        let given = texts(&["byte[]"]);
        let (_, values) = typed(&texts(&["\"AQID\""]), Some(&given)).unwrap();
        assert_eq!(values[0], Value::Binary(vec![1, 2, 3].into()));
        let error = typed(&texts(&["1", "2"]), Some(&given)).unwrap_err();
        let text = "--types names 1 types, but there are 2 arguments";
        assert_eq!(error.to_string(), text);
    }
}
