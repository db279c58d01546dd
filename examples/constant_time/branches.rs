//! What depends on a secret, counted by valgrind's memcheck: marked bytes are undefined to it, and it
//! counts each branch and each address that undefined bytes decide. One is meant to be there: the verdict,
//! which a compiler may look at twice.

use core::ops::RangeInclusive;

use incamera::testing::Confirmation;

use crate::Outcome;
use crate::leaky;
use crate::subjects::{Cipher, forged, open, seal};
use crate::valgrind::{count, is_marked, is_there, mark, publish};

/// Prints a line; whether the counts are all the same, and so many.
fn line(what: &str, counts: &[usize], allowed: RangeInclusive<usize>) -> bool {
    let same = counts.windows(2).all(|pair| matches!(pair, [a, b] if a == b));
    let good = same && counts.iter().all(|count| allowed.contains(count));
    let verdict = if good { "as it must be" } else { "NOT AS IT MUST BE" };
    println!("{what:<60} {counts:?} of {allowed:?}: {verdict}");
    good
}

/// All of them; whether each is as it must be.
pub(crate) fn run() -> Outcome<bool> {
    if !is_there() {
        return Err("run this under valgrind, on x86-64".into());
    }
    println!(
        "branches and addresses that a secret decides: what; each time; how many there may be"
    );
    let mut good = control();
    for cipher in Cipher::all() {
        good &= opening(&cipher)?;
    }
    good &= passcode()?;
    Ok(good)
}

/// A comparison that stops at the first difference shows at each byte: the check is not blind.
fn control() -> bool {
    let tag = [3; 16];
    let mut good = true;
    for at in [0, 15] {
        let mut secret = [3; 16];
        if let Some(byte) = secret.get_mut(at) {
            *byte ^= 1;
        }
        mark(&secret);
        let (counted, _) = count(|| leaky::same(&secret, &tag));
        let what = format!("a comparison that leaks, different at byte {at}");
        good &= line(&what, &[counted], at + 1..=at + 1);
    }
    good
}

/// Sealing decides nothing by the key; opening one thing, whether the tag is wrong early, late or not at
/// all, also where it derives the key.
fn opening(cipher: &Cipher) -> Outcome<bool> {
    let key = [5; 96];
    mark(&key);
    let (mut sealer, mut receiver) = cipher.pair(&key)?;
    let name = format!("{}, {}", cipher.name, cipher.library());
    let (counted, frames) = count(|| [seal(&mut sealer), seal(&mut sealer), seal(&mut sealer)]);
    let mut good = line(&format!("{name}: sealing three frames"), &[counted], 0..=0);
    let (mut out, mut counts) = (Vec::with_capacity(64), Vec::new());
    for frame in frames {
        let frame = frame?;
        publish(&frame);
        let (end, tag) = (frame.len() - 1, frame.len() - cipher.tag_len);
        for (frame, right) in
            [(forged(&frame, tag), false), (forged(&frame, end), false), (frame, true)]
        {
            let (counted, genuine) = count(|| open(&mut receiver, &frame, &mut out));
            if genuine != right {
                return Err("a frame came out otherwise than it must".into());
            }
            publish(&out);
            out.clear();
            counts.push(counted);
        }
    }
    good &= line(&format!("{name}: tag wrong early, late, right"), &counts, 1..=2);
    Ok(good)
}

/// A run of CPace decides whether each share is of use, and each tag the right one.
fn passcode() -> Outcome<bool> {
    let (mut runs, mut tags) = (Vec::new(), Vec::new());
    for at in [None, Some(0), Some(63)] {
        let (seed, passcode) = ([6; 32], "blue heron".to_owned());
        mark(&seed);
        mark(passcode.as_bytes());
        let (counted, run) = count(|| Confirmation::new(seed, &passcode, |said| publish(said)));
        runs.push(counted);
        let (admitter, mut tag) = run.ok_or("a run of the passcode")?;
        if let Some(byte) = at.and_then(|at: usize| tag.get_mut(at)) {
            *byte ^= 1;
        }
        let (counted, right) = count(|| [u8::from(admitter.confirm(&tag))]);
        // What it gives may be the verdict itself, which nobody has looked at yet.
        let counted = counted + usize::from(is_marked(&right));
        publish(&right);
        if right != [u8::from(at.is_none())] {
            return Err("a tag came out otherwise than it must".into());
        }
        tags.push(counted);
    }
    let good = line("a run of the passcode: two shares, one tag", &runs, 3..=6);
    Ok(line("the last tag of the run: right, wrong early, late", &tags, 1..=2) & good)
}
