//! A rule's text: the YAML that Dubbo 2.7 to 3.3 keep under `<application of the providers>.tag-router`.

use wubbo_plugin_sdk::abi::limits::KEY_MAX;
use wubbo_plugin_sdk::{Addresses, Result, yaml::Node};

/// Ends every key of a rule of this router.
pub(crate) const SUFFIX: &str = ".tag-router";
/// A rule names at most so many tags, and tests of parameters in all.
const TAGS_MAX: usize = 1000;
/// A rule names at most so many addresses in all.
const ADDRESSES_MAX: usize = 10_000;
/// Of which so many may be patterns: what bounds the time that indexing takes.
const PATTERNS_MAX: usize = 1000;

/// A rule that is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rule {
    pub(crate) application: String,
    /// Whether nobody gets a call for a tag whose providers are all gone.
    pub(crate) force: bool,
    pub(crate) enabled: bool,
    pub(crate) tags: Vec<Tag>,
}

/// A tag that the rule gives to providers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tag {
    pub(crate) name: String,
    pub(crate) addresses: Addresses,
    /// All must hold; used when there are no addresses.
    pub(crate) params: Vec<Param>,
}

/// What a parameter of a provider must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Param {
    pub(crate) key: String,
    test: Test,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Test {
    Exact(String),
    Prefix(String),
    Ends(String, String),
    Empty,
    NotEmpty,
}

impl Param {
    pub(crate) fn holds(&self, value: Option<&str>) -> bool {
        let value = value.unwrap_or_default();
        match &self.test {
            Test::Exact(text) => value == text,
            Test::Prefix(text) => value.starts_with(text.as_str()),
            Test::Ends(begin, end) => {
                value.len() >= begin.len() + end.len()
                    && value.starts_with(begin.as_str())
                    && value.ends_with(end.as_str())
            }
            Test::Empty => value.is_empty(),
            Test::NotEmpty => !value.is_empty(),
        }
    }

    fn read(node: &Node) -> Result<Self> {
        let key = node
            .get("key")?
            .ok_or_else(|| node.error("a match needs a key"))?;
        let value = node
            .get("value")?
            .ok_or_else(|| node.error("a match needs a value, such as { exact: gray }"))?;
        let [(kind, text)] = value.entries()? else {
            return Err(value.error("a value is one of exact, prefix, wildcard, empty, noempty"));
        };
        if key.text()?.len() > KEY_MAX {
            return Err(key.error(format!("a key has at most {KEY_MAX} bytes")));
        }
        let text = text.text()?;
        let test = match kind.as_str() {
            "exact" => Test::Exact(text.to_owned()),
            "prefix" => Test::Prefix(text.to_owned()),
            "wildcard" => match text.split_once('*') {
                Some((begin, end)) if !end.contains('*') => {
                    Test::Ends(begin.to_owned(), end.to_owned())
                }
                Some(_) => return Err(value.error("a wildcard has one *")),
                None => Test::Exact(text.to_owned()),
            },
            "empty" => Test::Empty,
            "noempty" => Test::NotEmpty,
            _ => {
                return Err(value.error(format!(
                    "{kind} is not one of exact, prefix, wildcard, empty, noempty"
                )));
            }
        };
        Ok(Self {
            key: key.text()?.to_owned(),
            test,
        })
    }
}

impl Rule {
    pub(crate) fn read(application: &str, text: &str) -> Result<Self> {
        let root = Node::parse(text)?;
        let switch = |key: &str, absent| root.get(key)?.map_or(Ok(absent), Node::switch);
        for known in ["runtime", "dynamic"] {
            switch(known, false)?;
        }
        let list = root.get("tags")?;
        let nodes = list.map_or(Ok(&[][..]), Node::list)?;
        if nodes.is_empty() {
            let place = list.unwrap_or(&root);
            return Err(place.error("a tag rule needs at least one entry under tags"));
        }
        let (mut addresses, mut patterns, mut tests) = (0, 0, 0);
        let mut tags = Vec::new();
        for node in nodes {
            let tag = Tag::read(node, &mut addresses)?;
            patterns += tag.addresses.patterns();
            tests += tag.params.len();
            if tags.len() == TAGS_MAX || patterns > PATTERNS_MAX || tests > TAGS_MAX {
                let message = format!(
                    "a rule has at most {TAGS_MAX} tags, {PATTERNS_MAX} address patterns and {TAGS_MAX} matches"
                );
                return Err(node.error(message));
            }
            tags.push(tag);
        }
        Ok(Self {
            application: application.to_owned(),
            force: switch("force", false)?,
            enabled: switch("enabled", true)?,
            tags,
        })
    }
}

impl Tag {
    fn read(node: &Node, count: &mut usize) -> Result<Self> {
        let name = node.get("name")?.map(Node::text).transpose()?;
        let name = name
            .filter(|name| !name.is_empty())
            .ok_or_else(|| node.error("a tag needs a name"))?;
        let mut addresses = Addresses::default();
        for address in node.get("addresses")?.map_or(Ok(&[][..]), Node::list)? {
            *count += 1;
            if *count > ADDRESSES_MAX {
                return Err(
                    address.error(format!("more than {ADDRESSES_MAX} addresses in one rule"))
                );
            }
            if !addresses.add(address.text()?) {
                return Err(address.error("an address is a host, a network such as 10.1.0.0/16 or a pattern such as 10.1.*, and may have a port"));
            }
        }
        let params = node.get("match")?.map_or(Ok(&[][..]), Node::list)?;
        Ok(Self {
            name: name.to_owned(),
            addresses,
            params: params.iter().map(Param::read).collect::<Result<_>>()?,
        })
    }
}
