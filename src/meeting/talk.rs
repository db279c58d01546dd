//! What members say to each other while they meet: chat, reactions, hands, and which tracks they
//! have (SPEC \[G19\], \[G20\]).

use incamera_wire::{AnnouncedTrack, EventKind, Right, StayId};

use super::epochs::direct_psk;
use super::events::Said;
use super::face::{Event, MemberId};
use super::member::Member;
use super::shared::{Refusal, Shared};
use crate::error::{Error, Fault};
use crate::hpke;
use crate::mls::Engine;

/// The longest chat text, in bytes.
const MAX_TEXT: usize = 2048;
/// The longest reaction, in bytes.
const MAX_SYMBOL: usize = 32;
/// The most tracks that one member announces.
const MAX_TRACKS: usize = 16;
/// HPKE's `info`, and the PSK's name, for a word to one member.
const DIRECT: &[u8] = b"incamera 1 direct";

/// What a word to one member is bound to (SPEC \[G20\]).
fn binding(shared: &Shared, epoch: u64, from: StayId, to: StayId, counter: u64) -> Vec<u8> {
    let (meeting, epoch, counter) = (shared.meeting, epoch.to_be_bytes(), counter.to_be_bytes());
    let parts: [&[u8]; 5] = [meeting.as_bytes(), &epoch, from.as_bytes(), to.as_bytes(), &counter];
    parts.concat()
}

fn check_text(text: &str) -> Result<(), Error> {
    if (1..=MAX_TEXT).contains(&text.len()) {
        Ok(())
    } else {
        Err(Error::Argument("a chat text has 1 to 2,048 bytes of UTF-8: split it"))
    }
}

impl<E: Engine> Member<E> {
    /// Says something to all.
    pub(super) fn chat(
        &mut self,
        shared: &mut Shared,
        text: &str,
        now_ms: u64,
    ) -> Result<(), Error> {
        self.require_in()?;
        check_text(text)?;
        // SPEC [G19]
        self.require(Right::Chat)?;
        self.say(shared, EventKind::Chat { text: text.to_owned() }, now_ms)
    }

    /// Says something to one member alone.
    pub(super) fn chat_to(
        &mut self,
        shared: &mut Shared,
        to: MemberId,
        text: &str,
        now_ms: u64,
    ) -> Result<(), Error> {
        self.require_in()?;
        check_text(text)?;
        // SPEC [G19]
        self.require(Right::Chat)?;
        if to == self.stay {
            return Err(Error::Argument("a word to oneself goes nowhere: name another member"));
        }
        let recipient = self.seat(to)?.direct_key;
        let epoch = self.epochs.current().epoch;
        let bound = binding(shared, epoch, self.stay, to, self.counter);
        let psk = direct_psk(&self.group)?;
        // SPEC [G20]
        let sealed = hpke::seal_psk(
            &shared.entropy,
            &recipient,
            DIRECT,
            &psk,
            DIRECT,
            &bound,
            text.as_bytes(),
        )
        .map_err(|_| Error::Argument("this member's client cannot be written to"))?;
        let hpke::SealedPsk { encapsulated_key, ciphertext, exported: _ } = sealed;
        self.say(shared, EventKind::PrivateChat { to, encapsulated_key, ciphertext }, now_ms)
    }

    /// Sends a reaction.
    pub(super) fn react(
        &mut self,
        shared: &mut Shared,
        symbol: &str,
        now_ms: u64,
    ) -> Result<(), Error> {
        self.require_in()?;
        if !(1..=MAX_SYMBOL).contains(&symbol.len()) {
            return Err(Error::Argument("a reaction has 1 to 32 bytes of UTF-8"));
        }
        // SPEC [G19]
        self.require(Right::React)?;
        self.say(shared, EventKind::Reaction { symbol: symbol.to_owned() }, now_ms)
    }

    /// Raises or lowers this member's hand.
    pub(super) fn raise_hand(
        &mut self,
        shared: &mut Shared,
        raised: bool,
        now_ms: u64,
    ) -> Result<(), Error> {
        self.require_in()?;
        self.say(shared, EventKind::Hand { raised }, now_ms)
    }

    /// Announces all tracks of this member.
    pub(super) fn announce(
        &mut self,
        shared: &mut Shared,
        mut tracks: Vec<AnnouncedTrack>,
        now_ms: u64,
    ) -> Result<(), Error> {
        self.require_in()?;
        tracks.sort_unstable_by_key(|track| track.track.context());
        let repeated = !tracks.is_sorted_by(|a, b| a.track.context() < b.track.context());
        let long = |track: &AnnouncedTrack| {
            !(1..=32).contains(&track.codec.len()) || track.transport.len() > 64
        };
        if repeated || tracks.len() > MAX_TRACKS || tracks.iter().any(long) {
            return Err(Error::Argument(
                "announce at most 16 tracks, each once, with a codec of 1 to 32 bytes and a transport \
                 id of at most 64",
            ));
        }
        self.say(shared, EventKind::Announcement { tracks }, now_ms)
    }

    /// Says again what newcomers have not heard.
    pub(super) fn introduce(&mut self, shared: &mut Shared, now_ms: u64) {
        let hand = self.room.is_raised(self.stay);
        let tracks = self.room.tracks_of(self.stay).to_vec();
        // Without randomness newcomers learn it with the next announcement.
        if !tracks.is_empty() {
            let _ = self.say(shared, EventKind::Announcement { tracks }, now_ms);
        }
        if hand {
            let _ = self.say(shared, EventKind::Hand { raised: true }, now_ms);
        }
    }

    /// Takes in what somebody says.
    pub(super) fn listen(
        &mut self,
        shared: &mut Shared,
        said: &Said<'_>,
        kind: EventKind,
    ) -> Result<(), Refusal> {
        let member = said.author.stay;
        let event = match kind {
            EventKind::Chat { text } => {
                // SPEC [G19]
                self.entitle(&said.author, Right::Chat)?;
                Event::Chat { member, text, private: false }
            }
            EventKind::PrivateChat { to, encapsulated_key, ciphertext } => {
                // SPEC [G19]
                self.entitle(&said.author, Right::Chat)?;
                if to != self.stay {
                    return Ok(());
                }
                let text = self.open_private(shared, said, &encapsulated_key, &ciphertext)?;
                Event::Chat { member, text, private: true }
            }
            EventKind::Reaction { symbol } => {
                // SPEC [G19]
                self.entitle(&said.author, Right::React)?;
                Event::Reaction { member, symbol }
            }
            EventKind::Hand { raised } => {
                self.room.raise(member, raised);
                Event::Hand { member, raised }
            }
            EventKind::Ask { to, kinds } => {
                // SPEC [G19]
                self.entitle(&said.author, Right::MuteOthers)?;
                if to != self.stay {
                    return Ok(());
                }
                Event::AskedToSend { by: member, kinds }
            }
            EventKind::Announcement { tracks } => {
                self.room.announce(member, tracks.clone());
                Event::Tracks { member, tracks }
            }
            _ => return Ok(()),
        };
        shared.tell(event);
        Ok(())
    }

    fn open_private(
        &self,
        shared: &Shared,
        said: &Said<'_>,
        encapsulated_key: &[u8; 32],
        ciphertext: &[u8],
    ) -> Result<String, Refusal> {
        let refused = |fault| Refusal::by(said.author.stay, fault);
        let ended = || refused(Fault::EpochEnded);
        let view = self.epochs.view(said.epoch).ok_or_else(ended)?;
        let bound = binding(shared, said.epoch, said.author.stay, self.stay, said.counter);
        // SPEC [G20]
        let (text, _) = hpke::open_psk(
            &shared.direct_key,
            encapsulated_key,
            DIRECT,
            &view.direct_psk,
            DIRECT,
            &bound,
            ciphertext,
        )
        .map_err(|_| refused(Fault::Unopenable))?;
        let text = core::str::from_utf8(&text).map_err(|_| refused(Fault::Unopenable))?;
        Ok(text.to_owned())
    }
}
