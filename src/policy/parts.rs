//! On whose word members rely that they read the same log (SPEC \[G24\]).

use incamera_wire::Role;

use super::rights::role_of;
use super::{Occupant, Scene};

/// How many at the lowest leaves stand in where no host is here.
const STAND_INS: usize = 3;

/// The part that a member plays in keeping the meeting together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Its heartbeats show that the log is current.
    Authority,
    /// It is listed to follow the hosts, so it beats as often.
    Listed,
    /// Anybody else.
    Other,
}

/// The parts of all who are in the roster, in its order: the hosts have authority, or the three at the
/// lowest leaves if none is here.
pub(crate) fn parts(scene: &Scene<'_>) -> Vec<Part> {
    let Scene { state, roster, orders } = *scene;
    // SPEC [G24]: nobody relies on the word of who is ordered out.
    let here = || roster.iter().filter(|member| !orders.contains(&member.fingerprint));
    let is_host = |member: &&Occupant| role_of(state, &member.fingerprint) == Role::Host;
    let mut authorities: Vec<u32> = here().filter(is_host).map(|member| member.leaf).collect();
    if authorities.is_empty() {
        authorities = here().take(STAND_INS).map(|member| member.leaf).collect();
    }
    let part = |member: &Occupant| {
        if authorities.contains(&member.leaf) {
            Part::Authority
        } else if state.succession.contains(&member.fingerprint) {
            Part::Listed
        } else {
            Part::Other
        }
    };
    roster.iter().map(part).collect()
}
