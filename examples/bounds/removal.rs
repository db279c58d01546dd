//! How long somebody who is removed can open what others seal, over a poor network, and with a server
//! that keeps the removal back.

use incamera::{Alarm, Event, Framing, MemberId, Sealer, Track};

use crate::net::{Failure, Net, Treatment};
use crate::room::{first, meeting, quantile};

/// How often everybody seals a frame, in milliseconds.
const FRAME_MS: u64 = 20;

/// Everybody's microphone.
fn microphones(net: &mut Net) -> Result<Vec<Sealer>, Failure> {
    let clients = net.clients.iter_mut();
    clients.map(|c| Ok(c.meeting.sealer(Track::DATA, Framing::Whole)?)).collect()
}

/// How the others name a client.
fn stay_of(net: &Net, who: usize) -> Result<MemberId, Failure> {
    let roster = net.clients.get(who).ok_or("a client")?.meeting.roster();
    Ok(roster.into_iter().find(|participant| participant.own).ok_or("its seat")?.member)
}

/// Removals one after the other, of whoever is last: for each other member the time from the host's
/// decision to the last frame that the removed one's keys open.
pub(crate) fn prompt(seed: u64, members: usize, removals: usize) -> Result<Vec<u64>, Failure> {
    let mut net = meeting(seed, members)?;
    let mut sealers = microphones(&mut net)?;
    net.loss_permille = 50;
    let mut latest = Vec::new();
    for gone in (members - removals..members).rev() {
        net.pass(5_000);
        let target = stay_of(&net, gone)?;
        let now = net.now();
        first(&mut net)?.remove(target, now)?;
        net.poll(0);
        let decided = net.now_ms;
        // It goes on with the keys that it has, and reads nothing more.
        let removed = net.clients.remove(gone);
        drop(sealers.remove(gone));
        let mut ears = removed.meeting.receiver();
        let mut last = vec![0; sealers.len()];
        while net.now_ms < decided + 8_000 {
            net.pass(FRAME_MS);
            for (sealer, last) in sealers.iter_mut().zip(&mut last) {
                let mut sealed = Vec::new();
                if sealer.seal(b"a frame", net.now_ms, &mut sealed).is_err() {
                    continue;
                }
                let opened = ears.open(0, &sealed, decided, &mut Vec::new());
                if matches!(opened, Ok(incamera::Opened::Frame { .. })) {
                    *last = net.now_ms - decided;
                }
            }
        }
        latest.extend(last);
    }
    Ok(latest)
}

/// A removal that the server keeps from one member, or brings later and later: when that member is told of
/// it or that something is wrong, and when it seals its last frame under keys that the removed one has, in milliseconds after the
/// host's decision.
pub(crate) fn kept_back(seed: u64, slowly: bool) -> Result<(u64, u64), Failure> {
    const VICTIM: usize = 2;
    let mut net = meeting(seed, 5)?;
    let mut sealers = microphones(&mut net)?;
    let settle = net.chance.within(20_000..=80_000);
    net.pass(settle);
    let target = stay_of(&net, 4)?;
    let since_ms = net.now_ms;
    let treatment = if slowly { Treatment::Slower { since_ms } } else { Treatment::Withheld };
    net.clients.get_mut(VICTIM).ok_or("a victim")?.treatment = treatment;
    // The ramp is under way: what is posted now is up to a minute late.
    let ramp = if slowly { net.chance.within(0..=60_000) } else { 0 };
    net.pass(ramp);
    let (now, decided) = (net.now(), net.now_ms);
    first(&mut net)?.remove(target, now)?;
    net.poll(0);
    let removed = net.clients.remove(4);
    let mut ears = removed.meeting.receiver();
    let mut last = 0;
    while net.now_ms < decided + 90_000 {
        net.pass(FRAME_MS);
        let sealer = sealers.get_mut(VICTIM).ok_or("a sealer")?;
        let mut sealed = Vec::new();
        let sealing = sealer.seal(b"a frame", net.now_ms, &mut sealed).is_ok();
        let opened = ears.open(0, &sealed, decided, &mut Vec::new());
        if sealing && matches!(opened, Ok(incamera::Opened::Frame { .. })) {
            last = net.now_ms - decided;
        }
    }
    let victim = net.clients.get(VICTIM).ok_or("a victim")?;
    let alarm = Event::Alarm(Alarm::Withheld);
    // It may stand already.
    let alarmed = victim.first(since_ms, |event| *event == alarm);
    let alarmed = alarmed.map(|at| (since_ms + at).saturating_sub(decided));
    let learned = victim.first(decided, |event| matches!(event, Event::Gone { .. }));
    let told = alarmed.into_iter().chain(learned).min().ok_or("the victim was told nothing")?;
    Ok((told, last))
}

/// Prints one distribution.
pub(crate) fn print(what: &str, values: &mut [u64]) {
    let [half, most, rare, all] = [500, 990, 999, 1_000].map(|share| quantile(values, share));
    println!(
        "{what}: {} samples; p50 {half} ms, p99 {most} ms, p99.9 {rare} ms, longest {all} ms",
        values.len()
    );
}
