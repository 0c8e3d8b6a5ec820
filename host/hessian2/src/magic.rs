//! Private names by which our own types tell our own serde formats what serde's model has no word for.
//!
//! A type hands itself over as a newtype struct of such a name. Our serializer and deserializer know the name and go on
//! with a counterpart that says it is not human readable; the type then uses its exact form. A format that does not know
//! the name (JSON) passes through, says it is human readable, and sees the natural form. A foreign binary format gets the
//! exact form too.

/// A [`Value`](crate::Value). Exact form: the bytes of a Hessian stream that holds it.
pub(crate) const VALUE: &str = "$wubbo_hessian2::Value";

/// A list or map with a Java type. Exact form: a pair of the type name, or none, and the elements.
pub(crate) const TYPED: &str = "$wubbo_hessian2::Typed";

/// A date. Exact form, and natural form: milliseconds since the epoch.
pub(crate) const DATE: &str = "$wubbo_hessian2::Date";

/// Whether a name may be one of these: cheap, for the common case that it is not.
#[inline]
pub(crate) fn is_magic(name: &str) -> bool {
    name.as_bytes().first() == Some(&b'$')
}
