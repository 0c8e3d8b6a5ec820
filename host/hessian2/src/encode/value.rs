//! Writing a [`Value`].

use super::Encoder;
use crate::{
    error::{Error, ErrorKind, Result},
    value::{List, Map, Object, Value},
};

impl Encoder<'_> {
    /// Writes a value whose slots count from `base`.
    pub(crate) fn value(&mut self, value: &Value, base: u32) -> Result<()> {
        match value {
            Value::Null => self.write_null(),
            Value::Bool(truth) => self.write_bool(*truth),
            Value::Int(number) => self.write_i32(*number),
            Value::Long(number) => self.write_i64(*number),
            Value::Double(number) => self.write_f64(*number),
            Value::Date(millis) => self.write_date(*millis),
            Value::String(text) => self.write_str(text),
            Value::Binary(bytes) => self.write_bytes(bytes),
            Value::List(list) => self.list(list, base)?,
            Value::Map(map) => self.map(map, base)?,
            Value::Object(object) => self.object(object, base)?,
            Value::Ref(slot) => self.checked_ref(*slot, base)?,
        }
        Ok(())
    }

    fn list(&mut self, list: &List, base: u32) -> Result<()> {
        let type_use = list
            .type_name
            .as_ref()
            .map(|name| self.shared_type_use(name));
        self.list_head(type_use, list.items.len())?;
        for item in &list.items {
            self.value(item, base)?;
        }
        Ok(())
    }

    fn map(&mut self, map: &Map, base: u32) -> Result<()> {
        let type_use = map
            .type_name
            .as_ref()
            .map(|name| self.shared_type_use(name));
        self.map_head(type_use);
        for (key, value) in &map.entries {
            self.value(key, base)?;
            self.value(value, base)?;
        }
        self.end_map();
        Ok(())
    }

    fn object(&mut self, object: &Object, base: u32) -> Result<()> {
        let (found, wanted) = (object.fields.len(), object.class.fields.len());
        if found != wanted {
            let message = format!(
                "object of {} has {found} values for {wanted} fields",
                object.class.name
            );
            return Err(Error::new(ErrorKind::Unwritable, message));
        }
        let class = self.class_of(&object.class)?;
        self.take_slot();
        self.write_object_tag(class);
        for field in &object.fields {
            self.value(field, base)?;
        }
        Ok(())
    }

    /// A reference, whose target must have been started before.
    fn checked_ref(&mut self, slot: u32, base: u32) -> Result<()> {
        let written = self.tables().refs;
        match base.checked_add(slot) {
            Some(target) if target < written => {
                self.write_ref(target);
                Ok(())
            }
            _ => {
                let message = format!(
                    "reference to slot {slot}, of which only {} are written",
                    written - base
                );
                Err(Error::new(ErrorKind::Unwritable, message))
            }
        }
    }
}
