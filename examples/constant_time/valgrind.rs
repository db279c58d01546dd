//! What a program can ask of valgrind while it runs under it (its valgrind.h and memcheck.h say how).

#![allow(unsafe_code, reason = "valgrind is asked by instructions that do nothing elsewhere")]

/// Of any tool.
const RUNNING: usize = 0x1001;
const COUNT_ERRORS: usize = 0x1201;
/// Of memcheck.
const MAKE_UNDEFINED: usize = 0x4d43_0001;
const MAKE_DEFINED: usize = 0x4d43_0002;
const CHECK_DEFINED: usize = 0x4d43_0005;

/// Asks, and gives `0` where nobody answers.
#[cfg(target_arch = "x86_64")]
fn ask(request: usize, from: usize, len: usize) -> usize {
    let question = [request, from, len, 0, 0, 0];
    let mut answer = 0;
    // SAFETY: four turns of a register that come to a whole one, and an exchange with itself.
    unsafe {
        core::arch::asm!(
            "rol rdi, 3",
            "rol rdi, 13",
            "rol rdi, 61",
            "rol rdi, 51",
            "xchg rbx, rbx",
            inout("rdx") answer,
            in("rax") &raw const question,
            options(nostack),
        );
    }
    answer
}

#[cfg(not(target_arch = "x86_64"))]
fn ask(_: usize, _: usize, _: usize) -> usize {
    0
}

/// Whether this program runs under valgrind.
pub(crate) fn is_there() -> bool {
    ask(RUNNING, 0, 0) > 0
}

/// From now on these bytes are secret, and all that is made of them.
pub(crate) fn mark(bytes: &[u8]) {
    ask(MAKE_UNDEFINED, bytes.as_ptr() as usize, bytes.len());
}

/// From now on these bytes are everybody's.
pub(crate) fn publish(bytes: &[u8]) {
    ask(MAKE_DEFINED, bytes.as_ptr() as usize, bytes.len());
}

/// Whether some of these bytes hang on a secret.
pub(crate) fn is_marked(bytes: &[u8]) -> bool {
    ask(CHECK_DEFINED, bytes.as_ptr() as usize, bytes.len()) > 0
}

/// How often `what` let a branch or an address depend on a secret.
pub(crate) fn count<T>(what: impl FnOnce() -> T) -> (usize, T) {
    let before = ask(COUNT_ERRORS, 0, 0);
    // Seen from outside, so that it is done before it is counted.
    let done = core::hint::black_box(what());
    (ask(COUNT_ERRORS, 0, 0) - before, done)
}
