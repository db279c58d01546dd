//! The handle of a link.

use std::io;
use std::net::IpAddr;

use incamera::wire::{RelayTrack, StayId};
use incamera::{AnnouncedTrack, Codec, Track};
use tokio::sync::mpsc;

use super::face::{LinkError, LinkSettings, MediaEvent, OutgoingFrame, OutgoingTrack};
use super::link;

/// Events that wait for whoever takes them.
const EVENTS: usize = 1_024;
/// Frames that wait to be sealed: those who write more wait.
const FRAMES: usize = 64;
/// The most layers of a track.
const MAX_LAYERS: usize = 4;
/// The longest name of a layer that `str0m` knows.
const MAX_LAYER_LEN: usize = 8;

/// What a handle asks of its task.
pub(super) enum Command {
    /// [`MediaLink::send_track`].
    Send(Box<OutgoingTrack>),
    /// [`MediaLink::stop_track`].
    Stop(Track),
    /// [`MediaLink::tracks`].
    Tracks(Vec<RelayTrack>),
    /// [`MediaLink::answer`].
    Answer(String),
    /// [`MediaLink::refused`].
    Refused,
    /// [`MediaLink::announced`].
    Announced(StayId, Vec<AnnouncedTrack>),
    /// [`MediaLink::select_layer`].
    SelectLayer(String, String),
    /// [`MediaLink::want_key_frame`].
    WantKeyFrame(String),
    /// [`MediaLink::epoch_changed`].
    EpochChanged,
    /// [`MediaLink::restart`].
    Restart(IpAddr),
    /// [`MediaLink::trust`].
    Trust(bool),
}

/// The client's end of one media connection. Clones name the same link; it ends, and says goodbye to
/// the relay, when the last is dropped, and drops its sealers.
#[derive(Clone)]
pub(crate) struct MediaLink {
    commands: mpsc::UnboundedSender<Command>,
    frames: mpsc::Sender<OutgoingFrame>,
}

impl MediaLink {
    /// Begins a link, inside of a tokio runtime. It does nothing until there is a track to send or to
    /// receive.
    ///
    /// # Errors
    /// If no UDP socket can be had.
    pub(crate) fn start(settings: LinkSettings) -> io::Result<(Self, mpsc::Receiver<MediaEvent>)> {
        let (commands, todo) = mpsc::unbounded_channel();
        let (frames, written) = mpsc::channel(FRAMES);
        let (said, events) = mpsc::channel(EVENTS);
        link::spawn(settings, todo, written, said)?;
        Ok((Self { commands, frames }, events))
    }

    /// Sends one more track. If the sealer's track is sent already, this one takes its place.
    ///
    /// # Errors
    /// [`LinkError`]; the sealer is dropped.
    pub(crate) fn send_track(&self, track: OutgoingTrack) -> Result<(), LinkError> {
        if matches!(track.codec, Codec::Vp9 | Codec::H265) {
            return Err(LinkError::Unsupported(track.codec));
        }
        let is_name = |layer: &String| {
            (1..=MAX_LAYER_LEN).contains(&layer.len())
                && layer.bytes().all(|byte| byte.is_ascii_alphanumeric())
        };
        let layers = &track.layers;
        let fits = layers.len() <= MAX_LAYERS && layers.iter().all(is_name);
        if !fits || (track.codec == Codec::Opus && !layers.is_empty()) {
            return Err(LinkError::Layers);
        }
        self.tell(Command::Send(Box::new(track)))
    }

    /// Sends a track no longer, and drops its sealer.
    ///
    /// # Errors
    /// [`LinkError::Ended`].
    pub(crate) fn stop_track(&self, track: Track) -> Result<(), LinkError> {
        self.tell(Command::Stop(track))
    }

    /// Hands over a frame to be sealed and sent; waits while many others do. What becomes of it is no
    /// result: [`MediaEvent::Unsent`].
    ///
    /// # Errors
    /// [`LinkError::Ended`].
    pub(crate) async fn write(&self, frame: OutgoingFrame) -> Result<(), LinkError> {
        self.frames.send(frame).await.map_err(|_| LinkError::Ended)
    }

    /// The tracks that are wanted: the list of the relay's last
    /// [`MediaNotice::Tracks`](incamera::wire::MediaNotice::Tracks), or some of it. In place of what
    /// was wanted before. There is room for 80 at a time: sound comes first, then the order of the list.
    ///
    /// # Errors
    /// [`LinkError::Ended`].
    pub(crate) fn tracks(&self, tracks: Vec<RelayTrack>) -> Result<(), LinkError> {
        self.tell(Command::Tracks(tracks))
    }

    /// The relay's answer to the offer that is under way:
    /// [`MediaNotice::Answer`](incamera::wire::MediaNotice::Answer).
    ///
    /// # Errors
    /// [`LinkError::Ended`].
    pub(crate) fn answer(&self, sdp: String) -> Result<(), LinkError> {
        self.tell(Command::Answer(sdp))
    }

    /// The relay has refused what was under way. It is not tried again before the next change or
    /// [`Self::restart`].
    ///
    /// # Errors
    /// [`LinkError::Ended`].
    #[allow(dead_code, reason = "the relays that there are end the connection with a refusal")]
    pub(crate) fn refused(&self) -> Result<(), LinkError> {
        self.tell(Command::Refused)
    }

    /// What a member has announced, in place of what it announced before:
    /// [`Event::Tracks`](incamera::Event::Tracks); nothing, once it has left.
    ///
    /// Of a relay's track that a member has announced, frames are opened with the framing that it
    /// announced, and are dropped if another member or track sealed them: a relay cannot swap tiles. Of
    /// one that nobody has announced (yet), frames are opened with the framing of the codec that the
    /// relay negotiated, and given out as whose they are. No frame waits for an announcement.
    ///
    /// # Errors
    /// [`LinkError::Ended`].
    pub(crate) fn announced(
        &self,
        member: StayId,
        tracks: Vec<AnnouncedTrack>,
    ) -> Result<(), LinkError> {
        self.tell(Command::Announced(member, tracks))
    }

    /// Asks the relay for another layer of a track, by a [`MediaEvent::Request`].
    ///
    /// # Errors
    /// [`LinkError::Ended`].
    pub(crate) fn select_layer(&self, relay_track: &str, layer: &str) -> Result<(), LinkError> {
        self.tell(Command::SelectLayer(relay_track.to_owned(), layer.to_owned()))
    }

    /// Asks a relay's track for a key frame, by a picture loss indication: at most one a second goes
    /// out. The link asks by itself when packets are missing or a frame of pictures does not open.
    ///
    /// # Errors
    /// [`LinkError::Ended`].
    pub(crate) fn want_key_frame(&self, relay_track: &str) -> Result<(), LinkError> {
        self.tell(Command::WantKeyFrame(relay_track.to_owned()))
    }

    /// To be called after each change of epoch, so that frames that were held for it come out at once.
    ///
    /// # Errors
    /// [`LinkError::Ended`].
    pub(crate) fn epoch_changed(&self) -> Result<(), LinkError> {
        self.tell(Command::EpochChanged)
    }

    /// Begins anew, at a relay that was restarted, another one, or from another address: a fresh
    /// connection with the same own tracks and sealers, and nothing wanted until [`Self::tracks`].
    /// Call it whenever the signalling connection has been made anew, because the relay gives it a new
    /// name then.
    ///
    /// # Errors
    /// [`LinkError::Ended`].
    pub(crate) fn restart(&self, relay: IpAddr) -> Result<(), LinkError> {
        self.tell(Command::Restart(relay))
    }

    /// Whether the relay at the other end of this connection may get frames, as the meeting's rules and its proof
    /// say: not before it is said, nor after the connection is gone.
    ///
    /// # Errors
    /// [`LinkError::Ended`].
    pub(crate) fn trust(&self, trusted: bool) -> Result<(), LinkError> {
        self.tell(Command::Trust(trusted))
    }

    fn tell(&self, command: Command) -> Result<(), LinkError> {
        self.commands.send(command).map_err(|_| LinkError::Ended)
    }
}
