//! The task of a link.

use std::io;

use incamera::wire::{MediaKind, MediaRequest, RelayTrack};
use str0m::media;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::connection::{Connection, Happening};
use super::face::{Closed, LinkSettings, MediaEvent, OutgoingFrame};
use super::handle::Command;
use super::incoming::Incoming;
use super::lines::Want;
use super::outgoing::Outgoing;
use super::outlet::Outlet;

/// What the task woke up for.
enum Wake {
    Command(Command),
    Frame(OutgoingFrame),
    /// A datagram has been taken in, there is room for events, or something is due.
    Tick(Result<(), Closed>),
    /// Nobody has the link any more, or hears it.
    End,
}

/// A link.
struct Link {
    /// `None` from its end until it is begun anew.
    connection: Option<Connection>,
    outgoing: Outgoing,
    incoming: Incoming,
    outlet: Outlet,
    wanted: Vec<RelayTrack>,
    /// Whether there may be something to offer.
    changed: bool,
}

/// Begins the task.
pub(super) fn spawn(
    settings: LinkSettings,
    commands: mpsc::UnboundedReceiver<Command>,
    frames: mpsc::Receiver<OutgoingFrame>,
    events: mpsc::Sender<MediaEvent>,
) -> io::Result<()> {
    let LinkSettings { relay, receiver, clock } = settings;
    let link = Link {
        connection: Some(Connection::begin(relay)?),
        outgoing: Outgoing::new(clock.clone()),
        incoming: Incoming::new(receiver, clock),
        outlet: Outlet::new(events),
        wanted: Vec::new(),
        changed: false,
    };
    tokio::spawn(link.run(commands, frames));
    Ok(())
}

impl Link {
    async fn run(
        mut self,
        mut commands: mpsc::UnboundedReceiver<Command>,
        mut frames: mpsc::Receiver<OutgoingFrame>,
    ) {
        loop {
            self.negotiate();
            let due = self.settle().await;
            match self.wake(&mut commands, &mut frames, due).await {
                Wake::Command(command) => self.carry_out(command).await,
                Wake::Frame(frame) => {
                    self.outgoing.write(&frame, self.connection.as_mut(), &mut self.outlet);
                }
                Wake::Tick(Ok(())) => {}
                Wake::Tick(Err(why)) => self.close(why),
                Wake::End => break,
            }
        }
        if let Some(connection) = self.connection {
            connection.close().await;
        }
    }

    async fn wake(
        &mut self,
        commands: &mut mpsc::UnboundedReceiver<Command>,
        frames: &mut mpsc::Receiver<OutgoingFrame>,
        due: Option<Instant>,
    ) -> Wake {
        let Self { connection, outlet, .. } = self;
        let received = async {
            match connection {
                Some(connection) => connection.receive().await,
                None => core::future::pending().await,
            }
        };
        let time = async {
            match due {
                Some(due) => sleep_until(due).await,
                None => core::future::pending().await,
            }
        };
        tokio::select! {
            command = commands.recv() => command.map_or(Wake::End, Wake::Command),
            Some(frame) = frames.recv() => Wake::Frame(frame),
            received = received => Wake::Tick(received),
            heard = outlet.room(), if outlet.waits() => {
                if heard { Wake::Tick(Ok(())) } else { Wake::End }
            }
            () = time => Wake::Tick(Ok(())),
        }
    }

    async fn carry_out(&mut self, command: Command) {
        match command {
            Command::Send(track) => {
                self.outgoing.add(*track);
                self.changed = true;
            }
            Command::Stop(track) => {
                self.outgoing.remove(track);
                self.changed = true;
            }
            Command::Tracks(tracks) => self.want(tracks),
            Command::Answer(sdp) => self.answer(&sdp),
            Command::Refused => {
                if let Some(connection) = &mut self.connection {
                    connection.refused();
                }
            }
            Command::Announced(member, tracks) => self.incoming.announced(member, tracks),
            Command::SelectLayer(track, layer) => {
                let request = MediaRequest::SelectLayer { track, layer };
                self.outlet.tell(MediaEvent::Request(request));
            }
            Command::WantKeyFrame(track) => {
                if self.wanted.iter().any(|wanted| wanted.track == track) {
                    self.incoming.want_key_frame(&track);
                }
            }
            Command::Trust(trusted) => self.outgoing.trust(trusted),
            // Held frames are looked at whatever has happened.
            Command::EpochChanged => {}
            Command::Restart(relay) => {
                if let Some(connection) = self.connection.take() {
                    connection.close().await;
                }
                self.outgoing.disconnected();
                self.outlet.forget_requests();
                self.want(Vec::new());
                match Connection::begin(relay) {
                    Ok(connection) => self.connection = Some(connection),
                    Err(error) => self.close(Closed::Socket(error.to_string())),
                }
            }
        }
    }

    fn want(&mut self, tracks: Vec<RelayTrack>) {
        self.incoming.keep(|track| tracks.iter().any(|wanted| wanted.track == track));
        self.wanted = tracks;
        self.changed = true;
    }

    fn answer(&mut self, sdp: &str) {
        let Some(connection) = &mut self.connection else { return };
        match connection.answer(sdp) {
            Ok(placed) => {
                let stands = connection.stands();
                for placed in placed {
                    self.outgoing.place(placed, stands, &mut self.outlet);
                }
            }
            Err(why) => self.close(why),
        }
    }

    fn close(&mut self, why: Closed) {
        self.connection = None;
        self.outgoing.disconnected();
        self.outlet.tell(MediaEvent::Closed(why));
    }

    /// Makes an offer, if there is something to offer and none is under way.
    fn negotiate(&mut self) {
        let Some(connection) = self.connection.as_mut().filter(|_| self.changed) else { return };
        if connection.lines().is_busy() {
            return;
        }
        self.changed = false;
        let want = |track: &RelayTrack| Want {
            name: track.track.clone(),
            kind: match track.kind {
                MediaKind::Audio => media::MediaKind::Audio,
                MediaKind::Video => media::MediaKind::Video,
            },
            layers: Vec::new(),
        };
        let mut theirs = self.wanted.iter().map(want).collect::<Vec<_>>();
        theirs.sort_by_key(|want| want.kind != media::MediaKind::Audio);
        if let Some(request) = connection.offer(&self.outgoing.wants(), &theirs) {
            self.outlet.tell(MediaEvent::Request(request));
        }
    }

    /// Does all that can be done now; gives when there is more to do.
    async fn settle(&mut self) -> Option<Instant> {
        let now = Instant::now();
        let mut asks = None;
        if let Some(connection) = &mut self.connection {
            asks = self.incoming.ask_key_frames(now, connection);
            match connection.tick() {
                Ok(()) => self.drain().await,
                Err(why) => self.close(why),
            }
        }
        let due = [
            asks,
            self.connection.as_ref().map(Connection::due),
            self.incoming.release(now, &mut self.outlet),
            self.outgoing.tell_asked(now, &mut self.outlet),
        ];
        due.into_iter().flatten().min()
    }

    /// Takes all that the connection gives.
    async fn drain(&mut self) {
        while let Some(connection) = &mut self.connection
            && let Some(happening) = connection.poll().await
        {
            match happening {
                Happening::Connected(certificate_sha256) => {
                    self.outlet.tell(MediaEvent::Connected { certificate_sha256 });
                    self.outgoing.connected(&mut self.outlet);
                }
                Happening::Data(data) => {
                    if let Some(track) = connection.lines().track_of(data.mid) {
                        self.incoming.take(track, &data, &mut self.outlet);
                    }
                }
                Happening::Broken(mid) => {
                    if let Some(track) = connection.lines().track_of(mid) {
                        self.incoming.want_key_frame(track);
                    }
                }
                Happening::KeyFrame(request) => {
                    if let Some(track) = connection.lines().own_track_of(request.mid) {
                        self.outgoing.ask(track, request.rid.map(|rid| rid.to_string()));
                    }
                }
                Happening::Closed(why) => self.close(why),
            }
        }
    }
}
