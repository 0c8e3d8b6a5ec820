//! What defines a generation: a module, and what the operator says about it.

use crate::digest::sha256;

/// What the operator says about a plugin, and where.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Given {
    /// Nothing: the manifest's defaults.
    Nothing,
    /// The YAML beside the module.
    Yaml(Vec<u8>),
    /// The host's own configuration of the identity.
    Host(serde_json::Value),
}

impl Given {
    /// The text as it is hashed and kept.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Nothing => Vec::new(),
            Self::Yaml(bytes) => bytes.clone(),
            Self::Host(tree) => tree.to_string().into_bytes(),
        }
    }

    fn mark(&self) -> u8 {
        match self {
            Self::Nothing => 0,
            Self::Yaml(_) => 1,
            Self::Host(_) => 2,
        }
    }
}

/// The digest of a generation: the same digest is the same plugin. `module` is the module's SHA-256.
pub(crate) fn digest(module: &[u8; 32], given: &Given) -> [u8; 32] {
    let settings = sha256(&[&[given.mark()], &given.bytes()]);
    sha256(&[module, &settings])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_said_elsewhere_or_otherwise_is_another_generation() {
        let tree = serde_json::json!({ "order": 1 });
        let all = [
            Given::Nothing,
            Given::Yaml(Vec::new()),
            Given::Yaml(b"{\"order\":1}".to_vec()),
            Given::Host(tree),
            Given::Host(serde_json::Value::Null),
        ];
        let mut digests: Vec<_> = all
            .iter()
            .flat_map(|given| [digest(&[1; 32], given), digest(&[2; 32], given)])
            .collect();
        digests.sort();
        digests.dedup();
        assert_eq!(digests.len(), 2 * all.len());
    }
}
