//! Who comes, and what happens when: all times in simulated milliseconds.

use crate::net::Trick;
use crate::world::Cue;

/// What somebody is in the story.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Creates the meeting.
    Host,
    /// Is admitted.
    Guest,
    /// Holds the link, but is not expected: the host turns it down.
    Uninvited,
    /// Knows the meeting's number but made the link secret up: nobody can even read its knock.
    Stranger,
    /// Holds the link and comes when the door is locked.
    Latecomer,
}

/// One participant.
pub(crate) struct Role {
    /// The display name (long enough that it cannot turn up in ciphertext by chance).
    pub(crate) name: &'static str,
    /// Its part.
    pub(crate) part: Part,
    /// When it opens its client.
    pub(crate) enters_at: u64,
    /// When it goes, unless it is made to.
    pub(crate) leaves_at: u64,
}

const fn role(name: &'static str, part: Part, enters_at: u64, leaves_at: u64) -> Role {
    Role { name, part, enters_at, leaves_at }
}

/// The seat of the host.
pub(crate) const HOST: usize = 0;
/// The seat of the one who is removed, and goes on recording.
pub(crate) const EXPELLED: usize = 4;
/// When the host decides to remove it.
pub(crate) const EXPELLED_AT: u64 = 14_000;
/// How much longer the server's messages to a seat take at this time, in milliseconds: one guest's
/// network is slow just when keys change at once, so that frames overtake the commit they need.
pub(crate) fn slowness(seat: usize, now: u64) -> u64 {
    if seat == 3 && (EXPELLED_AT..EXPELLED_AT + 500).contains(&now) { 250 } else { 0 }
}

/// Who speaks up, and is the one whom forgeries are to harm.
pub(crate) const TALKER: usize = 2;
/// Who shares its screen: before it may, and after.
pub(crate) const PRESENTER: usize = 3;
/// Who takes over from the host.
pub(crate) const HEIR: usize = 1;
/// Who comes while the door is locked.
pub(crate) const LATECOMER: usize = 9;

/// What is said to all.
pub(crate) const TO_ALL: &str = "Shall we wait for Philippa?";
/// What is said to the host alone.
pub(crate) const TO_HOST: &str = "Do you know who this Ezekiel is?";

/// What the host, those with rights and those without do in turn. Whoever is removed at 14 s has a
/// modified client, and tries everything before.
pub(crate) const SCRIPT: [(u64, Cue); 22] = [
    (2_500, Cue::Say(None, TO_ALL)),
    (2_900, Cue::Say(Some(HOST), TO_HOST)),
    (3_300, Cue::RaiseHand),
    (7_000, Cue::Mute),
    (7_500, Cue::Share),
    (10_000, Cue::MakePresenter),
    (11_500, Cue::Lock(true)),
    (12_200, Cue::Forgery(Trick::Promotion)),
    (12_400, Cue::Forgery(Trick::End)),
    (12_600, Cue::Forgery(Trick::Order)),
    (12_900, Cue::Forgery(Trick::Add)),
    (13_200, Cue::Forgery(Trick::Mute)),
    (13_400, Cue::Forgery(Trick::Removal)),
    (13_900, Cue::CountMuted),
    (EXPELLED_AT, Cue::Expel(EXPELLED)),
    (15_500, Cue::Lock(false)),
    (19_000, Cue::MakeCoHost),
    (21_000, Cue::Transfer),
    (22_500, Cue::Record),
    (23_500, Cue::CountScreen),
    (25_000, Cue::StopSharing),
    (31_500, Cue::End),
];

/// When the simulation stops looking.
pub(crate) const STOPS_AT: u64 = 45_000;
/// When the relay posts an Add that it made up, and an old log entry under a new id.
pub(crate) const FORGERIES_AT: [u64; 4] = [6_000, 11_000, 18_000, 23_000];

/// Everybody, by seat.
pub(crate) const CAST: [Role; 10] = [
    role("Margarete Okonjo", Part::Host, 0, 28_000),
    role("Bartholomew Iversen", Part::Guest, 400, u64::MAX),
    role("Celestine Marchetti", Part::Guest, 700, 28_600),
    role("Desdemona Kowalczyk", Part::Guest, 1_000, 29_200),
    role("Ezekiel Thorvaldsen", Part::Guest, 1_300, u64::MAX),
    role("Philippa Nakagawa", Part::Guest, 9_000, 29_800),
    role("Leonidas Abernathy", Part::Guest, 16_500, 30_400),
    role("Uninvited Umberto", Part::Uninvited, 4_000, u64::MAX),
    role("Stranger Strickland", Part::Stranger, 5_000, u64::MAX),
    role("Latecomer Lavinia", Part::Latecomer, 12_000, u64::MAX),
];
