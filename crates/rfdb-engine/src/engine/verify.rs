//! Checking a whole database.

use std::sync::Arc;

use super::inner::Inner;
use crate::run::Run;
use crate::{Error, Result};

/// Something that is wrong.
#[derive(Debug)]
pub struct Problem {
    /// What, with the file.
    pub error: Error,
    /// File and context of the owner whose rows are lost, if one is.
    pub owner: Option<(String, String)>,
}

/// What checking a database found.
#[derive(Debug, Default)]
pub struct VerifyReport {
    /// Blocks that were read.
    pub blocks: u64,
    /// Node rows that were read.
    pub node_rows: u64,
    /// Edge rows that were read.
    pub edge_rows: u64,
    /// What is wrong; empty for a good database.
    pub problems: Vec<Problem>,
}

impl Inner {
    pub(super) fn verify(&self) -> Result<VerifyReport> {
        let version = self.version();
        let mut report = VerifyReport::default();
        for run in &version.runs {
            if let Some(base) = run.as_base()
                && let Err(error) = base.image().verify()
            {
                report.problems.push(Problem { error, owner: None });
            }
            for block in 0..run.block_count() {
                if let Err(error) = check_block(run, block, &mut report) {
                    let owner = run
                        .owner(block)
                        .ok()
                        .map(|o| (o.file.to_owned(), o.context.to_owned()));
                    report.problems.push(Problem { error, owner });
                }
            }
        }
        if report.problems.is_empty() {
            // Every row must be found through the indexes.
            let checked = version.each_live_block(|run, block| {
                let view = run.block(block)?;
                for row in 0..view.nodes {
                    let id = view.slot_id(row).ok_or_else(|| run.bad_block(block))?;
                    if version.locate(id)?.is_none() {
                        let what = format!("the index does not know node {id}");
                        let path = run.image()?.path().to_path_buf();
                        return Err(Error::damaged(path, 0, what));
                    }
                }
                Ok(())
            });
            if let Err(error) = checked {
                report.problems.push(Problem { error, owner: None });
            }
        }
        Ok(report)
    }
}

fn check_block(run: &Arc<Run>, block: u32, report: &mut VerifyReport) -> Result<()> {
    if let Some(handle) = run.handles().get(block as usize) {
        handle.verify()?;
    }
    let view = run.block(block)?;
    report.blocks += 1;
    for row in 0..view.nodes {
        view.node(row).ok_or_else(|| run.bad_block(block))?;
    }
    for row in 0..view.edges {
        view.edge(row).ok_or_else(|| run.bad_block(block))?;
    }
    report.node_rows += view.nodes as u64;
    report.edge_rows += view.edges as u64;
    if view.owner() != Some(run.owner(block)?) {
        return Err(run.bad_block(block));
    }
    Ok(())
}
