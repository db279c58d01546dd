//! What happened in a run, in numbers.

/// Counts of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Messages and frames that entered a link.
    pub(crate) sent: u64,
    pub(crate) lost: u64,
    pub(crate) duplicated: u64,
    pub(crate) reordered: u64,
    pub(crate) corrupted: u64,
    /// By how many the most overtaken message was overtaken.
    pub(crate) furthest: u64,
    /// Times that a client was cut off, slept, moved to another network, was kept from the log or
    /// slowed down.
    pub(crate) partitions: u64,
    pub(crate) absences: u64,
    pub(crate) withheld: u64,
    /// Times that the server showed somebody another log.
    pub(crate) lies: u64,
    pub(crate) crashes: u64,
    pub(crate) restores: u64,
    pub(crate) clones: u64,
    pub(crate) resyncs: u64,
    pub(crate) forgeries: u64,
    pub(crate) operations: u64,
    /// Operations that a client refused, by right or state.
    pub(crate) refused: u64,
    /// Persons who waited at the door in vain.
    pub(crate) gave_up: u64,
    /// Those of them who were in the roster and did not know.
    pub(crate) stranded: u64,
    /// Clients that came in.
    pub(crate) joined: u64,
    /// The most members at a time.
    pub(crate) members: u64,
    /// The last epoch.
    pub(crate) epochs: u64,
    pub(crate) entries: u64,
    pub(crate) alarms: u64,
    /// That the log may be withheld, and that a member is not heard.
    pub(crate) withheld_alarms: u64,
    pub(crate) unheard_alarms: u64,
    /// Genuine frames that were sealed, and deliveries of them that opened.
    pub(crate) frames: u64,
    pub(crate) opened: u64,
    /// Deliveries that were held until their epoch came.
    pub(crate) held: u64,
    /// Deliveries of frames that had opened before, or that were altered.
    pub(crate) replayed: u64,
    pub(crate) replays_accepted: u64,
    pub(crate) altered_accepted: u64,
    /// Deliveries that had to open and did not.
    pub(crate) lost_to_rekey: u64,
    /// The latest frame after its decision that a removed member opened, in milliseconds.
    pub(crate) heard_after_removal_ms: u64,
    /// Groups beside the one of most members, all of whom were told.
    pub(crate) apart: u64,
    /// Whether nobody of those who follow the meeting is host in the end.
    pub(crate) silenced: u64,
    /// How long it took after the faults until all agreed, in milliseconds.
    pub(crate) converged_ms: u64,
    /// The world's time at the end, in milliseconds.
    pub(crate) world_ms: u64,
    /// The longest queue that a client or a receiver had.
    pub(crate) longest_queue: u64,
}
