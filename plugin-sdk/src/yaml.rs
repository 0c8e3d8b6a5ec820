//! Rules as operators write them: YAML, read into nodes that know their line and column.
//!
//! For policies whose rules come as text ([`crate::Rule`]). A typed reader would lose the places, and a rule is refused with its place.
//! What a rule does not need is refused by name, so that reading takes time and memory in proportion to the text:
//! aliases, more than one document, keys that are not text.

use crate::error::{Error, Result};
use granit_parser::{Event, Marker, Parser, ScalarStyle, Span};

/// A document has at most so many nodes.
pub const NODES_MAX: usize = 1 << 16;
/// Nodes lie at most so deep.
pub const DEPTH_MAX: usize = 64;

/// A value of a document and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    line: u32,
    column: u32,
    content: Content,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Content {
    Null,
    /// `lead`: columns between the place and the text, if the text stands in the document as it is.
    Text {
        text: String,
        lead: Option<u8>,
    },
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

impl Node {
    /// Reads a document; an empty one is a node without entries.
    ///
    /// # Errors
    /// It is not YAML, or has what this module refuses; with the place.
    pub fn parse(text: &str) -> Result<Self> {
        let options = granit_parser::options! { emit_comments: false };
        let mut reader = Reader {
            events: Parser::new_from_iter_with_options(text.chars(), options),
            nodes: 0,
        };
        let mut root = None;
        loop {
            let (event, span) = reader.next()?;
            match event {
                Event::StreamEnd => break,
                Event::StreamStart | Event::DocumentStart(..) | Event::DocumentEnd => {}
                _ if root.is_some() => {
                    return Err(at(
                        span.start,
                        "a rule is one document; this is a second one",
                    ));
                }
                event => root = Some(reader.node(event, span, 0)?),
            }
        }
        Ok(root.unwrap_or(Self {
            line: 1,
            column: 1,
            content: Content::Null,
        }))
    }

    /// An error that points here.
    #[must_use]
    pub fn error(&self, message: impl Into<String>) -> Error {
        Error::new(message.into()).at(self.line, self.column)
    }

    /// An error that points at a byte of this text, or at its beginning where the text is folded or escaped.
    #[must_use]
    pub fn error_at(&self, offset: usize, message: impl Into<String>) -> Error {
        let inside = match &self.content {
            Content::Text {
                text,
                lead: Some(lead),
            } => {
                let before = text
                    .get(..offset)
                    .map_or(0, |before| before.chars().count());
                number(before).saturating_add(u32::from(*lead))
            }
            _ => 0,
        };
        Error::new(message.into()).at(self.line, self.column.saturating_add(inside))
    }

    /// Whether it is an empty value.
    #[must_use]
    pub const fn is_null(&self) -> bool {
        matches!(self.content, Content::Null)
    }

    /// The value under a key; `None`: there is none, or an empty one.
    ///
    /// # Errors
    /// This is no mapping.
    pub fn get(&self, key: &str) -> Result<Option<&Self>> {
        let found = self.entries()?.iter().find(|(name, _)| name == key);
        Ok(found.map(|(_, node)| node).filter(|node| !node.is_null()))
    }

    /// The pairs of a mapping, in the order of the text; none of an empty value.
    ///
    /// # Errors
    /// This is no mapping.
    pub fn entries(&self) -> Result<&[(String, Self)]> {
        match &self.content {
            Content::Map(entries) => Ok(entries),
            Content::Null => Ok(&[]),
            _ => Err(self.expected("a mapping of keys to values")),
        }
    }

    /// The elements of a list; none of an empty value.
    ///
    /// # Errors
    /// This is no list.
    pub fn list(&self) -> Result<&[Self]> {
        match &self.content {
            Content::List(elements) => Ok(elements),
            Content::Null => Ok(&[]),
            _ => Err(self.expected("a list")),
        }
    }

    /// The text; numbers and switches as they are written, an empty value as empty text.
    ///
    /// # Errors
    /// This is a mapping or a list.
    pub fn text(&self) -> Result<&str> {
        match &self.content {
            Content::Text { text, .. } => Ok(text),
            Content::Null => Ok(""),
            _ => Err(self.expected("a text")),
        }
    }

    /// A switch, in any of the words that Dubbo's readers take: `true yes on y`, `false no off n`, in lower, upper or title case.
    ///
    /// # Errors
    /// This is none of them.
    pub fn switch(&self) -> Result<bool> {
        match self.text()? {
            "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" | "y" | "Y" => {
                Ok(true)
            }
            "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" | "n"
            | "N" => Ok(false),
            _ => Err(self.expected("true or false")),
        }
    }

    /// A whole number.
    ///
    /// # Errors
    /// This is none of 64 bits.
    pub fn number(&self) -> Result<i64> {
        let text = self.text()?;
        text.parse().map_err(|_| self.expected("a whole number"))
    }

    fn expected(&self, what: &str) -> Error {
        let found = match &self.content {
            Content::Null => "nothing",
            Content::Text { text, .. } => text.get(..text.len().min(40)).unwrap_or("a text"),
            Content::List(_) => "a list",
            Content::Map(_) => "a mapping",
        };
        self.error(["expected ", what, ", found ", found].concat())
    }
}

struct Reader<'t> {
    events: Parser<'static, granit_parser::BufferedInput<std::str::Chars<'t>>>,
    nodes: usize,
}

impl Reader<'_> {
    fn next(&mut self) -> Result<(Event<'static>, Span)> {
        match self.events.next() {
            Some(Ok(next)) => Ok(next),
            Some(Err(error)) => Err(at(*error.marker(), &error.info())),
            None => Err(Error::new("the text ends in the middle of a value")),
        }
    }

    fn node(&mut self, event: Event<'static>, span: Span, depth: usize) -> Result<Node> {
        self.nodes += 1;
        if self.nodes > NODES_MAX {
            return Err(at(span.start, "more than 65536 values in one rule"));
        }
        if depth > DEPTH_MAX {
            return Err(at(span.start, "values lie more than 64 levels deep"));
        }
        let content = match event {
            Event::Scalar(text, style, ..) => scalar(text.into_owned(), style, span),
            Event::SequenceStart(..) => self.list(depth)?,
            Event::MappingStart(..) => self.map(depth)?,
            _ => {
                let message = "aliases are not read in a rule; write the value out";
                return Err(at(span.start, message));
            }
        };
        Ok(Node {
            line: number(span.start.line()),
            column: number(span.start.col() + 1),
            content,
        })
    }

    fn list(&mut self, depth: usize) -> Result<Content> {
        let mut elements = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(Content::List(elements)),
                (event, span) => elements.push(self.node(event, span, depth + 1)?),
            }
        }
    }

    fn map(&mut self, depth: usize) -> Result<Content> {
        let mut entries = Vec::new();
        // Few keys are compared one by one; a set keeps many from taking a time that grows with their square.
        let mut seen = std::collections::BTreeSet::new();
        loop {
            let (event, span) = self.next()?;
            let key = match event {
                Event::MappingEnd => return Ok(Content::Map(entries)),
                Event::Scalar(key, ..) => key.into_owned(),
                _ => return Err(at(span.start, "a key is a text")),
            };
            if !seen.insert(key.clone()) {
                return Err(at(
                    span.start,
                    &["the key ", &key, " is there twice"].concat(),
                ));
            }
            let (event, span) = self.next()?;
            entries.push((key, self.node(event, span, depth + 1)?));
        }
    }
}

fn scalar(text: String, style: ScalarStyle, span: Span) -> Content {
    let plain = matches!(style, ScalarStyle::Plain);
    if plain && matches!(&*text, "" | "~" | "null" | "Null" | "NULL") {
        return Content::Null;
    }
    let lead = match style {
        ScalarStyle::Plain => Some(0),
        ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => Some(1),
        _ => None,
    };
    let lead = lead.filter(|lead| {
        let length = text.chars().count() + 2 * usize::from(*lead);
        span.start.line() == span.end.line() && span.start.col() + length == span.end.col()
    });
    Content::Text { text, lead }
}

fn at(place: Marker, message: &str) -> Error {
    Error::new(message.to_owned()).at(number(place.line()), number(place.col() + 1))
}

fn number(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
