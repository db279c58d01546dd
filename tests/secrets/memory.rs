//! All memory that this process can write to, as the system shows it.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::ops::Range;
use std::os::unix::fs::FileExt as _;

/// What a stretch of memory is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// Of a thread.
    Stack,
    /// Anything else: heaps, statics, what threads have of their own.
    Other,
}

/// The bytes of a value, those between its parts included.
pub(crate) fn of<T>(value: &T) -> Vec<u8> {
    let mut bytes = vec![0; size_of::<T>()];
    let memory = File::open("/proc/self/mem").unwrap();
    memory.read_exact_at(&mut bytes, std::ptr::from_ref(value) as u64).unwrap();
    bytes
}

/// Shows every stretch, in pieces that overlap by `overlap` bytes.
pub(crate) fn show(overlap: usize, mut piece: impl FnMut(Kind, &[u8])) {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let mut memory = File::open("/proc/self/mem").unwrap();
    let mut buffer = vec![0; 1 << 20];
    let own = buffer.as_ptr_range();
    let own = own.start as u64..own.end as u64;
    let mut before: Option<(Range<u64>, String)> = None;
    for line in maps.lines() {
        let mut words = line.split_whitespace();
        let (range, access) = (words.next().unwrap(), words.next().unwrap().to_owned());
        let (start, end) = range.split_once('-').unwrap();
        let [start, end] = [start, end].map(|text| u64::from_str_radix(text, 16).unwrap());
        // The C library puts a page that nobody may touch below each stack.
        let guarded = before.as_ref().is_some_and(|(range, access)| {
            range.end == start && range.end - range.start == 4_096 && access == "---p"
        });
        let kind = if guarded || line.ends_with("[stack]") { Kind::Stack } else { Kind::Other };
        if access.starts_with("rw") && !line.ends_with("[vvar]") {
            for range in [start..end.min(own.start), start.max(own.end)..end] {
                read(&mut memory, range, &mut buffer, overlap, |bytes| piece(kind, bytes));
            }
        }
        before = Some((start..end, access));
    }
    buffer.fill(0);
    core::hint::black_box(&buffer);
}

fn read(
    memory: &mut File,
    range: Range<u64>,
    buffer: &mut [u8],
    overlap: usize,
    mut piece: impl FnMut(&[u8]),
) {
    let mut at = range.start;
    while at < range.end {
        let len = buffer.len().min(usize::try_from(range.end - at).unwrap());
        memory.seek(SeekFrom::Start(at)).unwrap();
        // What goes away meanwhile is of no interest.
        if memory.read_exact(&mut buffer[..len]).is_err() {
            return;
        }
        piece(&buffer[..len]);
        if len < buffer.len() {
            return;
        }
        at += (len - overlap) as u64;
    }
}
