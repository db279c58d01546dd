//! One meeting, from the first event to the last: the events on one side, the prompt on the other.

use std::time::Duration;

use incamera::{
    Alarm, DenyReason, Door, Event, KnockId, MemberId, Participant, Track, TrackKind, TrackKinds,
};
use incamera_net::{Call, CallError, CallEvent, Ending, Events};
use serde_json::json;
use tokio::time::{Instant, sleep_until};

use crate::args::Part;
use crate::exit::{self, Exit, Failure};
use crate::input::{Input, Typist};
use crate::prompt::{self, Typed};
use crate::say::Printer;
use crate::state::hex;
use crate::tell::{self, Names};
use crate::traffic::Traffic;

/// How long the others are given to hear that this client leaves.
const FAREWELL: Duration = Duration::from_secs(5);

/// How often it is said how many frames there were.
const PROGRESS: Duration = Duration::from_secs(5);
/// How long a relay is given to find a log again that it has lost.
const LOG_LOST: Duration = Duration::from_secs(20);

/// One meeting.
pub(crate) struct Session {
    call: Call,
    printer: Printer,
    names: Names,
    knocks: Vec<(u32, KnockId, String)>,
    knocked: u32,
    admit_all: bool,
    until_sent: bool,
    traffic: Traffic,
    seconds: Option<Duration>,
    /// When to leave, or to go without a word.
    leave_at: Option<Instant>,
    leaving: bool,
    /// Whether the meeting is stored, and whether the program is to end without leaving it.
    stored: bool,
    stopped: bool,
    /// When to give up on a relay that has lost the log.
    log_lost_at: Option<Instant>,
}

impl Session {
    pub(crate) fn new(
        call: Call,
        printer: Printer,
        part: &Part,
        traffic: Traffic,
        stored: bool,
    ) -> Self {
        Self {
            call,
            printer,
            names: Names::default(),
            knocks: Vec::new(),
            knocked: 0,
            admit_all: part.admit_all,
            until_sent: part.until_sent,
            traffic,
            seconds: part.seconds.map(Duration::from_secs),
            leave_at: None,
            leaving: false,
            stored,
            stopped: false,
            log_lost_at: None,
        }
    }

    /// Takes part until the end.
    pub(crate) async fn run(mut self, mut events: Events) -> Result<(), Failure> {
        self.printer.say("connected", json!({}), "connected to the relay");
        let outcome = self.take_part(&mut events).await;
        let saved = self.traffic.end();
        outcome.and(saved)
    }

    async fn take_part(&mut self, events: &mut Events) -> Result<(), Failure> {
        let mut typist = Typist::new();
        self.traffic.begin(&self.call).await?;
        let mut progress = tokio::time::interval(PROGRESS);
        while !self.stopped {
            let (leave_at, log_lost_at) = (self.leave_at, self.log_lost_at);
            tokio::select! {
                event = events.recv() => match event {
                    Some(CallEvent::Ended(ending)) => return self.over(&ending),
                    Some(event) => self.happened(event).await?,
                    None => return Ok(()),
                },
                input = typist.next() => match input {
                    Input::Line(line) => self.typed(&line).await,
                    Input::Stop if self.leaving => return Ok(()),
                    Input::Stop => self.leave().await,
                },
                all = self.traffic.ended() => {
                    if all? && self.until_sent {
                        self.leave().await;
                    }
                }
                _ = progress.tick() => self.traffic.progress(),
                () = until(log_lost_at) => {
                    let text = "the relay has lost the meeting's log: create a new meeting";
                    return Err(Failure::new(Exit::Other, text));
                }
                () = until(leave_at) => {
                    if self.leaving {
                        self.printer.say("ended", json!({ "why": "unheard" }), "left; nobody confirmed it");
                        return Ok(());
                    }
                    self.leave().await;
                }
            }
        }
        Ok(())
    }

    fn over(&self, ending: &Ending) -> Result<(), Failure> {
        let why = format!("{ending:?}");
        self.printer.say("ended", json!({ "why": why }), "the meeting is over");
        exit::of(ending, |member| self.names.of(member))
    }

    async fn leave(&mut self) {
        self.leaving = true;
        self.leave_at = Some(Instant::now() + FAREWELL);
        let left = self.call.leave().await;
        self.done(left, "leaving");
    }

    async fn happened(&mut self, event: CallEvent) -> Result<(), Failure> {
        if self.traffic.took(&event, &self.call, &self.names).await? {
            return Ok(());
        }
        match &event {
            CallEvent::Meeting(Event::Joined) => self.joined().await,
            CallEvent::Meeting(Event::Knock { knock, name, fingerprint, label, proof }) => {
                self.knocked += 1;
                let number = self.knocked;
                let fingerprint = hex(&fingerprint.as_bytes()[..8]);
                let proof = tell::of_proof(*proof);
                let label = label.map(|label| format!("{label:?}").to_lowercase());
                let fields = json!({
                    "number": number, "name": name, "fingerprint": fingerprint, "label": label, "passcode": proof,
                });
                let text = format!(
                    "knock {number}: {name} (key {fingerprint}, passcode {proof}); type: admit {number}, or deny \
                     {number}"
                );
                self.printer.say("knock", fields, &text);
                self.knocks.push((number, *knock, name.clone()));
                if self.admit_all {
                    self.admit(Some(number)).await;
                }
            }
            CallEvent::Meeting(Event::KnockProof { knock, proof }) => {
                let known = self.knocks.iter().find(|(_, id, _)| id == knock);
                if let Some((number, _, name)) = known {
                    let proof = tell::of_proof(*proof);
                    let fields = json!({ "number": number, "name": name, "passcode": proof });
                    let text = format!("knock {number}: {name}, passcode {proof}");
                    self.printer.say("knock-proof", fields, &text);
                }
            }
            CallEvent::Meeting(Event::KnockVoid { knock }) => {
                self.knocks.retain(|(_, id, _)| id != knock);
            }
            CallEvent::Meeting(
                Event::Added { .. }
                | Event::Returned { .. }
                | Event::Renamed { .. }
                | Event::Gone { .. },
            ) => {
                self.learn().await;
                tell::tell(self.printer, &event, &self.names);
            }
            _ => {
                match &event {
                    CallEvent::Meeting(Event::Alarm(Alarm::LogShrank)) => {
                        self.log_lost_at = Some(Instant::now() + LOG_LOST);
                    }
                    CallEvent::Disconnected { .. } => self.log_lost_at = None,
                    _ => {}
                }
                tell::tell(self.printer, &event, &self.names);
            }
        }
        Ok(())
    }

    async fn joined(&mut self) {
        self.learn().await;
        self.printer.say("joined", json!({}), "you are in");
        self.link().await;
        if self.leave_at.is_none()
            && let Some(seconds) = self.seconds
        {
            self.leave_at = Some(Instant::now() + seconds);
        }
    }

    async fn learn(&mut self) {
        for participant in self.call.roster().await.unwrap_or_default() {
            self.names.learn(participant.member, &participant.name);
        }
    }

    async fn link(&self) {
        match self.call.link().await {
            Ok(link) => {
                let link = link.to_string();
                self.printer.say("link", json!({ "link": link }), &format!("link: {link}"));
            }
            Err(error) => self.failed(&error.to_string()),
        }
    }

    fn failed(&self, why: &str) {
        self.printer.say("error", json!({ "why": why }), &format!("not done: {why}"));
    }

    fn done(&self, outcome: Result<(), CallError>, what: &str) {
        match outcome {
            Ok(()) => self.printer.say("ok", json!({ "what": what }), what),
            Err(error) => self.failed(&error.to_string()),
        }
    }

    fn knock(&mut self, number: Option<u32>) -> Option<(KnockId, String)> {
        let is_it = |knock: &(u32, KnockId, String)| number.is_none_or(|number| knock.0 == number);
        let place = self.knocks.iter().position(is_it)?;
        let (_, knock, name) = self.knocks.remove(place);
        Some((knock, name))
    }

    async fn admit(&mut self, number: Option<u32>) {
        match self.knock(number) {
            Some((knock, name)) => {
                let admitted = self.call.admit(knock).await;
                self.done(admitted, &format!("letting {name} in"));
            }
            None => self.failed("nobody knocks under this number"),
        }
    }

    async fn deny(&mut self, number: Option<u32>) {
        match self.knock(number) {
            Some((knock, name)) => {
                let denied = self.call.deny(knock, DenyReason::NotExpected).await;
                self.done(denied, &format!("{name} is not let in"));
            }
            None => self.failed("nobody knocks under this number"),
        }
    }

    async fn typed(&mut self, line: &str) {
        let typed = match prompt::parse(line) {
            Ok(Some(typed)) => typed,
            Ok(None) => return,
            Err(why) => return self.failed(&why),
        };
        let sound = TrackKinds::of(&[TrackKind::Microphone]);
        match typed {
            Typed::Admit(number) => self.admit(number).await,
            Typed::Deny(number) => self.deny(number).await,
            Typed::Mute(whom) => {
                if let Some(member) = self.find(&whom).await {
                    let muted = self.call.mute(member, sound).await;
                    self.done(muted, &format!("muting {whom}"));
                }
            }
            Typed::Unmute(whom) => {
                if let Some(member) = self.find(&whom).await {
                    let unmuted = self.call.unmute(member, sound).await;
                    self.done(unmuted, &format!("unmuting {whom}"));
                }
            }
            Typed::Remove(whom) => {
                if let Some(member) = self.find(&whom).await {
                    let removed = self.call.remove(member).await;
                    self.done(removed, &format!("removing {whom}"));
                }
            }
            other => self.typed_more(other).await,
        }
    }

    async fn typed_more(&mut self, typed: Typed) {
        match typed {
            Typed::Layer(layer, whom) => {
                if let Some(member) = self.find(&whom).await {
                    let text = format!("asking for layer {layer} of {whom}");
                    let asked = self.call.select_layer(member, Track::CAMERA, layer).await;
                    self.done(asked, &text);
                }
            }
            Typed::Lock => {
                let locked = self.call.set_door(Door::Locked).await;
                self.done(locked, "locking the door");
            }
            Typed::Unlock => {
                let unlocked = self.call.set_door(Door::WaitingRoom).await;
                self.done(unlocked, "unlocking the door");
            }
            Typed::Chat(text) => {
                if let Err(error) = self.call.chat(text).await {
                    self.failed(&error.to_string());
                }
            }
            Typed::Code => match self.call.safety_code().await {
                Ok(code) => tell::code(self.printer, &code),
                Err(error) => self.failed(&error.to_string()),
            },
            Typed::End => {
                let ended = self.call.end().await;
                self.done(ended, "ending the meeting for everyone");
            }
            Typed::Who => self.who().await,
            Typed::Link => self.link().await,
            Typed::Quit => self.leave().await,
            Typed::Stop if self.stored => {
                self.stopped = true;
                let text = "stopped without leaving: incamera host --state takes it up again";
                self.printer.say("stopped", json!({}), text);
            }
            Typed::Stop => self.failed("nothing is stored without --state: quit instead"),
            _ => self.printer.say("help", json!({ "commands": prompt::HELP }), prompt::HELP),
        }
    }

    async fn who(&self) {
        for member in self.call.roster().await.unwrap_or_default() {
            let Participant { leaf, name, role, .. } = &member;
            let role = tell::name_of(*role);
            let marks: Vec<_> = [
                (member.own, "you"),
                (!member.muted.is_empty(), "muted"),
                (member.hand_raised, "hand raised"),
                (member.recording, "records"),
                (member.ordered_out, "is to go"),
            ]
            .into_iter()
            .filter_map(|(is, mark)| is.then_some(mark))
            .collect();
            let fields = json!({ "number": leaf, "name": name, "role": role, "marks": marks });
            let marks = marks.iter().map(|mark| format!(", {mark}")).collect::<String>();
            self.printer.say("member", fields, &format!("#{leaf} {name}, {role}{marks}"));
        }
    }

    /// The one member of this name or `#number`.
    async fn find(&self, whom: &str) -> Option<MemberId> {
        let mut roster = self.call.roster().await.unwrap_or_default();
        roster.retain(|member| member.name == whom || format!("#{}", member.leaf) == whom);
        match &roster[..] {
            [one] => return Some(one.member),
            [] => self.failed("nobody here has this name: type who"),
            _ => self.failed("several have this name: type who, and say #N"),
        }
        None
    }
}

/// Waits until then; for ever if there is no such time.
async fn until(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => core::future::pending().await,
    }
}
