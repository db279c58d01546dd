//! A frame allocates nothing, whatever the suite and the library. Allocations of aws-lc itself are
//! in C and not counted here; its one call for a frame makes none.

use allocation_counter::measure;
use incamera_wire::FrameHeader;

use crate::sframe::vectors::everything;
use crate::sframe::{BaseKey, FrameKey, SealingKey};

#[test]
fn a_frame_allocates_nothing_in_any_suite() {
    for (suite, backend) in everything() {
        let base_key = BaseKey::new(backend, suite, &[1; 16]);
        let mut sealing = SealingKey::derive(&base_key, 0x123).unwrap();
        let opening = FrameKey::derive(&base_key, 0x123).unwrap();
        for len in [0, 40, 160, 1_200, 5_000] {
            let text = vec![7; len];
            let (mut frame, mut out) = (Vec::with_capacity(len + 40), Vec::with_capacity(len));
            let mut into = vec![0; len + 40];
            let mut body = Vec::with_capacity(len + 40);
            for round in 0..3 {
                let of = format!("{suite:?} {backend:?}, {len} bytes, round {round}");
                let count = |what: &str, run: &mut dyn FnMut()| {
                    assert_eq!(measure(run).count_total, 0, "{what}: {of}");
                };
                frame.clear();
                count("seal", &mut || sealing.seal(b"", &text, &mut frame).unwrap());
                count("seal into", &mut || {
                    sealing.seal_into(b"", &text, &mut into).unwrap();
                });
                let (header, head) = FrameHeader::parse(&frame).unwrap();
                body.clear();
                body.extend_from_slice(&frame[head..]);
                let mut open = |body: &[u8]| {
                    out.clear();
                    opening.open(&frame[..head], header.ctr, b"", body, &mut out).is_ok()
                };
                count("open", &mut || assert!(open(&body)));
                *body.last_mut().unwrap() ^= 1;
                count("a forgery", &mut || assert!(!open(&body)));
            }
        }
    }
}
