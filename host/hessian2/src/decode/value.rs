//! Reading a [`Value`] whose references name slots of the stream.

use bytes::Bytes;

use super::{Decoder, Scalar};
use crate::{
    error::Result,
    tag::Kind,
    value::{List, Map, Object, Value},
};

impl<'a> Decoder<'a> {
    /// Reads one value.
    pub(crate) fn value(&mut self) -> Result<Value> {
        if let Some(value) = self.quick_value() {
            return Ok(value);
        }
        let (tag, kind) = self.begin()?;
        if let Some(scalar) = self.scalar(tag, kind)? {
            return Ok(scalar.into());
        }
        match kind {
            Kind::Ref => self.reference().map(Value::Ref),
            _ => self.container(tag, kind, &mut Self::value),
        }
    }

    /// The next value, consumed and counted, if it is of the commonest forms.
    #[inline]
    pub(crate) fn quick_value(&mut self) -> Option<Value> {
        match self.quick_text() {
            Some(text) => Some(Value::String(text.to_owned())),
            None => self.quick_int().map(Value::Int),
        }
    }

    /// Reads a list, map or object whose tag was consumed, each part of it by `part`.
    pub(crate) fn container(
        &mut self,
        tag: u8,
        kind: Kind,
        part: &mut dyn FnMut(&mut Self) -> Result<Value>,
    ) -> Result<Value> {
        let scope = self.enter()?;
        let value = match kind {
            Kind::List => self.list(tag, part).map(Value::List),
            Kind::Map => self.map(tag, part).map(Value::Map),
            _ => self.object(tag, part).map(Value::Object),
        };
        self.leave(scope);
        value
    }

    fn list(&mut self, tag: u8, part: &mut dyn FnMut(&mut Self) -> Result<Value>) -> Result<List> {
        let head = self.list_head(tag)?;
        let type_name = head.type_index.and_then(|index| self.shared_type(index));
        let mut items = Vec::with_capacity(self.room(head.length));
        let mut left = head.length;
        while self.more(&mut left)? {
            items.push(part(self)?);
        }
        Ok(List { type_name, items })
    }

    fn map(&mut self, tag: u8, part: &mut dyn FnMut(&mut Self) -> Result<Value>) -> Result<Map> {
        let index = self.map_head(tag)?;
        let type_name = index.and_then(|index| self.shared_type(index));
        let mut entries = Vec::new();
        while !self.ended()? {
            entries.push((part(self)?, part(self)?));
        }
        Ok(Map { type_name, entries })
    }

    fn object(
        &mut self,
        tag: u8,
        part: &mut dyn FnMut(&mut Self) -> Result<Value>,
    ) -> Result<Object> {
        let index = self.class_index(tag)?;
        let class = self.shared_class(index)?;
        let count = self.field_count(index);
        let mut fields = Vec::with_capacity(self.room(Some(count)));
        for _ in 0..count {
            fields.push(part(self)?);
        }
        Ok(Object { class, fields })
    }
}

impl From<Scalar<'_>> for Value {
    fn from(scalar: Scalar<'_>) -> Self {
        match scalar {
            Scalar::Null => Value::Null,
            Scalar::Bool(truth) => Value::Bool(truth),
            Scalar::Int(number) => Value::Int(number),
            Scalar::Long(number) => Value::Long(number),
            Scalar::Double(number) => Value::Double(number),
            Scalar::Date(millis) => Value::Date(millis),
            Scalar::Text(text) => Value::String(text.into_owned()),
            Scalar::Binary(bytes) => Value::Binary(Bytes::from(bytes.into_owned())),
        }
    }
}
