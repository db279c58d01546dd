//! Once it has seen a frame, a sealer or a receiver allocates nothing for another of its size.

use allocation_counter::measure;

use super::super::max_sealed_len;
use super::*;

#[test]
fn a_frame_allocates_nothing_after_the_first() {
    let (header, tag) = ([0x18, 9], [9; 16]);
    for codec in ALL {
        let (mut sealing, mut opening) = (Parts::new(), Parts::new());
        let frame = frame_of(codec, 5_000);
        let mut sealed = Vec::with_capacity(max_sealed_len(codec, frame.len()));
        let (mut ciphertext, mut out) = (Vec::with_capacity(6_000), Vec::with_capacity(6_000));
        let mut run = || {
            [&mut sealed, &mut ciphertext, &mut out].into_iter().for_each(Vec::clear);
            split(codec, &frame, &mut sealing).unwrap();
            sealing.gather(&frame, PadTo::Nothing, &mut ciphertext);
            if codec.number().is_some() {
                let at = begin_sealed(&mut sealing, &frame, PadTo::Nothing, &mut sealed);
                end_sealed(&mut sealing, [0, at], &header, &tag, &mut sealed).unwrap();
                sealed.clear();
            }
            join_sealed(&sealing, &ciphertext, &header, &tag, &mut sealed).unwrap();
            let text = take_apart(codec, &sealed, &mut opening).unwrap().ciphertext.len();
            assert!(text >= ciphertext.len());
            join_opened(&opening, &ciphertext, &mut out).unwrap();
        };
        run();
        for round in 0..3 {
            assert_eq!(measure(&mut run).count_total, 0, "{codec:?} {round}");
        }
    }
}
