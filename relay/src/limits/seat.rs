//! One connection's place, given back when it is dropped.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use incamera_wire::{MeetingId, RefusalReason};

use super::bucket::Bucket;
use super::places::{Allowance, Meeting, Places};

/// Why there is no place, or no more of something for now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Denied {
    pub(crate) reason: RefusalReason,
    /// Names the limit and says what to do.
    pub(crate) detail: String,
    pub(crate) retry_after: Duration,
    /// Whether the address has used up its own share, not all addresses theirs.
    pub(crate) by_address: bool,
}

/// A connection's place.
#[derive(Debug)]
pub(crate) struct Seat {
    places: Arc<Places>,
    address: IpAddr,
    allowance: Allowance,
    meeting: Option<MeetingId>,
}

impl Seat {
    pub(super) fn new(places: Arc<Places>, address: IpAddr, now: Duration) -> Self {
        let allowance = Allowance::new(places.limits.connection, now);
        Self { places, address, allowance, meeting: None }
    }

    /// The connection is about this meeting, in which `most` may be connected if its token says so.
    pub(crate) fn hello(
        &mut self,
        meeting: MeetingId,
        most: Option<usize>,
        now: Duration,
    ) -> Result<(), Denied> {
        let limits = &self.places.limits;
        let mut taken = self.places.taken();
        let most = most.map_or(limits.per_meeting, |most| most.min(limits.per_meeting));
        if taken.meetings.get(&meeting).is_some_and(|it| it.connections >= most) {
            return Err(Denied {
                reason: RefusalReason::Full,
                detail: format!(
                    "connections-per-meeting: {most} are connected; wait until one goes"
                ),
                retry_after: Duration::from_secs(5),
                by_address: false,
            });
        }
        let address = taken.addresses.get_mut(&self.address);
        let named = address.is_none_or(|it| it.names(meeting, limits.meetings_per_address, now));
        if !named {
            let most = limits.meetings_per_address;
            return Err(Denied {
                reason: RefusalReason::Full,
                detail: format!(
                    "meetings-per-address: yours has named {most} within an hour; try again later"
                ),
                retry_after: Duration::from_secs(10 * 60),
                by_address: true,
            });
        }
        let fresh = Meeting { connections: 0, allowance: Allowance::new(limits.meeting, now) };
        taken.meetings.entry(meeting).or_insert(fresh).connections += 1;
        taken.half_open = taken.half_open.saturating_sub(1);
        drop(taken);
        self.meeting = Some(meeting);
        Ok(())
    }

    /// Takes one message of `bytes` out of all allowances, or nothing out of any.
    pub(crate) fn charge(&mut self, bytes: usize, now: Duration) -> Result<(), Denied> {
        let bytes = bytes as u64;
        let mut taken = self.places.taken();
        let taken = &mut *taken;
        let meeting = self.meeting.and_then(|id| taken.meetings.get_mut(&id));
        let meeting = meeting.map(|it| ("meeting-", &mut it.allowance));
        let address = taken.addresses.get_mut(&self.address);
        let address = address.map(|it| ("address-", &mut it.allowance));
        let mut all = [Some(("", &mut self.allowance)), meeting, address];
        for (whose, allowance) in all.iter().flatten() {
            let waits = [("messages", &allowance.messages, 1), ("bytes", &allowance.bytes, bytes)];
            for (what, bucket, units) in waits {
                let wait = bucket.wait(units, now);
                if !wait.is_zero() {
                    return Err(too_fast(whose, what, wait));
                }
            }
        }
        for (_, allowance) in all.iter_mut().flatten() {
            Bucket::take(&mut allowance.messages, 1, now);
            Bucket::take(&mut allowance.bytes, bytes, now);
        }
        Ok(())
    }
}

fn too_fast(whose: &str, what: &str, wait: Duration) -> Denied {
    Denied {
        reason: RefusalReason::TooFast,
        detail: format!("{whose}{what}-per-second: too many of them; slow down"),
        retry_after: wait,
        by_address: whose == "address-",
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        taken.connections = taken.connections.saturating_sub(1);
        match self.meeting {
            None => taken.half_open = taken.half_open.saturating_sub(1),
            Some(id) => {
                let left = taken.meetings.get_mut(&id).map_or(0, |meeting| {
                    meeting.connections = meeting.connections.saturating_sub(1);
                    meeting.connections
                });
                if left == 0 {
                    taken.meetings.remove(&id);
                }
            }
        }
        if let Some(address) = taken.addresses.get_mut(&self.address) {
            address.connections = address.connections.saturating_sub(1);
        }
    }
}
