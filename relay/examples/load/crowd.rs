//! All members of all meetings, on one thread.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use incamera_wire::MeetingId;
use tokio::task::{JoinHandle, LocalSet};
use tokio::time::sleep;

use crate::bare::measured;
use crate::link::{Shared, Times};
use crate::member::Member;
use crate::process::{Process, Used, relay_command};
use crate::report::Measured;
use crate::seal::{Voice, voices};
use crate::{Failure, Load};

/// The longest that a meeting may take to begin.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs the load on the relay.
pub(crate) async fn measure(load: Load) -> Result<Measured, Failure> {
    // First, since it takes this thread: connections that nobody drives lapse.
    let meetings = (0..load.meetings).map(|_| voices(load)).collect::<Result<Vec<_>, _>>()?;
    let relay = Process::start(relay_command()?)?;
    let url = format!("ws://{}", relay.address()?);
    let empty = relay.memory()?;
    let (seen, start) = (Shared::default(), Start::default());
    let (local, mut running) = (LocalSet::new(), Vec::new());
    for (number, voices) in meetings.into_iter().enumerate() {
        for voice in voices {
            let (url, place) = (url.clone(), (number, running.len()));
            let (seen, start) = (Rc::clone(&seen), Rc::clone(&start));
            running.push(local.spawn_local(take_part(load, url, place, voice, start, seen)));
        }
        // One meeting after the other, so that what is measured is not the rush.
        local.run_until(all_ready(&start, &mut running)).await?;
    }
    let idle = relay.memory()?;
    let times = Times::of(load);
    start.times.set(Some(times));
    let used = local.run_until(async { Used::from(&relay, times).await }).await?;
    local.await;
    let all = running.len();
    for member in running {
        member.await??;
    }
    let mut measured = measured(load, used, &mut seen.borrow_mut());
    measured.bytes_per_member = idle.saturating_sub(empty) / all.max(1) as u64;
    Ok(measured)
}

/// How many are ready, and when they begin.
#[derive(Debug, Default)]
struct Starting {
    ready: Cell<usize>,
    times: Cell<Option<Times>>,
}

type Start = Rc<Starting>;

/// Waits until all that have been started receive all others, or one of them has failed.
async fn all_ready(
    start: &Starting,
    running: &mut [JoinHandle<Result<(), Failure>>],
) -> Result<(), Failure> {
    let patience = Instant::now() + PATIENCE;
    while start.ready.get() < running.len() {
        if Instant::now() > patience {
            let (ready, all) = (start.ready.get(), running.len());
            return Err(format!(
                "only {ready} of {all} members get all tracks: the machine is too busy"
            )
            .into());
        }
        if let Some(ended) = running.iter_mut().find(|member| member.is_finished()) {
            return ended.await?;
        }
        sleep(Duration::from_millis(10)).await;
    }
    Ok(())
}

/// One member, from its connection to its end.
async fn take_part(
    load: Load,
    url: String,
    (meeting, number): (usize, usize),
    voice: Voice,
    start: Start,
    seen: Shared,
) -> Result<(), Failure> {
    let mut id = [0; 16];
    id.iter_mut().zip((meeting as u64).to_be_bytes()).for_each(|(to, byte)| *to = byte);
    let mut member = Member::connect(load, &url, MeetingId::new(id), voice).await?;
    member.subscribe().await?;
    start.ready.set(start.ready.get() + 1);
    let times = loop {
        if let Some(times) = start.times.get() {
            break times;
        }
        member.step(Instant::now() + Duration::from_millis(50)).await?;
    };
    if !load.opens(number % load.members) {
        member.count();
    }
    member.attend(times, (number, load.meetings * load.members), &seen).await
}
