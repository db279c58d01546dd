//! Checks the repository itself: layers, budgets, SPEC.md against code and tests, and what no
//! committed file may hold. Each checker is a pure function from text to complaints and has a test
//! that feeds it something bad, so that a checker that went blind fails too.
#![cfg(test)]

mod api;
mod budgets;
mod habits;
mod index;
mod layers;
mod lexer;
mod locks;
mod papers;
mod secrets;
mod source;
mod specification;

/// Fails with one complaint per line.
fn none(complaints: Vec<String>) {
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}
