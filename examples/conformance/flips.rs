//! Every bit of every golden message and frame, flipped one at a time: it is refused or changes nothing.

use serde_json::Value;

use crate::case::{File, refusal};
use crate::fields::{Bad, Fields, Read, bytes, hex};

/// What a kind does about flipped bits.
pub(crate) enum Flips {
    /// There is nothing in it whose meaning depends on every bit.
    None,
    /// These fields of the input: with a bit flipped the output refuses.
    Fields(&'static [&'static str]),
    /// In its own way: gives how many bits it flipped, or what went wrong. The second argument holds the file's
    /// scenes, the third says which bits are to be taken.
    Own(fn(&Fields<'_>, &Value, &Bits) -> Read<Result<u64, String>>),
}

/// Which bits of a message are flipped.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bits {
    /// Every one of messages up to this length in bytes; of longer ones as many as that has, spread evenly, and
    /// another set for each place.
    pub(crate) up_to: usize,
}

impl Bits {
    /// All of them.
    pub(crate) const ALL: Self = Self { up_to: usize::MAX };

    /// The bits to flip of a message of `len` bytes.
    pub(crate) fn of(self, len: usize) -> impl Iterator<Item = usize> + Clone {
        let all = len.saturating_mul(8);
        let step = len.div_ceil(self.up_to.max(1)).max(1);
        // One after another: of a step that is a multiple of 8 each bit of a byte has its turn.
        (0..all).filter(move |bit| (bit + bit / 64) % step == 0)
    }
}

/// A message with one bit flipped.
pub(crate) fn flipped(message: &[u8], bit: usize) -> Vec<u8> {
    let mut bytes = message.to_vec();
    if let Some(byte) = bytes.get_mut(bit / 8) {
        *byte ^= 1 << (bit % 8);
    }
    bytes
}

/// Flips the bits of one case; gives how many there were, or what was taken that should not have been.
pub(crate) fn flip_case(file: &File, case: &Value, bits: &Bits) -> Read<Result<u64, String>> {
    let fields = Fields::of(case, "a case")?;
    // What is refused as it is shows nothing.
    if refusal(&case["expect"]).is_some() {
        return Ok(Ok(0));
    }
    let named = |Bad(why)| Bad(format!("{}: {}: {why}", file.path.display(), case["name"]));
    match &file.kind.flips {
        Flips::None => Ok(Ok(0)),
        Flips::Own(own) => own(&fields.object("input")?, file.scenes(), bits).map_err(named),
        Flips::Fields(names) => flip_fields(file, &case["input"], names, bits).map_err(named),
    }
}

fn flip_fields(
    file: &File,
    input: &Value,
    names: &[&str],
    bits: &Bits,
) -> Read<Result<u64, String>> {
    let mut count = 0;
    for name in names {
        let Some(golden) = input.get(name) else { continue };
        let golden = bytes(golden, name)?;
        let mut changed = input.clone();
        for bit in bits.of(golden.len()) {
            changed[*name] = hex(flipped(&golden, bit)).into();
            let output = (file.kind.run)(&Fields::of(&changed, "input")?, file.scenes())?;
            if refusal(&output).is_none() {
                return Ok(Err(format!("bit {bit} of `{name}` flipped: it gives {output}")));
            }
            count += 1;
        }
    }
    Ok(Ok(count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_bits_of_short_messages_are_taken_and_of_long_ones_a_spread() {
        assert_eq!(Bits { up_to: 10 }.of(10).count(), 80);
        assert_eq!(Bits::ALL.of(1_000).count(), 8_000);
        let some: Vec<_> = Bits { up_to: 10 }.of(1_000).collect();
        assert!((70..=90).contains(&some.len()), "{}", some.len());
        assert!((0..8).all(|bit| some.iter().any(|at| at % 8 == bit)), "{some:?}");
        assert_eq!(flipped(&[0, 0], 9), [0, 2]);
    }
}
