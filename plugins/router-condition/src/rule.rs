//! A rule's text: the YAML that Dubbo 2.7 to 3.3 keep under `<key>.condition-router`.

use crate::expression::{Pair, Text, WORDS_MAX};
use crate::pattern::Part;
use crate::source::Source;
use wubbo_plugin_sdk::{Error, Result, Scope, service_key, yaml::Node};

/// A rule has at most so many conditions.
const CONDITIONS_MAX: usize = 1000;
/// What a destination weighs that gives no weight.
const WEIGHT: u32 = 100;
/// Ends every key of a rule of this router.
pub(crate) const SUFFIX: &str = ".condition-router";

/// Whose calls a rule is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    Application(String),
    /// `[group/]interface[:version]`, version `0.0.0` left out.
    Service(String),
}

/// A rule that is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rule {
    pub(crate) group: String,
    pub(crate) key: String,
    pub(crate) target: Target,
    pub(crate) priority: i64,
    /// None if the rule is switched off.
    pub(crate) conditions: Vec<Condition>,
}

/// One condition: for whom it is, and where their calls go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Condition {
    /// For `wubbo explain`.
    pub(crate) text: String,
    pub(crate) when: Vec<(Source, Pair)>,
    /// None: nowhere, the callers are on a black list.
    pub(crate) to: Vec<Destination>,
    /// Whether nobody gets the call when no provider fits; else all do.
    pub(crate) force: bool,
    priority: i64,
}

/// A part of the providers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Destination {
    /// Empty: all of them.
    pub(crate) pairs: Vec<Pair>,
    pub(crate) weight: u32,
}

impl Rule {
    /// `None`: the key is not one of this router's.
    pub(crate) fn target(scope: Scope, key: &str) -> Option<Target> {
        let name = key.strip_suffix(SUFFIX)?;
        Some(match scope {
            Scope::Application => Target::Application(name.to_owned()),
            Scope::Service => Target::Service(service_key(name)),
        })
    }

    pub(crate) fn read(group: &str, key: &str, target: Target, text: &str) -> Result<Self> {
        let root = Node::parse(text)?;
        let header = Header::read(&root)?;
        let list = root.get("conditions")?;
        let nodes = list.map_or(Ok(&[][..]), Node::list)?;
        if nodes.is_empty() {
            let place = list.unwrap_or(&root);
            return Err(place.error("a condition rule needs at least one entry under conditions"));
        }
        if let Some(node) = nodes.get(CONDITIONS_MAX) {
            return Err(node.error(format!("more than {CONDITIONS_MAX} conditions in one rule")));
        }
        let mut words_left = WORDS_MAX;
        let conditions = nodes
            .iter()
            .map(|node| Condition::read(node, &header, &mut words_left));
        let mut conditions = conditions.collect::<Result<Vec<_>>>()?;
        conditions.sort_by_key(|condition| condition.priority);
        if !header.enabled {
            conditions.clear();
        }
        Ok(Self {
            group: group.to_owned(),
            key: key.to_owned(),
            target,
            priority: header.priority,
            conditions,
        })
    }
}

struct Header {
    force: bool,
    enabled: bool,
    priority: i64,
}

impl Header {
    fn read(root: &Node) -> Result<Self> {
        for known in ["runtime", "dynamic"] {
            switch(root, known, false)?;
        }
        for known in ["scope", "key", "configVersion"] {
            root.get(known)?.map(Node::text).transpose()?;
        }
        Ok(Self {
            force: switch(root, "force", false)?,
            enabled: switch(root, "enabled", true)?,
            priority: priority(root)?,
        })
    }
}

impl Condition {
    fn read(node: &Node, header: &Header, words_left: &mut usize) -> Result<Self> {
        match node.entries() {
            Ok([]) | Err(_) => Self::read_text(node, header, words_left),
            Ok(_) => Self::read_destinations(node, header, words_left),
        }
    }

    /// `<when> => <then>`.
    fn read_text(node: &Node, header: &Header, words_left: &mut usize) -> Result<Self> {
        if node.text()?.trim().is_empty() {
            return Err(node.error(
                "an empty condition; write what it is about, such as host = 10.* => region = hz",
            ));
        }
        let text = Text::new(node)?;
        let (when, then) = text.parts();
        let when = match when.is("true") {
            true => Vec::new(),
            false => sources(&text, when.pairs(words_left)?)?,
        };
        let to = match then.is("false") {
            true => Vec::new(),
            false => vec![Destination {
                pairs: then.pairs(words_left)?,
                weight: WEIGHT,
            }],
        };
        Ok(Self {
            text: node.text()?.trim().to_owned(),
            when,
            to,
            force: header.force,
            priority: 0,
        })
    }

    /// Version 3.1: `from: {match}`, `to: [{match, weight}]`.
    fn read_destinations(node: &Node, header: &Header, words_left: &mut usize) -> Result<Self> {
        if let Some(ratio) = node.get("ratio")?.filter(|ratio| ratio.number() != Ok(0)) {
            return Err(ratio.error("ratio is not known here; leave it out"));
        }
        let from = node
            .get("from")?
            .map(|from| from.get("match"))
            .transpose()?
            .flatten();
        let mut when = Vec::new();
        if let Some(from) = from {
            let text = Text::new(from)?;
            let side = text.whole(Part::When);
            if !side.is("true") {
                when = sources(&text, side.pairs(words_left)?)?;
            }
        }
        let mut to = Vec::new();
        let off = switch(node, "trafficDisable", false)? || switch(node, "disable", false)?;
        for destination in node
            .get("to")?
            .map_or(Ok(&[][..]), Node::list)?
            .iter()
            .filter(|_| !off)
        {
            to.push(Destination::read(destination, words_left)?);
        }
        let from = from.map_or(Ok(""), Node::text)?.trim();
        Ok(Self {
            text: format!("from {}", if from.is_empty() { "all" } else { from }),
            when,
            to,
            force: header.force || switch(node, "force", false)?,
            priority: priority(node)?,
        })
    }
}

impl Destination {
    fn read(node: &Node, words_left: &mut usize) -> Result<Self> {
        let weight = node.get("weight")?;
        let weight = weight.map(|weight| match weight.number()? {
            number @ 0..=2_147_483_647 => Ok(u32::try_from(number).unwrap_or(WEIGHT)),
            _ => Err(weight.error("a weight is 0 to 2147483647")),
        });
        let pairs = match node.get("match")?.map(Text::new).transpose()? {
            Some(text) if !text.whole(Part::Then).is("") => {
                text.whole(Part::Then).pairs(words_left)?
            }
            _ => Vec::new(),
        };
        Ok(Self {
            pairs,
            weight: weight.transpose()?.unwrap_or(WEIGHT),
        })
    }
}

fn sources(text: &Text<'_>, pairs: Vec<Pair>) -> Result<Vec<(Source, Pair)>> {
    let source = |pair: Pair| match Source::of(&pair.key) {
        Some(source) => Ok((source, pair)),
        None => Err(wrong_key(text, &pair.key)),
    };
    pairs.into_iter().map(source).collect()
}

fn wrong_key(text: &Text<'_>, key: &str) -> Error {
    let message = format!("{key} is neither arguments[<number>] nor attachments[<name>]");
    text.error(0, message)
}

fn switch(node: &Node, key: &str, absent: bool) -> Result<bool> {
    node.get(key)?.map_or(Ok(absent), Node::switch)
}

fn priority(node: &Node) -> Result<i64> {
    node.get("priority")?.map_or(Ok(0), Node::number)
}
