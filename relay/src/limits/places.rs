//! How many connections there are: in all, of each address, of each meeting.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use incamera_wire::{MeetingId, RefusalReason};

use super::bucket::{Bucket, Rate};
use super::seat::{Denied, Seat};

/// How long an address is remembered behind its last connection, and a meeting that it named.
const REMEMBERED: Duration = Duration::from_secs(60 * 60);

/// The limits; the settings of the same names say more.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PlaceLimits {
    pub(crate) connections: usize,
    pub(crate) per_address: usize,
    pub(crate) per_meeting: usize,
    pub(crate) half_open: usize,
    pub(crate) meetings_per_address: usize,
    pub(crate) connects: Rate,
    pub(crate) connection: Rates,
    pub(crate) meeting: Rates,
    pub(crate) address: Rates,
}

/// Messages and bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rates {
    pub(crate) messages: Rate,
    pub(crate) bytes: Rate,
}

/// What is left of [`Rates`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Allowance {
    pub(crate) messages: Bucket,
    pub(crate) bytes: Bucket,
}

impl Allowance {
    /// All of it.
    pub(crate) fn new(rates: Rates, now: Duration) -> Self {
        let messages = Bucket::new(rates.messages, now);
        Self { messages, bytes: Bucket::new(rates.bytes, now) }
    }
}

/// What is known of one address.
#[derive(Debug)]
pub(super) struct Address {
    pub(super) connections: usize,
    pub(super) connects: Bucket,
    pub(super) allowance: Allowance,
    /// The meetings it named, and when last.
    pub(super) meetings: HashMap<MeetingId, Duration>,
    pub(super) last: Duration,
}

/// What is known of one meeting while somebody is connected to it.
#[derive(Debug)]
pub(super) struct Meeting {
    pub(super) connections: usize,
    pub(super) allowance: Allowance,
}

/// All places.
#[derive(Debug)]
pub(crate) struct Places {
    pub(super) limits: PlaceLimits,
    pub(super) taken: Mutex<Taken>,
}

/// All places that are taken.
#[derive(Debug, Default)]
pub(super) struct Taken {
    pub(super) connections: usize,
    pub(super) half_open: usize,
    pub(super) addresses: HashMap<IpAddr, Address>,
    pub(super) meetings: HashMap<MeetingId, Meeting>,
}

impl Places {
    /// All free.
    pub(crate) fn new(limits: PlaceLimits) -> Arc<Self> {
        Arc::new(Self { limits, taken: Mutex::default() })
    }

    /// The lock, also after a thread that held it has died.
    pub(super) fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for a new connection, half-open until [`Seat::hello`].
    pub(crate) fn enter(self: &Arc<Self>, from: IpAddr, now: Duration) -> Result<Seat, Denied> {
        let limits = &self.limits;
        let mut taken = self.taken();
        if taken.connections >= limits.connections {
            let most = limits.connections;
            return Err(full(format!("connections: this relay takes {most}; try again later")));
        }
        if taken.half_open >= limits.half_open {
            let most = limits.half_open;
            return Err(full(format!("half-open: {most} connections have not said Hello yet")));
        }
        let address = network_of(from);
        if !taken.addresses.contains_key(&address) {
            taken.make_room(limits.connections, now)?;
            taken.addresses.insert(address, Address::new(limits, now));
        }
        if let Some(known) = taken.addresses.get_mut(&address) {
            known.connect(limits, now)?;
        }
        taken.connections += 1;
        taken.half_open += 1;
        Ok(Seat::new(Arc::clone(self), address, now))
    }

    /// Meetings that somebody is connected to.
    pub(crate) fn meetings(&self) -> usize {
        self.taken().meetings.len()
    }

    /// Connections now.
    #[cfg(test)]
    pub(crate) fn connections(&self) -> usize {
        self.taken().connections
    }
}

impl Taken {
    /// Forgets addresses that have no connection, when there are too many of them.
    fn make_room(&mut self, connections: usize, now: Duration) -> Result<(), Denied> {
        let most = connections.saturating_mul(4).max(1024);
        if self.addresses.len() < most {
            return Ok(());
        }
        self.addresses.retain(|_, it| it.connections > 0 || now < it.last + REMEMBERED);
        if self.addresses.len() >= most {
            // Rather forget who was here than turn away who comes.
            self.addresses.retain(|_, it| it.connections > 0);
        }
        Ok(())
    }
}

fn full(detail: String) -> Denied {
    let retry_after = Duration::from_secs(5);
    Denied { reason: RefusalReason::Full, detail, retry_after, by_address: false }
}

impl Address {
    fn new(limits: &PlaceLimits, now: Duration) -> Self {
        Self {
            connections: 0,
            connects: Bucket::new(limits.connects, now),
            allowance: Allowance::new(limits.address, now),
            meetings: HashMap::new(),
            last: now,
        }
    }

    /// Counts one more connection, if there may be one.
    fn connect(&mut self, limits: &PlaceLimits, now: Duration) -> Result<(), Denied> {
        let wait = self.connects.wait(1, now);
        if !wait.is_zero() {
            let detail = "connects-per-second: too many connections are new; wait".to_owned();
            let reason = RefusalReason::TooFast;
            return Err(Denied { reason, detail, retry_after: wait, by_address: true });
        }
        let most = limits.per_address;
        if most != 0 && self.connections >= most {
            let detail =
                format!("connections-per-address: {most} come from yours; close some first");
            return Err(Denied { by_address: true, ..full(detail) });
        }
        self.connects.take(1, now);
        self.connections += 1;
        self.last = now;
        Ok(())
    }

    /// Notes that the address names this meeting; false if it names too many.
    pub(super) fn names(&mut self, meeting: MeetingId, most: usize, now: Duration) -> bool {
        self.meetings.retain(|_, last| now < *last + REMEMBERED);
        if most != 0 && self.meetings.len() >= most && !self.meetings.contains_key(&meeting) {
            return false;
        }
        if most != 0 {
            self.meetings.insert(meeting, now);
        }
        true
    }
}

/// Whom the limits of one address are for: a host in IPv4, a /64 in IPv6.
pub(super) fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6((u128::from(address) & !u128::from(u64::MAX)).into()),
    }
}

#[cfg(test)]
mod tests;
