//! The line to a relay: when to connect, what to send again, and the connection itself.
//!
//! [`Line`] and [`Outbox`] decide and do nothing; time and chance are arguments. [`Socket`] is the
//! connection.

mod outbox;
mod socket;
mod state;

pub(crate) use outbox::Outbox;
pub use socket::{Dropped, certificate_of};
pub(crate) use socket::{Received, Socket, connect};
pub(crate) use state::{Chance, Line, Task};
