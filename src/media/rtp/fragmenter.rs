//! One sealed frame into RTP payloads.

use super::descriptor::{DESCRIPTOR_LEN, Descriptor, PayloadOrigin};
use super::error::RtpError;

/// SPEC \[M32\]: the longest frame in bytes. A reassembler has room for two of them.
pub(super) const MAX_FRAME: usize = 2 << 20;
/// SPEC \[M32\]: the most payloads of one frame: half of what a reassembler looks back, so that
/// packets of the next frame may overtake some of this one.
pub(super) const MAX_FRAGMENTS: usize = 2_048;

/// A payload that was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RtpFragment {
    /// Its length in bytes, with the descriptor.
    pub len: usize,
    /// It is the frame's last: only this packet has the marker bit, if the frame has it.
    pub last: bool,
}

/// Cuts one sealed frame into RTP payloads. They are of equal length, but for one byte: as many
/// as if all but the last were full, and a short last one would save nothing, while forward error
/// correction pads to the longest and pacing is smoothest if there is none.
///
/// It allocates nothing. The packets get the frame's timestamp and payload type, and consecutive
/// sequence numbers.
///
/// ```
/// use incamera::{PayloadOrigin, RtpFragmenter, RtpHeader, RtpReassembler};
///
/// let sealed = vec![7; 3_000];
/// let mut reassembler = RtpReassembler::new();
/// let mut fragmenter = RtpFragmenter::new(sealed.len(), 1_200, PayloadOrigin::Raw)?;
/// let (mut payload, mut sequence) = ([0; 1_200], 65_534_u16);
/// while let Some(fragment) = fragmenter.next_into(&sealed, &mut payload)? {
///     let header =
///         RtpHeader { sequence, timestamp: 90_000, marker: fragment.last, payload_type: 96 };
///     reassembler.handle(header, &payload[..fragment.len], 0);
///     sequence = sequence.wrapping_add(1);
/// }
/// let mut out = Vec::new();
/// let frame = reassembler.poll(0, &mut out).ok_or("not complete")?;
/// assert_eq!((out, frame.packets), (sealed, 3));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct RtpFragmenter {
    sealed_len: usize,
    origin: PayloadOrigin,
    count: usize,
    next: usize,
}

impl RtpFragmenter {
    /// For one frame of `sealed_len` bytes, in payloads of at most `max_payload` bytes: what the
    /// path takes in one packet, less the RTP header with its extensions and what SRTP, UDP and IP
    /// add.
    ///
    /// # Errors
    /// [`RtpError::Empty`], [`TooLong`](RtpError::TooLong) or
    /// [`PayloadTooSmall`](RtpError::PayloadTooSmall).
    pub fn new(
        sealed_len: usize,
        max_payload: usize,
        origin: PayloadOrigin,
    ) -> Result<Self, RtpError> {
        // SPEC [M32]
        if sealed_len == 0 {
            return Err(RtpError::Empty);
        }
        if sealed_len > MAX_FRAME {
            return Err(RtpError::TooLong);
        }
        let needed = sealed_len.div_ceil(MAX_FRAGMENTS) + DESCRIPTOR_LEN;
        if max_payload < needed {
            return Err(RtpError::PayloadTooSmall { needed });
        }
        let count = sealed_len.div_ceil(max_payload - DESCRIPTOR_LEN);
        Ok(Self { sealed_len, origin, count, next: 0 })
    }

    /// Writes the next payload into the start of `out`; `None` after the last. `sealed` is the
    /// same frame each time.
    ///
    /// # Errors
    /// [`RtpError::OtherFrame`] or [`BufferTooSmall`](RtpError::BufferTooSmall): call again.
    pub fn next_into(
        &mut self,
        sealed: &[u8],
        out: &mut [u8],
    ) -> Result<Option<RtpFragment>, RtpError> {
        if sealed.len() != self.sealed_len {
            return Err(RtpError::OtherFrame);
        }
        if self.next == self.count {
            return Ok(None);
        }
        let last = self.next + 1 == self.count;
        let piece =
            sealed.get(self.cut(self.next)..self.cut(self.next + 1)).ok_or(RtpError::OtherFrame)?;
        let len = piece.len() + DESCRIPTOR_LEN;
        let too_small = RtpError::BufferTooSmall { needed: len };
        let (head, body) = out.get_mut(..len).and_then(<[u8]>::split_first_mut).ok_or(too_small)?;
        *head = Descriptor { start: self.next == 0, end: last, origin: self.origin }.to_byte();
        body.copy_from_slice(piece);
        self.next += 1;
        Ok(Some(RtpFragment { len, last }))
    }

    /// How many payloads are still to be written.
    pub fn left(&self) -> usize {
        self.count - self.next
    }

    /// Where the fragment of this number begins: the first ones are longer by one byte if the
    /// length is no multiple.
    fn cut(&self, fragment: usize) -> usize {
        let (each, longer) = (self.sealed_len / self.count, self.sealed_len % self.count);
        each * fragment + longer.min(fragment)
    }
}
