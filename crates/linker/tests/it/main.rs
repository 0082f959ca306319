//! Programs in source, through the analyzer and the linker.
//!
//! One program for all: each test of its own would hold the parser and the analyzer once more, 50 MB a piece.

mod arguments;
mod assertions;
mod common;
mod compiled;
mod errors;
mod fixtures;
mod flows;
mod function_types;
mod generics;
mod globals;
mod heritage;
mod higher_order;
mod imports;
mod instances;
mod keys;
mod outside;
mod overloads;
mod points;
mod protocols;
mod react;
mod rewritten;
mod unresolved;
mod worked_examples;
mod wrappers;
