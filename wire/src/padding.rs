//! How frames are padded, so that their lengths tell less.

/// To which length what is sealed of a frame is padded (SPEC 9.7).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum PadTo {
    /// Not at all.
    #[default]
    Nothing,
    /// To a length of few significant bits (Padmé): at most 12 % more, less for long frames, and
    /// of all lengths up to L some log log L bits are told.
    Padme,
    /// To a multiple of so many bytes, 2 at least: what is never longer tells nothing at all.
    Multiple(u16),
}

impl PadTo {
    /// What stands for it on the wire: 0, 1, or the number of bytes.
    #[must_use]
    pub fn number(self) -> u32 {
        match self {
            Self::Nothing => 0,
            Self::Padme => 1,
            Self::Multiple(bytes) => u32::from(bytes.max(2)),
        }
    }

    /// What `number` stands for, if it is at most 65,535.
    #[must_use]
    pub fn from_number(number: u32) -> Option<Self> {
        match number {
            0 => Some(Self::Nothing),
            1 => Some(Self::Padme),
            bytes => u16::try_from(bytes).ok().map(Self::Multiple),
        }
    }
}

/// How the tracks of a meeting are padded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Padding {
    /// Microphones and screen audio.
    pub audio: PadTo,
    /// All other tracks.
    pub other: PadTo,
}

impl Padding {
    /// None.
    pub const NONE: Self = Self { audio: PadTo::Nothing, other: PadTo::Nothing };
}
