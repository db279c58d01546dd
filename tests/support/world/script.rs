//! Random scripts: what people in a meeting that is alive may come to do next.

use incamera::wire::Profile;
use incamera::{Door, Role};

use super::chance::Chance;
use super::check::PATIENCE_MS;
use super::operation::{Operation, Trick};
use super::seat::{Name, Seat, Standing, Who};
use super::{Faults, NAMES, Tally, World};

/// How much of everything a random run has.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// Members to begin with, and never fewer for long.
    pub(crate) members: usize,
    pub(crate) operations: u64,
    pub(crate) epochs: u64,
    pub(crate) profile: Profile,
    pub(crate) faults: Faults,
    /// Whether the server lies.
    pub(crate) lies: bool,
    /// The client whose traffic is of interest.
    pub(crate) traced: Option<Who>,
}

impl Plan {
    /// At least 6 members, 200 operations and 30 epochs.
    pub(crate) fn full() -> Self {
        Self {
            members: 6,
            operations: 200,
            epochs: 30,
            profile: Profile::Standard,
            faults: Faults::harsh(),
            lies: false,
            traced: None,
        }
    }

    /// A small one for tests.
    pub(crate) fn small() -> Self {
        Self {
            members: 4,
            operations: 40,
            epochs: 6,
            profile: Profile::Standard,
            faults: Faults::harsh(),
            lies: false,
            traced: None,
        }
    }
}

/// The longest pause between two operations, in milliseconds.
const PAUSE_MS: u64 = 2_000;

/// Runs a random meeting to its end; what went wrong is in its failures.
pub(crate) fn random_run(seed: u64, plan: &Plan) -> World {
    let mut world = World::new(seed, plan.profile, plan.faults.clone(), plan.traced);
    let mut chance = Chance::new(seed ^ 0x5c71_97c0_ffee_0001);
    for name in &NAMES[1..plan.members] {
        world.perform(Operation::Join(name));
    }
    while world.live().len() < plan.members && world.now_ms() < 300_000 {
        world.pass(500);
        if let Some(name) = impatient(&world) {
            world.perform(Operation::GiveUp(name));
        }
        if let Some(name) = absent(&world, &mut chance).filter(|_| chance.permille(20)) {
            world.perform(Operation::Join(name));
        }
    }
    let most = plan.operations * 4;
    let goes_on = |world: &World| {
        let Tally { operations, epochs, .. } = world.tally;
        (operations < plan.operations || epochs < plan.epochs) && operations < most
    };
    let mut anchor = 0;
    let burst_at = chance.within(1..=plan.operations.max(1));
    while goes_on(&world) {
        let pause_ms = chance.within(0..=PAUSE_MS);
        world.pass(pause_ms);
        let operation = match next(&world, plan, &mut anchor, &mut chance) {
            Operation::Speak(name, _) if world.tally.operations >= burst_at && !burst(&world) => {
                Operation::Burst(name)
            }
            operation => operation,
        };
        world.perform(operation);
    }
    if world.tally.epochs < plan.epochs {
        world.failures.push(format!("only {} epochs", world.tally.epochs));
    }
    world.finish();
    world
}

fn burst(world: &World) -> bool {
    world.script.iter().any(|(_, operation)| matches!(operation, Operation::Burst(_)))
}

/// Runs a script that was written down.
pub(crate) fn replay(seed: u64, faults: Faults, script: &[(u64, Operation)]) -> World {
    let mut world = World::new(seed, Profile::Standard, faults, None);
    for (at_ms, operation) in script {
        world.pass(at_ms.saturating_sub(world.now_ms()));
        world.perform(*operation);
    }
    world.finish();
    world
}

/// Somebody who is not here.
fn absent(world: &World, chance: &mut Chance) -> Option<Name> {
    let about = |name: &Name| world.find(name).is_some_and(|who| world.seats[who].is_about());
    let absent: Vec<Name> = NAMES.iter().copied().filter(|name| !about(name)).collect();
    chance.pick(&absent)
}

/// Somebody who has waited at the door for too long.
fn impatient(world: &World) -> Option<Name> {
    let long = |seat: &&Seat| {
        seat.waits() && (seat.hopeless || world.now_ms() > seat.since_ms + PATIENCE_MS)
    };
    world.seats.iter().rfind(long).map(|seat| seat.name)
}

fn is_locked(world: &World, live: &[Who]) -> bool {
    let client = live.first().and_then(|who| world.seats[*who].client.as_ref());
    let rules = client.and_then(|client| client.meeting.rules().ok());
    rules.is_some_and(|rules| rules.door == Door::Locked)
}

impl World {
    /// The role that a client shows itself in.
    pub(crate) fn role_of(&self, who: Who) -> Role {
        let seat = &self.seats[who];
        let roster = seat.client.as_ref().map(|client| client.meeting.roster()).unwrap_or_default();
        roster.into_iter().find(|member| member.own).map_or(Role::Attendee, |own| own.role)
    }
}

/// What comes next.
fn next(world: &World, plan: &Plan, anchor: &mut Who, chance: &mut Chance) -> Operation {
    let live: Vec<Who> =
        world.live().into_iter().filter(|who| world.seats[*who].is_awake()).collect();
    let about = world.seats.iter().filter(|seat| seat.is_about()).count();
    if let Some(name) = impatient(world) {
        return Operation::GiveUp(name);
    }
    if about < plan.members
        && let Some(name) = absent(world, chance)
    {
        return Operation::Join(name);
    }
    let hosts: Vec<Who> =
        live.iter().copied().filter(|w| world.role_of(*w) == Role::Host).collect();
    let helpers: Vec<Who> =
        live.iter().copied().filter(|w| world.role_of(*w) == Role::CoHost).collect();
    let name = |who: Option<Who>| who.map_or("Ada", |who| world.seats[who].name);
    let host = name(chance.pick(&hosts).or_else(|| chance.pick(&helpers)));
    let helper = name(chance.pick(&helpers).or_else(|| chance.pick(&hosts)));
    let powerful = if chance.permille(600) { host } else { helper };
    let anyone = name(chance.pick(&live));
    let other = name(chance.pick(&live));
    // A meeting that has lost all who may admit would never have thirty epochs: one stays.
    if !hosts.iter().chain(&helpers).any(|who| who == anchor)
        && let Some(next) = hosts.iter().chain(&helpers).min()
        && !world.seats[*anchor].is_live()
    {
        *anchor = *next;
    }
    let anchor = world.seats[*anchor].name;
    let spare = other != anchor;
    if chance.permille(150) && is_locked(world, &live) {
        return Operation::Unlock(anchor);
    }
    let dead = |seat: &&Seat| seat.standing == Standing::Crashed && !seat.stored.is_empty();
    if let Some(seat) = world.seats.iter().rfind(dead).filter(|_| chance.permille(100)) {
        let back = if chance.permille(200) { chance.within(1..=3) } else { 0 };
        return Operation::Restore(seat.name, back);
    }
    if hosts.len() + helpers.len() < 3 && other != host && chance.permille(300) {
        return Operation::SetRole(host, other, Role::CoHost);
    }
    match chance.within(0..=99) {
        0..=9 => absent(world, chance)
            .filter(|_| about < plan.members + 2)
            .map_or(Operation::Chat(anyone), Operation::Join),
        10..=13 if spare && other != powerful => Operation::Remove(powerful, other),
        14..=17 if spare => Operation::Leave(other),
        18..=29 => rule(powerful, other, chance),
        30..=39 if spare => hold(host, powerful, other, chance),
        40..=54 => words(anyone, other, powerful, chance),
        55..=59 => Operation::Rename(anyone),
        60..=63 | 65..=69 => trouble(anyone, chance),
        64 if plan.lies && chance.permille(300) => lie(anyone, chance),
        70..=72 => attack(powerful, anyone, other, spare, chance),
        73..=75 if spare => Operation::Crash(other),
        76 => Operation::SecondDevice(anyone),
        77 if spare => Operation::Clone(other),
        _ => Operation::Speak(anyone, chance.within(1..=3)),
    }
}

fn rule(by: Name, whom: Name, chance: &mut Chance) -> Operation {
    match chance.within(0..=11) {
        0..=3 => Operation::Mute(by, whom),
        4..=6 => Operation::Unmute(by, whom),
        7 => Operation::MuteAll(by),
        8..=9 => Operation::UnmuteAll(by),
        10 => Operation::ForbidUnmute(by, chance.permille(300)),
        _ => Operation::Unmute(whom, whom),
    }
}

fn hold(host: Name, by: Name, whom: Name, chance: &mut Chance) -> Operation {
    match chance.within(0..=15) {
        0 => Operation::Lock(by),
        1..=3 => Operation::Unlock(by),
        4 => Operation::OpenDoor(host),
        5..=6 => Operation::SetRole(host, whom, Role::CoHost),
        7 => Operation::SetRole(host, whom, Role::Presenter),
        8 => Operation::SetRole(host, whom, Role::Attendee),
        9..=10 => Operation::SetSuccession(host),
        11 => Operation::TransferHost(host, whom),
        12 => Operation::NewLink(by),
        13 => Operation::RotateLink(by),
        14 => Operation::Passcode(by, chance.permille(300)),
        _ => Operation::Unban(by),
    }
}

fn words(by: Name, to: Name, powerful: Name, chance: &mut Chance) -> Operation {
    match chance.within(0..=13) {
        0..=4 => Operation::Chat(by),
        5..=7 => Operation::Whisper(by, to),
        8 => Operation::React(by),
        9 => Operation::RaiseHand(by, chance.permille(500)),
        10 => Operation::Announce(by),
        11 => Operation::AskToSend(powerful, to),
        12 => Operation::Record(powerful, chance.permille(500)),
        _ => Operation::DeclareSilent(powerful),
    }
}

fn trouble(who: Name, chance: &mut Chance) -> Operation {
    let ms = chance.magnitude(500..=30_000);
    match chance.within(0..=9) {
        0..=1 => Operation::Partition(who, ms),
        2..=3 => Operation::Offline(who, ms),
        4..=5 => Operation::Sleep(who, ms, chance.permille(500)),
        6..=7 => Operation::Handover(who),
        8 => Operation::Withhold(who, ms),
        _ => Operation::Slow(who, chance.within(1..=500), ms),
    }
}

fn lie(whom: Name, chance: &mut Chance) -> Operation {
    match chance.permille(500) {
        true => Operation::Split(whom, chance.magnitude(500..=30_000)),
        false => Operation::Garble(whom, chance.within(1..=3)),
    }
}

fn attack(by: Name, anyone: Name, other: Name, spare: bool, chance: &mut Chance) -> Operation {
    let tricks = [Trick::Promotion, Trick::Mute, Trick::Removal, Trick::Order, Trick::End];
    match chance.within(0..=3) {
        0 if spare && other != by => Operation::RemoveDeaf(by, other),
        1 => Operation::SendUnasked(other),
        _ => Operation::Forge(anyone, chance.pick(&tricks).unwrap_or(Trick::End), other),
    }
}
