//! The baseline: a blocking `UdpSocket` that sends each datagram to the others of its meeting.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::rc::Rc;
use std::time::Instant;

use tokio::time::timeout_at;

use crate::link::{Cadence, Seen, Shared, Times};
use crate::process::{Process, Used};
use crate::report::Measured;
use crate::{Failure, Load};

/// What the hop adds to a sealed frame: the RTP header, two header extensions, SRTP's tag; bytes.
const HOP: usize = 12 + 8 + 10;
/// What sealing adds to a frame: bytes.
const SEAL: usize = 3 + 16;

/// Is the forwarder. A datagram of 4 bytes names its sender's meeting; any other is passed on.
pub(crate) fn serve() -> Result<(), Failure> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    let mut meeting_of: HashMap<SocketAddr, [u8; 4]> = HashMap::new();
    let mut members: HashMap<[u8; 4], Vec<SocketAddr>> = HashMap::new();
    println!("{}", socket.local_addr()?);
    let mut buffer = [0; 2048];
    loop {
        let (len, from) = socket.recv_from(&mut buffer)?;
        let datagram = buffer.get(..len).unwrap_or_default();
        if let Ok(meeting) = <[u8; 4]>::try_from(datagram) {
            meeting_of.insert(from, meeting);
            members.entry(meeting).or_default().push(from);
            socket.send_to(datagram, from)?;
            continue;
        }
        let others = meeting_of.get(&from).and_then(|meeting| members.get(meeting));
        for to in others.into_iter().flatten().filter(|to| **to != from) {
            socket.send_to(datagram, to)?;
        }
    }
}

/// Runs the load on it.
pub(crate) fn measure(load: Load) -> Result<Measured, Failure> {
    let forwarder = Process::of_this_program("--bare")?;
    let address: SocketAddr = forwarder.ready.parse()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let seen = Shared::default();
    let seconds = runtime.block_on(async {
        let mut sockets = Vec::new();
        for meeting in 0..load.meetings {
            for _ in 0..load.members {
                sockets.push(greet(address, u32::try_from(meeting)?).await?);
            }
        }
        let times = Times::of(load);
        let local = tokio::task::LocalSet::new();
        let all = sockets.len();
        for (number, socket) in sockets.into_iter().enumerate() {
            let seen = Rc::clone(&seen);
            local.spawn_local(attend(load, times, (number, all), socket, seen));
        }
        local
            .run_until(async { Used::from(&forwarder, times).await })
            .await
            .map(|used| (used, times, local))
    });
    let (used, times, local) = seconds?;
    runtime.block_on(async { drop(timeout_at(times.close.into(), local).await) });
    Ok(measured(load, used, &mut seen.borrow_mut()))
}

/// What was seen, as a result.
pub(crate) fn measured(load: Load, used: Used, seen: &mut Seen) -> Measured {
    let mut ages_us = std::mem::take(&mut seen.ages_us);
    ages_us.sort_unstable();
    let copies = load.members as u64 - 1;
    Measured {
        expected: seen.sent_in_all * copies,
        received: seen.received_in_all,
        expected_in_window: seen.sent * copies,
        used,
        seconds: load.window().as_secs_f64(),
        ages_us,
        bytes_per_member: 0,
        generator_lag_ms: u64::try_from(seen.lag.as_millis()).unwrap_or(u64::MAX),
    }
}

/// A member's socket, once the forwarder knows it.
async fn greet(forwarder: SocketAddr, meeting: u32) -> Result<tokio::net::UdpSocket, Failure> {
    let socket = tokio::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    socket.connect(forwarder).await?;
    socket.send(&meeting.to_be_bytes()).await?;
    socket.recv(&mut [0; 4]).await?;
    Ok(socket)
}

/// One member: sends its frames, and notes what comes.
async fn attend(
    load: Load,
    times: Times,
    (number, all): (usize, usize),
    socket: tokio::net::UdpSocket,
    seen: Shared,
) {
    let mut cadence = Cadence::of(&times, number, all);
    let mut packet = vec![0x5a; load.bytes.max(8) + SEAL + HOP];
    let mut buffer = [0; 2048];
    loop {
        let due = cadence.next().unwrap_or(times.close);
        if timeout_at(due.into(), socket.readable()).await.is_ok() {
            while let Ok(len) = socket.try_recv(&mut buffer) {
                let sent = buffer.get(..len).and_then(|packet| packet.first_chunk());
                let sent = u64::from_be_bytes(sent.copied().unwrap_or_default());
                let now = u64::try_from(times.origin.elapsed().as_nanos()).unwrap_or(u64::MAX);
                seen.borrow_mut().arrived(&times, now.saturating_sub(sent));
            }
        }
        while let Some(due) = cadence.take(Instant::now()) {
            for _ in 0..load.tracks {
                let now = u64::try_from(times.origin.elapsed().as_nanos()).unwrap_or(u64::MAX);
                packet.iter_mut().zip(now.to_be_bytes()).for_each(|(to, byte)| *to = byte);
                seen.borrow_mut().leaves(&times, due);
                // A full buffer is a lost packet, and is seen as one.
                drop(socket.try_send(&packet));
            }
        }
    }
}
