//! What an initial run keeps for the next one, made piece by piece while the graph is stored.

use std::io;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use linker::program::ModuleIx;

use super::join::Joined;
use crate::cache::{EncodedLinks, FileRecord, Hash, InputRecord, Span, SummaryWriter};
use crate::config::Config;
use crate::project::Project;
use crate::{inputs, rows};

/// So many modules are made bytes by one piece: usual ones take a tenth of a millisecond.
const MODULES: usize = 8;

/// What is kept of some modules.
struct Part {
    modules: Range<usize>,
    /// Where each summary is written, and the hash of each module's links.
    of_each: Vec<(Span, Hash)>,
    /// What linking them left behind.
    links: Vec<u8>,
}

/// Makes what is kept.
pub(super) struct Keeper<'a> {
    joined: &'a Joined,
    writer: SummaryWriter,
    /// In any order.
    parts: Mutex<Vec<io::Result<Part>>>,
    inputs: OnceLock<Vec<InputRecord>>,
    /// Nothing is to be kept, so nothing need be made any more.
    given_up: AtomicBool,
}

/// What is kept, as it is written.
pub(super) struct Kept {
    /// `None` if summaries could not be written.
    pub(super) links: Option<io::Result<EncodedLinks>>,
    pub(super) inputs: Vec<InputRecord>,
    /// Number of the file of summaries.
    pub(super) summaries: io::Result<u32>,
}

impl<'a> Keeper<'a> {
    pub(super) fn new(joined: &'a Joined, writer: SummaryWriter) -> Self {
        Keeper {
            joined,
            writer,
            parts: Mutex::default(),
            inputs: OnceLock::new(),
            given_up: AtomicBool::new(false),
        }
    }

    /// Lets what is not made yet be left, because the run fails.
    pub(super) fn give_up(&self) {
        self.given_up.store(true, Ordering::Relaxed);
    }

    /// All that is to be done, in pieces that do not depend on each other.
    pub(super) fn pieces<'p>(
        &'p self,
        project: &'p Project,
        config: &'p Config,
    ) -> impl Iterator<Item = Box<dyn FnOnce() + Send + 'p>> + Send {
        let modules = self.joined.program.len();
        let of_modules = (0..modules).step_by(MODULES).map(move |first| {
            let part = first..(first + MODULES).min(modules);
            let keep = move || {
                if self.given_up.load(Ordering::Relaxed) {
                    return;
                }
                let part = self.part(part);
                let parts = self.parts.lock();
                parts.unwrap_or_else(PoisonError::into_inner).push(part);
            };
            Box::new(keep) as Box<dyn FnOnce() + Send>
        });
        let of_inputs = move || {
            let (root, discovery) = (&project.root, &project.discovery);
            let inputs = inputs::collect(root, discovery, config, &[], 0);
            self.inputs.get_or_init(|| inputs);
        };
        // Reading all inputs may take longer than the other pieces, so it begins first.
        std::iter::once(Box::new(of_inputs) as Box<dyn FnOnce() + Send>).chain(of_modules)
    }

    fn part(&self, modules: Range<usize>) -> io::Result<Part> {
        let Joined {
            program,
            links,
            records,
            ..
        } = self.joined;
        let of_each = modules.clone().map(|at| {
            let module = program.module(ModuleIx(at as u32));
            let span = self.writer.put(&module.summary)?;
            Ok((span, rows::hash_links(&links.files[at])))
        });
        Ok(Part {
            of_each: of_each.collect::<io::Result<_>>()?,
            // There are none if they are not to be remembered.
            links: EncodedLinks::part(records.get(modules.clone()).unwrap_or_default())?,
            modules,
        })
    }

    /// Notes in the records of files what is stored of each, when all pieces are done.
    pub(super) fn finish(self, files: &mut [FileRecord]) -> Kept {
        let parts = self.parts.into_inner();
        let parts: io::Result<Vec<Part>> = (parts.unwrap_or_else(PoisonError::into_inner))
            .into_iter()
            .collect();
        let inputs = self.inputs.into_inner().unwrap_or_default();
        let mut parts = match parts {
            Ok(parts) => parts,
            Err(error) => {
                return Kept {
                    links: None,
                    inputs,
                    summaries: Err(error),
                };
            }
        };
        parts.sort_unstable_by_key(|part| part.modules.start);
        let of_modules: Vec<(Span, Hash)> = (parts.iter())
            .flat_map(|part| part.of_each.iter().copied())
            .collect();
        for file in files {
            let module = self.joined.program.find(&file.path);
            if let Some((summary, links)) = module.map(|module| of_modules[module.0 as usize]) {
                (file.summary, file.links) = (Some(summary), Some(links));
            }
        }
        let links: Vec<Vec<u8>> = parts.into_iter().map(|part| part.links).collect();
        Kept {
            links: Some(EncodedLinks::of_parts(self.joined.records.len(), &links)),
            inputs,
            summaries: self.writer.finish(),
        }
    }
}
