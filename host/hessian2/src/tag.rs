//! The byte table of Hessian 2.0: what the first byte of a value says.

/// Kind of a value, as [`Decoder::kind`](crate::Decoder::kind) sees it without reading the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `4e`.
    Null,
    /// `46` or `54`.
    Bool,
    /// 32-bit integer.
    Int,
    /// 64-bit integer.
    Long,
    /// Double, in any of its forms.
    Double,
    /// Date, in milliseconds or minutes.
    Date,
    /// String, chunked or not.
    String,
    /// Binary, chunked or not.
    Binary,
    /// List or array, typed or not.
    List,
    /// Map, typed or not.
    Map,
    /// Object, with or without a class definition in front.
    Object,
    /// Reference to an earlier list, map or object.
    Ref,
}

/// Coarse meaning of a first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lead {
    Value(Kind),
    /// `43`: a class definition, followed by a value.
    Class,
    /// `5a`: the end of a map or of a list of unknown length.
    End,
    Reserved,
}

/// [`classify`] of each byte.
static LEADS: [Lead; 256] = {
    let mut leads = [Lead::Reserved; 256];
    let mut tag = 0;
    while tag < leads.len() {
        #[allow(clippy::cast_possible_truncation, reason = "below 256")]
        let byte = tag as u8;
        leads[tag] = classify(byte);
        tag += 1;
    }
    leads
};

/// Classifies a first byte. A table, as this is asked once per value.
#[inline]
pub(crate) fn lead(tag: u8) -> Lead {
    LEADS
        .get(usize::from(tag))
        .copied()
        .unwrap_or(Lead::Reserved)
}

const fn classify(tag: u8) -> Lead {
    match tag {
        0x00..=0x1f | 0x30..=0x33 | 0x52 | 0x53 => Lead::Value(Kind::String),
        0x20..=0x2f | 0x34..=0x37 | 0x41 | 0x42 => Lead::Value(Kind::Binary),
        0x38..=0x3f | 0x4c | 0x59 | 0xd8..=0xff => Lead::Value(Kind::Long),
        0x43 => Lead::Class,
        0x44 | 0x5b..=0x5f => Lead::Value(Kind::Double),
        0x46 | 0x54 => Lead::Value(Kind::Bool),
        0x48 | 0x4d => Lead::Value(Kind::Map),
        0x49 | 0x80..=0xd7 => Lead::Value(Kind::Int),
        0x4a | 0x4b => Lead::Value(Kind::Date),
        0x4e => Lead::Value(Kind::Null),
        0x4f | 0x60..=0x6f => Lead::Value(Kind::Object),
        0x51 => Lead::Value(Kind::Ref),
        0x55..=0x58 | 0x70..=0x7f => Lead::Value(Kind::List),
        0x5a => Lead::End,
        0x40 | 0x45 | 0x47 | 0x50 => Lead::Reserved,
    }
}

/// [`measure`] of each byte.
static STRIDES: [u8; 256] = {
    let mut strides = [0; 256];
    let mut tag = 0;
    while tag < strides.len() {
        #[allow(clippy::cast_possible_truncation, reason = "below 256")]
        let byte = tag as u8;
        strides[tag] = measure(byte);
        tag += 1;
    }
    strides
};

/// [`stride`] of a string of the shortest form, whose first byte says how many characters follow.
pub(crate) const TEXT: usize = 0x80;

/// [`stride`] of an end marker.
pub(crate) const END: usize = 0x81;

/// [`stride`] of a reference.
pub(crate) const REF: usize = 0x82;

/// [`stride`] of an object of one of the first 16 classes.
pub(crate) const OBJECT: usize = 0x83;

/// [`stride`] of an untyped list of up to 7 elements.
pub(crate) const LIST: usize = 0x84;

/// [`stride`] of an untyped map.
pub(crate) const MAP: usize = 0x85;

/// Number of bytes of a null, bool, number, date or empty string, the first one included; of some other values one of the
/// marks above; 0 of any other byte.
#[inline]
pub(crate) fn stride(tag: u8) -> usize {
    STRIDES
        .get(usize::from(tag))
        .map_or(0, |stride| usize::from(*stride))
}

const fn measure(tag: u8) -> u8 {
    match classify(tag) {
        Lead::Value(
            Kind::Null | Kind::Bool | Kind::Int | Kind::Long | Kind::Double | Kind::Date,
        ) => payload(tag) as u8 + 1,
        _ if tag == 0 => 1,
        _ if tag <= 0x1f => TEXT as u8,
        Lead::End => END as u8,
        Lead::Value(Kind::Ref) => REF as u8,
        _ if tag == b'H' => MAP as u8,
        _ if tag & 0xf0 == 0x60 => OBJECT as u8,
        _ if tag & 0xf8 == 0x78 => LIST as u8,
        _ => 0,
    }
}

/// The bits that no ASCII character has, of the first 0 to 8 of the bytes of a word.
pub(crate) static HIGH_BITS: [u64; 9] = {
    let mut bits = [0; 9];
    let mut length = 1;
    while length < bits.len() {
        bits[length] = bits[length - 1] << 8 | 0x80;
        length += 1;
    }
    bits
};

/// Number of bytes that follow the first one of a null, bool, number or date.
pub(crate) const fn payload(tag: u8) -> usize {
    match tag {
        0x5d | 0xc0..=0xcf | 0xf0..=0xff => 1,
        0x38..=0x3f | 0x5e | 0xd0..=0xd7 => 2,
        0x49 | 0x4b | 0x59 | 0x5f => 4,
        0x44 | 0x4a | 0x4c => 8,
        _ => 0,
    }
}

impl Kind {
    /// The kind in words, for messages.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Kind::Null => "null",
            Kind::Bool => "bool",
            Kind::Int => "int",
            Kind::Long => "long",
            Kind::Double => "double",
            Kind::Date => "date",
            Kind::String => "string",
            Kind::Binary => "binary",
            Kind::List => "list",
            Kind::Map => "map",
            Kind::Object => "object",
            Kind::Ref => "reference",
        }
    }
}
