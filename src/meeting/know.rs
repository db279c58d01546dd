//! What a client knows and says: who is here and whether it is them, the rules of the room, what is
//! said, and where media go.

use incamera_wire::{
    AnnouncedTrack, Door, Fingerprint, GroupState, Padding, RelayChallenge, RelayEntry, RelayProof,
    RoleRights, SafetyCodeInput, SafetyMember, Track, TrackKinds,
};

use super::client::Meeting;
use super::face::{MemberId, Now, Participant};
use super::hook::IdentityHook;
use super::relays::ProvedRelay;
use crate::error::{Error, Fault};
use crate::identity::{Contact, Contacts, SafetyCode, pair_code, safety_code};

/// The meeting's rules as everyone agrees on them, without their secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rules {
    /// Who may admit.
    pub door: Door,
    /// What the roles may do. A host may do everything.
    pub rights: RoleRights,
    /// The kinds of tracks muted for all but those who may mute others.
    pub muted: TrackKinds,
    /// Whether members may not lift their own mute.
    pub unmute_forbidden: bool,
    /// Who becomes host, first to last, once no host is left.
    pub succession: Vec<Fingerprint>,
    /// Who says that it records.
    pub recording: Vec<Fingerprint>,
    /// Whether there is a passcode.
    pub has_passcode: bool,
    /// Where media may go; empty: anywhere.
    pub relays: Vec<RelayEntry>,
    /// Who is banned.
    pub bans: Vec<Fingerprint>,
    /// Whether frames of microphones and of screen audio have tags of 10 bytes.
    pub short_audio_tags: bool,
    /// To which lengths frames are padded.
    pub padding: Padding,
}

impl Rules {
    fn of(state: &GroupState) -> Self {
        let recording = state.members.iter().filter(|entry| entry.recording);
        Self {
            door: state.door,
            rights: state.rights,
            muted: state.muted,
            unmute_forbidden: state.unmute_forbidden,
            succession: state.succession.clone(),
            recording: recording.map(|entry| entry.fingerprint).collect(),
            has_passcode: state.passcode.is_some(),
            relays: state.relays.clone(),
            bans: state.bans.clone(),
            short_audio_tags: state.short_audio_tags,
            padding: state.padding,
        }
    }
}

impl Meeting {
    /// Who is here, by ascending leaf index: the MLS roster. Empty before a Welcome; after the end
    /// of the membership, who was here then.
    #[must_use]
    pub fn roster(&self) -> Vec<Participant> {
        match &self.core.member {
            Some(member) => member.participants(&self.core.shared.contacts),
            None => self.core.last_roster.clone(),
        }
    }

    /// The current epoch; `None` before a Welcome and after the end.
    #[must_use]
    pub fn epoch(&self) -> Option<u64> {
        self.core.member.as_ref().map(|member| member.epochs.current().epoch)
    }

    /// Thirty digits for people to compare aloud: equal digits mean one group with one roster
    /// (SPEC \[I4\]). They change with every epoch.
    ///
    /// ```
    /// # use incamera::testing::Room;
    /// let mut room = Room::new(&["Ada", "Ben"])?;
    /// # let now = room.now();
    /// let (ada, ben) = (room[0].safety_code()?, room[1].safety_code()?);
    /// assert_eq!(ada.to_string(), ben.to_string()); // digits, or
    /// assert_eq!(ada.words(), ben.words());         // twelve words, or
    /// assert!(ada.matches(&ben.qr_payload()));      // a camera
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::NotJoined`] before a Welcome, [`Error::Ended`].
    pub fn safety_code(&self) -> Result<SafetyCode, Error> {
        let (shared, member) = self.core.look()?;
        let current = member.epochs.current();
        let seats = current.roster.seats().iter();
        let mut members: Vec<_> = seats
            .map(|seat| SafetyMember { identity_key: seat.identity_key, stay: seat.occupant.stay })
            .collect();
        // SPEC [I4]
        members.sort_unstable_by_key(|member| (member.identity_key, member.stay));
        Ok(safety_code(&SafetyCodeInput {
            meeting: shared.meeting,
            epoch: current.epoch,
            authenticator: current.authenticator,
            members,
        }))
    }

    /// The rules of the room.
    ///
    /// # Errors
    /// [`Error::NotJoined`] before a Welcome, [`Error::Ended`].
    pub fn rules(&self) -> Result<Rules, Error> {
        Ok(Rules::of(&self.core.look()?.1.state))
    }

    /// Digits for two people to compare: the same for both, in every meeting, as long as neither
    /// changes its identity key (SPEC \[I5\]).
    ///
    /// ```
    /// # use incamera::testing::Room;
    /// let mut room = Room::new(&["Ada", "Ben"])?;
    /// # let now = room.now();
    /// let (ada, ben) = (room.member(0), room.member(1));
    /// assert_eq!(room[0].pair_code(ben)?.words(), room[1].pair_code(ada)?.words());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::UnknownMember`], [`Error::NotJoined`] before a Welcome, [`Error::Ended`].
    pub fn pair_code(&self, member: MemberId) -> Result<SafetyCode, Error> {
        let (_, own) = self.core.look()?;
        let mine = own.own_seat().ok_or(Error::Internal("the own leaf"))?;
        Ok(pair_code(&mine.identity_key, &own.seat(member)?.identity_key))
    }

    /// Remembers that the caller has, or has not, verified a member's identity key: by comparing
    /// the pair code, or in another way. The mark follows the key (SPEC \[I6\]); store
    /// [`contacts`](Self::contacts) to keep it.
    ///
    /// ```
    /// # use incamera::testing::Room;
    /// let mut room = Room::new(&["Ada", "Ben"])?;
    /// # let now = room.now();
    /// let ben = room.member(1);
    /// room[0].mark_verified(ben, true)?;
    /// // Another day, another meeting.
    /// let contacts = room[0].contacts();
    /// let mut room = Room::new(&["Ada", "Ben"])?;
    /// room[0].set_contacts(contacts)?;
    /// assert!(room[0].roster()[1].verified && !room[1].roster()[0].verified);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::UnknownMember`], [`Error::NotJoined`] before a Welcome, [`Error::Ended`];
    /// [`Error::Argument`] if there are 4,096 contacts already.
    pub fn mark_verified(&mut self, member: MemberId, verified: bool) -> Result<(), Error> {
        let seat = self.core.look()?.1.seat(member)?;
        let (who, name) = (seat.occupant.fingerprint, seat.name.clone());
        self.core.shared.contacts.mark(who, &name, verified)
    }

    /// Whom this client knows, to be stored and given to later meetings.
    #[must_use]
    pub fn contacts(&self) -> Vec<Contact> {
        self.core.shared.contacts.to_vec()
    }

    /// Says whom this client knows. A member who comes under the name of a verified contact with
    /// another key raises [`Alarm::KnownNameOtherKey`](crate::Alarm::KnownNameOtherKey).
    ///
    /// # Errors
    /// [`Error::Argument`] if there are more than 4,096.
    pub fn set_contacts(&mut self, contacts: Vec<Contact>) -> Result<(), Error> {
        self.core.shared.contacts = Contacts::new(contacts)?;
        Ok(())
    }

    /// Has the application judge identities when they knock, and be warned of those whom it would
    /// not have let in.
    ///
    /// ```
    /// # use incamera::{Applicant, DenyReason, Event, IdentityHook};
    /// # use incamera::testing::Room;
    /// let mut room = Room::new(&["Ada", "Ben"])?;
    /// # let now = room.now();
    /// struct Staff;
    /// impl IdentityHook for Staff {
    ///     fn vouches_for(&self, applicant: &Applicant) -> bool {
    ///         applicant.name.ends_with("@example.org") // or ask your identity provider
    ///     }
    /// }
    /// room[0].set_identity_hook(Box::new(Staff));
    /// # let invite = room[0].invite()?;
    /// # let mallory = room.knock("Mallory", &invite, None)?;
    /// # assert_eq!(room.events(mallory), [Event::Denied { reason: DenyReason::NotExpected }]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn set_identity_hook(&mut self, hook: Box<dyn IdentityHook>) {
        self.core.shared.hook = Some(hook);
    }

    /// Says something to all: 1 to 2,048 bytes of UTF-8. It comes back as
    /// [`Event::Chat`](crate::Event::Chat) once everyone can read it.
    ///
    /// ```
    /// # use incamera::Event;
    /// # use incamera::testing::Room;
    /// let mut room = Room::new(&["Ada", "Ben"])?;
    /// # let now = room.now();
    /// let ada = room.member(0);
    /// room[0].chat("welcome", now)?;
    /// room.run();
    /// let said = Event::Chat { member: ada, text: "welcome".to_owned(), private: false };
    /// assert!(room.events(1).contains(&said));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Argument`], [`Error::MissingRight`], [`Error::NotJoined`], [`Error::Broken`],
    /// [`Error::Ended`], [`Error::NoEntropy`].
    pub fn chat(&mut self, text: &str, now: Now) -> Result<(), Error> {
        self.core.call(now, |shared, own, at| own.chat(shared, text, at))
    }

    /// Says something to one member alone: 1 to 2,048 bytes of UTF-8. The others see that something
    /// was said, and to whom. It does not come back.
    ///
    /// ```
    /// # use incamera::Event;
    /// # use incamera::testing::Room;
    /// let mut room = Room::new(&["Ada", "Ben", "Cleo"])?;
    /// # let now = room.now();
    /// let (ada, ben) = (room.member(0), room.member(1));
    /// room[0].chat_to(ben, "a word", now)?;
    /// room.run();
    /// let said = Event::Chat { member: ada, text: "a word".to_owned(), private: true };
    /// assert!(room.events(1).contains(&said) && !room.events(2).contains(&said));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::UnknownMember`]; those of [`chat`](Self::chat).
    pub fn chat_to(&mut self, member: MemberId, text: &str, now: Now) -> Result<(), Error> {
        self.core.call(now, |shared, own, at| own.chat_to(shared, member, text, at))
    }

    /// Reacts, with an emoji for instance: 1 to 32 bytes of UTF-8.
    ///
    /// ```
    /// # use incamera::Event;
    /// # use incamera::testing::Room;
    /// let mut room = Room::new(&["Ada", "Ben"])?;
    /// # let now = room.now();
    /// let ben = room.member(1);
    /// room[1].react("👏", now)?;
    /// room.run();
    /// assert!(room.events(0).contains(&Event::Reaction { member: ben, symbol: "👏".to_owned() }));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`chat`](Self::chat).
    pub fn react(&mut self, symbol: &str, now: Now) -> Result<(), Error> {
        self.core.call(now, |shared, own, at| own.react(shared, symbol, at))
    }

    /// Raises or lowers the caller's hand.
    ///
    /// ```
    /// # use incamera::testing::Room;
    /// let mut room = Room::new(&["Ada", "Ben"])?;
    /// # let now = room.now();
    /// room[1].raise_hand(true, now)?;
    /// room.run();
    /// assert!(room[0].roster()[1].hand_raised);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`chat`](Self::chat).
    pub fn raise_hand(&mut self, raised: bool, now: Now) -> Result<(), Error> {
        self.core.call(now, |shared, own, at| own.raise_hand(shared, raised, at))
    }

    /// Announces all the tracks that the caller has, in place of what it announced before: at most
    /// 16. Newcomers are told again.
    ///
    /// ```
    /// # use incamera::{AnnouncedFraming, AnnouncedTrack, Track};
    /// # use incamera::testing::Room;
    /// let mut room = Room::new(&["Ada", "Ben"])?;
    /// # let now = room.now();
    /// let (codec, transport) = ("opus".to_owned(), "mid 0".to_owned());
    /// let (track, framing) = (Track::MICROPHONE, AnnouncedFraming::Whole);
    /// room[1].announce(vec![AnnouncedTrack { track, codec, framing, transport, muted: false }], now)?;
    /// room.run();
    /// assert_eq!(room[0].roster()[1].tracks[0].codec, "opus");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`chat`](Self::chat).
    pub fn announce(&mut self, tracks: Vec<AnnouncedTrack>, now: Now) -> Result<(), Error> {
        self.core.call(now, |shared, own, at| own.announce(shared, tracks, at))
    }

    /// Asks a member to make a key frame of a camera or a screen, because this client can show nothing
    /// of it before: a decoder that has lost its reference, or starts late. It is for transports that have
    /// no RTCP, and for relays that pass no picture loss indications.
    ///
    /// Call it whenever the decoder complains: the same request within a second, or while the one before
    /// has not come back from the log, is not sent again, and no error (SPEC \[M48\]). The member's
    /// client answers with one key frame a second at most, and after four requests of one identity
    /// with one each ten seconds, so a lost one is asked for again. Nothing comes back but the
    /// frame, and nothing at all if the member does not send this track.
    ///
    /// ```
    /// # use incamera::{Event, Framing, Track};
    /// # use incamera::testing::Room;
    /// let mut room = Room::new(&["Ada", "Ben"])?;
    /// # let now = room.now();
    /// let (ada, _camera) = (room.member(0), room[0].sealer(Track::CAMERA, Framing::Whole)?);
    /// room[1].request_key_frame(ada, Track::CAMERA, now)?;
    /// room[1].request_key_frame(ada, Track::CAMERA, now)?; // is not sent
    /// room.run();
    /// let needed = Event::KeyFrameNeeded { track: Track::CAMERA };
    /// assert_eq!(room.events(0).into_iter().filter(|event| *event == needed).count(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Argument`] (oneself, or a track that is neither a camera nor a screen),
    /// [`Error::UnknownMember`]; those of [`chat`](Self::chat).
    pub fn request_key_frame(
        &mut self,
        member: MemberId,
        track: Track,
        now: Now,
    ) -> Result<(), Error> {
        self.core.call(now, |shared, own, at| own.request_key_frame(shared, member, track, at))
    }

    /// A question for a relay: it proves by its signature who it is and that this very connection
    /// ends at it (SPEC \[M12\]).
    ///
    /// # Errors
    /// [`Error::NoEntropy`].
    pub fn relay_challenge(&mut self) -> Result<RelayChallenge, Error> {
        self.core.shared.relay_challenge()
    }

    /// Checks a relay's answer to [`relay_challenge`](Self::relay_challenge). `certificate_sha256`
    /// is that of the DTLS or TLS certificate (DER) which the caller's own connection shows, 32
    /// bytes: never what the relay says it is.
    ///
    /// ```
    /// # use ed25519_dalek::{Signer, SigningKey};
    /// # use incamera::Fault;
    /// # use incamera::wire::{RelayEntry, RelayProof, relay_statement};
    /// # use incamera::testing::Room;
    /// let mut room = Room::new(&["Ada", "Ben"])?;
    /// # let now = room.now();
    /// # let key = SigningKey::from_bytes(&[7; 32]);
    /// # let relay = RelayEntry { key: key.verifying_key().to_bytes(), region: "Iceland".to_owned() };
    /// # room[0].set_relays(vec![relay], now)?;
    /// # room.run();
    /// # let (seen, named_by_the_relay) = ([3; 32], [4; 32]);
    /// let challenge = room[1].relay_challenge()?;
    /// // Somebody in between has passed the challenge on to a genuine relay.
    /// # let statement = relay_statement(&challenge, &named_by_the_relay);
    /// # let signature = key.sign(&statement).to_bytes();
    /// # let proof = RelayProof { key: key.verifying_key().to_bytes(), signature };
    /// let refused = room[1].verify_relay(&challenge, &seen, &proof);
    /// assert!(matches!(refused, Err(Fault::Relay(_))));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Fault::Relay`]: send no media through it. Before a Welcome too.
    pub fn verify_relay(
        &mut self,
        challenge: &RelayChallenge,
        certificate_sha256: &[u8; 32],
        proof: &RelayProof,
    ) -> Result<ProvedRelay, Fault> {
        let Some(member) = &self.core.member else {
            return Err(Fault::Relay("this client is not in the meeting yet"));
        };
        let state = &member.state;
        self.core.shared.verify_relay(state, challenge, certificate_sha256, proof)
    }

    /// Says that media go through this relay from now on: with a list of relays in the meeting's
    /// rules nothing is sealed before (SPEC \[M13\]).
    ///
    /// ```
    /// # use ed25519_dalek::{Signer, SigningKey};
    /// # use incamera::wire::{RelayChallenge, RelayEntry, RelayProof, relay_statement};
    /// # use incamera::{Framing, Track};
    /// # use incamera::testing::Room;
    /// let mut room = Room::new(&["Ada", "Ben"])?;
    /// # let now = room.now();
    /// # let key = SigningKey::from_bytes(&[7; 32]);
    /// # let relay = RelayEntry { key: key.verifying_key().to_bytes(), region: "Iceland".to_owned() };
    /// # room[0].set_relays(vec![relay], now)?;
    /// # room.run();
    /// # let certificate_sha256 = [3; 32];
    /// # let ask = |challenge: &RelayChallenge| RelayProof {
    /// #     key: key.verifying_key().to_bytes(),
    /// #     signature: key.sign(&relay_statement(challenge, &certificate_sha256)).to_bytes(),
    /// # };
    /// let challenge = room[1].relay_challenge()?;
    /// let proof = ask(&challenge); // the relay's answer over this connection
    /// let relay = room[1].verify_relay(&challenge, &certificate_sha256, &proof)?;
    /// room[1].use_relay(&relay)?;
    /// let mut microphone = room[1].sealer(Track::MICROPHONE, Framing::Whole)?;
    /// # let sealed = &mut Vec::new();
    /// microphone.seal(b"an Opus packet", now.monotonic_ms, sealed)?;
    /// assert_eq!(relay.region(), "Iceland");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Argument`] if it has left the list meanwhile, [`Error::NotJoined`] before a Welcome,
    /// [`Error::Ended`].
    pub fn use_relay(&mut self, relay: &ProvedRelay) -> Result<(), Error> {
        self.core.look()?;
        let Some(member) = &self.core.member else { return Err(Error::NotJoined) };
        self.core.shared.use_relay(&member.state, relay)
    }
}
