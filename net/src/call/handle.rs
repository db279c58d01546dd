//! The handle by which an application holds a call.

use std::time::Duration;

use incamera::{Codec, DenyReason, Door, Identity, Invite, KnockId, Meeting, MemberId, Now};
use incamera::{Expected, Participant, SafetyCode, Settings, Track, TrackKinds};
use tokio::sync::{mpsc, oneshot};

use super::clock::now;
use super::driver::{Command, Driver};
use super::ending::CallError;
use super::event::Events;
use super::media::Media;
use super::open::open;
use super::save::Save;
use super::sender::TrackSender;
use crate::relay::{Link, Relay};

/// The most commands that wait to be carried out.
const MAX_COMMANDS: usize = 64;

/// What an application may choose.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    /// Where the call is stored, if anywhere. Once the membership is over, the file is deleted.
    pub save: Option<Save>,
    /// Whether whoever creates a meeting says that media may go through its relay alone: true unless
    /// changed. It needs an encrypted connection.
    pub list_relay: bool,
    /// After how long without a connection the call ends; `None`, unless changed: never.
    pub give_up_after: Option<Duration>,
}

impl Default for Options {
    fn default() -> Self {
        Self { save: None, list_relay: true, give_up_after: None }
    }
}

/// A meeting that is connected to a relay and driven, by a task of its own.
///
/// What is asked of it is asked of the [`Meeting`]: `Ok` means that it is under way, and [`Events`] tell
/// when it is so for everyone. Clones are the same call. Once all are dropped, it stops, and the
/// others are told nothing: [`leave`](Self::leave) first.
#[derive(Clone, Debug)]
pub struct Call {
    commands: mpsc::Sender<Command>,
    relay: Relay,
}

impl Call {
    /// Creates a meeting at `relay`, with the caller as its host.
    ///
    /// # Errors
    /// [`CallError`]: the first connection has to succeed.
    pub async fn create(
        identity: &Identity,
        settings: Settings,
        relay: Relay,
        options: Options,
    ) -> Result<(Self, Events), CallError> {
        let meeting = Meeting::create(identity, settings, now())?;
        Self::drive(meeting, relay, options.list_relay, options).await
    }

    /// Knocks at a meeting. [`Event::Joined`](incamera::Event::Joined) tells that somebody has let this
    /// client in.
    ///
    /// # Errors
    /// As of [`create`](Self::create).
    pub async fn join(
        identity: &Identity,
        invite: &Invite,
        relay: Relay,
        options: Options,
    ) -> Result<(Self, Events), CallError> {
        Self::start(Meeting::join(identity, invite, now())?, relay, options).await
    }

    /// Takes up again what [`Options::save`] stored.
    ///
    /// # Errors
    /// [`CallError::NothingStored`], also without a `save`; those of [`create`](Self::create).
    pub async fn restore(
        identity: &Identity,
        relay: Relay,
        options: Options,
    ) -> Result<(Self, Events), CallError> {
        let save = options.save.as_ref().ok_or(CallError::NothingStored)?;
        let (stored, expected) = (save.load()?, Expected::default());
        let meeting = Meeting::restore(identity, &stored, save.key(), expected, now())?;
        Self::start(meeting, relay, options).await
    }

    /// Connects and drives a meeting that was made, joined or restored at a time of
    /// [`now`]'s clock.
    ///
    /// # Errors
    /// As of [`create`](Self::create).
    pub async fn start(
        meeting: Meeting,
        relay: Relay,
        options: Options,
    ) -> Result<(Self, Events), CallError> {
        Self::drive(meeting, relay, false, options).await
    }

    async fn drive(
        meeting: Meeting,
        relay: Relay,
        lists: bool,
        options: Options,
    ) -> Result<(Self, Events), CallError> {
        let opened = open(relay.clone(), meeting.hello()).await?;
        let (commands, inbox) = mpsc::channel(MAX_COMMANDS);
        let media = Media::new(&meeting, opened.socket.relay);
        let media = media.map_err(|error| CallError::Media(error.to_string()))?;
        let (driver, events) = Driver::new(meeting, media, relay.clone(), options, inbox);
        tokio::spawn(driver.run(opened, lists));
        Ok((Self { commands, relay }, events))
    }

    /// Has something done with the meeting itself, on the driver's task: whatever has no method
    /// here. It should not take long.
    ///
    /// # Errors
    /// [`CallError::Over`].
    pub async fn with<R: Send + 'static>(
        &self,
        what: impl FnOnce(&mut Meeting, Now) -> R + Send + 'static,
    ) -> Result<R, CallError> {
        self.on_driver(move |driver, now| what(driver.meeting(), now)).await
    }

    pub(super) async fn on_driver<R: Send + 'static>(
        &self,
        what: impl FnOnce(&mut Driver, Now) -> R + Send + 'static,
    ) -> Result<R, CallError> {
        let (answer, result) = oneshot::channel();
        let command: Command = Box::new(move |driver: &mut Driver, now| {
            // Whoever does not wait for the answer does not want it.
            let _ = answer.send(what(driver, now));
        });
        self.commands.send(command).await.map_err(|_| CallError::Over)?;
        result.await.map_err(|_| CallError::Over)
    }

    async fn ask<R: Send + 'static>(
        &self,
        what: impl FnOnce(&mut Meeting, Now) -> Result<R, incamera::Error> + Send + 'static,
    ) -> Result<R, CallError> {
        Ok(self.with(what).await??)
    }

    /// Begins to send a track, which is announced once it has its place in the media connection.
    ///
    /// # Errors
    /// [`CallError::Frame`] if it is sent already, [`CallError::Media`] if frames of this codec cannot be
    /// sent (VP9 and H.265), [`CallError::Over`].
    pub async fn send(&self, track: Track, codec: Codec) -> Result<TrackSender, CallError> {
        self.send_layers(track, codec, Vec::new()).await
    }

    /// As [`send`](Self::send), in several layers: restriction identifiers from the lowest, 1 to 8
    /// letters or digits each, at most 4.
    ///
    /// # Errors
    /// As of [`send`](Self::send).
    pub async fn send_layers(
        &self,
        track: Track,
        codec: Codec,
        layers: Vec<String>,
    ) -> Result<TrackSender, CallError> {
        let link = self.on_driver(move |driver, _| {
            let (meeting, media) = driver.parts();
            media.send(meeting, track, codec, layers).map(|()| media.link())
        });
        Ok(TrackSender::new(link.await??, track, self.commands.downgrade()))
    }

    /// Tells everyone that an own track is silenced, or no longer. What is written is the
    /// application's business.
    ///
    /// # Errors
    /// [`CallError::Over`].
    pub async fn silence(&self, track: Track, silenced: bool) -> Result<(), CallError> {
        self.on_driver(move |driver, _| driver.media().silence(track, silenced)).await
    }

    /// Asks the sender of a track for a key frame, through the relay; at most one request a second goes
    /// out. What is lost on the way asks by itself.
    ///
    /// # Errors
    /// [`CallError::Media`] if the track was not announced, [`CallError::Over`].
    pub async fn want_key_frame(&self, member: MemberId, track: Track) -> Result<(), CallError> {
        self.on_driver(move |driver, _| driver.media().want_key_frame(member, track)).await?
    }

    /// Asks the relay for another layer of a track that is sent in several.
    ///
    /// # Errors
    /// As of [`want_key_frame`](Self::want_key_frame).
    pub async fn select_layer(
        &self,
        member: MemberId,
        track: Track,
        layer: impl Into<String>,
    ) -> Result<(), CallError> {
        let layer = layer.into();
        self.on_driver(move |driver, _| driver.media().select_layer(member, track, &layer)).await?
    }

    /// The link to send to those who shall knock. A removal replaces it.
    ///
    /// # Errors
    /// As of [`Meeting::invite`]; [`CallError::Over`].
    pub async fn link(&self) -> Result<Link, CallError> {
        let invite = self.ask(|meeting, _| meeting.invite()).await?;
        Ok(Link { relay: self.relay.clone(), invite })
    }

    /// Who is in.
    ///
    /// # Errors
    /// [`CallError::Over`].
    pub async fn roster(&self) -> Result<Vec<Participant>, CallError> {
        self.with(|meeting, _| meeting.roster()).await
    }

    /// The code that is the same for everybody who is in the same meeting.
    ///
    /// # Errors
    /// As of [`Meeting::safety_code`]; [`CallError::Over`].
    pub async fn safety_code(&self) -> Result<SafetyCode, CallError> {
        self.ask(|meeting, _| meeting.safety_code()).await
    }

    /// Lets somebody in.
    ///
    /// # Errors
    /// As of [`Meeting::admit`]; [`CallError::Over`].
    pub async fn admit(&self, knock: KnockId) -> Result<(), CallError> {
        self.ask(move |meeting, now| meeting.admit(knock, now)).await
    }

    /// Lets somebody not in.
    ///
    /// # Errors
    /// As of [`Meeting::deny`]; [`CallError::Over`].
    pub async fn deny(&self, knock: KnockId, reason: DenyReason) -> Result<(), CallError> {
        self.ask(move |meeting, now| meeting.deny(knock, reason, now)).await
    }

    /// Removes and bans somebody, and replaces the link.
    ///
    /// # Errors
    /// As of [`Meeting::remove`]; [`CallError::Over`].
    pub async fn remove(&self, member: MemberId) -> Result<(), CallError> {
        self.ask(move |meeting, now| meeting.remove(member, now)).await
    }

    /// Has everyone drop somebody's tracks of these kinds.
    ///
    /// # Errors
    /// As of [`Meeting::mute`]; [`CallError::Over`].
    pub async fn mute(&self, member: MemberId, kinds: TrackKinds) -> Result<(), CallError> {
        self.ask(move |meeting, now| meeting.mute(member, kinds, now)).await
    }

    /// Lifts a mute.
    ///
    /// # Errors
    /// As of [`Meeting::unmute`]; [`CallError::Over`].
    pub async fn unmute(&self, member: MemberId, kinds: TrackKinds) -> Result<(), CallError> {
        self.ask(move |meeting, now| meeting.unmute(member, kinds, now)).await
    }

    /// Says who may be admitted, and by whom.
    ///
    /// # Errors
    /// As of [`Meeting::set_door`]; [`CallError::Over`].
    pub async fn set_door(&self, door: Door) -> Result<(), CallError> {
        self.ask(move |meeting, now| meeting.set_door(door, now)).await
    }

    /// Says something to everyone.
    ///
    /// # Errors
    /// As of [`Meeting::chat`]; [`CallError::Over`].
    pub async fn chat(&self, text: impl Into<String>) -> Result<(), CallError> {
        let text = text.into();
        self.ask(move |meeting, now| meeting.chat(&text, now)).await
    }

    /// Leaves: [`Ending::Left`](crate::Ending::Left) follows once the others have the word.
    ///
    /// # Errors
    /// As of [`Meeting::leave`]; [`CallError::Over`].
    pub async fn leave(&self) -> Result<(), CallError> {
        self.ask(Meeting::leave).await
    }

    /// Ends the meeting for everyone.
    ///
    /// # Errors
    /// As of [`Meeting::end`]; [`CallError::Over`].
    pub async fn end(&self) -> Result<(), CallError> {
        self.ask(Meeting::end).await
    }
}
