//! Other parsers of the same frames, written from the standards and from what packetisers do.

/// The NAL units of an Annex B stream, read byte by byte (H.264 Annex B.3).
pub(super) fn nal_units(stream: &[u8]) -> Vec<Vec<u8>> {
    let (mut units, mut at): (Vec<Vec<u8>>, usize) = (Vec::new(), 0);
    while at < stream.len() {
        if stream[at..].starts_with(&[0, 0, 1]) {
            units.push(Vec::new());
            at += 3;
        } else {
            if let Some(unit) = units.last_mut() {
                unit.push(stream[at]);
            }
            at += 1;
        }
    }
    for unit in &mut units {
        while unit.last() == Some(&0) {
            unit.pop();
        }
    }
    units
}

/// Whether a NAL unit holds nothing that the standards forbid in it (H.264 §7.4.1): no 00 00 00,
/// 00 00 01, 00 00 02, no 00 00 03 before more than 3, and no 00 at the end.
pub(super) fn is_well_formed(unit: &[u8]) -> bool {
    let triples = unit.windows(3).all(|w| !(w[0] == 0 && w[1] == 0 && w[2] <= 2));
    let escapes = unit.windows(4).all(|w| !(w[..3] == [0, 0, 3] && w[3] > 3));
    triples && escapes && unit.last() != Some(&0)
}

/// What a packetiser and a depacketiser make of an Annex B frame: no delimiters and filler data, other
/// start codes.
pub(super) fn packetise(frame: &[u8], dropped: fn(u8) -> bool, code: &[u8]) -> Vec<u8> {
    let units = nal_units(frame).into_iter().filter(|unit| !dropped(unit[0]));
    units.flat_map(|unit| [code, &unit].concat()).collect()
}

/// How sizes of OBUs are written.
#[derive(Clone, Copy, Debug)]
pub(super) enum Sizes {
    /// In as few bytes as they need, on all (libwebrtc).
    All,
    /// In one byte more than they need.
    Long,
    /// In 8 bytes.
    Longest,
    /// On all but the last.
    AllButLast,
}

/// What a packetiser and a depacketiser make of an AV1 frame: OBUs that RTP does not carry are gone,
/// and all have sizes.
pub(super) fn resize(frame: &[u8], sizes: Sizes) -> Vec<u8> {
    let mut units = Vec::new();
    let mut at = 0;
    while at < frame.len() {
        let (header, start) = (frame[at], at);
        at += if header & 4 == 0 { 1 } else { 2 };
        let head = frame[start..at].to_vec();
        let mut len = frame.len() - at;
        if header & 2 != 0 {
            let mut shift = 0;
            len = 0;
            loop {
                len |= usize::from(frame[at] & 0x7f) << shift;
                shift += 7;
                at += 1;
                if frame[at - 1] & 0x80 == 0 {
                    break;
                }
            }
        }
        if ![2, 8, 15].contains(&(header >> 3 & 15)) {
            units.push((head, frame[at..at + len].to_vec()));
        }
        at += len;
    }
    let count = units.len();
    let whole = |(at, (mut head, payload)): (usize, (Vec<u8>, Vec<u8>))| {
        head[0] &= !2;
        if !(at + 1 == count && matches!(sizes, Sizes::AllButLast)) {
            head[0] |= 2;
            head.extend(leb128(payload.len(), sizes));
        }
        [head, payload].concat()
    };
    units.into_iter().enumerate().flat_map(whole).collect()
}

fn leb128(mut value: usize, sizes: Sizes) -> Vec<u8> {
    let mut out = Vec::new();
    loop {
        out.push((value & 0x7f) as u8);
        value >>= 7;
        if value == 0 {
            break;
        }
    }
    match sizes {
        Sizes::All | Sizes::AllButLast => {}
        Sizes::Long => out.push(0),
        Sizes::Longest => out.resize(8, 0),
    }
    let last = out.len() - 1;
    out[..last].iter_mut().for_each(|byte| *byte |= 0x80);
    out
}
