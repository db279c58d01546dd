//! The task that owns a meeting, its line to the relay and its clock.

use std::time::Duration;

use incamera::wire::{Refusal, ToClient, ToServer};
use incamera::{Alarm, Event, Input, Meeting, Now};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::clock::{now, until};
use super::ending::Ending;
use super::event::{CallEvent, Events};
use super::handle::Options;
use super::media::Media;
use super::open::{NotOpened, Opened, is_final, open};
use super::outlet::Outlet;
use super::prove::Questions;
use super::save::{Failed, Save};
use crate::line::{Chance, Dropped, Line, Outbox, Received, Socket, Task};
use crate::media::MediaEvent;
use crate::relay::Relay;

/// Something to do on the driver's task.
pub(super) type Command = Box<dyn FnOnce(&mut Driver, Now) + Send>;

/// What is there of a connection.
enum Connection {
    Down,
    Opening(JoinHandle<Result<Opened, NotOpened>>),
    Up(Socket),
}

/// What the driver woke up for.
enum Wake {
    Command(Option<Command>),
    Opened(Box<Result<Opened, NotOpened>>),
    Received(Result<Received, Dropped>),
    Media(MediaEvent),
    /// Something is due, or there is room for events.
    Due,
}

/// One client's meeting and all that moves it.
pub(super) struct Driver {
    pub(super) meeting: Meeting,
    relay: Relay,
    connection: Connection,
    line: Line,
    outbox: Outbox,
    pub(super) outlet: Outlet,
    commands: mpsc::Receiver<Command>,
    pub(super) questions: Questions,
    pub(super) media: Media,
    save: Option<Save>,
    give_up_ms: Option<u64>,
    /// Why there is no connection, or was none last.
    last_loss: Option<Dropped>,
    /// How the membership has ended, once it has.
    ending: Option<Ending>,
}

impl Driver {
    pub(super) fn new(
        meeting: Meeting,
        media: Media,
        relay: Relay,
        options: Options,
        commands: mpsc::Receiver<Command>,
    ) -> (Self, Events) {
        let (outlet, events) = Outlet::new();
        let give_up_ms =
            options.give_up_after.map(|after| u64::try_from(after.as_millis()).unwrap_or(u64::MAX));
        let driver = Self {
            meeting,
            relay,
            connection: Connection::Down,
            line: Line::up(now().monotonic_ms),
            outbox: Outbox::default(),
            outlet,
            commands,
            questions: Questions::default(),
            media,
            save: options.save,
            give_up_ms,
            last_loss: None,
            ending: None,
        };
        (driver, events)
    }

    pub(super) fn meeting(&mut self) -> &mut Meeting {
        &mut self.meeting
    }

    pub(super) fn media(&mut self) -> &mut Media {
        &mut self.media
    }

    /// The meeting and its media.
    pub(super) fn parts(&mut self) -> (&mut Meeting, &mut Media) {
        (&mut self.meeting, &mut self.media)
    }

    /// Drives until the end, which is the last event.
    pub(super) async fn run(mut self, opened: Opened, lists: bool) {
        self.connected(opened);
        if lists {
            self.ask_key();
        }
        let ending = loop {
            if let Some(ending) = self.settle().await {
                break ending;
            }
            let wake = self.wake().await;
            self.take(wake);
        };
        // A membership that is over is not to be taken up again.
        let is_over = self.meeting.poll_timeout().is_none();
        if let Some(error) = self.save.filter(|_| is_over).and_then(|save| save.delete().err()) {
            tracing::warn!(%error, "the stored meeting is over and could not be deleted");
        }
        if let Connection::Up(socket) = self.connection {
            socket.close().await;
        }
        self.outlet.close(CallEvent::Ended(ending)).await;
    }

    /// Carries out all that the meeting and the line want to have done now.
    async fn settle(&mut self) -> Option<Ending> {
        if let Some(save) = &self.save
            && self.meeting.snapshot_due()
            && let Err(failed) = save.store(&mut self.meeting).await
        {
            match failed {
                Failed::Store(error) => return Some(Ending::NotStored(error)),
                Failed::Meeting(error) => return Some(Ending::Faulty(error)),
            }
        }
        let now_ms = now().monotonic_ms;
        while let Some(output) = self.meeting.poll() {
            match output.into_request() {
                Ok(ToServer::Post { id, to, bytes }) => self.outbox.post(id, to, bytes, now_ms),
                Ok(request) => self.request(&request),
                Err(event) => self.happened(event),
            }
        }
        self.media.tend(&mut self.meeting, now());
        self.ask_proof();
        self.tend(now_ms);
        self.send_posts(now_ms);
        self.outlet.flush();
        if self.meeting.poll_timeout().is_none() && self.ending.is_none() {
            self.ending = Some(Ending::Faulty(incamera::Error::Ended));
        }
        self.ending.take()
    }

    /// An event of the meeting's.
    fn happened(&mut self, event: Event) {
        self.ending = match &event {
            Event::Left => Some(Ending::Left),
            Event::Denied { reason } => Some(Ending::Denied(*reason)),
            Event::Removed { by } => Some(Ending::Removed { by: *by }),
            Event::Ended { by } => Some(Ending::Ended { by: *by }),
            _ => self.ending.take(),
        };
        self.questions.proof_due |= matches!(
            event,
            Event::Joined | Event::Rules { .. } | Event::Alarm(Alarm::RelayDropped)
        );
        self.media.happened(&event);
        match event {
            // Of sound every frame is one.
            Event::KeyFrameNeeded { track } if !track.kind().is_video() => {}
            Event::KeyFrameNeeded { track } => {
                self.outlet.offer(CallEvent::KeyFrameWanted { track, layer: None });
            }
            event => self.outlet.tell(CallEvent::Meeting(event)),
        }
    }

    /// What the line has to be done now.
    fn tend(&mut self, now_ms: u64) {
        match self.line.next(now_ms) {
            Some(Task::Connect) => {
                let opening = open(self.relay.clone(), self.meeting.hello());
                self.connection = Connection::Opening(tokio::spawn(opening));
            }
            Some(Task::Ping) => {
                if let Connection::Up(socket) = &self.connection
                    && let Err(why) = socket.ping()
                {
                    self.lost(why, 0);
                }
            }
            Some(Task::Drop) => self.lost(Dropped::Silent, 0),
            None => {}
        }
        let down_ms = self.line.down_for_ms(now_ms);
        if let (Some(down_ms), Some(give_up_ms)) = (down_ms, self.give_up_ms)
            && down_ms >= give_up_ms
        {
            let why = self.last_loss.clone().unwrap_or(Dropped::Lost);
            self.ending.get_or_insert(Ending::Unreachable(why));
        }
    }

    fn send_posts(&mut self, now_ms: u64) {
        while let Connection::Up(socket) = &self.connection
            && let Some(post) = self.outbox.next(now_ms)
        {
            if let Err(why) = socket.send(&post) {
                self.lost(why, 0);
            }
        }
        match self.outbox.take_dropped() {
            0 => {}
            posts => self.outlet.tell(CallEvent::GivenUp { posts }),
        }
    }

    /// Something that is asked of the relay now or never: after a new connection the meeting asks
    /// again.
    pub(super) fn request(&mut self, request: &ToServer) {
        if let Connection::Up(socket) = &self.connection
            && let Err(why) = socket.send(request)
        {
            self.lost(why, 0);
        }
    }

    async fn wake(&mut self) -> Wake {
        let Self { meeting, connection, line, outbox, outlet, commands, media, .. } = self;
        let reads = !outlet.is_full();
        let posts_due = outbox.due().filter(|_| matches!(connection, Connection::Up(_)));
        let gives_up = line.down_since_ms().zip(self.give_up_ms).map(|(since, ms)| since + ms);
        let due = [meeting.poll_timeout(), line.due(), posts_due, gives_up, media.due()];
        let due = due.into_iter().flatten().min();
        let from_relay = async {
            match connection {
                Connection::Up(socket) if reads => Wake::Received(socket.recv().await),
                Connection::Opening(opening) => {
                    let gone = |_| Err(NotOpened::Dropped(Dropped::Lost));
                    Wake::Opened(Box::new(opening.await.unwrap_or_else(gone)))
                }
                Connection::Up(_) | Connection::Down => core::future::pending().await,
            }
        };
        tokio::select! {
            command = commands.recv() => Wake::Command(command),
            wake = from_relay => wake,
            event = media.recv() => Wake::Media(event),
            () = outlet.room() => Wake::Due,
            () = until(due) => Wake::Due,
        }
    }

    fn take(&mut self, wake: Wake) {
        match wake {
            Wake::Command(Some(command)) => command(self, now()),
            Wake::Command(None) => self.ending = Some(Ending::Dropped),
            Wake::Opened(opened) => match *opened {
                Ok(opened) => {
                    self.media.reconnected(opened.socket.relay);
                    self.connected(opened);
                    self.outlet.tell(CallEvent::Reconnected);
                }
                Err(NotOpened::Dropped(why)) => self.lost(why, 0),
                Err(NotOpened::Refused(refusal)) => self.turned_away(refusal),
            },
            Wake::Received(received) => {
                self.line.heard(now().monotonic_ms);
                match received {
                    Ok(Received::Message(message)) => self.read(*message),
                    Ok(Received::Alive) => {}
                    Err(why) => self.lost(why, 0),
                }
            }
            Wake::Media(event) => self.media_said(event),
            Wake::Due => self.note(|meeting, now| meeting.handle_timeout(now)),
        }
    }

    /// Does something with the meeting whose failure ends the call.
    fn note(&mut self, what: impl FnOnce(&mut Meeting, Now) -> Result<(), incamera::Error>) {
        // After the end there are outputs left to be polled.
        if self.meeting.poll_timeout().is_some()
            && let Err(error) = what(&mut self.meeting, now())
        {
            self.ending.get_or_insert(Ending::Faulty(error));
        }
    }

    fn connected(&mut self, Opened { socket, next }: Opened) {
        self.line.opened(now().monotonic_ms);
        self.connection = Connection::Up(socket);
        self.questions.lost();
        self.note(|meeting, now| meeting.handle(Input::Connected { next }, now));
    }

    fn lost(&mut self, why: Dropped, asked_ms: u64) {
        let now_ms = now().monotonic_ms;
        self.connection = Connection::Down;
        self.outbox.lost(now_ms);
        let wait_ms = self.line.lost(now_ms, asked_ms, chance());
        tracing::debug!(%why, wait_ms, "no connection");
        self.last_loss = Some(why.clone());
        let retry_in = Duration::from_millis(wait_ms);
        self.outlet.tell(CallEvent::Disconnected { why, retry_in });
    }

    /// The relay has refused the connection.
    fn turned_away(&mut self, refusal: Refusal) {
        if is_final(&refusal) {
            self.ending.get_or_insert(Ending::Refused(refusal));
        } else {
            self.lost(Dropped::Later(refusal.detail), refusal.retry_after_ms.into());
        }
    }

    /// An event of the media link's.
    pub(super) fn media_said(&mut self, event: MediaEvent) {
        self.questions.proof_due |= matches!(event, MediaEvent::Connected { .. });
        if let Some(request) = self.media.said(event, &mut self.outlet) {
            self.request(&ToServer::Media(request));
        }
    }

    /// The SHA-256 of the certificate at the relay's end, if it was checked.
    pub(super) fn certificate_sha256(&self) -> Option<[u8; 32]> {
        match &self.connection {
            Connection::Up(socket) => socket.certificate_sha256,
            Connection::Down | Connection::Opening(_) => None,
        }
    }

    pub(super) fn is_up(&self) -> bool {
        matches!(self.connection, Connection::Up(_))
    }

    /// A message of the relay's.
    fn read(&mut self, message: ToClient) {
        match message {
            ToClient::Accepted { id, .. } => self.outbox.accepted(id),
            ToClient::Refused(refusal) => match refusal.post {
                Some(id) => {
                    let now_ms = now().monotonic_ms;
                    // Of others, such as a blob that is not there, the meeting asks again.
                    if self.outbox.refused(id, refusal.retry_after_ms, now_ms) {
                        self.outlet.tell(CallEvent::Refused(refusal));
                    }
                }
                None => self.turned_away(refusal),
            },
            ToClient::Proof { proof, region } => self.answered(&proof, &region),
            ToClient::Transport { id } => self.media.named(id),
            ToClient::Media(notice) => self.media.notice(notice),
            other => {
                if let Some(input) = Input::from_server(other) {
                    self.note(|meeting, now| meeting.handle(input, now));
                }
            }
        }
    }
}

/// A random number; without randomness of the operating system nothing seals anyway.
fn chance() -> Chance {
    let mut bytes = [0; 4];
    let _ = getrandom::fill(&mut bytes);
    Chance(u32::from_be_bytes(bytes))
}
