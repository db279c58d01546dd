//! Who comes, and what happens when: all times in simulated milliseconds.

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

/// When the host ends the meeting for whoever is left.
pub(crate) const ENDS_AT: u64 = 31_500;
/// When the simulation stops looking.
pub(crate) const STOPS_AT: u64 = 45_000;
/// When the relay posts an Add that it made up, and an old log entry under a new id.
pub(crate) const FORGERIES_AT: [u64; 4] = [6_000, 11_000, 18_000, 23_000];

/// Everybody, by seat.
pub(crate) const CAST: [Role; 9] = [
    role("Margarete Okonjo", Part::Host, 0, u64::MAX),
    role("Bartholomew Iversen", Part::Guest, 400, 28_000),
    role("Celestine Marchetti", Part::Guest, 700, 28_600),
    role("Desdemona Kowalczyk", Part::Guest, 1_000, 29_200),
    role("Ezekiel Thorvaldsen", Part::Guest, 1_300, u64::MAX),
    role("Philippa Nakagawa", Part::Guest, 9_000, 29_800),
    role("Leonidas Abernathy", Part::Guest, 16_500, 30_400),
    role("Uninvited Umberto", Part::Uninvited, 4_000, u64::MAX),
    role("Stranger Strickland", Part::Stranger, 5_000, u64::MAX),
];
