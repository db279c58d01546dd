//! The first bits of a slice header, read out of a NAL unit.

/// The most leading zeros of an Exp-Golomb code: its value fits 32 bits.
const MAX_LEADING_ZEROS: u32 = 31;

/// How many bytes of `payload` (a NAL unit without its header) hold `flags` bits and after them
/// `codes` Exp-Golomb codes, with the emulation prevention bytes in between. `None` if it ends before,
/// or a code is too long.
pub(super) fn len_of(payload: &[u8], flags: u32, codes: u32) -> Option<usize> {
    let mut bits = Bits { payload, used: 0, zeros: 0, byte: 0, left: 0 };
    bits.skip(flags)?;
    for _ in 0..codes {
        let mut leading = 0;
        while !bits.next()? {
            leading += 1;
            if leading > MAX_LEADING_ZEROS {
                return None;
            }
        }
        bits.skip(leading)?;
    }
    Some(bits.used)
}

struct Bits<'a> {
    payload: &'a [u8],
    /// How many bytes have been begun.
    used: usize,
    /// How many of the bytes right before are 0.
    zeros: u32,
    byte: u8,
    left: u32,
}

impl Bits<'_> {
    fn next(&mut self) -> Option<bool> {
        if self.left == 0 {
            self.byte = self.next_byte()?;
            self.left = 8;
        }
        self.left -= 1;
        Some(self.byte >> self.left & 1 == 1)
    }

    fn next_byte(&mut self) -> Option<u8> {
        let mut byte = *self.payload.get(self.used)?;
        self.used += 1;
        if byte == 3 && self.zeros >= 2 {
            byte = *self.payload.get(self.used)?;
            self.used += 1;
            self.zeros = 0;
        }
        self.zeros = if byte == 0 { self.zeros + 1 } else { 0 };
        Some(byte)
    }

    fn skip(&mut self, count: u32) -> Option<()> {
        (0..count).try_for_each(|_| self.next().map(drop))
    }
}
