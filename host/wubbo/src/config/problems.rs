//! What is wrong with a configuration, all of it.

use std::cell::RefCell;
use std::fmt;
use std::path::{Path, PathBuf};

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The key's path, such as `gateway.listen`.
    pub key: String,
    /// What is there; `None` when the key is missing. Shortened, and secrets are not resolved.
    pub value: Option<String>,
    /// What would be right.
    pub expected: String,
}

/// A configuration that cannot be used; `wubbo run` ends with exit code 64.
#[derive(Debug, thiserror::Error)]
pub struct ConfigError {
    file: PathBuf,
    problems: Vec<Problem>,
}

impl ConfigError {
    pub(super) fn unreadable(file: &Path, error: &std::io::Error) -> Self {
        let expected = format!("a readable file ({error})");
        Self {
            file: file.to_owned(),
            problems: vec![Problem {
                key: "file".into(),
                value: None,
                expected,
            }],
        }
    }

    pub(super) fn malformed(file: &Path, reason: String) -> Self {
        Self {
            file: file.to_owned(),
            problems: vec![Problem {
                key: "file".into(),
                value: None,
                expected: reason,
            }],
        }
    }

    /// Every problem, in the file's order of sections.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.problems.len();
        write!(
            f,
            "{}: {count} problem{} in the configuration",
            self.file.display(),
            if count == 1 { "" } else { "s" }
        )?;
        for problem in &self.problems {
            match &problem.value {
                Some(value) => write!(
                    f,
                    "\n  {}: {value} is not {}",
                    problem.key, problem.expected
                )?,
                None => write!(f, "\n  {}: expected {}", problem.key, problem.expected)?,
            }
        }
        Ok(())
    }
}

/// Collects problems while the tree is walked.
#[derive(Debug, Default)]
pub(super) struct Problems(RefCell<Vec<Problem>>);

impl Problems {
    pub(super) fn add(
        &self,
        key: String,
        value: Option<&serde_json::Value>,
        expected: impl Into<String>,
    ) {
        let value = value.map(|value| {
            let mut text = value.to_string();
            if text.chars().count() > 80 {
                text = text.chars().take(80).chain("...".chars()).collect();
            }
            text
        });
        self.0.borrow_mut().push(Problem {
            key,
            value,
            expected: expected.into(),
        });
    }

    pub(super) fn into_result<T>(self, file: &Path, value: T) -> Result<T, ConfigError> {
        let problems = self.0.into_inner();
        if problems.is_empty() {
            Ok(value)
        } else {
            Err(ConfigError {
                file: file.to_owned(),
                problems,
            })
        }
    }
}
