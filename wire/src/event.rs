//! What members tell each other beside commits.

use prost::Message;

use crate::choice::choice;
use crate::codec::{Source, VERSION};
use crate::ids::{Fingerprint, KeyPackageRef, MeetingId, StayId};
use crate::limits;
use crate::malformed::Malformed;
use crate::raw::{self, event_body::Kind};
use crate::track::{Track, TrackKinds};

/// An event and its author's signature; at most 8 KiB encoded. SPEC \[G11\].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedEvent {
    /// An encoded [`EventBody`], kept as the bytes that were signed; 1 to 4,096 bytes.
    pub body: Vec<u8>,
    /// Ed25519, by the author's MLS leaf key.
    pub signature: [u8; 64],
}

const SIGNED_EVENT: Source = Source(&limits::SIGNED_EVENT);
const EVENT_BODY: Source = Source(&limits::EVENT_BODY);

impl SignedEvent {
    /// The encoding.
    pub fn encode(&self) -> Vec<u8> {
        let raw = raw::SignedEvent {
            version: VERSION,
            body: self.body.clone(),
            signature: self.signature.to_vec(),
        };
        raw.encode_to_vec()
    }

    /// Reads a signed event; neither its body nor its signature is checked.
    ///
    /// # Errors
    /// If the bytes break a rule of the wire format: SPEC \[W1\] to \[W4\].
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let raw: raw::SignedEvent = SIGNED_EVENT.decode(bytes)?;
        let signature = SIGNED_EVENT.array(&raw.signature, "signature")?;
        Ok(Self { body: raw.body, signature })
    }
}

/// What an event says, and everything its signature binds it to; at most 4 KiB encoded.
/// SPEC \[G11\].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventBody {
    /// The meeting: SPEC \[W8\].
    pub meeting: MeetingId,
    /// The MLS epoch it was said in.
    pub epoch: u64,
    /// The author's stay.
    pub stay: StayId,
    /// Never repeats within a stay.
    pub counter: u64,
    /// What is said.
    pub kind: EventKind,
}

/// What members say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// The author leaves: evidence for the commit that removes it. SPEC \[G8\].
    Leave,
    /// The author vouches for its epoch to newcomers. SPEC \[A8\].
    Confirm {
        /// The MLS epoch authenticator of the event's epoch.
        authenticator: [u8; 32],
    },
    /// The author ends the meeting for all. SPEC \[G12\].
    End,
    /// A word to all. SPEC \[G19\].
    Chat {
        /// 1 to 2,048 bytes of UTF-8.
        text: String,
    },
    /// A word to one member, sealed to its direct key. SPEC \[G20\].
    PrivateChat {
        /// The stay it is for.
        to: StayId,
        /// The encapsulated X25519 key of HPKE.
        encapsulated_key: [u8; 32],
        /// HPKE ciphertext of the text and tag, 17 to 2,064 bytes.
        ciphertext: Vec<u8>,
    },
    /// A reaction, such as one emoji. SPEC \[G19\].
    Reaction {
        /// 1 to 32 bytes of UTF-8.
        symbol: String,
    },
    /// The author raises or lowers its hand.
    Hand {
        /// Whether it is up.
        raised: bool,
    },
    /// The author asks a member to send. SPEC \[G19\].
    Ask {
        /// The stay that is asked.
        to: StayId,
        /// What to send: at least one kind.
        kinds: TrackKinds,
    },
    /// All the tracks that the author has, in place of what it announced before.
    Announcement {
        /// Sorted strictly by the track's context; at most 16.
        tracks: Vec<AnnouncedTrack>,
    },
    /// The author takes on a knock whose passcode is to be proved, or says that it was. SPEC
    /// \[A13\].
    Attend {
        /// The knock.
        knock: KeyPackageRef,
        /// Whether the author has seen it proved.
        proved: bool,
    },
    /// The author, listed in the succession, hears nothing of these hosts: evidence for the commit
    /// that replaces them in this epoch. SPEC \[G17\].
    HostSilent {
        /// The hosts, sorted strictly: 1 to 16.
        hosts: Vec<Fingerprint>,
    },
    /// The author, who may remove, orders that an identity be removed; in an envelope of kind order
    /// alone. SPEC \[G16\].
    RemovalOrder {
        /// The identity.
        target: Fingerprint,
        /// A stay of it that is in the meeting.
        stay: StayId,
    },
    /// The author is here, and says what it has read; in an envelope of kind heartbeat alone. SPEC
    /// \[G24\].
    Heartbeat(Heartbeat),
    /// The author, who can follow no more, asks that this key package take the place of its leaf; in a
    /// knock and in a commit note alone. SPEC \[G26\].
    Rejoin {
        /// The knock.
        knock: KeyPackageRef,
    },
    /// The author can show nothing of a member's video before its next key frame, and asks for one.
    /// SPEC \[M46\].
    KeyFrameRequest {
        /// The stay that is asked.
        to: StayId,
        /// Its track: a camera or a screen.
        track: Track,
    },
}

/// What a member has read of the log. SPEC \[G24\] \[G25\].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heartbeat {
    /// The MLS epoch authenticator of the event's epoch.
    pub authenticator: [u8; 32],
    /// The sequence number of the next entry that the author had yet to read.
    pub log_position: u64,
    /// The hash of what it has read since its epoch began.
    pub log_hash: [u8; 32],
    /// Its monotonic clock, in milliseconds from any origin.
    pub time_ms: u64,
    /// Encoded [`SignedEvent`]s: its removal orders that it has not read back; at most 4, of 1 to 512
    /// bytes.
    pub orders: Vec<Vec<u8>>,
}

choice! {
    /// How the bytes of an announced track's frames are sealed.
    AnnouncedFraming {
        /// All of them.
        Whole = 1,
        /// All but what packetisers of the announced codec look at.
        WebRtc = 2,
    }
}

/// One track as its owner announces it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnnouncedTrack {
    /// The track.
    pub track: Track,
    /// The codec's name: 1 to 32 bytes of UTF-8, such as `"opus"`.
    pub codec: String,
    /// How its frames are sealed.
    pub framing: AnnouncedFraming,
    /// How the transport names it, such as an SDP mid: at most 64 bytes of UTF-8.
    pub transport: String,
    /// Whether its owner has silenced it.
    pub muted: bool,
}

const ANNOUNCEMENT: Source = Source(&limits::ANNOUNCEMENT);
const ANNOUNCED: Source = Source(&limits::ANNOUNCED_TRACK);

/// A track's number on the wire: at most 31 << 3 | 7.
fn context(track: Track) -> u32 {
    u32::try_from(track.context()).unwrap_or(u32::MAX)
}

impl AnnouncedTrack {
    fn to_raw(&self) -> raw::AnnouncedTrack {
        raw::AnnouncedTrack {
            context: context(self.track),
            codec: self.codec.clone(),
            framing: self.framing.into(),
            transport: self.transport.clone(),
            muted: self.muted,
        }
    }

    fn from_raw(raw: raw::AnnouncedTrack) -> Result<Self, Malformed> {
        Ok(Self {
            track: ANNOUNCED.set(raw.context, |c| Track::from_context(c.into()), "context")?,
            framing: ANNOUNCED.choice(raw.framing, AnnouncedFraming::from_number, "framing")?,
            codec: raw.codec,
            transport: raw.transport,
            muted: raw.muted,
        })
    }
}

impl Heartbeat {
    fn to_raw(&self) -> raw::Heartbeat {
        raw::Heartbeat {
            authenticator: self.authenticator.to_vec(),
            log_position: self.log_position,
            log_hash: self.log_hash.to_vec(),
            time_ms: self.time_ms,
            orders: self.orders.clone(),
        }
    }

    fn from_raw(raw: raw::Heartbeat) -> Result<Self, Malformed> {
        let source = Source(&limits::HEARTBEAT);
        Ok(Self {
            authenticator: source.array(&raw.authenticator, "authenticator")?,
            log_position: raw.log_position,
            log_hash: source.array(&raw.log_hash, "log_hash")?,
            time_ms: raw.time_ms,
            orders: raw.orders,
        })
    }
}

impl EventKind {
    fn to_raw(&self) -> Kind {
        let bytes = |stay: &StayId| stay.as_bytes().to_vec();
        match self {
            Self::Leave => Kind::Leave(raw::Leave {}),
            Self::Confirm { authenticator } => {
                Kind::Confirm(raw::Confirm { authenticator: authenticator.to_vec() })
            }
            Self::End => Kind::End(raw::End {}),
            Self::Chat { text } => Kind::Chat(raw::Chat { text: text.clone() }),
            Self::PrivateChat { to, encapsulated_key, ciphertext } => {
                Kind::PrivateChat(raw::PrivateChat {
                    to: bytes(to),
                    encapsulated_key: encapsulated_key.to_vec(),
                    ciphertext: ciphertext.clone(),
                })
            }
            Self::Reaction { symbol } => Kind::Reaction(raw::Reaction { symbol: symbol.clone() }),
            Self::Hand { raised } => Kind::Hand(raw::Hand { raised: *raised }),
            Self::Ask { to, kinds } => Kind::Ask(raw::Ask { to: bytes(to), kinds: kinds.bits() }),
            Self::Announcement { tracks } => Kind::Announcement(raw::Announcement {
                tracks: tracks.iter().map(AnnouncedTrack::to_raw).collect(),
            }),
            Self::Attend { knock, proved } => {
                Kind::Attend(raw::Attend { knock: knock.as_bytes().to_vec(), proved: *proved })
            }
            Self::HostSilent { hosts } => Kind::HostSilent(raw::HostSilent {
                hosts: hosts.iter().map(|host| host.as_bytes().to_vec()).collect(),
            }),
            Self::RemovalOrder { target, stay } => Kind::RemovalOrder(raw::RemovalOrder {
                target: target.as_bytes().to_vec(),
                stay: bytes(stay),
            }),
            Self::Heartbeat(heartbeat) => Kind::Heartbeat(heartbeat.to_raw()),
            Self::Rejoin { knock } => {
                Kind::Rejoin(raw::Rejoin { knock: knock.as_bytes().to_vec() })
            }
            Self::KeyFrameRequest { to, track } => Kind::KeyFrameRequest(raw::KeyFrameRequest {
                to: bytes(to),
                context: context(*track),
            }),
        }
    }

    fn from_raw(raw: Kind) -> Result<Self, Malformed> {
        Ok(match raw {
            Kind::Leave(raw::Leave {}) => Self::Leave,
            Kind::Confirm(raw::Confirm { authenticator }) => Self::Confirm {
                authenticator: Source(&limits::CONFIRM).array(&authenticator, "authenticator")?,
            },
            Kind::End(raw::End {}) => Self::End,
            Kind::Chat(raw::Chat { text }) => Self::Chat { text },
            Kind::PrivateChat(raw) => private_chat(raw)?,
            Kind::Reaction(raw::Reaction { symbol }) => Self::Reaction { symbol },
            Kind::Hand(raw::Hand { raised }) => Self::Hand { raised },
            Kind::Ask(raw::Ask { to, kinds }) => {
                let ask = Source(&limits::ASK);
                let kinds = ask.set(kinds, TrackKinds::from_bits, "kinds")?;
                Self::Ask { to: StayId::new(ask.array(&to, "to")?), kinds }
            }
            Kind::Announcement(raw) => announcement(raw)?,
            Kind::Attend(raw::Attend { knock, proved }) => {
                let knock = Source(&limits::ATTEND).array(&knock, "knock")?;
                Self::Attend { knock: KeyPackageRef::new(knock), proved }
            }
            Kind::HostSilent(raw) => host_silent(&raw)?,
            Kind::RemovalOrder(raw::RemovalOrder { target, stay }) => {
                let order = Source(&limits::REMOVAL_ORDER);
                Self::RemovalOrder {
                    target: Fingerprint::new(order.array(&target, "target")?),
                    stay: StayId::new(order.array(&stay, "stay")?),
                }
            }
            Kind::Heartbeat(raw) => Self::Heartbeat(Heartbeat::from_raw(raw)?),
            Kind::Rejoin(raw::Rejoin { knock }) => {
                let knock = Source(&limits::REJOIN).array(&knock, "knock")?;
                Self::Rejoin { knock: KeyPackageRef::new(knock) }
            }
            Kind::KeyFrameRequest(raw) => key_frame_request(&raw)?,
        })
    }
}

fn private_chat(raw: raw::PrivateChat) -> Result<EventKind, Malformed> {
    let chat = Source(&limits::PRIVATE_CHAT);
    Ok(EventKind::PrivateChat {
        to: StayId::new(chat.array(&raw.to, "to")?),
        encapsulated_key: chat.array(&raw.encapsulated_key, "encapsulated_key")?,
        ciphertext: raw.ciphertext,
    })
}

fn announcement(raw: raw::Announcement) -> Result<EventKind, Malformed> {
    let tracks = raw.tracks.into_iter().map(AnnouncedTrack::from_raw);
    let tracks = tracks.collect::<Result<Vec<_>, _>>()?;
    ANNOUNCEMENT.sorted(tracks.iter().map(|track| track.track.context()), "tracks")?; // SPEC [W5]
    Ok(EventKind::Announcement { tracks })
}

fn host_silent(raw: &raw::HostSilent) -> Result<EventKind, Malformed> {
    let source = Source(&limits::HOST_SILENT);
    let host = |host: &Vec<u8>| source.array(host, "hosts").map(Fingerprint::new);
    let hosts = raw.hosts.iter().map(host).collect::<Result<Vec<_>, _>>()?;
    source.sorted(&hosts, "hosts")?; // SPEC [W5]
    Ok(EventKind::HostSilent { hosts })
}

fn key_frame_request(raw: &raw::KeyFrameRequest) -> Result<EventKind, Malformed> {
    let request = Source(&limits::KEY_FRAME_REQUEST);
    // SPEC [M46]: sound and data have no key frames.
    let video = |track: &Track| track.kind().is_video();
    let track = |context: u32| Track::from_context(context.into()).filter(video);
    Ok(EventKind::KeyFrameRequest {
        to: StayId::new(request.array(&raw.to, "to")?),
        track: request.set(raw.context, track, "context")?,
    })
}

impl EventBody {
    /// The encoding.
    pub fn encode(&self) -> Vec<u8> {
        let raw = raw::EventBody {
            version: VERSION,
            meeting: self.meeting.as_bytes().to_vec(),
            epoch: self.epoch,
            stay: self.stay.as_bytes().to_vec(),
            counter: self.counter,
            kind: Some(self.kind.to_raw()),
        };
        raw.encode_to_vec()
    }

    /// Reads an event's body.
    ///
    /// # Errors
    /// If the bytes break a rule of the wire format: SPEC \[W1\] to \[W4\]; if entries are not sorted
    /// strictly: SPEC \[W5\].
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let raw: raw::EventBody = EVENT_BODY.decode(bytes)?;
        Ok(Self {
            meeting: MeetingId::new(EVENT_BODY.array(&raw.meeting, "meeting")?),
            epoch: raw.epoch,
            stay: StayId::new(EVENT_BODY.array(&raw.stay, "stay")?),
            counter: raw.counter,
            kind: EventKind::from_raw(EVENT_BODY.present(raw.kind, "kind")?)?,
        })
    }
}
