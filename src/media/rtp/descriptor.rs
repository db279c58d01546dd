//! The byte in front of each payload.

/// The length of the descriptor in bytes.
pub(super) const DESCRIPTOR_LEN: usize = 1;

const START: u8 = 0x80;
const END: u8 = 0x40;
const PACKETIZED: u8 = 0x20;

/// What was sealed as one frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PayloadOrigin {
    /// A whole frame, as the encoder made it.
    Raw,
    /// The payload of one packet that a packetiser of the codec made: once opened, it is for the
    /// codec's depacketiser.
    Packetized,
}

/// The SFrame payload descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Descriptor {
    /// S: this payload is the first of its frame.
    pub(super) start: bool,
    /// E: this payload is the last of its frame.
    pub(super) end: bool,
    /// T: what the frame is.
    pub(super) origin: PayloadOrigin,
}

impl Descriptor {
    /// The byte; its five reserved bits are 0.
    pub(super) fn to_byte(self) -> u8 {
        let bit = |set: bool, bit: u8| if set { bit } else { 0 };
        // SPEC [M30]
        bit(self.start, START)
            | bit(self.end, END)
            | bit(self.origin == PayloadOrigin::Packetized, PACKETIZED)
    }

    /// Every byte is a descriptor.
    pub(super) fn from_byte(byte: u8) -> Self {
        // SPEC [M31]: only the three bits are looked at.
        let origin =
            if byte & PACKETIZED == 0 { PayloadOrigin::Raw } else { PayloadOrigin::Packetized };
        Self { start: byte & START != 0, end: byte & END != 0, origin }
    }
}
