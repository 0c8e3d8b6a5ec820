//! Stepping over a value: the tables are kept, nothing is built.

use super::Decoder;
use crate::{
    error::Result,
    tag::{Kind, payload},
};

impl Decoder<'_> {
    /// Steps over one value.
    pub(crate) fn skip(&mut self) -> Result<()> {
        let (tag, kind) = self.begin()?;
        self.skip_rest(tag, kind)
    }

    /// Steps over `count` values.
    fn skip_many(&mut self, count: u32) -> Result<()> {
        for _ in 0..count {
            let (tag, kind) = self.begin()?;
            match kind {
                Kind::List | Kind::Map | Kind::Object => self.skip_container(tag, kind)?,
                _ => self.skip_plain(tag, kind)?,
            }
        }
        Ok(())
    }

    /// Steps over the rest of a value whose tag was consumed.
    pub(crate) fn skip_rest(&mut self, tag: u8, kind: Kind) -> Result<()> {
        match kind {
            Kind::List | Kind::Map | Kind::Object => self.skip_container(tag, kind),
            _ => self.skip_plain(tag, kind),
        }
    }

    #[inline]
    fn skip_plain(&mut self, tag: u8, kind: Kind) -> Result<()> {
        match kind {
            Kind::String => match self.short_ascii(tag) {
                Some(bytes) => {
                    self.position = self.position.wrapping_add(bytes.len());
                    Ok(())
                }
                None => self.skip_text(tag),
            },
            Kind::Binary => self.skip_binary(tag),
            Kind::Ref => self.reference().map(drop),
            _ => self.bytes(payload(tag)).map(drop),
        }
    }

    fn skip_container(&mut self, tag: u8, kind: Kind) -> Result<()> {
        let scope = self.enter()?;
        match kind {
            Kind::List => self.skip_list(tag),
            Kind::Map => self.skip_map(tag),
            _ => self.skip_object(tag),
        }?;
        self.leave(scope);
        Ok(())
    }

    fn skip_text(&mut self, mut tag: u8) -> Result<()> {
        loop {
            self.text_chunk(tag)?;
            if tag != b'R' {
                return Ok(());
            }
            tag = self.chunk_tag(Kind::String)?;
        }
    }

    fn skip_binary(&mut self, mut tag: u8) -> Result<()> {
        loop {
            self.binary_chunk(tag)?;
            if tag != b'A' {
                return Ok(());
            }
            tag = self.chunk_tag(Kind::Binary)?;
        }
    }

    fn skip_list(&mut self, tag: u8) -> Result<()> {
        match self.list_head(tag)?.length {
            Some(length) => self.skip_many(length),
            None => {
                while !self.ended()? {
                    self.skip()?;
                }
                Ok(())
            }
        }
    }

    fn skip_map(&mut self, tag: u8) -> Result<()> {
        self.map_head(tag)?;
        while !self.ended()? {
            self.skip_many(2)?;
        }
        Ok(())
    }

    fn skip_object(&mut self, tag: u8) -> Result<()> {
        let class = self.class_index(tag)?;
        self.skip_many(self.field_count(class))
    }
}
