//! What the state lists: what roles may do, members that are no plain attendees, invites, relays.

use crate::choice::{Label, Role};
use crate::codec::Source;
use crate::ids::Fingerprint;
use crate::limits;
use crate::malformed::Malformed;
use crate::raw;
use crate::rights::Rights;
use crate::secret::SecretBytes;
use crate::track::TrackKinds;

const RIGHTS: Source = Source(&limits::ROLE_RIGHTS);
const MEMBER: Source = Source(&limits::MEMBER_ENTRY);
const INVITE: Source = Source(&limits::INVITE_ENTRY);
const RELAY: Source = Source(&limits::RELAY_ENTRY);
const RESYNC: Source = Source(&limits::RESYNC_KEY);

/// What each role may do. A host may do everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RoleRights {
    /// What co-hosts may do.
    pub co_host: Rights,
    /// What presenters may do.
    pub presenter: Rights,
    /// What everyone else may do.
    pub attendee: Rights,
}

impl RoleRights {
    pub(super) fn to_raw(self) -> raw::RoleRights {
        raw::RoleRights {
            co_host: self.co_host.bits(),
            presenter: self.presenter.bits(),
            attendee: self.attendee.bits(),
        }
    }

    pub(super) fn from_raw(raw: raw::RoleRights) -> Result<Self, Malformed> {
        Ok(Self {
            co_host: RIGHTS.set(raw.co_host, Rights::from_bits, "co_host")?,
            presenter: RIGHTS.set(raw.presenter, Rights::from_bits, "presenter")?,
            attendee: RIGHTS.set(raw.attendee, Rights::from_bits, "attendee")?,
        })
    }
}

/// What the state says of one identity beyond a plain attendee.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemberEntry {
    /// The identity.
    pub fingerprint: Fingerprint,
    /// Its role.
    pub role: Role,
    /// Rights that it has beyond those of its role.
    pub granted: Rights,
    /// Rights of its role that it does not have.
    pub withheld: Rights,
    /// What it is, if it is no person.
    pub label: Option<Label>,
    /// The kinds of tracks that are muted for it.
    pub muted: TrackKinds,
    /// The kinds of tracks that are not muted for it although they are for all.
    pub unmuted: TrackKinds,
    /// Whether it says that it records.
    pub recording: bool,
}

impl MemberEntry {
    /// A plain attendee, which no state lists.
    #[must_use]
    pub const fn plain(fingerprint: Fingerprint) -> Self {
        Self {
            fingerprint,
            role: Role::Attendee,
            granted: Rights::NONE,
            withheld: Rights::NONE,
            label: None,
            muted: TrackKinds::NONE,
            unmuted: TrackKinds::NONE,
            recording: false,
        }
    }

    pub(super) fn to_raw(self) -> raw::MemberEntry {
        raw::MemberEntry {
            fingerprint: self.fingerprint.as_bytes().to_vec(),
            role: self.role.into(),
            granted: self.granted.bits(),
            withheld: self.withheld.bits(),
            label: self.label.map(Into::into),
            muted: self.muted.bits(),
            unmuted: self.unmuted.bits(),
            recording: self.recording,
        }
    }

    pub(super) fn from_raw(raw: &raw::MemberEntry) -> Result<Self, Malformed> {
        let label = |number| MEMBER.choice(number, Label::from_number, "label");
        Ok(Self {
            fingerprint: Fingerprint::new(MEMBER.array(&raw.fingerprint, "fingerprint")?),
            role: MEMBER.choice(raw.role, Role::from_number, "role")?,
            granted: MEMBER.set(raw.granted, Rights::from_bits, "granted")?,
            withheld: MEMBER.set(raw.withheld, Rights::from_bits, "withheld")?,
            label: raw.label.map(label).transpose()?,
            muted: MEMBER.set(raw.muted, TrackKinds::from_bits, "muted")?,
            unmuted: MEMBER.set(raw.unmuted, TrackKinds::from_bits, "unmuted")?,
            recording: raw.recording,
        })
    }
}

/// One live invite. SPEC \[A2\] \[G7\].
#[derive(Debug, PartialEq, Eq)]
pub struct InviteEntry {
    /// The link secret.
    pub secret: SecretBytes<32>,
    /// Whether a passcode is asked for.
    pub passcode: bool,
    /// What hosts call it: at most 64 bytes of UTF-8.
    pub name: String,
    /// Seconds since 1970-01-01T00:00:00Z from which on nobody is admitted under it; `None`: never.
    pub expires_s: Option<core::num::NonZeroU64>,
}

impl InviteEntry {
    /// An invite without a name that asks for no passcode and does not expire.
    #[must_use]
    pub const fn new(secret: SecretBytes<32>) -> Self {
        Self { secret, passcode: false, name: String::new(), expires_s: None }
    }

    /// A second holder of the same invite.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self { secret: self.secret.duplicate(), name: self.name.clone(), ..*self }
    }

    pub(super) fn to_raw(&self) -> raw::InviteEntry {
        raw::InviteEntry {
            secret: self.secret.expose().to_vec(),
            passcode: self.passcode,
            name: self.name.clone(),
            expires_s: self.expires_s.map_or(0, core::num::NonZeroU64::get),
        }
    }

    pub(super) fn from_raw(raw: &raw::InviteEntry) -> Result<Self, Malformed> {
        Ok(Self {
            secret: INVITE.present(SecretBytes::read(&raw.secret), "secret")?,
            passcode: raw.passcode,
            name: raw.name.clone(),
            expires_s: core::num::NonZeroU64::new(raw.expires_s),
        })
    }
}

/// A relay that media may go through. SPEC \[M12\].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelayEntry {
    /// Its Ed25519 key.
    pub key: [u8; 32],
    /// What its operator says of where it stands: 1 to 32 bytes of UTF-8.
    pub region: String,
}

impl RelayEntry {
    pub(super) fn to_raw(&self) -> raw::RelayEntry {
        raw::RelayEntry { key: self.key.to_vec(), region: self.region.clone() }
    }

    pub(super) fn from_raw(raw: &raw::RelayEntry) -> Result<Self, Malformed> {
        Ok(Self { key: RELAY.array(&raw.key, "key")?, region: raw.region.clone() })
    }
}

/// What a member knocks under who can follow no more. SPEC \[A16\].
#[derive(Debug, PartialEq, Eq)]
pub struct ResyncKey {
    /// X25519 private key that opens such a knock.
    pub lobby_key: SecretBytes<32>,
    /// PSK of the knock and of the commit that answers it.
    pub secret: SecretBytes<32>,
}

impl ResyncKey {
    /// A second holder of the same key.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self { lobby_key: self.lobby_key.duplicate(), secret: self.secret.duplicate() }
    }

    pub(super) fn to_raw(&self) -> raw::ResyncKey {
        raw::ResyncKey {
            lobby_key: self.lobby_key.expose().to_vec(),
            secret: self.secret.expose().to_vec(),
        }
    }

    pub(super) fn from_raw(raw: &raw::ResyncKey) -> Result<Self, Malformed> {
        Ok(Self {
            lobby_key: RESYNC.present(SecretBytes::read(&raw.lobby_key), "lobby_key")?,
            secret: RESYNC.present(SecretBytes::read(&raw.secret), "secret")?,
        })
    }
}
