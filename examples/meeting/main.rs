//! The main job: a meeting of seven on Opus and VP8 files, through a server and a relay that nobody
//! trusts, in simulated time. `cargo run --release --example meeting -- [--seed N] [--profile P] [--json]`
//! `--pictures FOLDER` writes what members and the relay see there instead of to `target/meeting`.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program's job is to print")]

mod client;
mod forge;
mod framing;
mod ledger;
mod media;
mod net;
mod pictures;
mod plot;
mod powers;
mod queue;
mod relay;
mod report;
mod sabotage;
mod search;
mod server;
mod story;
mod stream;
mod tally;
mod world;

use std::io::{IsTerminal as _, Write as _, stderr};
use std::path::PathBuf;
use std::process::ExitCode;

use incamera::wire::Profile;

use crate::media::Media;
use crate::pictures::Pair;
use crate::report::{Report, table};
use crate::sabotage::Sabotage;
use crate::world::{Outcome, World};

/// What the command line asks for.
struct Options {
    seed: u64,
    profile: Profile,
    json: bool,
    pictures: PathBuf,
    sabotage: Vec<Sabotage>,
}

impl Options {
    fn parse(mut words: impl Iterator<Item = String>) -> Outcome<Self> {
        let (seed, profile) = (20_200_401, Profile::Standard);
        let pictures = PathBuf::from("target/meeting");
        let mut options = Self { seed, profile, json: false, pictures, sabotage: Vec::new() };
        while let Some(word) = words.next() {
            match word.as_str() {
                "--json" => options.json = true,
                "--seed" => options.seed = words.next().ok_or("--seed needs a number")?.parse()?,
                "--profile" => {
                    let profile = Profile::from_name(&words.next().unwrap_or_default());
                    options.profile = profile.ok_or("standard, portable or post-quantum?")?;
                }
                "--pictures" => {
                    options.pictures = words.next().ok_or("--pictures needs a folder")?.into();
                }
                "--sabotage" => {
                    let name = words.next().unwrap_or_default();
                    let fault = Sabotage::ALL.into_iter().find(|(known, _)| *known == name);
                    options.sabotage.push(fault.ok_or("no such fault: see sabotage.rs")?.1);
                }
                _ => {
                    return Err(format!(
                        "{word}: only --seed N, --profile P, --pictures F and --json are known"
                    )
                    .into());
                }
            }
        }
        Ok(options)
    }
}

/// Runs the meeting; true if it went as it must.
#[allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "how long a run took")]
fn run(options: &Options) -> Outcome<bool> {
    let began = std::time::Instant::now();
    let media = Media::load()?;
    let mut world = World::new(options.seed, options.profile, &media);
    world.sabotage.clone_from(&options.sabotage);
    let mut progress = Progress::new(options.json);
    while world.step()? {
        progress.show(&world);
    }
    progress.clear();
    let report = Report::new(&world, &media);
    if options.json {
        println!("{}", report.json(&world, options.seed));
    } else {
        println!("\n{}\n{}", table(&world), report.summary(&world));
        let pair = Pair::find(&world).and_then(|pair| pair.write(&options.pictures).map(|()| pair));
        match pair {
            Ok(pair) => println!("{} See {}.\n", pair.summary(), options.pictures.display()),
            Err(error) => println!("Pictures  none: {error}.\n"),
        }
        println!(
            "seed {}, {:.1} s: {}",
            options.seed,
            began.elapsed().as_secs_f64(),
            report.verdict()
        );
    }
    Ok(report.is_ok())
}

/// The story as it happens, and on a terminal a line that moves.
struct Progress {
    quiet: bool,
    moving: bool,
    told: usize,
    drawn_at: u64,
}

impl Progress {
    fn new(quiet: bool) -> Self {
        Self { quiet, moving: !quiet && stderr().is_terminal(), told: 0, drawn_at: 0 }
    }

    fn show(&mut self, world: &World) {
        let now = world.queue.now();
        if self.told < world.story.len() {
            self.clear();
            for (at, line) in world.story.iter().skip(self.told).filter(|_| !self.quiet) {
                println!("{:>3}.{:03} s  {line}", at / 1_000, at % 1_000);
            }
            self.told = world.story.len();
        }
        if self.moving && now >= self.drawn_at + 100 {
            self.drawn_at = now;
            let opened: u64 = world.seats.iter().map(|seat| seat.page.opened()).sum();
            eprint!(
                "\r{:>3}.{:03} s  {} frames sealed, {opened} opened ",
                now / 1_000,
                now % 1_000,
                world.frames.len()
            );
            drop(stderr().flush());
        }
    }

    fn clear(&self) {
        if self.moving {
            eprint!("\r{:70}\r", "");
        }
    }
}

fn main() -> ExitCode {
    let outcome = Options::parse(std::env::args().skip(1)).and_then(|options| run(&options));
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("the meeting stopped: {error}");
            ExitCode::from(2)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A run up to a time, with its faults, and where it came to.
    fn run_until(end: u64, sabotage: Vec<Sabotage>) -> (World, Report) {
        let media = Media::load().unwrap();
        let mut world = World::new(1, Profile::Standard, &media);
        world.sabotage = sabotage;
        while world.queue.now() < end && world.step().unwrap() {}
        let report = Report::new(&world, &media);
        (world, report)
    }

    #[test]
    fn the_meeting_goes_as_it_must() {
        let (world, report) = run_until(u64::MAX, Vec::new());
        assert!(report.is_ok(), "{}", report.verdict());
        assert_eq!(report.json(&world, 1)["ok"], true);
        let is_over = |seat: usize| world.seats[seat].gone;
        assert!([0, 1, 2, 3, 5, 6].into_iter().all(is_over), "everybody is gone in the end");
        let pair = Pair::find(&world).unwrap();
        assert!(pair.likeness().abs() < 0.5, "{}", pair.summary());
    }

    #[test]
    fn the_accounts_notice_every_fault_of_a_client() {
        let faults = Sabotage::ALL.into_iter().map(|(_, fault)| fault).collect();
        let (world, report) = run_until(16_000, faults);
        assert!(!report.is_ok());
        assert_eq!(report.json(&world, 1)["ok"], false);
        for noticed in [
            "tampered_accepted",
            "replayed_accepted",
            "injected_accepted",
            "forged_powers_accepted",
            "frames_lost_to_rekey",
            "opened_after_removal",
            "frames_opened_as_another",
        ] {
            assert!(report.verdict().contains(noticed), "{noticed}: {}", report.verdict());
        }
    }

    #[test]
    fn clients_that_obey_a_modified_one_are_noticed() {
        let (world, report) = run_until(16_000, vec![Sabotage::Obeys]);
        assert!(report.verdict().contains("forged_powers_accepted"), "{}", report.verdict());
        let [(entries, obeyed), (frames, opened)] = world.forged_powers();
        assert_eq!(obeyed, entries, "every member obeys every entry");
        // Those that a client held until it knew the rules are not spoiled.
        assert!(entries >= 20 && opened >= 500 && opened <= frames, "{entries} {opened} {frames}");
    }
}
