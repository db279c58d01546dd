//! Arbitrary consistent states, arbitrary changes and arbitrary differences, from a seed.

use incamera_wire::InviteId;

use super::*;

/// Seeded numbers.
struct Dice(Entropy);

impl Dice {
    fn new(seed: u64) -> Self {
        let mut bytes = [7; 32];
        bytes[..8].copy_from_slice(&seed.to_be_bytes());
        Self(Entropy::seeded(bytes))
    }

    fn below(&self, bound: usize) -> usize {
        usize::try_from(u32::from_be_bytes(self.0.array().unwrap())).unwrap() % bound
    }

    fn one_in(&self, sides: usize) -> bool {
        self.below(sides) == 0
    }

    fn pick<T: Copy>(&self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    fn rights(&self) -> Rights {
        let bits = u32::try_from(self.below(1 << 15)).unwrap();
        Rights::from_bits(bits).unwrap()
    }

    fn few_rights(&self) -> Rights {
        self.rights().intersection(self.rights()).intersection(self.rights())
    }

    fn kinds(&self) -> TrackKinds {
        TrackKinds::from_bits(u32::try_from(self.below(32)).unwrap()).unwrap()
    }

    fn label(&self) -> Option<Label> {
        self.one_in(6).then(|| self.pick(Label::ALL))
    }

    /// Some that are here, and some that are not.
    fn who(&self) -> Fingerprint {
        person(u8::try_from(self.below(13)).unwrap() + 1)
    }

    fn passcode(&self) -> Option<SecretText> {
        let length = self.below(70);
        (!self.one_in(3)).then(|| SecretText::new(&"7".repeat(length)))
    }

    fn invite(&self) -> InviteEntry {
        let mut invite = invite(u8::try_from(self.below(20)).unwrap() + 100);
        invite.passcode = self.one_in(3);
        invite.name = "é".repeat(self.below(36));
        invite
    }

    fn relays(&self) -> Vec<RelayEntry> {
        (0..self.below(19)).map(|_| relay(u8::try_from(self.below(60)).unwrap())).collect()
    }
}

fn role_rights(dice: &Dice) -> RoleRights {
    RoleRights { co_host: dice.rights(), presenter: dice.rights(), attendee: dice.few_rights() }
}

fn arbitrary_entry(dice: &Dice, who: Fingerprint) -> MemberEntry {
    let role = dice.pick(Role::ALL);
    let recording = dice.one_in(3);
    let plain = MemberEntry::plain(who);
    if role == Role::Host {
        return MemberEntry { role, recording, ..plain };
    }
    let (granted, muted) = (dice.few_rights(), dice.kinds());
    let withheld = dice.few_rights().difference(granted);
    let unmuted = dice.kinds().difference(muted);
    let label = dice.label();
    MemberEntry { role, granted, withheld, label, muted, unmuted, recording, ..plain }
}

/// A consistent state: the parts are drawn at random, and what contradicts is left out.
fn arbitrary_state(dice: &Dice) -> GroupState {
    let mut state = state();
    state.door = dice.pick(Door::ALL);
    state.rights = role_rights(dice);
    state.members.truncate(1);
    state.bans.clear();
    for byte in 2..14 {
        let who = person(byte);
        let mut entry = arbitrary_entry(dice, who);
        if entry.recording {
            let plain = MemberEntry { recording: false, ..entry };
            entry.recording =
                crate::policy::rights::rights_of_entry(&state, &plain).contains(Right::Record);
        }
        match dice.below(4) {
            0 => {}
            1 => state.bans.push(who),
            _ if entry == MemberEntry::plain(who) => {}
            _ => state.members.push(entry),
        }
    }
    let co_hosts = state.members.iter().filter(|entry| entry.role == Role::CoHost);
    state.succession = co_hosts.map(|entry| entry.fingerprint).filter(|_| dice.one_in(2)).collect();
    state.muted = dice.kinds();
    state.unmute_forbidden = dice.one_in(2);
    state.relays = vec![];
    assert_eq!(validate(&state, Profile::Standard), Ok(()));
    assert_eq!(GroupState::decode(&state.encode()), Ok(state.duplicate()));
    state
}

fn arbitrary_change(dice: &Dice, state: &GroupState) -> Change {
    let invite = |index: usize| state.invites.get(index).map(|one| invite_id(&one.secret));
    let id = || invite(dice.below(3)).unwrap_or(InviteId::new([9; 16]));
    let fresh = || secret(u8::try_from(dice.below(20)).unwrap() + 100);
    match dice.below(21) {
        0 => Change::Door(dice.pick(Door::ALL)),
        1 => Change::RoleRights(role_rights(dice)),
        2 => Change::Role(dice.who(), dice.pick(Role::ALL)),
        3 => Change::TransferHost(dice.who()),
        4 => Change::Exceptions(dice.who(), dice.few_rights(), dice.few_rights()),
        5 => Change::Label(dice.who(), dice.label()),
        6 => Change::Mute(dice.who(), dice.kinds()),
        7 => Change::Unmute(dice.who(), dice.kinds()),
        8 => Change::MuteAll(dice.kinds()),
        9 => Change::UnmuteAll(dice.kinds()),
        10 => Change::ForbidUnmute(dice.one_in(2)),
        11 => Change::Succession((0..dice.below(4)).map(|_| dice.who()).collect()),
        12 => Change::AddInvite(dice.invite()),
        13 => Change::RotateInvite(id(), fresh()),
        14 => Change::RevokeInvite(id()),
        15 => Change::Passcode(dice.passcode()),
        16 => Change::Ban(dice.who()),
        17 => Change::Unban(dice.who()),
        18 => Change::Relays(dice.relays()),
        19 => Change::Recording(dice.one_in(2)),
        _ => Change::ReplaceHosts,
    }
}

#[test]
fn a_change_keeps_a_state_canonical_and_consistent() {
    // SPEC [G22]
    let (mut made, mut accepted) = (0, 0);
    for seed in 0..400 {
        let dice = Dice::new(seed);
        let mut old = arbitrary_state(&dice);
        for _ in 0..10 {
            let change = arbitrary_change(&dice, &old);
            let who = u8::try_from(dice.below(10)).unwrap() + 1;
            let mut new = old.duplicate();
            let done = apply(&mut new, &roster(), &by(who), &change);
            if done.is_err() {
                continue;
            }
            let read = GroupState::decode(&new.encode());
            assert_eq!(read.as_ref(), Ok(&new), "seed {seed}: {change:?}");
            assert_eq!(validate(&new, Profile::Standard), Ok(()), "seed {seed}: {change:?}");
            if change != Change::ReplaceHosts {
                let mut again = new.duplicate();
                assert_eq!(apply(&mut again, &roster(), &by(who), &change), Ok(()));
                assert_eq!(again, new, "seed {seed}: {change:?} has an effect twice");
            }
            made += 1;
            if received(&old, who, &new).is_ok() {
                accepted += 1;
                old = new;
            }
        }
    }
    assert!(made > 2000 && accepted > 200, "{made} made, {accepted} accepted");
}

/// A state that somebody might forge out of `old`.
fn forged(dice: &Dice, old: &GroupState) -> GroupState {
    let mut new = old.duplicate();
    for _ in 0..=dice.below(2) {
        let entry = arbitrary_entry(dice, dice.who());
        match dice.below(17) {
            0 => new.door = dice.pick(Door::ALL),
            1 => new.rights = role_rights(dice),
            2 => new.succession.reverse(),
            3 => new.muted = dice.kinds(),
            4 => new.unmute_forbidden = !new.unmute_forbidden,
            5 => new.invites.truncate(1),
            6 => new.lobby_key = secret(90),
            7 => new.passcode = text("0"),
            8 => new.bans = vec![dice.who()],
            9 => new.relays = vec![relay(1)],
            10 => new.heartbeat_keys.push(secret(91)),
            16 => new.resync_keys.push(resync_key(91)),
            11 => new.profile = dice.pick(Profile::ALL),
            12 | 13 => {
                let own = person(ATTENDEE);
                let whose = new.members.iter_mut().find(|entry| entry.fingerprint == own);
                if let Some(whose) = whose {
                    let (kinds, more) = (dice.kinds(), dice.kinds().intersection(dice.kinds()));
                    whose.recording &= dice.one_in(2);
                    whose.muted =
                        if dice.one_in(4) { kinds } else { whose.muted.difference(kinds) };
                    whose.unmuted = whose.unmuted.union(more).difference(whose.muted);
                }
            }
            _ => {
                new.members.retain(|old| old.fingerprint != entry.fingerprint);
                if !dice.one_in(3) {
                    new.members.push(entry);
                }
                new.members.sort_unstable_by_key(|entry| entry.fingerprint);
            }
        }
    }
    new
}

#[test]
fn a_member_without_rights_unmutes_itself_or_ends_its_recording_and_nothing_else() {
    // SPEC [G15]
    let (mut accepted, mut refused) = (0, 0);
    for seed in 0..6000 {
        let dice = Dice::new(seed);
        let mut old = arbitrary_state(&dice);
        old.rights.attendee = Rights::NONE;
        let own = person(ATTENDEE);
        // An attendee without a grant; it may be muted, and be said to record.
        old.members.retain(|entry| entry.fingerprint != own);
        old.members.retain(|entry| entry.role != Role::Attendee || !entry.recording);
        old.bans.retain(|who| *who != own);
        let (muted, recording) = (dice.kinds(), dice.one_in(2));
        let place = old.members.partition_point(|entry| entry.fingerprint < own);
        let unmuted = dice.kinds().difference(muted);
        let mine = MemberEntry { muted, unmuted, recording, ..entry(ATTENDEE, Role::Attendee) };
        old.members.insert(place, mine);
        let new = forged(&dice, &old);
        if received(&old, ATTENDEE, &new).is_err() {
            refused += 1;
            continue;
        }
        accepted += 1;
        let now = entry_of(&new, &own);
        let MemberEntry {
            fingerprint: _,
            role,
            granted,
            withheld,
            label,
            muted,
            unmuted,
            recording,
        } = now;
        assert_eq!((role, label), (Role::Attendee, None), "seed {seed}");
        assert_eq!((granted, withheld), (Rights::NONE, Rights::NONE), "seed {seed}");
        assert!(!recording, "seed {seed}");
        assert!(muted.difference(mine.muted).is_empty(), "seed {seed}");
        assert!(mine.unmuted.difference(unmuted).is_empty(), "seed {seed}");
        let own_bits = (muted, unmuted) != (mine.muted, mine.unmuted);
        assert!(!(own_bits && old.unmute_forbidden), "seed {seed}");
        // And everything else is as it was.
        let rest = |state: &GroupState| {
            let mut rest = state.duplicate();
            rest.members.retain(|entry| entry.fingerprint != own);
            rest
        };
        assert_eq!(rest(&old), rest(&new), "seed {seed}");
    }
    assert!(accepted > 30 && refused > 3000, "{accepted} accepted, {refused} refused");
}

#[test]
fn what_follows_from_a_removal_is_canonical_consistent_and_accepted() {
    // SPEC [G9], [G22]
    for seed in 0..300 {
        let dice = Dice::new(seed);
        let old = arbitrary_state(&dice);
        let roster = roster();
        let gone: Vec<_> = (0..dice.below(4)).map(|_| dice.who()).collect();
        let leaves = roster.iter().filter(|one| one.leaf != 1 && gone.contains(&one.fingerprint));
        let removes: Vec<u32> = leaves.map(|one| one.leaf).collect();
        let removal = removal(&roster, &by(HOST), &removes, &[]).unwrap();
        let fresh = || Rotation::fresh(&old, &Entropy::seeded([2; 32]));
        let Some(new) = derive(&old, &roster, &removal, fresh).unwrap() else { continue };
        assert_eq!(GroupState::decode(&new.encode()).as_ref(), Ok(&new), "seed {seed}");
        assert_eq!(validate(&new, Profile::Standard), Ok(()), "seed {seed}");
        let scene = Scene { state: &old, roster: &roster, orders: &[] };
        let parts = Proposed { removes: &removes, state: Some(&new), ..nothing(HOST) };
        assert_eq!(judge(&scene, &parts), OK, "seed {seed}");
    }
}
