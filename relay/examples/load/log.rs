//! How fast the log takes posts: a thousand a second, each timed from the post to its receipt, and then
//! as many as it takes with 64 on their way. In memory, on disk, and on NATS where its server is installed.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use futures_util::{SinkExt as _, StreamExt as _};
use incamera_wire::{
    Destination, Envelope, EnvelopeKind, MeetingId, MessageId, ToClient, ToServer,
};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout_at;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::Failure;
use crate::process::{Process, relay_command};

/// Posts a second that the receipts are timed at.
const RATE: u64 = 1_000;
/// Posts on their way when as many are made as are taken.
const IN_FLIGHT: usize = 64;
/// Bytes of an entry's ciphertext: an event with a line of chat has about as many.
const CIPHERTEXT: usize = 300;

/// What one store did.
pub(crate) struct LogRun {
    store: &'static str,
    p50_us: u128,
    p99_us: u128,
    per_second: f64,
}

impl LogRun {
    /// A line of the table.
    pub(crate) fn line(&self) -> String {
        let Self { store, p50_us, p99_us, per_second } = self;
        format!(
            "log {store:>7}: at {RATE}/s p50 {p50_us} us, p99 {p99_us} us; at most {per_second:.0}/s"
        )
    }

    /// The same for programs.
    pub(crate) fn json(&self) -> Value {
        let Self { store, p50_us, p99_us, per_second } = self;
        let (p50_us, p99_us) = (u64::try_from(*p50_us).ok(), u64::try_from(*p99_us).ok());
        json!({ "store": store, "rate": RATE, "p50_us": p50_us, "p99_us": p99_us, "most_per_second": per_second })
    }
}

/// All stores that are there, for so many seconds each.
pub(crate) async fn measure(seconds: u64) -> Result<Vec<LogRun>, Failure> {
    let folder = Folder::new()?;
    let mut runs = vec![one("memory", &[], seconds).await?];
    let data = folder.0.join("relay").display().to_string();
    runs.push(one("disk", &["--data", &data], seconds).await?);
    match nats(&folder.0.join("nats")) {
        Some((_server, url)) => runs.push(one("nats", &["--nats", &url], seconds).await?),
        None => eprintln!("no nats-server is installed: the log on NATS is left out"),
    }
    Ok(runs)
}

/// A folder that goes with the value.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Self, Failure> {
        let path = std::env::temp_dir().join(format!("incamera-load-{}", std::process::id()));
        std::fs::create_dir_all(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left lies in the system's folder for such things.
        drop(std::fs::remove_dir_all(&self.0));
    }
}

/// A server of NATS with JetStream, stopped with the value.
struct Nats(std::process::Child);

impl Drop for Nats {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn nats(folder: &Path) -> Option<(Nats, String)> {
    let port = std::net::TcpListener::bind("127.0.0.1:0").ok()?.local_addr().ok()?.port();
    let program = ["/usr/sbin/nats-server", "/usr/bin/nats-server", "/usr/local/bin/nats-server"];
    let program = program.iter().find(|program| Path::new(program).exists())?;
    let mut command = Command::new(program);
    command.args(["-a", "127.0.0.1", "-p", &port.to_string(), "-js", "-sd"]).arg(folder);
    let server = Nats(command.stderr(std::process::Stdio::null()).spawn().ok()?);
    let until = Instant::now() + Duration::from_secs(5);
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        if Instant::now() > until {
            return None;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Some((server, format!("nats://127.0.0.1:{port}")))
}

async fn one(store: &'static str, options: &[&str], seconds: u64) -> Result<LogRun, Failure> {
    let mut command = relay_command()?;
    // The log's own limits are not what is measured.
    command.args(options).args(["--log-bytes", "4000000000", "--memory-bytes", "8000000000"]);
    let relay = Process::start(command)?;
    let mut poster = Poster::connect(&relay).await?;
    let mut times = poster.steady(seconds).await?;
    times.sort_unstable();
    let at =
        |share: usize| times.get((times.len() - 1) * share / 100).map_or(0, Duration::as_micros);
    let (p50_us, p99_us) = (at(50), at(99));
    let per_second = poster.at_most(seconds).await?;
    Ok(LogRun { store, p50_us, p99_us, per_second })
}

/// Posts, and waits for receipts.
struct Poster {
    line: WebSocketStream<MaybeTlsStream<TcpStream>>,
    meeting: MeetingId,
    posted: u64,
    waiting: HashMap<MessageId, Instant>,
}

impl Poster {
    async fn connect(relay: &Process) -> Result<Self, Failure> {
        let url = format!("ws://{}/v1/connect", relay.address()?);
        let (mut line, _) = tokio_tungstenite::connect_async(url).await?;
        let meeting = MeetingId::new([7; 16]);
        let hello = ToServer::Hello { meeting, mailbox: None };
        line.send(Message::Binary(hello.encode().into())).await?;
        Ok(Self { line, meeting, posted: 0, waiting: HashMap::new() })
    }

    async fn post(&mut self) -> Result<(), Failure> {
        self.posted += 1;
        let mut id = [0; 16];
        id.iter_mut().zip(self.posted.to_be_bytes()).for_each(|(to, byte)| *to = byte);
        let (meeting, ciphertext, nonce) = (self.meeting, vec![0x5a; CIPHERTEXT], [1; 24]);
        let kind = EnvelopeKind::Event;
        let entry = Envelope { meeting, kind, epoch: 7, nonce, ciphertext, welcome: None };
        let (id, to) = (MessageId::new(id), Destination::Log);
        let post = ToServer::Post { id, to, bytes: entry.encode() };
        self.waiting.insert(id, Instant::now());
        Ok(self.line.send(Message::Binary(post.encode().into())).await?)
    }

    /// The next receipt before `until`: how long it took.
    async fn receipt(&mut self, until: Instant) -> Result<Option<Duration>, Failure> {
        while let Ok(message) = timeout_at(until.into(), self.line.next()).await {
            let Message::Binary(bytes) = message.ok_or("the relay hung up")?? else { continue };
            match ToClient::decode(&bytes)? {
                ToClient::Accepted { id, .. } => {
                    if let Some(at) = self.waiting.remove(&id) {
                        return Ok(Some(at.elapsed()));
                    }
                }
                ToClient::Refused(refusal) => return Err(refusal.detail.into()),
                _ => {}
            }
        }
        Ok(None)
    }

    /// At a steady rate: how long each receipt took.
    async fn steady(&mut self, seconds: u64) -> Result<Vec<Duration>, Failure> {
        let (begin, mut times) = (Instant::now(), Vec::new());
        for number in 0..RATE * seconds {
            let due = begin + Duration::from_micros(number * 1_000_000 / RATE);
            while let Some(time) = self.receipt(due).await? {
                times.push(time);
            }
            self.post().await?;
        }
        while !self.waiting.is_empty() {
            let until = Instant::now() + Duration::from_secs(10);
            times.push(self.receipt(until).await?.ok_or("a post was never acknowledged")?);
        }
        Ok(times)
    }

    /// As many as are taken, in a second.
    async fn at_most(&mut self, seconds: u64) -> Result<f64, Failure> {
        let begin = Instant::now();
        let until = begin + Duration::from_secs(seconds);
        let mut taken = 0;
        while Instant::now() < until {
            while self.waiting.len() < IN_FLIGHT {
                self.post().await?;
            }
            taken += u32::from(self.receipt(until).await?.is_some());
        }
        Ok(f64::from(taken) / begin.elapsed().as_secs_f64())
    }
}
