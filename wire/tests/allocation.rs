//! Refusing a message costs no memory, whatever its lengths and counts claim: SPEC [W3].

#![allow(unsafe_code, reason = "a global allocator that counts is the only way to see allocations")]

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use common::{DECODERS, samples};
use incamera_wire::EventKind;
use incamera_wire::server::EnvelopeHead;

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every call is passed on unchanged to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller keeps `alloc`'s contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: `pointer` came from `alloc` above with this layout.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How often this thread allocates while `work` runs.
fn allocations(work: impl FnOnce()) -> usize {
    let before = ALLOCATIONS.get();
    work();
    ALLOCATIONS.get() - before
}

#[test]
fn the_counter_counts() {
    assert_eq!(allocations(|| drop(std::hint::black_box(Box::new(1)))), 1);
}

#[test]
fn refusing_lengths_and_counts_allocates_nothing() {
    // SPEC [W3]
    let four_gib = [0xff, 0xff, 0xff, 0xff, 0x0f];
    let mut hostile = Vec::new();
    for tag in (0x12..0x80).step_by(8) {
        hostile.push([&[0x08, 1, tag][..], &four_gib].concat());
        hostile.push([&[0x08, 1][..], &[tag, 0].repeat(100_000)].concat());
        hostile.push([&[0x08, 1][..], &[tag, 1, 0].repeat(60_000)].concat());
    }
    hostile.push(vec![0; 2 << 20]);
    hostile.push(samples::commit_note(65, 0).encode());
    hostile.push(samples::commit_note(0, 17).encode());
    let mut state = samples::group_state();
    state.bans = samples::fingerprints(1025);
    hostile.push(state.encode());
    let hosts = samples::fingerprints(17);
    hostile.push(samples::event(EventKind::HostSilent { hosts }).encode());
    hostile.push(samples::safety_code_input(4097).encode());
    for bytes in &hostile {
        for (name, recode) in DECODERS {
            let count = allocations(|| assert!(recode(bytes).is_err(), "{name}"));
            assert_eq!(count, 0, "{name} of {} bytes", bytes.len());
        }
    }
}

#[test]
fn a_server_reads_an_envelopes_head_without_allocating() {
    let bytes = samples::envelope().encode();
    let count = allocations(|| assert!(EnvelopeHead::peek(&bytes).is_ok()));
    assert_eq!(count, 0);
}
