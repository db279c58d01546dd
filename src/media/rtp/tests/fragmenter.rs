use allocation_counter::measure;
use proptest::prelude::*;

use super::packets;
use crate::media::rtp::fragmenter::{MAX_FRAGMENTS, MAX_FRAME};
use crate::media::rtp::{PayloadOrigin, RtpError, RtpFragment, RtpFragmenter};

fn raw(sealed_len: usize, max_payload: usize) -> Result<RtpFragmenter, RtpError> {
    RtpFragmenter::new(sealed_len, max_payload, PayloadOrigin::Raw)
}

fn payloads(sealed: &[u8], max_payload: usize) -> Vec<Vec<u8>> {
    packets(sealed, max_payload, 0).into_iter().map(|packet| packet.payload).collect()
}

#[test]
fn the_examples_of_the_specification_are_right() {
    // SPEC [M30]
    let expected = [&[0x80, 0, 1, 2][..], &[0x00, 3, 4], &[0x40, 5, 6]];
    assert_eq!(payloads(&[0, 1, 2, 3, 4, 5, 6], 4), expected);
    let (mut out, sealed) = ([0; 4], [0, 1, 2]);
    let mut fragmenter = RtpFragmenter::new(3, 4, PayloadOrigin::Packetized).unwrap();
    let fragment = fragmenter.next_into(&sealed, &mut out);
    assert_eq!(fragment, Ok(Some(RtpFragment { len: 4, last: true })));
    assert_eq!(out, [0xe0, 0, 1, 2]);
}

#[test]
fn only_the_first_has_s_and_only_the_last_has_e() {
    // SPEC [M30]
    assert_eq!(payloads(&[1, 2, 3], 4), [[0xc0, 1, 2, 3]]);
    assert_eq!(payloads(&[1, 2, 3, 4], 4), [[0x80, 1, 2], [0x40, 3, 4]]);
    assert_eq!(payloads(&[1, 2, 3], 2), [[0x80, 1], [0x00, 2], [0x40, 3]]);
}

#[test]
fn a_sealed_packet_has_t_in_every_payload() {
    // SPEC [M30]
    let mut fragmenter = RtpFragmenter::new(4, 3, PayloadOrigin::Packetized).unwrap();
    let mut out = [0; 3];
    for (first, last) in [(0xa0, false), (0x60, true)] {
        let fragment = fragmenter.next_into(&[1, 2, 3, 4], &mut out);
        assert_eq!(fragment, Ok(Some(RtpFragment { len: 3, last })));
        assert_eq!(out[0], first);
    }
    assert_eq!(fragmenter.next_into(&[1, 2, 3, 4], &mut out), Ok(None));
    assert_eq!(fragmenter.next_into(&[1, 2, 3, 4], &mut out), Ok(None));
}

#[test]
fn an_empty_frame_is_refused() {
    // SPEC [M32]
    assert_eq!(raw(0, 1_200).unwrap_err(), RtpError::Empty);
}

#[test]
fn a_frame_of_more_than_2_mib_is_refused() {
    // SPEC [M32]
    assert_eq!(raw(MAX_FRAME, 1_200).unwrap().left(), 1_750);
    assert_eq!(raw(MAX_FRAME + 1, 65_535).unwrap_err(), RtpError::TooLong);
    assert_eq!(raw(usize::MAX, usize::MAX).unwrap_err(), RtpError::TooLong);
}

#[test]
fn payloads_without_room_are_refused() {
    for max_payload in [0, 1] {
        assert_eq!(raw(1, max_payload).unwrap_err(), RtpError::PayloadTooSmall { needed: 2 });
    }
    assert_eq!(raw(2, 2).unwrap().left(), 2);
}

#[test]
fn more_than_2_048_payloads_are_refused() {
    // SPEC [M32]
    let needed = 4;
    assert_eq!(raw(6_144, 3).unwrap_err(), RtpError::PayloadTooSmall { needed });
    assert_eq!(raw(6_144, 4).unwrap().left(), MAX_FRAGMENTS);
    assert_eq!(raw(6_145, 4).unwrap_err(), RtpError::PayloadTooSmall { needed: 5 });
}

#[test]
fn a_buffer_that_is_too_small_changes_nothing() {
    let mut fragmenter = raw(7, 5).unwrap();
    let mut out = [9; 5];
    let fault = fragmenter.next_into(&[1; 7], &mut out[..4]);
    assert_eq!(fault, Err(RtpError::BufferTooSmall { needed: 5 }));
    assert_eq!((out, fragmenter.left()), ([9; 5], 2));
    assert_eq!(fragmenter.next_into(&[1; 7], &mut []).unwrap_err(), fault.unwrap_err());
    let first = fragmenter.next_into(&[1; 7], &mut out);
    assert_eq!(first, Ok(Some(RtpFragment { len: 5, last: false })));
}

#[test]
fn another_frame_in_between_is_refused() {
    let mut fragmenter = raw(7, 5).unwrap();
    for other in [6, 8, 0] {
        let fault = fragmenter.next_into(&vec![1; other], &mut [0; 5]);
        assert_eq!((fault, fragmenter.left()), (Err(RtpError::OtherFrame), 2));
    }
}

#[test]
fn a_fragmenter_allocates_nothing() {
    let sealed = vec![7; 100_000];
    let mut payload = [0; 1_200];
    let counts = measure(|| {
        let mut fragmenter = raw(sealed.len(), payload.len()).unwrap();
        while fragmenter.next_into(&sealed, &mut payload).unwrap().is_some() {}
        assert!(raw(sealed.len(), 2).is_err());
    });
    assert_eq!(counts.count_total, 0);
}

proptest! {
    #[test]
    fn payloads_are_few_full_and_equal(len in 1_usize..20_000, max_payload in 12_usize..1_500) {
        let sealed: Vec<u8> = (0..len).map(|at| at as u8).collect();
        let payloads = payloads(&sealed, max_payload);
        let lens = || payloads.iter().map(Vec::len);
        prop_assert!(lens().max().unwrap() <= max_payload);
        prop_assert!(lens().max().unwrap() - lens().min().unwrap() <= 1);
        prop_assert_eq!(payloads.len(), len.div_ceil(max_payload - 1));
        let bodies: Vec<u8> = payloads.iter().flat_map(|payload| payload[1..].to_vec()).collect();
        prop_assert_eq!(bodies, sealed);
    }
}
