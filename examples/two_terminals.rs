//! A meeting between processes over TCP: `serve [ADDRESS]`, `host NAME [ADDRESS] [--admit-all]` and
//! `join NAME LINK [ADDRESS]`. Each packet has 4 bytes of length, big-endian, and a byte: 0 for the
//! transport's messages, 1 for sealed frames. The server orders and forwards; it holds no key.

#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a program prints, reads the clock and has threads: the library does none of it"
)]

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::io::{self, BufReader, ErrorKind, Read as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant, UNIX_EPOCH};

use incamera::wire::server::OrderedLog;
use incamera::wire::{BlobHash, Destination, MailboxId, MeetingId, ToClient, ToServer};
use incamera::{DenyReason, Event, FrameError, Framing, Identity, Input, Invite, KnockId, Meeting};
use incamera::{MemberId, Message, Now, Opened, Output, Sealer, Settings, Track};

pub(crate) type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;
type Packet = (u8, Vec<u8>);

const ADDRESS: &str = "127.0.0.1:7420";
const CONTROL: u8 = 0;
const MEDIA: u8 = 1;
/// The longest packet in bytes.
const LONGEST: usize = (17 << 20) + 1;
/// Bytes of log, and bytes of blobs, that the server keeps.
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

/// The lock, also after a thread that held it has died.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The server's one meeting: its log, its blobs, and each guest's mailbox and connection.
struct Room {
    meeting: Option<MeetingId>,
    log: OrderedLog,
    blobs: HashMap<BlobHash, Vec<u8>>,
    guests: HashMap<u64, (Option<MailboxId>, TcpStream)>,
}

impl Room {
    /// To every guest that is `wanted`; whoever cannot take it is shown out.
    fn push(&mut self, packet: &Packet, wanted: impl Fn(u64) -> bool) {
        self.guests.retain(|id, (_, stream)| !wanted(*id) || write(stream, packet).is_ok());
    }

    /// Serves one request of the guest `from`.
    fn serve(&mut self, from: u64, request: ToServer) -> Outcome<()> {
        let entry = |(seq, bytes): (u64, &[u8])| ToClient::Log { seq, bytes: bytes.into() };
        let blob = |bytes: &Vec<u8>| ToClient::Blob { bytes: bytes.clone() };
        let own = Some(from);
        let (messages, only): (Vec<_>, _) = match request {
            ToServer::Hello { .. } => (vec![ToClient::Connected { next: self.log.next() }], own),
            ToServer::Fetch { from } => (self.log.read(from).map(entry).collect(), own),
            ToServer::FetchBlob { hash } => (Vec::from_iter(self.blobs.get(&hash).map(blob)), own),
            ToServer::Post { id, to, bytes } => match to {
                Destination::Log => {
                    let place = self.log.append(id, &bytes)?;
                    let new = (!place.duplicate).then_some(entry((place.seq, &bytes)));
                    (Vec::from_iter(new), None)
                }
                Destination::Lobby => (vec![ToClient::Lobby { bytes }], None),
                Destination::Direct(to) => {
                    let found = self.guests.iter().find(|(_, guest)| guest.0 == Some(to));
                    let Some((&id, _)) = found else { return Ok(()) };
                    (vec![ToClient::Direct { bytes }], Some(id))
                }
                Destination::Blob(hash) => {
                    // Old trees have been fetched long since.
                    if self.blobs.values().map(Vec::len).sum::<usize>() + bytes.len() > CAPACITY {
                        self.blobs.clear();
                    }
                    self.blobs.insert(hash, bytes);
                    return Ok(());
                }
            },
        };
        let wanted = |guest| only.is_none_or(|only| only == guest);
        messages.iter().for_each(|message| self.push(&(CONTROL, message.encode()), wanted));
        Ok(())
    }
}

/// The server: one thread for each connection, as long as there are any.
pub(crate) fn accept(listener: &TcpListener) -> Outcome<()> {
    let (log, blobs, guests) = (OrderedLog::new(CAPACITY), HashMap::new(), HashMap::new());
    let room = Arc::new(Mutex::new(Room { meeting: None, log, blobs, guests }));
    for (guest, stream) in (0..).zip(listener.incoming().map_while(Result::ok)) {
        let room = Arc::clone(&room);
        thread::spawn(move || {
            println!("connection {guest} has ended: {:?}", attend(guest, stream, &room));
            locked(&room).guests.remove(&guest);
        });
    }
    Err("the listener takes no more connections".into())
}

/// Serves one connection to its end.
fn attend(id: u64, stream: TcpStream, room: &Mutex<Room>) -> Outcome<()> {
    stream.set_write_timeout(Some(Duration::from_secs(2)))?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut joining = Some(stream);
    loop {
        let (kind, bytes) = read(&mut reader)?;
        let mut room = locked(room);
        if kind == MEDIA {
            room.push(&(MEDIA, bytes), |guest| guest != id);
            continue;
        }
        let request = ToServer::decode(&bytes)?;
        if let (ToServer::Hello { meeting, mailbox }, Some(stream)) = (&request, joining.take()) {
            if room.meeting.get_or_insert(*meeting) != meeting {
                return Err("this server has another meeting".into());
            }
            room.guests.insert(id, (*mailbox, stream));
        }
        room.serve(id, request)?;
    }
}

/// What wakes the event loop before a timer does.
pub(crate) enum Wake {
    Server(Input),
    Typed(String),
    Ended(Outcome<()>),
}

fn now() -> Now {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    let ms = |duration: Duration| duration.as_millis() as u64;
    Now { monotonic_ms: ms(START.elapsed()), unix_ms: ms(UNIX_EPOCH.elapsed().unwrap_or_default()) }
}

/// What a client's threads share: its connection, the others' names, and where its lines go.
struct Shared {
    line: Mutex<TcpStream>,
    names: Mutex<BTreeMap<MemberId, String>>,
    say: Box<dyn Fn(String) + Send + Sync>,
}

/// A client: a meeting, and what is known beside it.
struct Client {
    meeting: Meeting,
    shared: Arc<Shared>,
    admit_all: bool,
    knocks: VecDeque<KnockId>,
    shown: String,
}

impl Client {
    /// The one loop that drives the meeting, until the membership is over.
    fn drive(&mut self, inbox: &Receiver<Wake>) -> Outcome<()> {
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
                write(&*locked(&self.shared.line), &(CONTROL, request.encode()))?;
            }
            self.look_around();
            let Some(due) = self.meeting.poll_timeout() else { return Ok(()) };
            let wait = Duration::from_millis(due.saturating_sub(now().monotonic_ms));
            match inbox.recv_timeout(wait) {
                Ok(Wake::Server(input)) => self.meeting.handle(input, now())?,
                Ok(Wake::Typed(line)) => {
                    self.obey(&line).unwrap_or_else(|error| (self.shared.say)(error.to_string()));
                }
                Ok(Wake::Ended(how)) => return how,
                Err(_) => self.meeting.handle_timeout(now())?,
            }
        }
    }

    fn show(&mut self, event: Event) -> Outcome<()> {
        let text = match event {
            Event::Knock { knock, name, .. } => {
                let answer = if self.admit_all { "admitted" } else { "y/n?" };
                self.knocks.push_back(knock);
                format!("{name} knocks: {answer}")
            }
            Event::Gone { name, by: Some(_), .. } => {
                format!("{name} was removed and banned: a fresh identity may use the new link")
            }
            other => format!("{other:?}"),
        };
        (self.shared.say)(text);
        if self.admit_all && !self.knocks.is_empty() { self.obey("y") } else { Ok(()) }
    }

    /// Shows who is here, the safety code and the link, when they change.
    fn look_around(&mut self) {
        let Ok(code) = self.meeting.safety_code() else { return };
        let Ok(invite) = self.meeting.invite() else { return };
        let roster = self.meeting.roster();
        let here: Vec<_> = roster.iter().map(|p| format!("#{} {}", p.leaf, p.name)).collect();
        let text = format!("here: {}\nsafety code: {code}\n{}", here.join(", "), invite.link());
        if text != self.shown {
            (self.shared.say)(text.clone());
            self.shown = text;
            let others = roster.into_iter().filter(|p| !p.own).map(|p| (p.member, p.name));
            *locked(&self.shared.names) = others.collect();
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
    (mut microphone, mut ears): (Sealer, incamera::Receiver),
    sealed: &Receiver<Vec<u8>>,
    Shared { line, names, say }: &Shared,
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
fn listen(stream: TcpStream, wakes: &Sender<Wake>, frames: &Sender<Vec<u8>>) -> Outcome<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let (kind, bytes) = read(&mut reader)?;
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
pub(crate) fn take_part(
    mut meeting: Meeting,
    (stream, wakes, inbox): (TcpStream, Sender<Wake>, &Receiver<Wake>),
    admit_all: bool,
    say: Box<dyn Fn(String) + Send + Sync>,
) -> Outcome<()> {
    stream.set_nodelay(true)?;
    let hello = ToServer::Hello { meeting: meeting.id(), mailbox: meeting.mailbox() };
    write(&stream, &(CONTROL, hello.encode()))?;
    // Taken early: it seals as soon as the meeting allows.
    let tracks = (meeting.sealer(Track::MICROPHONE, Framing::Whole)?, meeting.receiver());
    let (frames, sealed) = mpsc::channel();
    let reader = stream.try_clone()?;
    let shared = Arc::new(Shared { line: Mutex::new(stream), names: Mutex::default(), say });
    let media_shared = Arc::clone(&shared);
    thread::spawn(move || media(tracks, &sealed, &media_shared));
    thread::spawn(move || wakes.send(Wake::Ended(listen(reader, &wakes, &frames))));
    let (knocks, shown) = Default::default();
    Client { meeting, shared, admit_all, knocks, shown }.drive(inbox)
}

fn main() -> Outcome<()> {
    let mut words: Vec<String> = std::env::args().skip(1).collect();
    let admit_all = words.pop_if(|last| last == "--admit-all").is_some();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (meeting, at) = match &words[..] {
        ["serve", at @ ..] => return accept(&TcpListener::bind(at.first().unwrap_or(&ADDRESS))?),
        ["host", name, at @ ..] => {
            (Meeting::create(&Identity::generate(name)?, Settings::default(), now())?, at)
        }
        // A fresh identity each time: whoever was removed comes back only as somebody else.
        ["join", name, link, at @ ..] => {
            (Meeting::join(&Identity::generate(name)?, &Invite::parse(link)?, now())?, at)
        }
        _ => return Err("say: serve | host NAME | join NAME LINK".into()),
    };
    let (wakes, inbox) = mpsc::channel();
    let typed = wakes.clone();
    thread::spawn(move || {
        io::stdin().lines().map_while(Result::ok).try_for_each(|line| typed.send(Wake::Typed(line)))
    });
    let stream = TcpStream::connect(at.first().unwrap_or(&ADDRESS))?;
    take_part(meeting, (stream, wakes, &inbox), admit_all, Box::new(|text| println!("{text}")))
}
