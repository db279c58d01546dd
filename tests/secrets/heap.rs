//! The heap of these tests: while it is armed, every block that is given back is searched for keys.

#![allow(unsafe_code, reason = "an allocator is unsafe to write, and looks into blocks of others")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::backtrace::Backtrace;
use std::cell::Cell;
use std::sync::{Mutex, OnceLock};

/// Laid over each mark, so that what is looked for is not in memory by looking for it.
const DISGUISE: u64 = 0xa5c3_96f0_5a3c_690f;
/// What is looked for of a key: so many bytes of its start, and of its end. A salt has no more.
pub(crate) const PROBE: usize = 12;
/// Of such a piece: where its last eight bytes begin, some of which are the last of the first eight too.
const SECOND: usize = PROBE - 8;

/// Bits of the filter, a power of two: many more than marks, so that few words are looked up.
const SLOTS: usize = 1 << 20;

/// One probe of a key.
#[derive(Clone, Debug)]
pub(crate) struct Mark {
    /// In disguise.
    pub(crate) halves: [u64; 2],
    /// The last look at which somebody held the key.
    pub(crate) last: usize,
    pub(crate) name: String,
}

/// The probes of a key in disguise: of its start and of its end. None of a key that is too short.
pub(crate) fn disguised(key: &[u8]) -> Vec<[u64; 2]> {
    let half = |bytes: &[u8]| u64::from_le_bytes(bytes.try_into().unwrap()) ^ DISGUISE;
    let probe = |probe: &[u8]| [half(&probe[..8]), half(&probe[SECOND..])];
    let ends = [key.first_chunk::<PROBE>(), key.last_chunk::<PROBE>()];
    let mut probes: Vec<_> = ends.into_iter().flatten().map(|end| probe(end)).collect();
    probes.dedup();
    probes
}

/// The marks, ready to be looked for.
pub(crate) struct Marks {
    /// A bit for the low bits of each first half.
    filter: Vec<u64>,
    /// Sorted by first half.
    marks: Vec<Mark>,
}

impl Marks {
    fn new(mut marks: Vec<Mark>) -> Self {
        marks.sort_by_key(|mark| mark.halves);
        let mut filter = vec![0; SLOTS >> 6];
        for mark in &marks {
            let slot = mark.halves[0] as usize & (SLOTS - 1);
            filter[slot >> 6] |= 1 << (slot & 63);
        }
        Self { filter, marks }
    }

    /// Calls `found` for each mark in `len` readable bytes from `start` on, with its place.
    ///
    /// # Safety
    /// The bytes are readable and nobody writes to them.
    unsafe fn search(&self, start: *const u8, len: usize, mut found: impl FnMut(usize, &Mark)) {
        let mut at = 0;
        while at + PROBE <= len {
            // SAFETY: both halves lie within the bytes.
            let word =
                |from: usize| unsafe { start.add(from).cast::<u64>().read_unaligned() ^ DISGUISE };
            let first = word(at);
            let slot = first as usize & (SLOTS - 1);
            if self.filter[slot >> 6] >> (slot & 63) & 1 == 1 {
                let from = self.marks.partition_point(|mark| mark.halves[0] < first);
                let same = self.marks[from..].iter().take_while(|mark| mark.halves[0] == first);
                same.filter(|mark| mark.halves[1] == word(at + SECOND))
                    .for_each(|mark| found(at, mark));
            }
            at += 1;
        }
    }

    /// The same in bytes that are at hand.
    pub(crate) fn in_bytes(&self, bytes: &[u8], found: impl FnMut(usize, &Mark)) {
        // SAFETY: a shared slice is readable, and nobody writes to it.
        unsafe { self.search(bytes.as_ptr(), bytes.len(), found) }
    }
}

/// A block was given back with a key in it.
pub(crate) struct Hit {
    pub(crate) name: String,
    /// Of the block in bytes.
    pub(crate) size: usize,
    /// Who gave it back.
    pub(crate) by: Backtrace,
}

static ARMED: OnceLock<Marks> = OnceLock::new();
static HITS: Mutex<Vec<Hit>> = Mutex::new(Vec::new());

thread_local! {
    /// Whether this thread is busy with a hit, or is not to be watched.
    static BUSY: Cell<bool> = const { Cell::new(false) };
}

/// Looks for these from now on.
pub(crate) fn arm(marks: Vec<Mark>) -> &'static Marks {
    ARMED.get_or_init(|| Marks::new(marks))
}

/// The hits so far.
pub(crate) fn hits() -> Vec<Hit> {
    std::mem::take(&mut *HITS.lock().unwrap())
}

/// Does something whose blocks nobody looks at.
pub(crate) fn unwatched<T>(what: impl FnOnce() -> T) -> T {
    let before = BUSY.replace(true);
    let done = what();
    BUSY.set(before);
    done
}

struct Watched;

#[global_allocator]
static HEAP: Watched = Watched;

// SAFETY: the system's allocator does the work. Blocks come as zeros, so that all of a block may be read,
// and nothing in it is from before.
unsafe impl GlobalAlloc for Watched {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise is the same.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if let Some(marks) = ARMED.get()
            && !BUSY.replace(true)
        {
            let hit = |_: usize, mark: &Mark| {
                let (name, size) = (mark.name.clone(), layout.size());
                HITS.lock().unwrap().push(Hit { name, size, by: Backtrace::force_capture() });
            };
            // SAFETY: the block is the caller's until it is given back below.
            unsafe { marks.search(block, layout.size(), hit) };
            BUSY.set(false);
        }
        // SAFETY: the caller's promise is the same.
        unsafe { System.dealloc(block, layout) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::bytes;

    #[test]
    fn a_key_is_found_by_either_end_wherever_it_lies() {
        let key = bytes(8, 8);
        let marks =
            disguised(&key).into_iter().map(|halves| Mark { halves, last: 0, name: "it".into() });
        let marks = Marks::new(marks.collect());
        for at in 0..9 {
            for (part, places) in
                [(&key[..], vec![at, at + 20]), (&key[..31], vec![at]), (&key[1..], vec![at + 19])]
            {
                let block = [&vec![7; at][..], part, &[7; 5]].concat();
                let mut found = Vec::new();
                marks.in_bytes(&block, |at, _| found.push(at));
                assert_eq!(found, places);
            }
        }
        marks.in_bytes(&bytes(8, 9), |_, _| panic!("this is another"));
        assert_eq!(disguised(&key[..11]), Vec::<[u64; 2]>::new());
    }
}
