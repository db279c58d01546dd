//! Media tracks, and sets of their kinds.

use crate::choice::choice;

choice! {
    /// What a track carries.
    TrackKind {
        /// Speech.
        Microphone = 0,
        /// Video of a person.
        Camera = 1,
        /// Video of a screen.
        Screen = 2,
        /// The sound of a shared screen.
        ScreenAudio = 3,
        /// Anything else that is sent in frames.
        Data = 4,
    }
}

/// One of a member's tracks: a kind and an index of 0 to 31.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Track {
    kind: TrackKind,
    index: u8,
}

impl Track {
    /// The largest index.
    pub const MAX_INDEX: u8 = 31;
    /// The first microphone.
    pub const MICROPHONE: Self = Self { kind: TrackKind::Microphone, index: 0 };
    /// The first camera.
    pub const CAMERA: Self = Self { kind: TrackKind::Camera, index: 0 };
    /// The first screen.
    pub const SCREEN: Self = Self { kind: TrackKind::Screen, index: 0 };
    /// The sound of the first screen.
    pub const SCREEN_AUDIO: Self = Self { kind: TrackKind::ScreenAudio, index: 0 };
    /// The first data track.
    pub const DATA: Self = Self { kind: TrackKind::Data, index: 0 };

    /// The track of this kind and index; `None` if the index is above [`Self::MAX_INDEX`].
    pub const fn new(kind: TrackKind, index: u8) -> Option<Self> {
        if index <= Self::MAX_INDEX { Some(Self { kind, index }) } else { None }
    }

    /// What it carries.
    pub const fn kind(self) -> TrackKind {
        self.kind
    }

    /// Which of its kind it is, 0 to 31.
    pub const fn index(self) -> u8 {
        self.index
    }

    /// The SFrame context value, `index << 3 | kind`: the top bits of a KID. SPEC \[K2\].
    pub const fn context(self) -> u64 {
        (self.index as u64) << 3 | self.kind.number() as u64
    }

    /// The track with this context value; `None` if no track has it.
    pub fn from_context(context: u64) -> Option<Self> {
        let kind = TrackKind::from_number((context & 7) as u8)?;
        Self::new(kind, u8::try_from(context >> 3).ok()?)
    }
}

/// A set of track kinds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct TrackKinds(u8);

impl TrackKinds {
    /// No kind.
    pub const NONE: Self = Self(0);
    /// Every kind.
    pub const ALL: Self = Self(0b1_1111);

    /// The set of these kinds.
    #[must_use]
    pub const fn of(kinds: &[TrackKind]) -> Self {
        let mut set = Self::NONE;
        let mut rest = kinds;
        while let [kind, others @ ..] = rest {
            set.insert(*kind);
            rest = others;
        }
        set
    }

    /// The set with this number on the wire, where kind `k` is bit `k`; `None` if it has other bits.
    #[must_use]
    pub const fn from_bits(bits: u32) -> Option<Self> {
        if bits & !(Self::ALL.0 as u32) == 0 { Some(Self(bits as u8)) } else { None }
    }

    /// The set's number on the wire.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0 as u32
    }

    /// Whether nothing is in the set.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether `kind` is in the set.
    pub const fn contains(self, kind: TrackKind) -> bool {
        self.0 & 1 << kind.number() != 0
    }

    /// Puts `kind` into the set.
    pub const fn insert(&mut self, kind: TrackKind) {
        self.0 |= 1 << kind.number();
    }

    /// Takes `kind` out of the set.
    pub const fn remove(&mut self, kind: TrackKind) {
        self.0 &= !(1 << kind.number());
    }

    /// The kinds that are in either set.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The kinds that are in this set and not in `other`.
    #[must_use]
    pub const fn difference(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// The kinds that are in both sets.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}
