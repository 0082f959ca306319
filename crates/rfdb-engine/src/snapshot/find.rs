//! Finding nodes by their attributes.

use memchr::memmem::Finder;

use super::version::Place;
use super::{Version, version::type_matches};
use crate::block::BlockView;
use crate::index::{Image, field_text};
use crate::{NodeId, NodeQuery, Result, TextMatch};

/// What the search starts from, best first.
enum Driver<'q> {
    Name(&'q str),
    Field(&'q str, &'q str),
    File(&'q str),
    Type(&'q str),
    NamePart(&'q str),
    All,
}

impl<'q> Driver<'q> {
    fn choose(query: &'q NodeQuery, indexed: impl Fn(&str) -> Result<bool>) -> Result<Self> {
        if let Some(TextMatch::Exact(name)) = &query.name {
            return Ok(Self::Name(name));
        }
        for (field, value) in &query.fields {
            if indexed(field)? {
                return Ok(Self::Field(field, value));
            }
        }
        Ok(match (&query.file, &query.node_type, &query.name) {
            (Some(file), _, _) => Self::File(file),
            (_, Some(node_type), _) => Self::Type(node_type),
            (_, _, Some(TextMatch::Contains(part))) => Self::NamePart(part),
            _ => Self::All,
        })
    }
}

impl Version {
    pub(crate) fn find(&self, query: &NodeQuery) -> Result<Vec<NodeId>> {
        let mut found = Vec::new();
        let limit = query.limit.unwrap_or(usize::MAX);
        for (number, run) in self.runs.iter().enumerate() {
            let image = run.image()?;
            let driver = Driver::choose(query, |field| image.indexes_field(field))?;
            // A type's postings alone are the answer when nothing in the run is superseded or hidden.
            let only_type = query.name.is_none()
                && query.file.is_none()
                && query.exported.is_none()
                && query.fields.is_empty();
            if self.runs.len() == 1
                && only_type
                && !image.has_older_rows()
                && run.all_live(self.number)
            {
                if let Driver::Type(pattern) = driver {
                    let types = image.types_like(pattern)?;
                    let several = types.len() > 1;
                    for number in types {
                        for vertex in image.type_postings(number)? {
                            if found.len() == limit && !several {
                                break;
                            }
                            found.push(image.id(vertex)?);
                        }
                    }
                    break;
                }
            }
            for vertex in self.candidates(number, image, &driver)? {
                if let Some(id) = self.check(number, image, vertex, query)? {
                    found.push(id);
                    // Candidates ascend, so the first results of a single run are the least.
                    if self.runs.len() == 1 && found.len() == limit {
                        break;
                    }
                }
            }
        }
        if !found.is_sorted() {
            found.sort_unstable();
        }
        found.truncate(limit);
        Ok(found)
    }

    /// Vertices of a run that may match, ascending.
    fn candidates(&self, number: usize, image: &Image, driver: &Driver<'_>) -> Result<Vec<u32>> {
        let run = &self.runs[number];
        let mut vertices = match driver {
            Driver::Name(name) => image.name_candidates(name)?,
            Driver::Field(field, value) => image.field_postings(field, value)?,
            Driver::Type(pattern) => {
                let mut vertices = Vec::new();
                for number in image.types_like(pattern)? {
                    vertices.extend(image.type_postings(number)?);
                }
                vertices
            }
            Driver::File(file) => {
                let rows = |view: &BlockView<'_>, f: &mut dyn FnMut(usize)| -> Option<()> {
                    for row in 0..view.nodes {
                        if view.node_file(row)? == *file {
                            f(row);
                        }
                    }
                    Some(())
                };
                self.vertices_of_rows(number, image, image.file_blocks(file)?.into_iter(), rows)?
            }
            Driver::NamePart(part) => {
                let finder = Finder::new(part.as_bytes());
                let rows = |view: &BlockView<'_>, f: &mut dyn FnMut(usize)| -> Option<()> {
                    // The strings of a block follow one another: look at them together first.
                    if finder.find(view.all_strings()).is_none() {
                        return Some(());
                    }
                    for row in 0..view.nodes {
                        if finder.find(view.node_name(row)?.as_bytes()).is_some() {
                            f(row);
                        }
                    }
                    Some(())
                };
                self.vertices_of_rows(number, image, 0..run.block_count(), rows)?
            }
            Driver::All => (0..image.counts().vertices).collect(),
        };
        if !vertices.is_sorted() {
            vertices.sort_unstable();
        }
        vertices.dedup();
        Ok(vertices)
    }

    fn vertices_of_rows(
        &self,
        number: usize,
        image: &Image,
        blocks: impl Iterator<Item = u32>,
        rows: impl Fn(&BlockView<'_>, &mut dyn FnMut(usize)) -> Option<()>,
    ) -> Result<Vec<u32>> {
        let run = &self.runs[number];
        let mut vertices = Vec::new();
        for block in blocks.filter(|&block| run.is_live(block, self.number)) {
            let view = run.block(block)?;
            let mut ids = Vec::new();
            rows(&view, &mut |row| ids.extend(view.slot_id(row)))
                .ok_or_else(|| run.bad_block(block))?;
            for id in ids {
                vertices.extend(image.vertex(id)?);
            }
        }
        Ok(vertices)
    }

    /// The id of a vertex, if readers see its row of this run and the row matches.
    fn check(
        &self,
        number: usize,
        image: &Image,
        vertex: u32,
        query: &NodeQuery,
    ) -> Result<Option<NodeId>> {
        let Some(place) = self.live_row(number, image, vertex)? else {
            return Ok(None);
        };
        let id = image.id(vertex)?;
        if (self.runs.len() > 1 && self.locate(id)? != Some(place))
            || !self.row_matches(place, query)?
        {
            return Ok(None);
        }
        Ok(Some(id))
    }

    fn row_matches(&self, place: Place, query: &NodeQuery) -> Result<bool> {
        let run = &self.runs[place.run];
        let view = run.block(place.block)?;
        let matches = || -> Option<bool> {
            let row = place.row as usize;
            if let Some(pattern) = &query.node_type
                && !type_matches(pattern, view.node_type(row)?)
            {
                return Some(false);
            }
            match &query.name {
                Some(TextMatch::Exact(name)) if view.node_name(row)? != name => return Some(false),
                Some(TextMatch::Contains(part))
                    if !view.node_name(row)?.contains(part.as_str()) =>
                {
                    return Some(false);
                }
                _ => {}
            }
            if let Some(file) = &query.file
                && view.node_file(row)? != file
            {
                return Some(false);
            }
            if let Some(exported) = query.exported
                && view.node_exported(row)? != exported
            {
                return Some(false);
            }
            if query.fields.is_empty() {
                return Some(true);
            }
            let text = view.node_metadata(row)?;
            if text.is_empty() {
                return Some(false);
            }
            let object: serde_json::Value = serde_json::from_str(&text).ok()?;
            let all = query.fields.iter();
            Some(
                all.map(|(field, value)| (field_text(&object, field), value))
                    .all(|(found, value)| found.as_ref() == Some(value)),
            )
        };
        matches().ok_or_else(|| run.bad_block(place.block))
    }
}
