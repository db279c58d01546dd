//! The examples of SPEC.md 9.5.
