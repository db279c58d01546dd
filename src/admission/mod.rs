//! Getting in: the invite that a person is sent, the knock that its client makes with it, the
//! passcode that it may have to prove, and the lobby where members find it (SPEC "Admission").

mod budget;
mod cpace;
mod invite;
mod knock;
mod lobby;
mod passcode;
mod proof;
#[cfg(any(test, feature = "testing"))]
pub(crate) mod testing;

pub(crate) use budget::{Budget, CLAIM_MS};
pub use invite::Invite;
pub(crate) use invite::has_expired;
pub(crate) use knock::{
    KnockKey, OpenedKnock, open_knock, open_reply, seal_denial, seal_knock, seal_knock_under,
    seal_reply,
};
pub(crate) use lobby::{FRESHNESS, Lobby, Waiting};
pub(crate) use passcode::{PasscodeFault, PasscodeRun, Prover, Verifier};
pub use proof::Proof;
