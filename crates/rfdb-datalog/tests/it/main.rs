//! Datalog against examples, and against a naive evaluator.

mod examples;
mod explained;
mod limits;
mod naive;
mod random;
mod refused;
mod support;
