//! What the lengths of sealed frames tell of a voice, by the padding of the meeting, and what the
//! padding costs: `cargo run --release --example sizes -- [--chart FILE]`.

#![allow(clippy::print_stdout, reason = "a program's job is to print")]

mod chart;
mod measure;
mod stream;

use std::error::Error;
use std::path::PathBuf;

use incamera::PadTo;

use crate::measure::Measures;
use crate::stream::{PACKET_MS, Pauses, Scheme, packets, send};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// What is compared.
const SCHEMES: [Scheme; 6] = [
    Scheme { name: "none", padding: PadTo::Nothing, pauses: Pauses::Encoded },
    Scheme { name: "Padmé", padding: PadTo::Padme, pauses: Pauses::Encoded },
    Scheme { name: "to 64", padding: PadTo::Multiple(64), pauses: Pauses::Encoded },
    Scheme { name: "to 160", padding: PadTo::Multiple(160), pauses: Pauses::Encoded },
    Scheme { name: "to 160, gaps", padding: PadTo::Multiple(160), pauses: Pauses::Gaps },
    Scheme { name: "to 160, silence", padding: PadTo::Multiple(160), pauses: Pauses::Silence },
];

/// One line of the table.
fn line(name: &str, of: &Measures) -> String {
    format!(
        "| {name} | {:.2} | {:.1} % | {:.1} % | {:.1} % | {:.1} | {:.1} |",
        of.bits,
        of.voice * 100.0,
        of.fifth * 100.0,
        of.second * 100.0,
        of.bytes,
        of.bytes * 8.0 / PACKET_MS as f64,
    )
}

/// Seals the sample under every scheme.
fn measure_all() -> Outcome<Vec<(&'static str, Measures)>> {
    let packets = packets()?;
    let measured =
        SCHEMES.iter().map(|scheme| Ok((scheme.name, Measures::of(&send(scheme, &packets)?))));
    measured.collect()
}

fn main() -> Outcome<()> {
    let mut words = std::env::args().skip(1);
    let path = match (words.next().as_deref(), words.next()) {
        (None, _) => PathBuf::from("target/sizes/sizes.svg"),
        (Some("--chart"), Some(path)) => PathBuf::from(path),
        _ => return Err("only --chart FILE is known".into()),
    };
    let rows = measure_all()?;
    let Some((_, first)) = rows.first() else { return Ok(()) };
    println!(
        "{} packets of Opus, {PACKET_MS} ms each, of {} to {} bytes, {} of them in pauses; their sizes have {:.2} bits of \
         entropy.\n",
        first.packets, first.shortest, first.longest, first.pauses, first.entropy,
    );
    println!(
        "| padding | bits per frame | voice or pause | which 0.2 s | which 1 s | bytes per frame | kbit/s |"
    );
    println!("|---|---|---|---|---|---|---|");
    rows.iter().for_each(|(name, measures)| println!("{}", line(name, measures)));
    let [fifth, second] = first.windows.map(|count| 100.0 / count.max(1) as f64);
    println!("| by chance | | 50.0 % | {fifth:.1} % | {second:.1} % | | |");
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    chart::draw(&path, &rows)?;
    println!("\nchart in {}", path.display());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_length_for_all_tells_nothing_and_gaps_tell_who_speaks_when() {
        let rows = measure_all().unwrap();
        let of = |wanted: &str| &rows.iter().find(|(name, _)| *name == wanted).unwrap().1;
        let plain = of("none");
        assert!((plain.bits - plain.entropy).abs() < 1e-9 && plain.entropy > 4.0);
        assert!(plain.voice > 0.9 && plain.second > 0.9);
        for silent in [of("to 160"), of("to 160, silence")] {
            assert!(silent.bits.abs() < 1e-9);
            assert!((silent.voice - 0.5).abs() < 1e-9);
            assert!((silent.second * silent.windows[1] as f64 - 1.0).abs() < 1e-9);
        }
        assert!(of("to 160, gaps").voice > 0.99);
        assert!(of("Padmé").bits < plain.bits && of("to 64").bits < of("Padmé").bits);
    }
}
