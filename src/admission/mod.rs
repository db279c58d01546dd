//! Getting in: the invite that a person is sent, the knock that its client makes with it, and the
//! lobby where members find it (SPEC "Admission").

mod invite;
mod knock;
mod lobby;

pub use invite::Invite;
pub(crate) use knock::{OpenedKnock, open_knock, open_reply, seal_denial, seal_knock, seal_reply};
pub(crate) use lobby::{Lobby, Waiting};
