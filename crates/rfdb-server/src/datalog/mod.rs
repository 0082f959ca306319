//! The border to the query language: the server knows its commands, an evaluator answers them.

mod evaluator;
mod graph;

pub(crate) use evaluator::Datalog;
pub use graph::SnapshotGraph;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use rfdb_engine::Snapshot;
use rfdb_protocol::{ErrorCode, Response, WireError};

/// What a query may use, and whether it is still wanted.
#[derive(Debug)]
pub struct Budget<'a> {
    /// When it must have ended.
    pub deadline: Option<Instant>,
    /// Intermediate rows that it may hold.
    pub max_rows: Option<usize>,
    /// Bytes of intermediate results that it may hold.
    pub max_bytes: Option<usize>,
    /// Bytes of its answer.
    pub result_bytes: Option<usize>,
    pub(crate) cancelled: &'a AtomicBool,
}

impl Budget<'_> {
    /// Fails with `QUERY_TIMEOUT` or `QUERY_CANCELLED` once the query has to end. To be called every few thousand rows.
    ///
    /// # Errors
    /// As said.
    pub fn check(&self) -> Result<(), WireError> {
        if self.cancelled.load(Ordering::Relaxed) {
            return Err(WireError::new(
                ErrorCode::QueryCancelled,
                "Query cancelled by client",
            ));
        }
        if self
            .deadline
            .is_some_and(|deadline| Instant::now() >= deadline)
        {
            return Err(WireError::new(
                ErrorCode::QueryTimeout,
                "Query execution timeout (deadline exceeded)",
            ));
        }
        Ok(())
    }
}

/// A question in the query language.
#[derive(Debug, Clone, Copy)]
pub enum Question<'a> {
    /// A conjunction of literals.
    Query(&'a str),
    /// A program whose first rule is asked, or a conjunction.
    Program(&'a str),
    /// A program whose `violation` rules are asked.
    Guarantee(&'a str),
}

/// In which form an answer is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Form {
    /// With the plan and its costs.
    pub explain: bool,
    /// Ids of nodes as semantic ids where they have one.
    pub semantic_ids: bool,
}

/// Evaluates the query language over a snapshot.
pub trait Evaluator: Send + Sync + std::fmt::Debug {
    /// Answers a question: [`Response::Results`], [`Response::Violations`] for [`Question::Guarantee`], or with [`Form::explain`]
    /// [`Response::Explained`].
    ///
    /// # Errors
    /// A program that does not parse or is not safe, and limits.
    fn evaluate(
        &self,
        snapshot: &Snapshot,
        question: Question<'_>,
        form: Form,
        budget: &Budget<'_>,
    ) -> Result<Response, WireError>;

    /// How many rules a program has.
    ///
    /// # Errors
    /// A program that does not parse.
    fn count_rules(&self, program: &str) -> Result<u64, WireError>;
}
