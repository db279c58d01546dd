//! What a forged entry of the log costs beside a genuine one: `cargo bench --bench entries --features
//! testing`.

#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a bench measures and prints"
)]

use std::time::Instant;

use incamera::testing::Room;
use incamera::{Event, Input, Meeting, Message, Now, Output};

/// Entries of each kind.
const ENTRIES: usize = 1_000;

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let mut room = Room::new(&["Ada", "Ben"])?;
    let (mut seq, now) = (room.log_position(), room.now());
    let genuine = chat(&mut room[0], now)?;
    let flipped: Vec<_> = genuine.iter().map(|entry| flip(entry)).collect();
    let rubbish: Vec<_> = genuine.iter().map(|entry| vec![0x5a; entry.len()]).collect();
    let ben = &mut room[1];
    let (forged, _) = read(ben, &flipped, &mut seq, now)?;
    let (rubbish, _) = read(ben, &rubbish, &mut seq, now)?;
    let (genuine, opened) = read(ben, &genuine, &mut seq, now)?;
    assert_eq!(opened, ENTRIES, "every genuine entry is read");
    println!("{:>10}  {:>10}  {:>9}", "entry", "time", "ratio");
    for (what, time) in [("genuine", genuine), ("forged", forged), ("rubbish", rubbish)] {
        println!("{what:>10}  {time:>7.2} us  {:>8.2}x", time / genuine);
    }
    Ok(())
}

/// What Ada posts as she chats.
fn chat(ada: &mut Meeting, now: Now) -> Result<Vec<Vec<u8>>, Failure> {
    let mut entries = Vec::with_capacity(ENTRIES);
    for number in 0..ENTRIES {
        ada.chat(&format!("message {number:04}"), now)?;
        while let Some(output) = ada.poll() {
            if let Output::Send(Message { bytes, .. }) = output {
                entries.push(bytes);
            }
        }
    }
    Ok(entries)
}

/// The last byte of the tag, changed.
fn flip(entry: &[u8]) -> Vec<u8> {
    let mut forged = entry.to_vec();
    if let Some(last) = forged.last_mut() {
        *last ^= 1;
    }
    forged
}

/// The median time that an entry takes, in microseconds, and how many were chat.
fn read(
    ben: &mut Meeting,
    entries: &[Vec<u8>],
    seq: &mut u64,
    now: Now,
) -> Result<(f64, usize), Failure> {
    let (mut times, mut chats) = (Vec::with_capacity(entries.len()), 0);
    for entry in entries {
        let input = Input::Log { seq: *seq, bytes: entry.clone() };
        *seq += 1;
        let start = Instant::now();
        ben.handle(input, now)?;
        times.push(start.elapsed().as_secs_f64() * 1e6);
        while let Some(output) = ben.poll() {
            chats += usize::from(matches!(output, Output::Event(Event::Chat { .. })));
        }
    }
    times.sort_by(f64::total_cmp);
    Ok((times.get(times.len() / 2).copied().unwrap_or_default(), chats))
}
