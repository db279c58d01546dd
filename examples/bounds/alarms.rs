//! False alarms: meetings in which nobody attacks, and machines sleep, networks change and hosts crash.

use incamera::{Alarm, Event, FrameError, Framing, Role, Sealer, Track};

use crate::net::{Failure, Net};
use crate::room::{list, meeting};

/// How long one meeting lasts, in milliseconds: an hour.
const HOUR_MS: u64 = 3_600_000;
/// How far apart troubles are at most, in milliseconds.
const PAUSE_MS: u64 = 720_000;
/// How often somebody tries to seal, in milliseconds.
const SEAL_EVERY_MS: u64 = 1_000;

/// What happened in some hours.
#[derive(Default)]
pub(crate) struct Count {
    pub(crate) hours: u64,
    pub(crate) handovers: u64,
    pub(crate) sleeps: u64,
    pub(crate) crashes: u64,
    /// Alarms of a withheld log at members who were not away themselves.
    pub(crate) alarms: u64,
    /// The same at whoever was away.
    pub(crate) own_alarms: u64,
    /// Seconds in which somebody who was not away could not seal.
    pub(crate) stops: u64,
    pub(crate) successions: u64,
    /// Successions while the host was only changing its network.
    pub(crate) hasty: u64,
}

impl Count {
    pub(crate) fn add(&mut self, other: &Self) {
        let Self { hours, handovers, sleeps, crashes, .. } = other;
        let Self { alarms, own_alarms, stops, successions, hasty, .. } = other;
        self.hours += hours;
        self.handovers += handovers;
        self.sleeps += sleeps;
        self.crashes += crashes;
        self.alarms += alarms;
        self.own_alarms += own_alarms;
        self.stops += stops;
        self.successions += successions;
        self.hasty += hasty;
    }
}

/// An hour of four: a host, a co-host who is listed to follow, and two others. Each trouble strikes
/// one of the first two, who are those on whom the others rely.
pub(crate) fn hour(seed: u64) -> Result<Count, Failure> {
    let mut net = meeting(seed, 4)?;
    list(&mut net, 1)?;
    let clients = net.clients.iter_mut();
    let sealers: Result<Vec<_>, _> =
        clients.map(|c| c.meeting.sealer(Track::DATA, Framing::Whole)).collect();
    let mut sealers = sealers?;
    let mut count = Count { hours: 1, ..Count::default() };
    let end = net.now_ms + HOUR_MS;
    while net.now_ms < end {
        let pause = net.chance.within(120_000..=PAUSE_MS);
        watch(&mut net, &mut sealers, pause, None, &mut count);
        let who = usize::try_from(net.chance.within(0..=1))?;
        let before = hosts_changed(&net);
        let (kind, lasts) = match net.chance.within(0..=2) {
            0 => (0, 15_000),
            1 => (1, 60_000),
            // A crash: its client is away until a person starts it anew.
            _ => (2, 120_000),
        };
        count.handovers += u64::from(kind == 0);
        count.sleeps += u64::from(kind == 1);
        count.crashes += u64::from(kind == 2);
        net.away(who, lasts, kind != 0);
        watch(&mut net, &mut sealers, lasts + 30_000, Some(who), &mut count);
        let changed = u64::from(hosts_changed(&net) > before);
        count.successions += changed;
        count.hasty += if kind == 0 { changed } else { 0 };
        restore_order(&mut net)?;
    }
    Ok(count)
}

/// The first member is host again and the second listed, whatever happened.
fn restore_order(net: &mut Net) -> Result<(), Failure> {
    for _ in 0..2 {
        let first = net.clients.first().ok_or("the first")?.meeting.roster();
        let first = first.into_iter().find(|p| p.own).ok_or("its seat")?;
        if first.role == Role::Host {
            return list(net, 1);
        }
        let member = first.member;
        let now = net.now();
        // It may be changing already.
        let _ = net.clients.get_mut(1).ok_or("a co-host")?.meeting.transfer_host(member, now);
        net.poll(1);
        net.pass(5_000);
    }
    Ok(())
}

/// How often a member has become host, as the third member saw it.
fn hosts_changed(net: &Net) -> usize {
    let hosts = |(_, event): &&(u64, Event)| matches!(event, Event::Role { role: Role::Host, .. });
    net.clients.get(2).map(|client| client.events.iter().filter(hosts).count()).unwrap_or_default()
}

/// Lets time pass and counts what should not happen.
fn watch(net: &mut Net, sealers: &mut [Sealer], ms: u64, away: Option<usize>, count: &mut Count) {
    let (start, end) = (net.now_ms, net.now_ms + ms);
    while net.now_ms < end {
        net.pass(SEAL_EVERY_MS);
        for (who, sealer) in sealers.iter_mut().enumerate() {
            let sealed = sealer.seal(b"a frame", net.now_ms, &mut Vec::new());
            if sealed == Err(FrameError::Stopped) && away != Some(who) {
                count.stops += 1;
            }
        }
    }
    for (who, client) in net.clients.iter().enumerate() {
        let alarms = client
            .events
            .iter()
            .filter(|(at, event)| *at > start && *event == Event::Alarm(Alarm::Withheld));
        let alarms = alarms.count() as u64;
        if away == Some(who) { count.own_alarms += alarms } else { count.alarms += alarms }
    }
}
