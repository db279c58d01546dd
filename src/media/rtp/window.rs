//! Which sequence numbers were taken.

/// SPEC \[M35\], \[M36\]: how many sequence numbers, the highest included, may be taken. It is
/// also the most packets that wait.
pub(super) const WINDOW: u64 = 4_096;
const WORDS: usize = WINDOW as usize / 64;
/// One turn of the 16 bits of a sequence number.
const TURN: u64 = 1 << 16;

/// What becomes of a packet by its sequence number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// It is new, and this is its number without the wrap.
    New(u64),
    /// It was taken before.
    Duplicate,
    /// It is below the window.
    TooOld,
}

/// The last sequence numbers, without their wrap, and which of them were taken.
#[derive(Clone, Debug)]
pub(super) struct Window {
    highest: Option<u64>,
    /// A bit for each number of the window, by its remainder.
    taken: [u64; WORDS],
}

impl Default for Window {
    fn default() -> Self {
        Self { highest: None, taken: [0; WORDS] }
    }
}

impl Window {
    /// The lowest number that may still be taken.
    pub(super) fn low(&self) -> u64 {
        self.highest.map_or(0, |highest| highest - (WINDOW - 1))
    }

    /// Takes a sequence number, if it may be taken: as the one of the numbers without wrap that is
    /// nearest to the highest.
    pub(super) fn take(&mut self, sequence: u16) -> Place {
        let Some(highest) = self.highest else {
            // One turn ahead, so that what was overtaken by the first packet has a number too.
            return self.advance(TURN + u64::from(sequence));
        };
        let ahead = sequence.wrapping_sub(highest as u16);
        if (1..=TURN / 2).contains(&u64::from(ahead)) {
            return self.advance(highest + u64::from(ahead));
        }
        let behind = u64::from(ahead.wrapping_neg());
        // SPEC [M35]
        if behind >= WINDOW {
            return Place::TooOld;
        }
        self.mark(highest - behind)
    }

    /// Takes a sequence number as that of a stream that starts again: higher than all before, and
    /// with all of them below the window.
    pub(super) fn restart(&mut self, sequence: u16) -> Place {
        let turns = self.highest.map_or(1, |highest| highest / TURN + 2);
        self.advance(turns * TURN + u64::from(sequence))
    }

    fn advance(&mut self, to: u64) -> Place {
        let from = self.highest.map_or(0, |highest| highest + 1);
        if to - from >= WINDOW {
            self.taken = [0; WORDS];
        } else {
            for number in from..=to {
                self.set(number, false);
            }
        }
        self.highest = Some(to);
        self.mark(to)
    }

    fn mark(&mut self, number: u64) -> Place {
        if self.set(number, true) { Place::Duplicate } else { Place::New(number) }
    }

    /// Sets a bit and gives what it was.
    fn set(&mut self, number: u64, taken: bool) -> bool {
        let at = number % WINDOW;
        let mask = 1 << (at % 64);
        let Some(word) = self.taken.get_mut(at as usize / 64) else { return true };
        let was = *word & mask != 0;
        if taken {
            *word |= mask
        } else {
            *word &= !mask
        }
        was
    }
}
