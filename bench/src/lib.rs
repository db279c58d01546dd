//! What the benches `frame` and `group` share: meetings driven by the public face of the library,
//! rounds of several contestants, tables and charts.

#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a bench measures and prints"
)]

mod chart;
mod hall;
mod report;
mod rounds;

pub use chart::{Group, draw};
pub use hall::{Hall, outputs};
pub use report::{Verdicts, cpu, options, publish, rounded, write_json};
pub use rounds::{median, nanoseconds};

/// Whatever stops a bench.
pub type Failure = Box<dyn std::error::Error>;
