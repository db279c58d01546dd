//! The media of a session: files that are sent, and files that are saved.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use incamera::{Codec, Event, Track};
use incamera_net::{Call, CallEvent, Frame, TrackSender};
use serde_json::json;
use tokio::sync::{mpsc, watch};
use tokio::time::sleep;

use crate::args::Part;
use crate::exit::{Exit, Failure};
use crate::player::{Player, Source};
use crate::recorder::Recorder;
use crate::say::Printer;
use crate::tell::{Names, track_name};

/// How long the last frames of a file are given to arrive, before its track ends.
const TAIL: Duration = Duration::from_millis(500);
/// The most frames that wait for their sender to say what they are.
const MAX_UNNAMED: usize = 512;

/// How a file ended: of which track, and how many frames it had.
pub(crate) type Ended = (Track, Result<u64, Failure>);

/// The media of a session.
pub(crate) struct Traffic {
    printer: Printer,
    recorder: Option<Recorder>,
    unnamed: Vec<Frame>,
    /// Why frames of a track were last not sent.
    unsent: HashMap<Track, String>,
    sources: Vec<(Track, Source)>,
    /// How many files are not at their end.
    playing: usize,
    /// Whether frames can be sent: in the meeting, connected, and through a proved relay if one has to
    /// be.
    open: watch::Sender<bool>,
    joined: bool,
    connected: bool,
    sent: Arc<AtomicU64>,
    received: u64,
    /// What was last said of both.
    said: (u64, u64),
    ended: (mpsc::Sender<Ended>, mpsc::Receiver<Ended>),
}

impl Traffic {
    pub(crate) fn new(part: &Part, printer: Printer) -> Result<Self, Failure> {
        let mut sources = Vec::new();
        let layers = part.send_video.iter().map(|path| Player::video(path, part.repeat));
        let layers = layers.collect::<Result<Vec<_>, _>>()?;
        if !layers.is_empty() {
            sources.push((Track::CAMERA, Source::new(layers)?));
        }
        if let Some(path) = &part.send_audio {
            let sound = Source::new(vec![Player::sound(path, part.repeat)?])?;
            sources.push((Track::MICROPHONE, sound));
        }
        let recorder = part.save.as_deref().map(Recorder::new).transpose();
        let recorder = recorder.map_err(|error| Failure::usage(error.to_string()))?;
        Ok(Self {
            printer,
            recorder,
            unnamed: Vec::new(),
            unsent: HashMap::new(),
            playing: sources.len(),
            sources,
            open: watch::channel(false).0,
            joined: false,
            connected: false,
            sent: Arc::default(),
            received: 0,
            said: (0, 0),
            ended: mpsc::channel(4),
        })
    }

    /// Takes the tracks; they are sent once it is possible.
    pub(crate) async fn begin(&mut self, call: &Call) -> Result<(), Failure> {
        for (track, source) in self.sources.drain(..) {
            let sender = call.send_layers(track, source.codec(), source.names()).await?;
            let (open, ended) = (self.open.subscribe(), self.ended.0.clone());
            let sent = Arc::clone(&self.sent);
            tokio::spawn(async move {
                let outcome = play(source, sender, open, &sent).await;
                // The session has ended before the file.
                let _ = ended.send((track, outcome)).await;
            });
        }
        Ok(())
    }

    /// Waits until a file is at its end; gives whether all are.
    pub(crate) async fn ended(&mut self) -> Result<bool, Failure> {
        let Some((track, outcome)) = self.ended.1.recv().await else {
            return core::future::pending().await;
        };
        let (frames, name) = (outcome?, track_name(track));
        let text = format!("{name}: all {frames} frames are sent");
        self.printer.say("sent", json!({ "track": name, "frames": frames }), &text);
        self.playing = self.playing.saturating_sub(1);
        Ok(self.playing == 0)
    }

    /// Looks at an event: saves frames, and says what there is to say of media. Whether that is all.
    pub(crate) async fn took(
        &mut self,
        event: &CallEvent,
        call: &Call,
        names: &Names,
    ) -> Result<bool, Failure> {
        match event {
            CallEvent::Frame(frame) => {
                self.received += 1;
                self.save(frame, names)?;
            }
            CallEvent::Silence { .. } => {}
            CallEvent::KeyFrameWanted { track, .. } => {
                let name = track_name(*track);
                let text =
                    format!("{name}: a key frame is wanted; a file has them at its own places");
                self.printer.say("key-frame-wanted", json!({ "track": name }), &text);
            }
            CallEvent::NotSent { track, why } => {
                if self.unsent.insert(*track, why.clone()).as_ref() != Some(why) {
                    let name = track_name(*track);
                    let text = format!("{name}: frames are not sent: {why}");
                    self.printer.say("not-sent", json!({ "track": name, "why": why }), &text);
                }
            }
            CallEvent::MediaConnected => {
                self.connected = true;
                self.printer.say("media-connected", json!({}), "media are connected");
                self.look(call).await;
            }
            CallEvent::MediaLost { why } => {
                self.connected = false;
                let text = format!("media are disconnected: {why}; trying again");
                self.printer.say("media-lost", json!({ "why": why }), &text);
            }
            CallEvent::RelayProved { .. } if self.joined && self.connected => {
                self.open.send_replace(true);
                return Ok(false);
            }
            CallEvent::Meeting(Event::Joined) => {
                self.joined = true;
                self.look(call).await;
                return Ok(false);
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Opens the gate if no relay has to be proved first.
    async fn look(&self, call: &Call) {
        let listed = call.with(|meeting, _| meeting.rules().map(|rules| !rules.relays.is_empty()));
        if self.joined && self.connected && matches!(listed.await, Ok(Ok(false))) {
            self.open.send_replace(true);
        }
    }

    fn save(&mut self, frame: &Frame, names: &Names) -> Result<(), Failure> {
        let Some(recorder) = &mut self.recorder else { return Ok(()) };
        let Some(codec) = frame.codec else {
            if self.unnamed.len() < MAX_UNNAMED {
                self.unnamed.push(frame.clone());
            }
            return Ok(());
        };
        let place = (frame.member, frame.track);
        let (earlier, others): (Vec<_>, Vec<_>) =
            self.unnamed.drain(..).partition(|of| (of.member, of.track) == place);
        self.unnamed = others;
        for frame in earlier.iter().chain([frame]) {
            write(recorder, frame, codec, names, self.printer)?;
        }
        Ok(())
    }

    /// Says how many frames there were, if there were more.
    pub(crate) fn progress(&mut self) {
        let now = (self.sent.load(Ordering::Relaxed), self.received);
        if now != self.said {
            self.said = now;
            let (sent, received) = now;
            let text = format!("frames: {sent} sent, {received} received");
            self.printer.say("progress", json!({ "sent": sent, "received": received }), &text);
        }
    }

    /// Ends the files.
    pub(crate) fn end(self) -> Result<(), Failure> {
        let Some(recorder) = self.recorder else { return Ok(()) };
        for (file, frames) in recorder.end().map_err(|error| unwritten(&error))? {
            let text = format!("saved {file}: {frames} frames");
            self.printer.say("saved", json!({ "file": file, "frames": frames }), &text);
        }
        Ok(())
    }
}

fn write(
    recorder: &mut Recorder,
    frame: &Frame,
    codec: Codec,
    names: &Names,
    printer: Printer,
) -> Result<(), Failure> {
    let name = names.of(&frame.member);
    let place = (frame.member, frame.track);
    let written = recorder.write(place, &name, codec, (frame.time, &frame.data));
    if let Some(file) = written.map_err(|error| unwritten(&error))? {
        let text = format!("saving what {name} sends: {file}");
        printer.say("saving", json!({ "from": name, "file": file }), &text);
    }
    Ok(())
}

fn unwritten(error: &std::io::Error) -> Failure {
    Failure::new(Exit::Other, format!("what comes in cannot be saved: {error}; look at --save"))
}

/// Sends a file, or one for each layer, once that is possible.
async fn play(
    mut source: Source,
    mut sender: TrackSender,
    mut open: watch::Receiver<bool>,
    sent: &AtomicU64,
) -> Result<u64, Failure> {
    let (mut frames, layers) = (0, source.names());
    if open.wait_for(|open| *open).await.is_ok() {
        while let Some((place, timed)) = source.next().await? {
            let layer = layers.get(place).map(String::as_str);
            sender.write_layer(layer, timed.frame, timed.time).await?;
            frames += 1;
            sent.fetch_add(1, Ordering::Relaxed);
        }
        sleep(TAIL).await;
    }
    Ok(frames)
}
