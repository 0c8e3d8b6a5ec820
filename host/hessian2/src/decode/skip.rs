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

    /// Steps over the rest of a value whose tag was consumed.
    pub(crate) fn skip_rest(&mut self, tag: u8, kind: Kind) -> Result<()> {
        match kind {
            Kind::Null | Kind::Bool | Kind::Int | Kind::Long | Kind::Double | Kind::Date => {
                self.bytes(payload(tag)).map(drop)
            }
            Kind::String => self.skip_text(tag),
            Kind::Binary => self.skip_binary(tag),
            Kind::Ref => self.reference().map(drop),
            Kind::List => self.skip_list(tag),
            Kind::Map => self.skip_map(tag),
            Kind::Object => self.skip_object(tag),
        }
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
        let scope = self.enter()?;
        let mut left = self.list_head(tag)?.length;
        while self.more(&mut left)? {
            self.skip()?;
        }
        self.leave(scope);
        Ok(())
    }

    fn skip_map(&mut self, tag: u8) -> Result<()> {
        let scope = self.enter()?;
        self.map_head(tag)?;
        while !self.ended()? {
            self.skip()?;
            self.skip()?;
        }
        self.leave(scope);
        Ok(())
    }

    fn skip_object(&mut self, tag: u8) -> Result<()> {
        let scope = self.enter()?;
        let class = self.class_index(tag)?;
        for _ in 0..self.field_count(class) {
            self.skip()?;
        }
        self.leave(scope);
        Ok(())
    }
}
