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
    /// Appends what a payload holds to `frame`.
    pub(crate) fn depacketise(&mut self, payload: &Bytes, frame: &mut Vec<u8>) {
        let raw = self.packet.depacketize(payload).expect("a payload");
        let mut unit = |parts: &[&[u8]]| {
            frame.extend_from_slice(&START_CODE);
            parts.iter().for_each(|part| frame.extend_from_slice(part));
        };
        match self.packet.payload() {
            H265Payload::H265SingleNALUnitPacket(_) => unit(&[&raw]),
            H265Payload::H265AggregationPacket(units) => {
                unit(&[&units.first_unit().expect("a first unit").nal_unit()]);
                units.other_units().iter().for_each(|other| unit(&[&other.nal_unit()]));
            }
            H265Payload::H265FragmentationUnitPacket(fragment) => {
                let header = fragment.fu_header();
                if header.s() {
                    unit(&[&[raw[0] & 0x81 | header.fu_type() << 1, raw[1]]]);
                }
                frame.extend_from_slice(&fragment.payload());
            }
            other => panic!("nobody sends {other:?}"),
        }
    }
}
