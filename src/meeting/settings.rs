//! What the host of a new meeting chooses, and presets of it.

use core::fmt;

use incamera_wire::{
    Door, PadTo, Padding, Profile, Right, Rights, RoleRights, SecretText, TrackKind, TrackKinds,
};
use zeroize::Zeroizing;

use crate::error::Error;
use crate::policy::Opening;

/// What the host of a new meeting chooses. Everything but the profile
/// the length of tags and the padding can be changed later.
///
/// Take a preset, or the default, and change fields of it.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Settings {
    /// The suites, for the whole life of the meeting: [`Profile::Standard`] unless devices without
    /// AES instructions take part, or what is said must stay confidential for decades.
    pub profile: Profile,
    /// Who may admit those who knock.
    pub door: Door,
    /// What co-hosts may do.
    pub co_host: Rights,
    /// What presenters may do.
    pub presenter: Rights,
    /// What everyone else may do.
    pub attendee: Rights,
    /// The kinds of tracks that are muted from the start for all but those who may mute others.
    pub muted: TrackKinds,
    /// Whether members may lift their own mute.
    pub may_unmute: bool,
    /// What whoever knocks has to prove: 1 to 64 bytes of UTF-8. Members can read it.
    pub passcode: Option<String>,
    /// Whether frames of microphones and of screen audio have tags of 10 bytes, not 16, for the whole
    /// life of the meeting: 6 bytes less a frame, for 1 forged frame in 2^80 that opens. Not in
    /// [`Profile::Portable`].
    pub short_audio_tags: bool,
    /// To which lengths frames are padded, for the whole life of the meeting, so that their sizes tell
    /// less: of a voice a size tells much of what is said.
    ///
    /// ```
    /// # use incamera::{Framing, PadTo, Padding, Settings, Track};
    /// # use incamera::testing::Room;
    /// let mut settings = Settings::MEETING;
    /// settings.padding = Padding { audio: PadTo::Multiple(160), other: PadTo::Padme };
    /// let mut room = Room::with(settings, &["Ada", "Ben"])?;
    /// # let now_ms = room.now().monotonic_ms;
    /// let mut microphone = room[0].sealer(Track::MICROPHONE, Framing::Whole)?;
    /// let [mut word, mut silence] = [Vec::new(), Vec::new()];
    /// microphone.seal(b"a word", now_ms, &mut word)?;
    /// microphone.seal_silence(now_ms, &mut silence)?;
    /// assert_eq!(word.len(), silence.len());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub padding: Padding,
}

/// What every role may do that speaks, in most meetings.
const PERSON: Rights =
    Rights::of(&[Right::Speak, Right::Video, Right::Chat, Right::React, Right::RenameSelf]);

/// What co-hosts may do beyond persons, in most meetings.
const ASSISTANT: Rights = Rights::of(&[
    Right::Admit,
    Right::Remove,
    Right::Lock,
    Right::MuteOthers,
    Right::ManageInvites,
]);

impl Settings {
    /// A meeting of people who know each other: those who knock wait, everyone speaks, and hosts,
    /// co-hosts and presenters share screens.
    ///
    /// ```
    /// # use incamera::{Door, Right, Settings};
    /// # use incamera::testing::Room;
    /// let mut room = Room::with(Settings::MEETING, &["Ada", "Ben"])?;
    /// # let now = room.now();
    /// assert_eq!(room[1].rules()?.door, Door::WaitingRoom);
    /// assert!(room[1].roster()[1].rights.contains(Right::Speak));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const MEETING: Self = Self {
        profile: Profile::Standard,
        door: Door::WaitingRoom,
        co_host: PERSON.union(ASSISTANT).with(Right::ShareScreen),
        presenter: PERSON.with(Right::ShareScreen),
        attendee: PERSON,
        muted: TrackKinds::NONE,
        may_unmute: true,
        passcode: None,
        short_audio_tags: false,
        padding: Padding::NONE,
    };

    /// A lesson: those who knock wait, nobody but hosts shares a screen, and names stay as they are.
    ///
    /// ```
    /// # use incamera::{Right, Settings};
    /// # use incamera::testing::Room;
    /// let mut room = Room::with(Settings::CLASSROOM, &["Ada", "Ben"])?;
    /// # let now = room.now();
    /// assert!(!room[1].roster()[1].rights.contains(Right::RenameSelf));
    /// assert!(!room[1].rules()?.rights.presenter.contains(Right::ShareScreen));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const CLASSROOM: Self = Self {
        co_host: PERSON.union(ASSISTANT),
        presenter: PERSON,
        attendee: PERSON.without(Right::RenameSelf),
        ..Self::MEETING
    };

    /// A lecture before strangers: whoever has the link comes in, to listen and react.
    ///
    /// ```
    /// # use incamera::{Door, Settings};
    /// # use incamera::testing::Room;
    /// let mut room = Room::with(Settings::WEBINAR, &["Ada", "Ben"])?;
    /// # let now = room.now();
    /// assert_eq!(room[1].rules()?.door, Door::Open);
    /// assert!(room[1].roster()[1].may_send.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const WEBINAR: Self =
        Self { door: Door::Open, attendee: Rights::of(&[Right::React]), ..Self::MEETING };

    /// A consultation: those who knock wait, nobody but hosts records or shares, and co-hosts
    /// neither admit nor invite.
    ///
    /// ```
    /// # use incamera::{Right, Settings};
    /// # use incamera::testing::Room;
    /// let mut room = Room::with(Settings::CLINIC, &["Ada", "Ben"])?;
    /// # let now = room.now();
    /// assert!(!room[1].rules()?.rights.co_host.contains(Right::Admit));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const CLINIC: Self = Self {
        co_host: PERSON.with(Right::MuteOthers).with(Right::Remove),
        presenter: PERSON,
        attendee: PERSON.without(Right::RenameSelf),
        ..Self::MEETING
    };

    /// A place for everyone: whoever has the link comes in, and everyone may speak and share.
    ///
    /// ```
    /// # use incamera::{Door, Settings, TrackKind};
    /// # use incamera::testing::Room;
    /// let mut room = Room::with(Settings::OPEN, &["Ada", "Ben"])?;
    /// # let now = room.now();
    /// assert_eq!(room[1].rules()?.door, Door::Open);
    /// assert!(room[1].roster()[1].may_send.contains(TrackKind::Screen));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const OPEN: Self =
        Self { door: Door::Open, attendee: PERSON.with(Right::ShareScreen), ..Self::MEETING };

    /// The settings as the group's state takes them.
    pub(super) fn opening(self) -> Result<Opening, Error> {
        let Self { profile, door, muted, may_unmute, short_audio_tags, padding, .. } = self;
        let Self { co_host, presenter, attendee, passcode, .. } = self;
        let passcode = passcode.map(Zeroizing::new);
        let passcode = passcode.as_deref().map(|text| checked_passcode(text)).transpose()?;
        if short_audio_tags && profile == Profile::Portable {
            return Err(Error::Argument("the portable profile has no short tags: leave them long"));
        }
        if [padding.audio, padding.other].iter().any(|to| matches!(to, PadTo::Multiple(0 | 1))) {
            return Err(Error::Argument(
                "padding to a multiple of 0 or 1 bytes pads nothing: name 2 or more",
            ));
        }
        let rights = RoleRights { co_host, presenter, attendee };
        let unmute_forbidden = !may_unmute;
        Ok(Opening {
            profile,
            door,
            rights,
            muted,
            unmute_forbidden,
            passcode,
            short_audio_tags,
            padding,
        })
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            profile,
            door,
            co_host,
            presenter,
            attendee,
            muted,
            may_unmute,
            passcode,
            short_audio_tags,
            padding,
        } = self;
        f.debug_struct("Settings")
            .field("profile", profile)
            .field("door", door)
            .field("co_host", co_host)
            .field("presenter", presenter)
            .field("attendee", attendee)
            .field("muted", muted)
            .field("may_unmute", may_unmute)
            .field("passcode", &passcode.as_ref().map(|_| ".."))
            .field("short_audio_tags", short_audio_tags)
            .field("padding", padding)
            .finish()
    }
}

/// A passcode that the state can hold.
pub(super) fn checked_passcode(passcode: &str) -> Result<SecretText, Error> {
    if (1..=64).contains(&passcode.len()) {
        Ok(SecretText::new(passcode))
    } else {
        Err(Error::Argument("a passcode has 1 to 64 bytes of UTF-8: choose another"))
    }
}

impl Default for Settings {
    /// [`Settings::MEETING`].
    fn default() -> Self {
        Self::MEETING
    }
}

impl Settings {
    /// The same with every microphone muted at first.
    ///
    /// ```
    /// # use incamera::{Settings, TrackKind};
    /// # use incamera::testing::Room;
    /// let mut room = Room::with(Settings::MEETING.muted_on_entry(), &["Ada", "Ben"])?;
    /// # let now = room.now();
    /// assert!(!room[1].roster()[1].may_send.contains(TrackKind::Microphone));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub const fn muted_on_entry(mut self) -> Self {
        self.muted.insert(TrackKind::Microphone);
        self
    }
}
