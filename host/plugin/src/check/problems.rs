//! Everything that is wrong with a module at once: an author mends all of it in one go, where a host stops at the first.

use wasmparser::Validator;
use wubbo_plugin_sdk::Manifest;
use wubbo_plugin_sdk::abi::{limits, names};

use super::{Checked, Found, bad, features};
use crate::anatomy::{Anatomy, magic};
use crate::error::PluginError;

impl Checked {
    /// Every reason for which a host refuses this file before it compiles it, each in words that name the remedy; empty when there is
    /// none. A file that cannot be read to its end has that one reason.
    #[must_use]
    pub fn problems(bytes: &[u8]) -> Vec<PluginError> {
        let mut problems = Vec::new();
        if bytes.len() > limits::MODULE_MAX {
            problems.push(bad(format!(
                "has {} bytes, at most {} unless the operator allows more; build it with the profile `plugin`",
                bytes.len(),
                limits::MODULE_MAX
            )));
        }
        match magic(bytes).and_then(|()| Found::read(bytes)) {
            Ok(found) => problems.extend(inside(&found, bytes)),
            Err(error) => problems.push(error),
        }
        if problems.is_empty() {
            problems.extend(Self::new(bytes).err());
        }
        problems
    }
}

fn inside(found: &Found<'_>, bytes: &[u8]) -> Vec<PluginError> {
    let mut problems = Vec::new();
    match found.manifest.map(Manifest::parse) {
        None => problems.push(bad(format!(
            "has no section `{}`: it is no wubbo plugin; put #[wubbo_plugin(..)] on the impl of its policy",
            names::SECTION_PLUGIN
        ))),
        Some(Err(error)) => problems.push(bad(error.to_string())),
        Some(Ok(manifest)) => problems.extend(found.check_exports(&manifest).err()),
    }
    problems.extend(found.check_imports().err());
    problems.extend(found.check_memory().err());
    problems.extend(schema(bytes));
    let valid = Validator::new_with_features(features()).validate_all(bytes);
    if let Err(error) = valid {
        problems.push(bad(format!(
            "is not a valid module of the allowed features: {error}"
        )));
    }
    problems
}

/// What is wrong with the section `wubbo.schema`, which is optional.
fn schema(bytes: &[u8]) -> Vec<PluginError> {
    let Ok(anatomy) = Anatomy::read(bytes) else {
        return Vec::new();
    };
    let mut problems = Vec::new();
    let sections = anatomy.sections.iter();
    let schemas: Vec<_> = sections
        .filter(|section| section.name == names::SECTION_SCHEMA)
        .collect();
    if schemas.len() > 1 {
        problems.push(bad(format!(
            "has {} sections `{}`, at most one",
            schemas.len(),
            names::SECTION_SCHEMA
        )));
    }
    for section in schemas {
        if section.bytes > limits::SCHEMA_MAX {
            problems.push(bad(format!(
                "section `{}` has {} bytes, at most {}",
                names::SECTION_SCHEMA,
                section.bytes,
                limits::SCHEMA_MAX
            )));
        }
    }
    if let Some(error) = anatomy.schema_error {
        problems.push(bad(format!("section `{}` {error}", names::SECTION_SCHEMA)));
    }
    problems
}

#[cfg(test)]
mod tests;
