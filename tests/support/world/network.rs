//! The network: one link for each client, way and purpose, with faults of its own.

use std::ops::RangeInclusive;

use super::chance::Chance;
use super::tally::Tally;

/// What a network does to messages. Every message has its own luck.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Faults {
    /// Lost, in a thousand.
    pub(crate) loss: u64,
    /// Delivered twice, in a thousand.
    pub(crate) duplicate: u64,
    /// Held back, in a thousand, until others have overtaken them.
    pub(crate) held: u64,
    /// By how many a held one may be overtaken.
    pub(crate) reorder: u64,
    /// Altered, in a thousand; entries of the log are not, since that is a server's lie.
    pub(crate) corrupt: u64,
    /// How long a message takes, in milliseconds.
    pub(crate) delay_ms: RangeInclusive<u64>,
    /// How long the slowest of a hundred take, in milliseconds.
    pub(crate) tail_ms: u64,
}

impl Faults {
    /// 30 % loss, 10 % duplication, reordering up to 1,024.
    pub(crate) fn harsh() -> Self {
        Self {
            loss: 300,
            duplicate: 100,
            held: 100,
            reorder: 1_024,
            corrupt: 10,
            delay_ms: 5..=60,
            tail_ms: 1_500,
        }
    }

    /// A network that does nothing but take its time.
    pub(crate) fn none() -> Self {
        Self {
            loss: 0,
            duplicate: 0,
            held: 0,
            reorder: 0,
            corrupt: 0,
            delay_ms: 5..=60,
            tail_ms: 60,
        }
    }
}

/// The longest that a message is held back where nothing comes to overtake it, in milliseconds.
const HELD_MS: RangeInclusive<u64> = 100..=20_000;

/// One way of one client's.
pub(crate) struct Link<T> {
    /// Nothing passes.
    pub(crate) cut: bool,
    /// What every message takes longer, in milliseconds, and what that grows by with each.
    pub(crate) slow_ms: u64,
    pub(crate) ramp_ms: u64,
    sent: u64,
    held: Vec<Held<T>>,
}

struct Held<T> {
    number: u64,
    until: u64,
    item: T,
}

/// What becomes of a message.
pub(crate) enum Fate<T> {
    /// It arrives in so many milliseconds.
    Arrives(u64, T),
    /// It is held, under this number, for so many milliseconds at most.
    Held(u64, u64),
}

impl<T: Clone> Link<T> {
    pub(crate) fn new() -> Self {
        Self { cut: false, slow_ms: 0, ramp_ms: 0, sent: 0, held: Vec::new() }
    }

    /// Sends something: what becomes of it, and of what it overtakes.
    pub(crate) fn send(
        &mut self,
        item: T,
        faults: &Faults,
        chance: &mut Chance,
        tally: &mut Tally,
    ) -> Vec<Fate<T>> {
        let mut fates = Vec::new();
        self.sent += 1;
        tally.sent += 1;
        self.slow_ms = (self.slow_ms + self.ramp_ms).min(60_000);
        if self.cut || chance.permille(faults.loss) {
            tally.lost += 1;
        } else {
            let twice = chance.permille(faults.duplicate);
            tally.duplicated += u64::from(twice);
            for _ in 0..=u64::from(twice) {
                fates.push(self.one(item.clone(), faults, chance));
            }
        }
        let due: Vec<u64> =
            self.held.iter().filter(|held| held.until <= self.sent).map(|h| h.number).collect();
        for number in due {
            let item = self.release(number, tally);
            fates.extend(item.map(|item| Fate::Arrives(self.delay(faults, chance), item)));
        }
        fates
    }

    fn one(&mut self, item: T, faults: &Faults, chance: &mut Chance) -> Fate<T> {
        if faults.reorder == 0 || !chance.permille(faults.held) {
            return Fate::Arrives(self.delay(faults, chance), item);
        }
        let until = self.sent + chance.magnitude(1..=faults.reorder);
        let number =
            self.sent << 1 | u64::from(self.held.iter().any(|h| h.number >> 1 == self.sent));
        self.held.push(Held { number, until, item });
        Fate::Held(number, chance.magnitude(HELD_MS))
    }

    /// Lets go of a held message.
    pub(crate) fn release(&mut self, number: u64, tally: &mut Tally) -> Option<T> {
        let at = self.held.iter().position(|held| held.number == number)?;
        let overtaken = self.sent.saturating_sub(number >> 1);
        tally.reordered += u64::from(overtaken > 0);
        tally.furthest = tally.furthest.max(overtaken);
        Some(self.held.swap_remove(at).item)
    }

    /// Forgets what is on its way, as a connection that breaks.
    pub(crate) fn reset(&mut self) {
        self.held.clear();
    }

    fn delay(&self, faults: &Faults, chance: &mut Chance) -> u64 {
        let tail = chance.permille(10) && faults.tail_ms > *faults.delay_ms.end();
        let usual = chance.within(faults.delay_ms.clone());
        let late = if tail { chance.within(*faults.delay_ms.end()..=faults.tail_ms) } else { 0 };
        self.slow_ms + usual + late
    }
}
