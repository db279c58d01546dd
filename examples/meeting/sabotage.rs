//! Clients with a fault: the negative control. A run with one of them must not be ok, or the
//! accounts would notice nothing. `--sabotage` and the name of a fault, any number of times.

use crate::ledger::Frame;
use crate::net::Heard;
use crate::relay::{Copy, Nature};
use crate::story::{CAST, EXPELLED};

/// One frame in so many is lost or confused.
const ONE_IN: usize = 1_000;

/// What the clients do wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sabotage {
    /// They take what the relay tampered with, replayed or injected for the genuine frame.
    Accepts(Nature),
    /// They lose genuine frames.
    Loses,
    /// The removed one still opens everything.
    KeepsListening,
    /// They take one member's frames for another's.
    Confuses,
    /// They open frames that the rules forbid, and do not refuse what a modified client posts.
    Obeys,
}

impl Sabotage {
    /// All of them, by name.
    pub(crate) const ALL: [(&'static str, Self); 7] = [
        ("tampered", Self::Accepts(Nature::Tampered)),
        ("replayed", Self::Accepts(Nature::Replayed)),
        ("injected", Self::Accepts(Nature::Injected)),
        ("lost", Self::Loses),
        ("removed", Self::KeepsListening),
        ("confused", Self::Confuses),
        ("obeyed", Self::Obeys),
    ];

    /// Puts the fault in the place of what the client heard of a frame, which may be forbidden.
    pub(crate) fn spoil(
        self,
        copy: &Copy,
        frames: &[Frame],
        forbidden: bool,
        heard: &mut Heard,
        out: &mut Vec<u8>,
    ) {
        let genuine = copy.nature == Nature::Genuine;
        let number = copy.frame.unwrap_or_default();
        let Some(frame) = frames.get(number) else { return };
        let name = |seat: usize| CAST.get(seat).map_or("", |role| role.name).to_owned();
        let accepted = Heard::Frame { from: name(frame.sender), kind: frame.kind };
        match self {
            Self::Accepts(nature) if copy.nature == nature => *heard = accepted,
            Self::Loses if genuine && number.is_multiple_of(ONE_IN) => *heard = Heard::Refused,
            Self::KeepsListening if genuine && copy.to == EXPELLED => {
                *heard = accepted;
                *out = frame.plaintext.to_vec();
            }
            Self::Obeys if genuine && forbidden => {
                *heard = accepted;
                *out = frame.plaintext.to_vec();
            }
            Self::Confuses if *heard == accepted && number % ONE_IN == 1 => {
                *heard = Heard::Frame { from: name(copy.to), kind: frame.kind };
            }
            _ => {}
        }
    }
}
