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

use std::collections::HashMap;
use std::error::Error;
use std::io::{self, ErrorKind, Read as _};
use std::net::{TcpListener, TcpStream};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use incamera_wire::server::OrderedLog;
use incamera_wire::{BlobHash, Destination, MailboxId, MeetingId, ToClient, ToServer};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Where `serve` listens and the others call, unless told otherwise.
const ADDRESS: &str = "127.0.0.1:7420";
/// The longest message in bytes, the byte of its kind included.
const LONGEST: usize = (17 << 20) + 1;
/// Bytes of log that the server keeps for one meeting.
const LOG_CAPACITY: usize = 64 << 20;
/// Blobs that it keeps for one meeting.
const BLOBS: usize = 256;

/// What one message of a connection is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Packet {
    /// An encoded `ToServer` or `ToClient`.
    Control(Vec<u8>),
    /// A sealed frame.
    Media(Vec<u8>),
}

impl Packet {
    /// Writes it with its length.
    fn write(&self, mut stream: impl io::Write) -> io::Result<()> {
        let (kind, bytes) = match self {
            Self::Control(bytes) => (0, bytes),
            Self::Media(bytes) => (1, bytes),
        };
        let len = u32::try_from(bytes.len() + 1).map_err(io::Error::other)?;
        stream.write_all(&[&len.to_be_bytes()[..], &[kind], bytes].concat())
    }

    /// Reads the next one. Memory grows with what arrives, not with the length that was claimed.
    fn read(mut stream: impl io::Read) -> io::Result<Self> {
        let mut len = [0; 4];
        stream.read_exact(&mut len)?;
        let len = usize::try_from(u32::from_be_bytes(len)).unwrap_or(usize::MAX);
        if !(1..=LONGEST).contains(&len) {
            return Err(ErrorKind::InvalidData.into());
        }
        let mut bytes = Vec::new();
        stream.take(len as u64).read_to_end(&mut bytes)?;
        if bytes.len() != len {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        match bytes.remove(0) {
            0 => Ok(Self::Control(bytes)),
            1 => Ok(Self::Media(bytes)),
            _ => Err(ErrorKind::InvalidData.into()),
        }
    }
}

/// A connection's writing side, for several threads.
#[derive(Clone)]
struct Line(Arc<Mutex<TcpStream>>);

impl Line {
    fn send(&self, packet: &Packet) -> io::Result<()> {
        packet.write(&mut *locked(&self.0))
    }
}

/// The lock, also after a thread that held it has died.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One meeting on the server.
struct Room {
    log: OrderedLog,
    blobs: HashMap<BlobHash, Vec<u8>>,
    guests: HashMap<u64, (Option<MailboxId>, Line)>,
}

impl Room {
    fn new() -> Self {
        let (blobs, guests) = (HashMap::new(), HashMap::new());
        Self { log: OrderedLog::new(LOG_CAPACITY), blobs, guests }
    }

    /// To every guest that `wants` it; whoever cannot take it is shown out.
    fn push(&mut self, packet: &Packet, wants: impl Fn(u64, Option<MailboxId>) -> bool) {
        self.guests
            .retain(|&guest, (mailbox, line)| !wants(guest, *mailbox) || line.send(packet).is_ok());
    }

    /// Serves one request of the guest `from`.
    fn serve(&mut self, from: u64, request: ToServer) -> Outcome<()> {
        let packet = |message: ToClient| Packet::Control(message.encode());
        match request {
            ToServer::Hello { .. } => return Err("a second greeting".into()),
            ToServer::Post { id, to, bytes } => {
                let mut accepted = None;
                match to {
                    Destination::Log => {
                        let entry = self.log.append(id, &bytes)?;
                        accepted = Some(entry.seq);
                        if !entry.duplicate {
                            let entry = packet(ToClient::Log { seq: entry.seq, bytes });
                            self.push(&entry, |_, _| true);
                        }
                    }
                    Destination::Lobby => {
                        self.push(&packet(ToClient::Lobby { bytes }), |guest, _| guest != from);
                    }
                    Destination::Direct(to) => {
                        self.push(&packet(ToClient::Direct { bytes }), |_, own| own == Some(to));
                    }
                    Destination::Blob(hash) if self.blobs.len() < BLOBS => {
                        self.blobs.insert(hash, bytes);
                    }
                    Destination::Blob(_) => return Err("no room for more blobs".into()),
                }
                let accepted = packet(ToClient::Accepted { id, seq: accepted });
                self.push(&accepted, |guest, _| guest == from);
            }
            ToServer::Fetch { from: first } => {
                let entries: Vec<Packet> = (self.log.read(first))
                    .map(|(seq, bytes)| packet(ToClient::Log { seq, bytes: bytes.into() }))
                    .collect();
                entries.iter().for_each(|entry| self.push(entry, |guest, _| guest == from));
            }
            ToServer::FetchBlob { hash } => {
                if let Some(bytes) = self.blobs.get(&hash).cloned() {
                    self.push(&packet(ToClient::Blob { bytes }), |guest, _| guest == from);
                }
            }
        }
        Ok(())
    }
}

type Rooms = Arc<Mutex<HashMap<MeetingId, Room>>>;

/// The server: one thread for each connection.
fn serve(address: &str) -> Outcome<()> {
    let listener = TcpListener::bind(address)?;
    println!("serving on {}", listener.local_addr()?);
    accept(&listener);
    Ok(())
}

/// Takes connections as long as there are any.
fn accept(listener: &TcpListener) {
    let rooms = Rooms::default();
    for (guest, stream) in (0..).zip(listener.incoming()) {
        let rooms = Arc::clone(&rooms);
        thread::spawn(move || {
            if let Err(error) = stream.map_err(Into::into).and_then(|s| attend(guest, s, &rooms)) {
                eprintln!("connection {guest}: {error}");
            }
        });
    }
}

/// Serves one connection to its end.
fn attend(guest: u64, stream: TcpStream, rooms: &Rooms) -> Outcome<()> {
    stream.set_nodelay(true)?;
    stream.set_write_timeout(Some(Duration::from_secs(2)))?;
    let mut reader = io::BufReader::new(stream.try_clone()?);
    let Packet::Control(hello) = Packet::read(&mut reader)? else {
        return Err("media first".into());
    };
    let ToServer::Hello { meeting, mailbox } = ToServer::decode(&hello)? else {
        return Err("a connection begins with a greeting".into());
    };
    let line = Line(Arc::new(Mutex::new(stream)));
    {
        let mut rooms = locked(rooms);
        let room = rooms.entry(meeting).or_insert_with(Room::new);
        line.send(&Packet::Control(ToClient::Connected { next: room.log.next() }.encode()))?;
        room.guests.insert(guest, (mailbox, line));
    }
    let outcome = requests(guest, &mut reader, rooms, meeting);
    locked(rooms).get_mut(&meeting).map(|room| room.guests.remove(&guest));
    outcome
}

/// Serves the requests of one guest until it hangs up.
fn requests(guest: u64, mut reader: impl io::Read, rooms: &Rooms, at: MeetingId) -> Outcome<()> {
    loop {
        let packet = match Packet::read(&mut reader) {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(()),
            packet => packet?,
        };
        let mut rooms = locked(rooms);
        let room = rooms.get_mut(&at).ok_or("the meeting is gone")?;
        match packet {
            Packet::Control(bytes) => room.serve(guest, ToServer::decode(&bytes)?)?,
            media => room.push(&media, |other, _| other != guest),
        }
    }
}

fn run(words: &[&str]) -> Outcome<()> {
    match words {
        ["serve"] => serve(ADDRESS),
        ["serve", address] => serve(address),
        _ => Err("usage: serve [ADDRESS] | host NAME [ADDRESS] | join NAME LINK [ADDRESS]".into()),
    }
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match run(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use incamera_wire::MessageId;

    #[test]
    fn packets_are_bounded_and_come_back() {
        let mut bytes = Vec::new();
        Packet::Media(vec![1, 2, 3]).write(&mut bytes).unwrap();
        assert_eq!(bytes, [0, 0, 0, 4, 1, 1, 2, 3]);
        assert_eq!(Packet::read(&*bytes).unwrap(), Packet::Media(vec![1, 2, 3]));
        for bad in
            [&[255, 255, 255, 255, 0][..], &[0, 0, 0, 0], &[0, 0, 0, 2, 9, 9], &[0, 0, 0, 9, 1]]
        {
            assert!(Packet::read(bad).is_err());
        }
    }

    #[test]
    fn two_guests_share_a_log_and_hear_each_other() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || accept(&listener));
        let meeting = MeetingId::new([7; 16]);
        let connect = || {
            let mut stream = TcpStream::connect(address).unwrap();
            let hello = ToServer::Hello { meeting, mailbox: None };
            Packet::Control(hello.encode()).write(&mut stream).unwrap();
            assert_eq!(hear(&mut stream), ToClient::Connected { next: 0 });
            stream
        };
        fn hear(stream: &mut TcpStream) -> ToClient {
            let Packet::Control(bytes) = Packet::read(stream).unwrap() else { panic!("media") };
            ToClient::decode(&bytes).unwrap()
        }
        let (mut ada, mut grace) = (connect(), connect());
        let id = MessageId::new([1; 16]);
        let post = ToServer::Post { id, to: Destination::Log, bytes: vec![5] };
        Packet::Control(post.encode()).write(&mut ada).unwrap();
        let entry = ToClient::Log { seq: 0, bytes: vec![5] };
        assert_eq!((hear(&mut ada), hear(&mut grace)), (entry.clone(), entry));
        assert_eq!(hear(&mut ada), ToClient::Accepted { id, seq: Some(0) });
        Packet::Media(vec![8, 8]).write(&mut ada).unwrap();
        assert_eq!(Packet::read(&mut grace).unwrap(), Packet::Media(vec![8, 8]));
    }
}
