//! Looking up by type, file, name and declared field.

use super::{Image, partition};
use crate::Result;
use crate::index::{Section, name_hash};

impl Image {
    pub(crate) fn type_count(&self) -> u32 {
        (self.section_len(Section::Types) / 16) as u32
    }

    #[inline]
    pub(crate) fn type_name(&self, number: u32) -> Result<&str> {
        let names = match self.type_names.get() {
            Some(names) => names,
            None => self.read_type_names()?,
        };
        match names.get(number as usize) {
            Some(name) => Ok(name),
            None => Err(self.damaged(Section::Types, number as usize * 16)),
        }
    }

    #[cold]
    fn read_type_names(&self) -> Result<&[Box<str>]> {
        let mut names: Vec<Box<str>> = Vec::new();
        // The names differ, so together they are no longer than all strings; a damaged file could claim otherwise.
        let mut left = self.section_len(Section::StringBytes);
        for number in 0..self.type_count() as usize {
            let name = self.string(self.u32(Section::Types, number * 4)?)?;
            left = left
                .checked_sub(name.len())
                .ok_or_else(|| self.damaged(Section::Types, number * 16))?;
            names.push(name.into());
        }
        Ok(self.type_names.get_or_init(|| names.into()))
    }

    /// Nodes and edges of a type, as long as every block is live.
    pub(crate) fn type_counts(&self, number: u32) -> Result<(u32, u32)> {
        let number = number as usize * 4;
        Ok((
            self.u32(Section::Types, number + 2)?,
            self.u32(Section::Types, number + 3)?,
        ))
    }

    /// Types with a name, or with a prefix if the pattern ends in `*`.
    pub(crate) fn types_like(&self, pattern: &str) -> Result<std::ops::Range<u32>> {
        let count = self.type_count();
        let (text, prefix) = match pattern.strip_suffix('*') {
            Some(text) => (text, true),
            None => (pattern, false),
        };
        let start = partition(count as usize, |t| Ok(self.type_name(t as u32)? < text))? as u32;
        let mut end = start;
        while end < count {
            let name = self.type_name(end)?;
            if !(if prefix {
                name.starts_with(text)
            } else {
                name == text
            }) {
                break;
            }
            end += 1;
        }
        Ok(start..end)
    }

    /// The type with a name, which may end in `*` here.
    pub(crate) fn types_like_exact(&self, name: &str) -> Result<Option<u32>> {
        let count = self.type_count() as usize;
        let at = partition(count, |t| Ok(self.type_name(t as u32)? < name))?;
        Ok((at < count && self.type_name(at as u32)? == name).then_some(at as u32))
    }

    /// Vertices that have a row of a type.
    pub(crate) fn type_postings(&self, number: u32) -> Result<impl Iterator<Item = u32> + '_> {
        let (start, end) = self.list(Section::Types, number as usize, 4, 1)?;
        self.u32s(Section::TypePostings, start, end)
    }

    // Files, names, fields.

    /// Blocks that have node rows of a file.
    pub(crate) fn file_blocks(&self, file: &str) -> Result<Vec<u32>> {
        let count = self.section_len(Section::Files) / 8;
        let name = |index: usize| self.string(self.u32(Section::Files, index * 2)?);
        let at = partition(count, |index| Ok(name(index)? < file))?;
        if at == count || name(at)? != file {
            return Ok(Vec::new());
        }
        let (start, end) = self.list(Section::Files, at, 2, 1)?;
        Ok(self.u32s(Section::FilePostings, start, end)?.collect())
    }

    /// Vertices that may have a row with a name.
    pub(crate) fn name_candidates(&self, name: &str) -> Result<Vec<u32>> {
        let hash = name_hash(name.as_bytes());
        let count = self.section_len(Section::Names) / 8;
        let mut at = partition(count, |index| {
            Ok(self.u32(Section::Names, index * 2)? < hash)
        })?;
        let mut vertices = Vec::new();
        while at < count && self.u32(Section::Names, at * 2)? == hash {
            vertices.push(self.u32(Section::Names, at * 2 + 1)?);
            at += 1;
        }
        Ok(vertices)
    }

    /// Whether a field has an index here.
    pub(crate) fn indexes_field(&self, field: &str) -> Result<bool> {
        for number in 0..self.section_len(Section::Fields) / 4 {
            if self.string(self.u32(Section::Fields, number)?)? == field {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Vertices that have a row with a value of an indexed field.
    pub(crate) fn field_postings(&self, field: &str, value: &str) -> Result<Vec<u32>> {
        let count = self.section_len(Section::FieldValues) / 12;
        let key = |index: usize| -> Result<(&str, &str)> {
            let field = self.string(self.u32(Section::FieldValues, index * 3)?)?;
            Ok((
                field,
                self.string(self.u32(Section::FieldValues, index * 3 + 1)?)?,
            ))
        };
        let at = partition(count, |index| Ok(key(index)? < (field, value)))?;
        if at == count || key(at)? != (field, value) {
            return Ok(Vec::new());
        }
        let (start, end) = self.list(Section::FieldValues, at, 3, 2)?;
        Ok(self.u32s(Section::FieldPostings, start, end)?.collect())
    }
}
