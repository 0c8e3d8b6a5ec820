//! Bounds of a decoder and the sizes of a stream's tables.
//!
//! The format has no limits of its own: one byte nests one level, five bytes claim a list of two billion elements, two
//! bytes repeat a value of any size. Every bound here is checked before memory is taken.

/// Bounds that a [`Decoder`](crate::Decoder) keeps. All count per decoder, that is per Dubbo body.
///
/// Lengths need no bound of their own: a claimed length above the remaining input is refused (each element has at
/// least one byte), and memory grows with what was read, never with what was claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Nesting of lists, maps and objects. Default 256. Reading recurses up to this depth: a larger value wants a
    /// larger stack.
    pub depth: u32,
    /// Values read or skipped, each repetition through a reference included; 32 bytes that are copied again (behind a
    /// reference, or a class's names per object) count as one more. Default 2,097,152.
    pub values: u32,
    /// Slots: lists, maps and objects, which references can name. Each takes a table entry of 24 bytes. Default 1,048,576.
    pub refs: u32,
    /// Class definitions. Default 10,000.
    pub classes: u32,
    /// Field names in all class definitions together. Default 100,000.
    pub fields: u32,
    /// Literal type names of lists and maps. Default 10,000.
    pub types: u32,
    /// What to do with strings that are not well formed. Default [`Text::Lossy`].
    pub text: Text,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            depth: 256,
            values: 1 << 21,
            refs: 1 << 20,
            classes: 10_000,
            fields: 100_000,
            types: 10_000,
            text: Text::Lossy,
        }
    }
}

/// Policy for strings. A Java string is a sequence of UTF-16 units, so a lone surrogate is legal there and can not be
/// a Rust `str`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Text {
    /// A lone surrogate becomes U+FFFD, and [`Decoder::lossy`](crate::Decoder::lossy) says so from then on.
    #[default]
    Lossy,
    /// A lone surrogate is an error.
    Strict,
    /// As `Lossy`, and a 4-byte UTF-8 sequence (which hessian-lite refuses) counts as two units.
    Lenient,
}

/// Sizes of the three tables of a stream at some position: how many entries came before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tables {
    /// Slots: lists, maps and objects, in the order in which they start.
    pub refs: u32,
    /// Class definitions.
    pub classes: u32,
    /// Literal type names; equal ones count each time.
    pub types: u32,
}
