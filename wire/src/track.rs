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

impl TrackKind {
    /// Whether it carries pictures, so that a receiver needs a key frame to begin with.
    pub const fn is_video(self) -> bool {
        matches!(self, Self::Camera | Self::Screen)
    }

    /// Whether it carries sound (SPEC \[K11\], SPEC.md 9.7).
    pub const fn is_audio(self) -> bool {
        matches!(self, Self::Microphone | Self::ScreenAudio)
    }
}

/// One of a member's tracks: a kind and an index of 0 to 31. It is kept as its context: each frame
/// brings one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Track(u8);

impl Track {
    /// The largest index.
    pub const MAX_INDEX: u8 = 31;
    /// The first microphone.
    pub const MICROPHONE: Self = Self::first(TrackKind::Microphone);
    /// The first camera.
    pub const CAMERA: Self = Self::first(TrackKind::Camera);
    /// The first screen.
    pub const SCREEN: Self = Self::first(TrackKind::Screen);
    /// The sound of the first screen.
    pub const SCREEN_AUDIO: Self = Self::first(TrackKind::ScreenAudio);
    /// The first data track.
    pub const DATA: Self = Self::first(TrackKind::Data);

    /// The track of this kind and index; `None` if the index is above [`Self::MAX_INDEX`].
    pub const fn new(kind: TrackKind, index: u8) -> Option<Self> {
        if index <= Self::MAX_INDEX { Some(Self(index << 3 | kind.number())) } else { None }
    }

    const fn first(kind: TrackKind) -> Self {
        Self(kind.number())
    }

    /// What it carries.
    pub const fn kind(self) -> TrackKind {
        match TrackKind::from_number(self.0 & 7) {
            Some(kind) => kind,
            // Never: no track is made of such a number.
            None => TrackKind::Data,
        }
    }

    /// Which of its kind it is, 0 to 31.
    pub const fn index(self) -> u8 {
        self.0 >> 3
    }

    /// The SFrame context value, `index << 3 | kind`: the top bits of a KID. SPEC \[K2\].
    pub const fn context(self) -> u64 {
        self.0 as u64
    }

    /// The track with this context value; `None` if no track has it.
    pub fn from_context(context: u64) -> Option<Self> {
        let context = u8::try_from(context).ok()?;
        TrackKind::from_number(context & 7)?;
        Some(Self(context))
    }
}

impl core::fmt::Debug for Track {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let (kind, index) = (self.kind(), self.index());
        f.debug_struct("Track").field("kind", &kind).field("index", &index).finish()
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
