//! What lengths tell: information, and two observers who use it.

use std::collections::BTreeMap;

use crate::stream::Slot;

/// Parts of the sample: each in turn is told by what the others taught.
const FOLDS: usize = 10;
/// Packets in 0.2 s and in 1 s.
const WINDOWS: [usize; 2] = [10, 50];

/// What one way of padding comes to.
pub(crate) struct Measures {
    /// Packets in all.
    pub(crate) packets: usize,
    /// Packets without sound.
    pub(crate) pauses: usize,
    /// Bytes of the shortest packet.
    pub(crate) shortest: usize,
    /// Bytes of the longest packet.
    pub(crate) longest: usize,
    /// Entropy of the packets' sizes, in bits.
    pub(crate) entropy: f64,
    /// Mutual information of a packet's size and what is seen, in bits.
    pub(crate) bits: f64,
    /// How often a threshold tells voice and pause apart: the mean of both, 0.5 by chance.
    pub(crate) voice: f64,
    /// How often 0.2 s of lengths are found in the known recording.
    pub(crate) fifth: f64,
    /// The same for 1 s.
    pub(crate) second: f64,
    /// How many windows there are to choose from.
    pub(crate) windows: [usize; 2],
    /// Mean bytes that are sent in the time of a packet.
    pub(crate) bytes: f64,
}

impl Measures {
    /// Measures a stream.
    pub(crate) fn of(slots: &[Slot]) -> Self {
        let sizes = || slots.iter().map(|slot| slot.plain);
        let same = sizes().map(|size| (size, size));
        let [fifth, second] = WINDOWS.map(|len| found(slots, len));
        Self {
            packets: slots.len(),
            pauses: slots.iter().filter(|slot| slot.pause).count(),
            shortest: sizes().min().unwrap_or_default(),
            longest: sizes().max().unwrap_or_default(),
            entropy: information(same),
            bits: information(slots.iter().map(|slot| (slot.plain, slot.seen))),
            voice: voice(slots),
            fifth,
            second,
            windows: WINDOWS.map(|len| slots.windows(len).count()),
            bytes: mean(slots.iter().map(|slot| slot.sent as f64)),
        }
    }
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (count, sum) = values.fold((0_u32, 0.0), |(count, sum), value| (count + 1, sum + value));
    sum / f64::from(count.max(1))
}

/// The mutual information of two quantities, in bits, from how often their values occur together: exact
/// for the sample.
fn information(pairs: impl Iterator<Item = (usize, usize)>) -> f64 {
    let [mut first, mut second] = [BTreeMap::new(), BTreeMap::new()];
    let (mut both, mut all) = (BTreeMap::new(), 0.0);
    for (x, y) in pairs {
        *first.entry(x).or_insert(0.0) += 1.0;
        *second.entry(y).or_insert(0.0) += 1.0;
        *both.entry((x, y)).or_insert(0.0) += 1.0;
        all += 1.0;
    }
    let chance = |of: &BTreeMap<usize, f64>, value: usize| of.get(&value).copied().unwrap_or(1.0);
    let term = |(&(x, y), &count): (&(usize, usize), &f64)| {
        count / all * (count * all / (chance(&first, x) * chance(&second, y))).log2()
    };
    both.iter().map(term).sum()
}

/// An observer who takes for voice what is as long as a threshold, the best one for nine tenths of
/// the sample, and is asked about the last tenth: the mean of how often it is right about voice and
/// about pauses.
fn voice(slots: &[Slot]) -> f64 {
    let fold = slots.len().div_ceil(FOLDS).max(1);
    let mut told = Vec::new();
    for (number, asked) in slots.chunks(fold).enumerate() {
        let others = slots.chunks(fold).enumerate().filter(|(other, _)| *other != number);
        let known: Vec<Slot> = others.flat_map(|(_, chunk)| chunk).copied().collect();
        let threshold = best_threshold(&known);
        told.extend(asked.iter().map(|slot| (slot.pause, slot.seen < threshold)));
    }
    balanced(told.into_iter())
}

/// The length that tells voice and pause best.
fn best_threshold(slots: &[Slot]) -> usize {
    let mut best = (0.0, 0);
    for threshold in slots.iter().map(|slot| slot.seen) {
        let told = slots.iter().map(|slot| (slot.pause, slot.seen < threshold));
        let right = balanced(told);
        if right > best.0 {
            best = (right, threshold);
        }
    }
    best.1
}

/// Of pairs of what is so and what was said: how often both agree where it is so and where it is
/// not, the mean of the two.
fn balanced(told: impl Iterator<Item = (bool, bool)>) -> f64 {
    let (mut right, mut all) = ([0.0; 2], [0.0; 2]);
    for (is, said) in told {
        let [right, all] = [&mut right, &mut all].map(|of| {
            let [no, yes] = of;
            if is { yes } else { no }
        });
        *all += 1.0;
        *right += f64::from(u8::from(is == said));
    }
    let rates = right.into_iter().zip(all).filter(|(_, all)| *all > 0.0);
    mean(rates.map(|(right, all)| right / all))
}

/// An observer who has the recording, sealed the same way, and is shown the lengths of so many
/// packets of it from anywhere: how often it says from where, when it guesses among those that look alike.
fn found(slots: &[Slot], len: usize) -> f64 {
    let seen: Vec<usize> = slots.iter().map(|slot| slot.seen).collect();
    let mut alike = BTreeMap::new();
    for window in seen.windows(len) {
        *alike.entry(window).or_insert(0_u32) += 1;
    }
    let windows = seen.windows(len).count().max(1) as f64;
    // Of those that look alike one guess in as many is right: one for each look.
    alike.len() as f64 / windows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slot(plain: usize, pause: bool, seen: usize) -> Slot {
        Slot { plain, pause, seen, sent: seen }
    }

    #[test]
    fn information_is_that_of_small_examples() {
        let close = |is: f64, wanted: f64| assert!((is - wanted).abs() < 1e-12, "{is}");
        close(information([(1, 1), (2, 2), (3, 3), (4, 4)].into_iter()), 2.0);
        close(information([(1, 1), (2, 1), (3, 2), (4, 2)].into_iter()), 1.0);
        close(information([(1, 1), (1, 2), (2, 1), (2, 2)].into_iter()), 0.0);
        close(information([(1, 7), (2, 7)].into_iter()), 0.0);
    }

    #[test]
    fn a_threshold_tells_what_differs_and_guesses_otherwise() {
        let differ =
            |i: usize| slot(i, i.is_multiple_of(3), if i.is_multiple_of(3) { 10 } else { 20 });
        assert_eq!(voice(&(0..100).map(differ).collect::<Vec<_>>()), 1.0);
        let same = |i: usize| slot(i, i.is_multiple_of(3), 20);
        assert_eq!(voice(&(0..100).map(same).collect::<Vec<_>>()), 0.5);
    }

    #[test]
    fn windows_that_look_alike_are_guessed() {
        let stream = |seen: &[usize]| seen.iter().map(|&s| slot(0, false, s)).collect::<Vec<_>>();
        assert_eq!(found(&stream(&[1, 2, 3, 4]), 2), 1.0);
        assert_eq!(found(&stream(&[1, 1, 1, 1, 1]), 2), 0.25);
        // 12, 21, 12: the two alike are right half the time.
        assert!((found(&stream(&[1, 2, 1, 2]), 2) - 2.0 / 3.0).abs() < 1e-12);
    }
}
