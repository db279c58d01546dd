//! H.265 payloads into a byte stream.

use bytes::Bytes;
use rtc_rtp::codec::h265::{H265Packet, H265Payload};
use rtc_rtp::packetizer::Depacketizer;

const START_CODE: [u8; 4] = [0, 0, 0, 1];

/// The depacketiser takes a payload apart; this puts the NAL units into a byte stream.
#[derive(Default)]
pub struct H265Depacketiser {
    packet: H265Packet,
}

impl H265Depacketiser {
    /// What a payload adds to the byte stream.
    pub(crate) fn depacketise(&mut self, payload: &Bytes) -> Result<Bytes, String> {
        let raw = self.packet.depacketize(payload).map_err(|fault| fault.to_string())?;
        let unit = |unit: &[u8]| [&START_CODE, unit].concat();
        let part = match self.packet.payload() {
            H265Payload::H265SingleNALUnitPacket(_) => unit(&raw),
            H265Payload::H265AggregationPacket(units) => {
                let first = units.first_unit().ok_or("no unit")?.nal_unit();
                let others = units.other_units().iter().map(|other| other.nal_unit());
                std::iter::once(first).chain(others).flat_map(|nal| unit(&nal)).collect()
            }
            H265Payload::H265FragmentationUnitPacket(fragment) => {
                let header = fragment.fu_header();
                let nal_header = unit(&[raw[0] & 0x81 | header.fu_type() << 1, raw[1]]);
                let start = if header.s() { nal_header } else { Vec::new() };
                [&start[..], &fragment.payload()].concat()
            }
            other => return Err(format!("nobody sends {other:?}")),
        };
        Ok(part.into())
    }
}
