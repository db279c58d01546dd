//! A meeting between processes, over plain TCP and threads of the standard library:
//!
//! ```text
//! cargo run --release --example two_terminals -- serve [ADDRESS]
//! cargo run --release --example two_terminals -- host NAME [ADDRESS] [--admit-all]
//! cargo run --release --example two_terminals -- join NAME LINK [ADDRESS]
//! ```
//!
//! On the wire: 4 bytes of length, big-endian, then one byte (0: a message of the transport, 1: a
//! sealed frame), then the message. The server orders and forwards; it holds no key.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a program prints, reads the clock and has threads: the library does none of it"
)]

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::convert::Infallible;
use std::io::{self, ErrorKind, Read as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant, UNIX_EPOCH};

use incamera::wire::server::OrderedLog;
use incamera::wire::{BlobHash, Destination, MailboxId, MeetingId, ToClient, ToServer};
use incamera::{
    DenyReason, Event, FrameError, Framing, Identity, Input, Invite, KnockId, Meeting, MemberId,
    Message, Now, Opened, Output, Receiver, Sealer, Settings, Track,
};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;
/// What one message of a connection is, and its bytes.
type Packet = (u8, Vec<u8>);
/// Where a client's lines go.
type Say = Arc<dyn Fn(String) + Send + Sync>;
/// The names of those in the meeting, for the media thread too.
type Names = Arc<Mutex<BTreeMap<MemberId, String>>>;

/// Where `serve` listens and the others call, unless told otherwise.
const ADDRESS: &str = "127.0.0.1:7420";
/// A packet that holds an encoded `ToServer` or `ToClient`.
const CONTROL: u8 = 0;
/// A packet that holds a sealed frame.
const MEDIA: u8 = 1;
/// The longest packet in bytes.
const LONGEST: usize = (17 << 20) + 1;
/// Bytes of log, and bytes of blobs, that the server keeps for one meeting.
const CAPACITY: usize = 64 << 20;

/// Writes a packet with its length.
fn write(mut stream: impl io::Write, (kind, bytes): &Packet) -> io::Result<()> {
    let len = u32::try_from(bytes.len() + 1).map_err(io::Error::other)?;
    stream.write_all(&[&len.to_be_bytes()[..], &[*kind], bytes].concat())
}

/// Reads the next packet. Memory grows with what arrives, not with the length that was claimed.
fn read(mut stream: impl io::Read) -> io::Result<Packet> {
    let mut head = [0; 5];
    stream.read_exact(&mut head)?;
    let [a, b, c, d, kind] = head;
    let len = usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap_or(usize::MAX);
    if !(1..=LONGEST).contains(&len) || kind > MEDIA {
        return Err(ErrorKind::InvalidData.into());
    }
    let mut bytes = Vec::new();
    stream.take(len as u64 - 1).read_to_end(&mut bytes)?;
    if bytes.len() + 1 < len { Err(ErrorKind::UnexpectedEof.into()) } else { Ok((kind, bytes)) }
}

/// A connection's writing side, for several threads.
type Line = Arc<Mutex<TcpStream>>;

/// The lock, also after a thread that held it has died.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One meeting on the server.
struct Room {
    log: OrderedLog,
    blobs: HashMap<BlobHash, Vec<u8>>,
    guests: HashMap<u64, (Option<MailboxId>, TcpStream)>,
}

impl Room {
    fn new() -> Self {
        let (blobs, guests) = (HashMap::new(), HashMap::new());
        Self { log: OrderedLog::new(CAPACITY), blobs, guests }
    }

    /// To every guest that `wants` it; whoever cannot take it is shown out.
    fn push(&mut self, packet: &Packet, wants: impl Fn(u64, Option<MailboxId>) -> bool) {
        self.guests.retain(|guest, (mailbox, stream)| {
            !wants(*guest, *mailbox) || write(stream, packet).is_ok()
        });
    }

    /// Serves one request of the guest `from`.
    fn serve(&mut self, from: u64, request: ToServer) -> Outcome<()> {
        type Audience = Box<dyn Fn(u64, Option<MailboxId>) -> bool>;
        let all: Audience = Box::new(|_, _| true);
        let back: Audience = Box::new(move |guest, _| guest == from);
        let entry = |(seq, bytes): (u64, &[u8])| ToClient::Log { seq, bytes: bytes.into() };
        let (messages, audience): (Vec<_>, Audience) = match request {
            ToServer::Hello { .. } => (vec![ToClient::Connected { next: self.log.next() }], back),
            ToServer::Post { id, to: Destination::Log, bytes } => {
                let place = self.log.append(id, &bytes)?;
                let seq = Some(place.seq).filter(|_| !place.duplicate);
                (seq.map(|seq| ToClient::Log { seq, bytes }).into_iter().collect(), all)
            }
            ToServer::Post { to: Destination::Lobby, bytes, .. } => {
                (vec![ToClient::Lobby { bytes }], all)
            }
            ToServer::Post { to: Destination::Direct(to), bytes, .. } => {
                (vec![ToClient::Direct { bytes }], Box::new(move |_, own| own == Some(to)))
            }
            ToServer::Post { to: Destination::Blob(hash), bytes, .. } => {
                if self.blobs.values().map(Vec::len).sum::<usize>() + bytes.len() > CAPACITY {
                    return Err("no room for more blobs".into());
                }
                self.blobs.insert(hash, bytes);
                (vec![], all)
            }
            ToServer::Fetch { from } => (self.log.read(from).map(entry).collect(), back),
            ToServer::FetchBlob { hash } => {
                let blob = self.blobs.get(&hash).cloned();
                (blob.map(|bytes| ToClient::Blob { bytes }).into_iter().collect(), back)
            }
        };
        messages.iter().for_each(|message| self.push(&(CONTROL, message.encode()), &audience));
        Ok(())
    }
}

type Rooms = Arc<Mutex<HashMap<MeetingId, Room>>>;

/// The server: takes connections as long as there are any, one thread for each.
fn accept(listener: &TcpListener) {
    let rooms = Rooms::default();
    for (guest, stream) in (0..).zip(listener.incoming()) {
        let rooms = Arc::clone(&rooms);
        thread::spawn(move || {
            let Err(end) = stream.map_err(Into::into).and_then(|s| attend(guest, s, &rooms));
            eprintln!("connection {guest} has ended: {end}");
            locked(&rooms).values_mut().for_each(|room| drop(room.guests.remove(&guest)));
        });
    }
}

/// Serves one connection to its end.
fn attend(guest: u64, stream: TcpStream, rooms: &Rooms) -> Outcome<Infallible> {
    stream.set_write_timeout(Some(Duration::from_secs(2)))?;
    let mut reader = io::BufReader::new(stream.try_clone()?);
    let hello = ToServer::decode(&read(&mut reader)?.1)?;
    let ToServer::Hello { meeting, mailbox } = hello else { return Err("no greeting".into()) };
    {
        let mut rooms = locked(rooms);
        let room = rooms.entry(meeting).or_insert_with(Room::new);
        room.guests.insert(guest, (mailbox, stream));
        room.serve(guest, hello)?;
    }
    loop {
        let packet = read(&mut reader)?;
        let mut rooms = locked(rooms);
        let room = rooms.entry(meeting).or_insert_with(Room::new);
        match packet {
            (CONTROL, bytes) => room.serve(guest, ToServer::decode(&bytes)?)?,
            media => room.push(&media, |other, _| other != guest),
        }
    }
}

/// What wakes the event loop before a timer does.
enum Wake {
    Server(Input),
    Typed(String),
    Lost(String),
}

/// The time, for the library reads no clock.
fn now() -> Now {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    let ms = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let unix_ms = ms(UNIX_EPOCH.elapsed().unwrap_or_default());
    Now { monotonic_ms: ms(START.elapsed()), unix_ms }
}

/// A client: a meeting, and what is known beside it.
struct Client {
    meeting: Meeting,
    line: Line,
    say: Say,
    admit_all: bool,
    knocks: VecDeque<KnockId>,
    names: Names,
    shown: String,
}

impl Client {
    /// The one loop that drives the meeting, until the membership is over.
    fn drive(&mut self, inbox: &mpsc::Receiver<Wake>) -> Outcome<()> {
        loop {
            while let Some(output) = self.meeting.poll() {
                let request = match output {
                    Output::Send(Message { id, to, bytes }) => ToServer::Post { id, to, bytes },
                    Output::Fetch { from } => ToServer::Fetch { from },
                    Output::FetchBlob { hash } => ToServer::FetchBlob { hash },
                    Output::Event(event) => {
                        self.show(event)?;
                        continue;
                    }
                };
                write(&*locked(&self.line), &(CONTROL, request.encode()))?;
            }
            self.look_around();
            let Some(due) = self.meeting.poll_timeout() else { return Ok(()) };
            let wait = Duration::from_millis(due.saturating_sub(now().monotonic_ms));
            match inbox.recv_timeout(wait) {
                Ok(Wake::Server(input)) => self.meeting.handle(input, now())?,
                Ok(Wake::Typed(line)) => {
                    self.obey(&line).unwrap_or_else(|e| (self.say)(e.to_string()))
                }
                Ok(Wake::Lost(why)) => return Err(why.into()),
                Err(RecvTimeoutError::Timeout) => self.meeting.handle_timeout(now())?,
                Err(RecvTimeoutError::Disconnected) => return Err("nobody is left to hear".into()),
            }
        }
    }

    fn show(&mut self, event: Event) -> Outcome<()> {
        (self.say)(match event {
            Event::Knock { knock, name, .. } if self.admit_all => {
                self.meeting.admit(knock, now())?;
                format!("{name} knocks and is admitted")
            }
            Event::Knock { knock, name, .. } => {
                self.knocks.push_back(knock);
                format!("{name} knocks: y/n?")
            }
            Event::Gone { name, by: Some(_), .. } => {
                format!("{name} was removed: its identity is banned, the link below is a new one")
            }
            other => format!("{other:?}"),
        });
        Ok(())
    }

    /// Shows who is here, the safety code and the link, when they change.
    fn look_around(&mut self) {
        let (Ok(code), Ok(invite)) = (self.meeting.safety_code(), self.meeting.invite()) else {
            return;
        };
        let roster = self.meeting.roster();
        let here: Vec<_> = roster.iter().map(|p| format!("#{} {}", p.leaf, p.name)).collect();
        let text = format!("here: {}\nsafety code: {code}\n{}", here.join(", "), invite.link());
        if text != self.shown {
            (self.say)(text.clone());
            self.shown = text;
            *locked(&self.names) = roster.into_iter().map(|p| (p.member, p.name)).collect();
        }
    }

    fn obey(&mut self, typed: &str) -> Outcome<()> {
        let mut knock = || self.knocks.pop_front().ok_or("nobody knocks");
        match typed.split_once(' ').unwrap_or((typed, "")) {
            ("y", _) => self.meeting.admit(knock()?, now())?,
            ("n", _) => self.meeting.deny(knock()?, DenyReason::NotExpected, now())?,
            ("remove", whom) => {
                let mut named = self.meeting.roster();
                named.retain(|p| p.name == whom || format!("#{}", p.leaf) == whom);
                let [one] = &named[..] else { return Err("who? say `remove #NUMBER`".into()) };
                self.meeting.remove(one.member, now())?;
            }
            ("quit", _) => self.meeting.leave(now())?,
            ("end", _) => self.meeting.end(now())?,
            _ => return Err("commands: y, n, remove NAME, remove #NUMBER, end, quit".into()),
        }
        Ok(())
    }
}

/// Seals a frame each 20 ms, opens what arrives, and says once a second what it heard.
fn media(
    (mut microphone, mut ears): (Sealer, Receiver),
    sealed: &mpsc::Receiver<Vec<u8>>,
    (line, names, say): &(Line, Names, Say),
) -> Outcome<()> {
    let mut heard = BTreeMap::<MemberId, (u32, usize)>::new();
    let (mut frame_at, mut report_at, mut out) = (now().monotonic_ms, 0, Vec::new());
    loop {
        let at = now().monotonic_ms;
        if at >= frame_at {
            frame_at += 20;
            match microphone.seal(&[0x5a; 80], at, &mut out) {
                Ok(()) => write(&*locked(line), &(MEDIA, std::mem::take(&mut out)))?,
                Err(FrameError::Stopped) => {} // not in yet
                Err(error) => return Err(error.into()),
            }
        }
        if at >= report_at {
            report_at = at + 1_000;
            for (member, name) in &*locked(names) {
                let (frames, bytes) = heard.remove(member).unwrap_or_default();
                say(format!("from {name}: {frames} frames, {bytes} bytes"));
            }
        }
        let wait = Duration::from_millis(frame_at.saturating_sub(at));
        let mut opened = match sealed.recv_timeout(wait) {
            Ok(frame) => Some(ears.open(0, &frame, at, &mut out)),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        };
        // After it, those that waited for their epoch.
        while let Some(outcome) = opened.or_else(|| Some(ears.poll(at, &mut out)?.outcome)) {
            if let Ok(Opened::Frame { member, .. }) = outcome {
                let (frames, bytes) = heard.entry(member).or_default();
                (*frames, *bytes) = (*frames + 1, *bytes + out.len());
            }
            (opened, _) = (None, out.clear());
        }
    }
}

/// Sorts what the server sends, until it hangs up.
fn listen(
    mut stream: impl io::Read,
    wakes: &mpsc::Sender<Wake>,
    frames: &mpsc::Sender<Vec<u8>>,
) -> Outcome<Infallible> {
    loop {
        let (kind, bytes) = read(&mut stream)?;
        if kind == MEDIA {
            frames.send(bytes)?;
            continue;
        }
        wakes.send(Wake::Server(match ToClient::decode(&bytes)? {
            ToClient::Connected { next } => Input::Connected { next },
            ToClient::Log { seq, bytes } => Input::Log { seq, bytes },
            ToClient::Lobby { bytes } => Input::Lobby(bytes),
            ToClient::Direct { bytes } => Input::Direct(bytes),
            ToClient::Blob { bytes } => Input::Blob(bytes),
            ToClient::Accepted { .. } => continue,
        }))?;
    }
}

/// Takes part in a meeting, from the greeting to the end.
fn take_part(
    mut meeting: Meeting,
    stream: TcpStream,
    (wakes, inbox): (mpsc::Sender<Wake>, mpsc::Receiver<Wake>),
    admit_all: bool,
    say: Say,
) -> Outcome<()> {
    stream.set_nodelay(true)?;
    let hello = ToServer::Hello { meeting: meeting.id(), mailbox: meeting.mailbox() };
    write(&stream, &(CONTROL, hello.encode()))?;
    let reader = io::BufReader::new(stream.try_clone()?);
    let (line, names) = (Arc::new(Mutex::new(stream)), Names::default());
    // Taken early: it seals as soon as the meeting allows.
    let tracks = (meeting.sealer(Track::MICROPHONE, Framing::Whole)?, meeting.receiver());
    let (frames, sealed) = mpsc::channel();
    let shared = (Arc::clone(&line), Arc::clone(&names), Arc::clone(&say));
    thread::spawn(move || media(tracks, &sealed, &shared).map_err(|e| e.to_string()));
    thread::spawn(move || {
        let Err(end) = listen(reader, &wakes, &frames);
        wakes.send(Wake::Lost(format!("the connection is lost ({end}): join again")))
    });
    let (knocks, shown) = Default::default();
    Client { meeting, line, say, admit_all, knocks, names, shown }.drive(&inbox)
}

fn run() -> Outcome<()> {
    let mut words: Vec<String> = std::env::args().skip(1).collect();
    let admit_all = words.pop_if(|last| last == "--admit-all").is_some();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (meeting, address) = match &words[..] {
        ["serve", at @ ..] => {
            return Ok(accept(&TcpListener::bind(at.first().unwrap_or(&ADDRESS))?));
        }
        ["host", name, at @ ..] => {
            (Meeting::create(&Identity::generate(name)?, Settings::default(), now())?, at)
        }
        // A fresh identity each time: whoever was removed comes back only as somebody else.
        ["join", name, link, at @ ..] => {
            (Meeting::join(&Identity::generate(name)?, &Invite::parse(link)?, now())?, at)
        }
        _ => {
            return Err(
                "usage: serve | host NAME | join NAME LINK, then [ADDRESS] [--admit-all]".into()
            );
        }
    };
    let (wakes, inbox) = mpsc::channel();
    let typed = wakes.clone();
    thread::spawn(move || {
        let lines = io::stdin().lines().map_while(Result::ok);
        lines.map(Wake::Typed).try_for_each(|line| typed.send(line))
    });
    let stream = TcpStream::connect(address.first().unwrap_or(&ADDRESS))?;
    take_part(meeting, stream, (wakes, inbox), admit_all, Arc::new(|text| println!("{text}")))
}

fn main() {
    if let Err(error) = run() {
        eprintln!("{error}");
        std::process::exit(1);
    }
}
