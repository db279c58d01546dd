//! What was dropped, and why.

/// How many packets a reassembler has dropped, by reason. Each packet that it was given is in one
/// of these numbers, in a frame that came out, or waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct RtpDrops {
    /// There was nothing in it: no descriptor, or a frame without a byte.
    pub empty: u64,
    /// The payload was longer than 65,535 bytes.
    pub too_long: u64,
    /// Its sequence number was 4,096 or more behind the highest.
    pub too_old: u64,
    /// Its sequence number had been taken before.
    pub duplicate: u64,
    /// The packets of its frame differ in payload type, timestamp or T.
    pub mixed: u64,
    /// Its frame was not complete 2 seconds after the first of its packets had come.
    pub late: u64,
    /// It had to make room: 4,096 sequence numbers or 4 MiB were exceeded.
    pub overrun: u64,
}
