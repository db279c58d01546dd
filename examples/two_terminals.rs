//! A meeting between processes over TCP: `serve [ADDRESS]`, `host NAME [ADDRESS] [--admit-all]` and
//! `join NAME LINK [ADDRESS]`. A packet is its kind, 4 bytes of length, big-endian, and its bytes.
//! The server orders and forwards; it holds no key.

#![allow(clippy::print_stdout, clippy::disallowed_methods, clippy::disallowed_types, reason = "IO")]

use std::collections::{HashMap, VecDeque};
use std::io::{self, BufReader, ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::{Duration, Instant, UNIX_EPOCH};
use std::{fmt::Display, thread};

use incamera::wire::{BlobHash, MailboxId, MeetingId, ToClient, ToServer, server::OrderedLog};
use incamera::{DenyReason, Destination, Door, Event, FrameError, Framing, Identity, Input};
use incamera::{Invite, KnockId, Meeting, MemberId, Now, Opened, Receiver, Sealer, Settings};
use incamera::{Track, TrackKind, TrackKinds};

pub(crate) type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

const ADDRESS: &str = "127.0.0.1:7420";
const CONTROL: u8 = 0; // the transport's messages
const MEDIA: u8 = 1; // sealed frames

fn write(mut stream: &TcpStream, kind: u8, bytes: &[u8]) -> io::Result<()> {
    let len = u32::try_from(bytes.len()).map_err(io::Error::other)?;
    stream.write_all(&[&[kind], &len.to_be_bytes()[..], bytes].concat())
}

/// Reads the next packet, of up to 17 MiB. Memory grows with what arrives, not with what it claims.
fn read(mut stream: impl io::Read) -> io::Result<(u8, Vec<u8>)> {
    let mut head = [0; 5];
    stream.read_exact(&mut head)?;
    let [kind, len @ ..] = head;
    let (len, mut bytes) = (u32::from_be_bytes(len), Vec::new());
    stream.take(len.min(17 << 20).into()).read_to_end(&mut bytes)?;
    if bytes.len() < len as usize { Err(ErrorKind::InvalidData.into()) } else { Ok((kind, bytes)) }
}

/// The lock, also after a thread that held it has died.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The server's one meeting, and each guest's mailbox and connection.
struct Room {
    meeting: Option<MeetingId>,
    log: OrderedLog,
    blobs: VecDeque<(BlobHash, Vec<u8>)>,
    guests: HashMap<u64, (Option<MailboxId>, TcpStream)>,
}

fn push(room: &Room, kind: u8, bytes: &[u8], wanted: impl Fn(u64, Option<MailboxId>) -> bool) {
    for (id, (mailbox, stream)) in &room.guests {
        if wanted(*id, *mailbox) && write(stream, kind, bytes).is_err() {
            drop(stream.shutdown(Shutdown::Both)); // its own thread notices, and sees it out
        }
    }
}

/// The server: one thread for each connection, as long as there are any, and 64 MiB of log.
pub(crate) fn accept(listener: &TcpListener) -> Outcome<()> {
    let (log, blobs, guests) = (OrderedLog::new(64 << 20), VecDeque::new(), HashMap::new());
    let room = Arc::new(Mutex::new(Room { meeting: None, log, blobs, guests }));
    for (id, stream) in (0..).zip(listener.incoming().map_while(Result::ok)) {
        let room = Arc::clone(&room);
        thread::spawn(move || {
            println!("connection {id} has ended: {:?}", attend(id, &stream, &room));
            locked(&room).guests.remove(&id);
        });
    }
    Err("the listener takes no more connections".into())
}

fn attend(id: u64, stream: &TcpStream, room: &Mutex<Room>) -> Outcome<()> {
    stream.set_write_timeout(Some(Duration::from_secs(2)))?;
    let mut reader = BufReader::new(stream);
    let answer = |message: ToClient| write(stream, CONTROL, &message.encode());
    let entry = |(seq, bytes): (u64, &[u8])| answer(ToClient::Log { seq, bytes: bytes.into() });
    let blob = |(_, bytes): &(_, Vec<u8>)| answer(ToClient::Blob { bytes: bytes.clone() });
    loop {
        let (kind, bytes) = read(&mut reader)?;
        let room = &mut *locked(room);
        if kind == MEDIA {
            push(room, MEDIA, &bytes, |guest, _| guest != id);
            continue;
        }
        match ToServer::decode(&bytes)? {
            ToServer::Hello { meeting, mailbox } => {
                if *room.meeting.get_or_insert(meeting) != meeting {
                    return Err("this server has another meeting".into());
                }
                room.guests.insert(id, (mailbox, stream.try_clone()?));
                answer(ToClient::Connected { next: room.log.next() })?;
            }
            ToServer::Fetch { from } => room.log.read(from).try_for_each(entry)?,
            ToServer::FetchBlob { hash } => {
                room.blobs.iter().find(|kept| kept.0 == hash).map_or(Ok(()), blob)?;
            }
            ToServer::Post { to: Destination::Blob(hash), bytes, .. } => {
                room.blobs.push_front((hash, bytes));
                room.blobs.truncate(16); // older trees have been fetched long since
            }
            ToServer::Post { to: Destination::Direct(to), bytes, .. } => {
                push(room, CONTROL, &ToClient::Direct { bytes }.encode(), |_, own| own == Some(to));
            }
            ToServer::Post { to: Destination::Lobby, bytes, .. } => {
                push(room, CONTROL, &ToClient::Lobby { bytes }.encode(), |_, _| true);
            }
            ToServer::Post { id, to: Destination::Log, bytes } => {
                let seq = room.log.append(id, &bytes)?.seq; // the old one if it is posted again
                push(room, CONTROL, &ToClient::Log { seq, bytes }.encode(), |_, _| true);
            }
            _ => return Err("this server has no more than log, lobby, mailboxes and blobs".into()),
        }
    }
}

fn now() -> Now {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    let ms = |duration: Duration| duration.as_millis() as u64;
    Now { monotonic_ms: ms(START.elapsed()), unix_ms: ms(UNIX_EPOCH.elapsed().unwrap_or_default()) }
}

pub(crate) enum Wake {
    Server(Input),
    Heard(MemberId), // a frame opened
    Typed(String),
    Ended(Outcome<()>),
}

/// A client: a meeting, its connection, and what is known beside it.
struct Client<'a> {
    meeting: Meeting,
    line: Arc<Mutex<TcpStream>>,
    say: &'a dyn Fn(&dyn Display),
    admit_all: bool,
    knocks: VecDeque<KnockId>,
    shown: String,
    heard: Vec<MemberId>,
    look_at: u64,
}

impl Client<'_> {
    /// The one loop that drives the meeting, until the membership is over.
    fn drive(&mut self, inbox: &mpsc::Receiver<Wake>) -> Outcome<()> {
        loop {
            while let Some(output) = self.meeting.poll() {
                match output.into_request() {
                    Ok(request) => write(&locked(&self.line), CONTROL, &request.encode())?,
                    Err(event) => self.show(event)?,
                }
            }
            if now().monotonic_ms >= self.look_at {
                self.look_at = now().monotonic_ms + 1_000;
                self.look_around();
            }
            let Some(due) = self.meeting.poll_timeout() else { return Ok(()) };
            let wait = due.min(self.look_at).saturating_sub(now().monotonic_ms);
            match inbox.recv_timeout(Duration::from_millis(wait)) {
                Ok(Wake::Server(input)) => self.meeting.handle(input, now())?,
                Ok(Wake::Heard(member)) => self.heard.push(member),
                Ok(Wake::Typed(line)) => self.obey(&line).unwrap_or_else(|why| (self.say)(&why)),
                Ok(Wake::Ended(how)) => return how,
                Err(_) => self.meeting.handle_timeout(now())?,
            }
        }
    }

    fn show(&mut self, event: Event) -> Outcome<()> {
        let roster = self.meeting.roster();
        let who = |id| roster.iter().find(|p| p.member == id).map_or("somebody", |p| &p.name);
        (self.say)(&match event {
            Event::Knock { knock, name, .. } => {
                self.knocks.push_back(knock);
                format!("{name} knocks: {}", if self.admit_all { "admitted" } else { "y/n?" })
            }
            Event::Gone { name, by: Some(by), .. } => format!("{} has removed {name}", who(by)),
            Event::Removed { by } => format!("{} has removed you, and replaced the link", who(by)),
            Event::Ended { by } => format!("{} has ended the meeting", who(by)),
            Event::Refused { fault, .. } => format!("refused: {fault}"),
            other => format!("{other:?}"),
        });
        if self.admit_all && !self.knocks.is_empty() { self.obey("y") } else { Ok(()) }
    }

    /// Shows what it heard and, when they change, who is here, the safety code and the link.
    fn look_around(&mut self) {
        let Ok(code) = self.meeting.safety_code() else { return };
        let Ok(invite) = self.meeting.invite() else { return };
        let roster = self.meeting.roster();
        let here: Vec<_> = roster.iter().map(|p| format!("#{} {}", p.leaf, p.name)).collect();
        let text = format!("here: {}\nsafety code: {code}\n{}", here.join(", "), invite.link());
        if text != self.shown {
            (self.say)(&text);
            self.shown = text;
        }
        let heard = std::mem::take(&mut self.heard);
        for other in roster.iter().filter(|p| !p.own) {
            let theirs = heard.iter().filter(|member| **member == other.member).count();
            (self.say)(&format!("from {}: {theirs} frames", other.name));
        }
    }

    fn obey(&mut self, typed: &str) -> Outcome<()> {
        let find = |whom: &str| {
            let mut named = self.meeting.roster();
            named.retain(|p| p.name == whom || format!("#{}", p.leaf) == whom);
            if let [one] = &named[..] { Ok(one.member) } else { Err("who? say #NUMBER") }
        };
        let sound = TrackKinds::of(&[TrackKind::Microphone]);
        let mut knock = || self.knocks.pop_front().ok_or("nobody knocks");
        match typed.split_once(' ').unwrap_or((typed, "")) {
            ("y", _) => self.meeting.admit(knock()?, now())?,
            ("n", _) => self.meeting.deny(knock()?, DenyReason::NotExpected, now())?,
            ("remove", whom) => self.meeting.remove(find(whom)?, now())?,
            ("mute", whom) => self.meeting.mute(find(whom)?, sound, now())?,
            ("unmute", whom) => self.meeting.unmute(find(whom)?, sound, now())?,
            ("lock", _) => self.meeting.set_door(Door::Locked, now())?,
            ("unlock", _) => self.meeting.set_door(Door::WaitingRoom, now())?,
            ("quit", _) => self.meeting.leave(now())?,
            ("end", _) => self.meeting.end(now())?,
            _ => return Err("y, n, mute, unmute or remove NAME, lock, unlock, end, quit".into()),
        }
        Ok(())
    }
}

/// Seals a frame each 20 ms, as soon as the meeting allows and as long as it does.
fn speak(mut voice: Sealer, line: &Mutex<TcpStream>) -> Outcome<()> {
    for at in (now().monotonic_ms..).step_by(20) {
        thread::sleep(Duration::from_millis(at.saturating_sub(now().monotonic_ms)));
        let mut frame = Vec::new();
        match voice.seal(&[0x5a; 80], now().monotonic_ms, &mut frame) {
            Ok(()) => write(&locked(line), MEDIA, &frame)?,
            Err(FrameError::Stopped | FrameError::NotAllowed) => {} // or muted
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Opens each frame that comes, and then those that waited for their epoch; passes on the rest.
fn listen(stream: TcpStream, mut ears: Receiver, wakes: &mpsc::Sender<Wake>) -> Outcome<()> {
    let (mut reader, mut out) = (BufReader::new(stream), Vec::new());
    loop {
        let (kind, bytes) = read(&mut reader)?;
        if kind == CONTROL {
            let input = ToClient::decode(&bytes).ok().and_then(Input::from_server);
            input.map_or(Ok(()), |input| wakes.send(Wake::Server(input)))?;
            continue;
        }
        let at = now().monotonic_ms;
        let mut opened = Some(ears.open(0, &bytes, at, &mut out));
        while let Some(outcome) = opened.take().or_else(|| Some(ears.poll(at, &mut out)?.outcome)) {
            if let Ok(Opened::Frame { member, .. }) = outcome {
                wakes.send(Wake::Heard(member))?;
            }
            out.clear();
        }
    }
}

pub(crate) fn take_part(
    mut meeting: Meeting,
    stream: TcpStream,
    (wakes, inbox): (mpsc::Sender<Wake>, mpsc::Receiver<Wake>),
    admit_all: bool,
    say: &dyn Fn(&dyn Display),
) -> Outcome<()> {
    stream.set_nodelay(true)?;
    write(&stream, CONTROL, &meeting.hello().encode())?;
    let (voice, ears) = (meeting.sealer(Track::MICROPHONE, Framing::Whole)?, meeting.receiver());
    let (reader, line) = (stream.try_clone()?, Arc::new(Mutex::new(stream)));
    let own_line = Arc::clone(&line);
    thread::spawn(move || speak(voice, &own_line));
    thread::spawn(move || wakes.send(Wake::Ended(listen(reader, ears, &wakes))));
    let (knocks, shown, heard, look_at) = Default::default();
    Client { meeting, line, say, admit_all, knocks, shown, heard, look_at }.drive(&inbox)
}

fn main() -> Outcome<()> {
    let mut words: Vec<String> = std::env::args().skip(1).collect();
    let admit_all = words.pop_if(|last| last == "--admit-all").is_some();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    // A fresh identity each time: whoever was removed comes back only as somebody else.
    let (new, parse) = (Identity::generate, Invite::parse);
    let (meeting, at) = match &words[..] {
        ["serve", at @ ..] => return accept(&TcpListener::bind(at.first().unwrap_or(&ADDRESS))?),
        ["host", name, at @ ..] => (Meeting::create(&new(name)?, Settings::default(), now())?, at),
        ["join", name, link, at @ ..] => (Meeting::join(&new(name)?, &parse(link)?, now())?, at),
        _ => return Err("say: serve | host NAME | join NAME LINK (and an address)".into()),
    };
    let (wakes, inbox) = mpsc::channel();
    let typed = wakes.clone();
    thread::spawn(move || {
        io::stdin().lines().map_while(Result::ok).try_for_each(|line| typed.send(Wake::Typed(line)))
    });
    let stream = TcpStream::connect(at.first().unwrap_or(&ADDRESS))?;
    take_part(meeting, stream, (wakes, inbox), admit_all, &|text| println!("{text}"))
}
