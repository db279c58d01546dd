//! A meeting that is driven: the task that owns it, what it is told and what it tells.

mod clock;
mod driver;
mod ending;
mod event;
mod handle;
mod listing;
mod open;
mod outlet;
mod save;
#[cfg(test)]
mod tests;

pub use clock::now;
pub use ending::{CallError, Ending};
pub use event::{CallEvent, Events};
pub use handle::{Call, Options};
pub use save::Save;
