//! Times of two sorts of inputs in random order. The clock is the system's, so what takes a few
//! nanoseconds is done several times for each reading of it.

use std::hint::black_box;
use std::time::Instant;

use incamera::wire::SecretBytes;

use crate::Outcome;
use crate::leaky;
use crate::statistics::{Times, Verdict};
use crate::subjects::{Cipher, confirmation, forged, open, seal};

/// Readings of the clock in each contest, unless something else is asked for.
pub(crate) const SAMPLES: usize = 1_000_000;
/// Below this, in either direction, dudect says that nothing was found.
const FOUND: f64 = 4.5;
/// What leaks on purpose has to be found far beyond any doubt.
const BEYOND_DOUBT: f64 = 50.0;
/// Inputs made at a time, before the clock is read.
const BATCH: usize = 1_000;
/// How often a comparison is done for one reading of the clock.
const REPEATS: usize = 16;

/// A generator for the order of sorts: what matters is that the machine cannot foresee it.
struct Coin(u64);

impl Coin {
    fn toss(&mut self) -> bool {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 >> 63 == 1
    }
}

/// Measures `run` on inputs that `make` makes: of the first sort, or, if it is told so, of the second.
fn contest<I>(
    samples: usize,
    mut make: impl FnMut(bool) -> Outcome<I>,
    mut run: impl FnMut(I),
) -> Outcome<Verdict> {
    let mut coin = Coin(0x2545_f491_4f6c_dd1d);
    let mut batch = || {
        let inputs = (0..BATCH).map(|_| coin.toss()).collect::<Vec<_>>().into_iter();
        let inputs = inputs.map(|second| Ok((second, make(second)?)));
        let inputs = inputs.collect::<Outcome<Vec<_>>>()?;
        let timed = inputs.into_iter().map(|(second, input)| {
            let start = Instant::now();
            run(black_box(input));
            (second, start.elapsed().as_nanos() as f64)
        });
        Ok::<_, Box<dyn std::error::Error>>(timed.collect::<Vec<_>>())
    };
    // The first are slow for other reasons.
    batch()?;
    let mut times = Times::new(batch()?.into_iter().map(|(_, time)| time).collect());
    for _ in 0..samples.div_ceil(BATCH) {
        batch()?.into_iter().for_each(|(second, time)| times.add(second, time));
    }
    Ok(times.verdict())
}

/// What a contest's t must be.
#[derive(Clone, Copy, PartialEq)]
enum Must {
    /// Nothing is found.
    Hold,
    /// It leaks on purpose.
    Leak,
    /// It is shown, and nothing hangs on it: the two sorts end differently for all to see.
    Differ,
}

fn line(what: &str, verdict: Verdict, must: Must) -> bool {
    let Verdict { t, means: [one, other], samples } = verdict;
    let good = match must {
        Must::Hold => t.abs() < FOUND,
        Must::Leak => t.abs() > BEYOND_DOUBT,
        Must::Differ => true,
    };
    let word = match (must, good) {
        (Must::Hold, true) => "nothing found",
        (Must::Leak, true) => "found, as it must be",
        (Must::Differ, _) => "public",
        (Must::Hold, false) => "A DIFFERENCE",
        (Must::Leak, false) => "NOT FOUND",
    };
    println!("{what:<72} t {t:>9.2}  {one:>8.1} {other:>8.1} ns  {samples:>8}  {word}");
    good
}

/// All of them; whether each is as it must be.
pub(crate) fn run(samples: usize) -> Outcome<bool> {
    println!("what, the first sort or the second; t; mean of each; samples; verdict");
    let mut good = comparisons(samples)?;
    good &= passcode(samples)?;
    for cipher in Cipher::all() {
        good &= opening(&cipher, samples)?;
    }
    Ok(good)
}

/// Bytes that differ from zeros at the start or at the end.
fn early_or_late<const N: usize>(late: bool) -> [u8; N] {
    let mut bytes = [0; N];
    if let Some(byte) = bytes.get_mut(if late { N - 1 } else { 0 }) {
        *byte = 1;
    }
    bytes
}

/// Comparisons by themselves: one that leaks, of a tag and of a passcode's tag, and that of secrets.
fn comparisons(samples: usize) -> Outcome<bool> {
    fn leaking<const N: usize>(samples: usize) -> Outcome<Verdict> {
        let make = |late| Ok(early_or_late::<N>(late));
        contest(samples, make, |other| {
            for _ in 0..REPEATS {
                black_box(leaky::same(black_box(&other), black_box(&[0; N])));
            }
        })
    }
    let mut good =
        line("a comparison of 10 that leaks, early or late", leaking::<10>(samples)?, Must::Leak);
    good &=
        line("a comparison of 16 that leaks, early or late", leaking::<16>(samples)?, Must::Leak);
    good &=
        line("a comparison of 64 that leaks, early or late", leaking::<64>(samples)?, Must::Leak);
    let secret = |bytes: [u8; 32]| SecretBytes::<32>::read(&bytes).ok_or("32 bytes");
    let zeros = secret([0; 32])?;
    for (what, of) in [("early or late", early_or_late::<32>(false)), ("the same or late", [0; 32])]
    {
        let make = |late| Ok(secret(if late { early_or_late(true) } else { of })?);
        let verdict = contest(samples, make, |other| {
            for _ in 0..REPEATS {
                black_box(black_box(&zeros) == black_box(&other));
            }
        })?;
        good &= line(&format!("a comparison of two secrets, {what}"), verdict, Must::Hold);
    }
    Ok(good)
}

/// The confirmation of a passcode.
fn passcode(samples: usize) -> Outcome<bool> {
    // A run of CPace for each reading of the clock: fewer.
    let (samples, mut number, mut good) = (samples / 10, 0, true);
    for (what, first) in [("early or late", Some(0)), ("right or late", None)] {
        let make = |late| {
            number += 1;
            let (admitter, mut tag) = confirmation(number)?;
            if let Some(byte) =
                if late { Some(63) } else { first }.and_then(|at: usize| tag.get_mut(at))
            {
                *byte ^= 1;
            }
            Ok((admitter, tag))
        };
        let verdict = contest(samples, make, |(admitter, tag)| {
            black_box(admitter.confirm(&tag));
        })?;
        good &= line(&format!("a passcode's tag, {what}"), verdict, Must::Hold);
    }
    Ok(good)
}

/// The opening of frames: where a forged one is wrong, and whether it is.
fn opening(cipher: &Cipher, samples: usize) -> Outcome<bool> {
    let (mut sealer, receiver) = cipher.pair(&[5; 96])?;
    let receiver = std::cell::RefCell::new(receiver);
    let mut out = Vec::with_capacity(64);
    let name = format!("{}, {}", cipher.name, cipher.library());
    let genuine = seal(&mut sealer)?;
    let (tag, last) = (genuine.len() - cipher.tag_len, genuine.len() - 1);
    // Of these the key was derived, and all of them are new.
    open(&mut receiver.borrow_mut(), &seal(&mut sealer)?, &mut out);
    let mut timed = |make: &mut dyn FnMut(bool) -> Outcome<Vec<u8>>| {
        contest(samples, make, |frame| {
            out.clear();
            black_box(open(&mut receiver.borrow_mut(), &frame, &mut out));
        })
    };
    let mut good = true;
    for (what, [first, second]) in
        [("tag, early or late", [tag, last]), ("tag or ciphertext", [last, tag - 1])]
    {
        let verdict = timed(&mut |late| Ok(forged(&genuine, if late { second } else { first })))?;
        good &= line(&format!("{name}: wrong {what}"), verdict, Must::Hold);
    }
    // A genuine one is new each time, and so is a forged one.
    let verdict = timed(&mut |wrong| {
        let frame = seal(&mut sealer)?;
        Ok(if wrong { forged(&frame, last) } else { frame })
    })?;
    Ok(line(&format!("{name}: a right tag or a wrong one"), verdict, Must::Differ) & good)
}
