//! What depends on a secret, counted by valgrind's memcheck: marked bytes are undefined to it, and it
//! counts each branch and each address that undefined bytes decide. One is meant to be there: the verdict.

use incamera::testing::Confirmation;

use crate::Outcome;
use crate::leaky;
use crate::subjects::{Cipher, forged, open, seal};
use crate::valgrind::{count, is_there, mark, publish};

/// Prints a line; whether the count is the one that it must be.
fn line(what: &str, counted: usize, expected: usize) -> bool {
    let verdict = if counted == expected { "as it must be" } else { "NOT AS IT MUST BE" };
    println!("{what:<64} {counted:>3} of {expected:>3}  {verdict}");
    counted == expected
}

/// All of them; whether each is as it must be.
pub(crate) fn run() -> Outcome<bool> {
    if !is_there() {
        return Err("run this under valgrind, on x86-64".into());
    }
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
        good &= line(&format!("a comparison that leaks, different at byte {at}"), counted, at + 1);
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
    let mut good = line(&format!("{name}: sealing three frames"), counted, 0);
    let mut out = Vec::with_capacity(64);
    for (number, frame) in frames.into_iter().enumerate() {
        let frame = frame?;
        publish(&frame);
        let (end, tag) = (frame.len() - 1, frame.len() - cipher.tag_len);
        let sorts =
            [("early", forged(&frame, tag)), ("late", forged(&frame, end)), ("right", frame)];
        for (sort, frame) in sorts {
            let (counted, genuine) = count(|| open(&mut receiver, &frame, &mut out));
            if genuine != (sort == "right") {
                return Err("a frame came out otherwise than it must".into());
            }
            publish(&out);
            out.clear();
            good &= line(&format!("{name}: frame {number}, tag {sort}"), counted, 1);
        }
    }
    Ok(good)
}

/// A run of CPace decides whether each share is of use, and each tag the right one.
fn passcode() -> Outcome<bool> {
    let mut good = true;
    for at in [None, Some(0), Some(63)] {
        let (seed, passcode) = ([6; 32], "blue heron".to_owned());
        mark(&seed);
        mark(passcode.as_bytes());
        let (counted, run) = count(|| Confirmation::new(seed, &passcode, |said| publish(said)));
        let (admitter, mut tag) = run.ok_or("a run of the passcode")?;
        good &= line("a run of the passcode: two shares, one tag", counted, 3);
        if let Some(byte) = at.and_then(|at: usize| tag.get_mut(at)) {
            *byte ^= 1;
        }
        let (counted, right) = count(|| admitter.confirm(&tag));
        if right != at.is_none() {
            return Err("a tag came out otherwise than it must".into());
        }
        let sort = at.map_or("right".to_owned(), |at| format!("wrong at byte {at}"));
        good &= line(&format!("the last tag of the run, {sort}"), counted, 1);
    }
    Ok(good)
}
