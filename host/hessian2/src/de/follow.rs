//! Reading through references and through objects that stand for a plain value.

use serde::de::Expected;

use super::wanted;
use crate::{
    decode::{Decoder, Scalar},
    error::{Error, ErrorKind, Result},
    tag::Kind,
};

impl<'de> Decoder<'de> {
    /// Begins the next value; if it is a reference, the value it names. In the end
    /// [`end_followed`](Self::end_followed) must be told whether it was one.
    #[inline]
    pub(crate) fn begin_followed(&mut self) -> Result<(u8, Kind, bool)> {
        let (tag, kind) = self.begin()?;
        self.followed(tag, kind)
    }

    /// As [`begin_followed`](Self::begin_followed), the tag being consumed.
    #[inline]
    pub(crate) fn followed(&mut self, tag: u8, kind: Kind) -> Result<(u8, Kind, bool)> {
        if kind == Kind::Ref {
            let (tag, kind) = self.follow()?;
            return Ok((tag, kind, true));
        }
        Ok((tag, kind, false))
    }

    /// Goes on behind the reference, if one was followed.
    #[inline]
    pub(crate) fn end_followed<T>(&mut self, followed: bool, out: Result<T>) -> Result<T> {
        if followed && out.is_ok() {
            self.come_back()?;
        }
        out
    }

    /// Follows a reference whose tag was consumed.
    #[inline(never)]
    fn follow(&mut self) -> Result<(u8, Kind)> {
        let at = self.position();
        let slot = self.reference()?;
        if self.is_open(slot) {
            let message = format!(
                "reference to slot {slot}, which contains it; read a cycle as Option or as Value"
            );
            return Err(Error::at(ErrorKind::Type, at, message));
        }
        self.jump(slot)?;
        self.begin()
    }

    /// Consumes the next value if it means "none": null, or a reference to a value that contains it (a throwable
    /// without a cause names itself as its cause).
    #[inline]
    pub(crate) fn take_none(&mut self) -> Result<bool> {
        match self.peek()? {
            b'N' => self.begin().map(|_| true),
            b'Q' => self.take_cycle(),
            _ => Ok(false),
        }
    }

    #[inline(never)]
    fn take_cycle(&mut self) -> Result<bool> {
        let mark = self.mark();
        self.begin()?;
        let slot = self.reference()?;
        let cycle = self.is_open(slot);
        if !cycle {
            self.rewind(mark);
        }
        Ok(cycle)
    }

    /// Reads a scalar, also from an object that has it as its only field.
    pub(crate) fn plain(&mut self, expected: &dyn Expected) -> Result<Scalar<'de>> {
        let (tag, kind) = self.begin()?;
        self.plain_rest(tag, kind, expected)
    }

    /// As [`plain`](Self::plain), the tag being consumed.
    pub(crate) fn plain_rest(
        &mut self,
        tag: u8,
        kind: Kind,
        expected: &dyn Expected,
    ) -> Result<Scalar<'de>> {
        match self.scalar(tag, kind)? {
            Some(scalar) => Ok(scalar),
            None => self.unwrapped(tag, kind, expected),
        }
    }

    fn unwrapped(&mut self, tag: u8, kind: Kind, expected: &dyn Expected) -> Result<Scalar<'de>> {
        let followed = kind == Kind::Ref;
        let (tag, kind) = if followed {
            self.follow()?
        } else {
            (tag, kind)
        };
        if kind != Kind::Object {
            return Err(self.mismatch(&wanted(expected), kind));
        }
        let scope = self.enter_open()?;
        let class = self.class_index(tag)?;
        let only = if self.field_count(class) == 1 {
            self.field_name(class, 0)
        } else {
            None
        };
        if !matches!(only.map(|name| &**name), Some("value" | "_value" | "name")) {
            let message = format!(
                "found an object of {} where {expected} was expected",
                self.class_name(class)
            );
            return Err(Error::at(ErrorKind::Type, self.position(), message));
        }
        let scalar = self.plain(expected)?;
        self.leave_open(scope);
        self.end_followed(followed, Ok(scalar))
    }
}
