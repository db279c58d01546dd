//! Who takes part: a meeting that exists already, from which every run begins.

use ed25519_dalek::SigningKey;
use incamera_wire::{GroupState, MailboxId, MeetingId, MemberEntry, Profile, Role};

use crate::admission::Invite;
use crate::entropy::Entropy;
use crate::hpke;
use crate::identity::Identity;
use crate::meeting::begin::new_stay;
use crate::meeting::face::Now;
use crate::meeting::machine::Core;
use crate::meeting::member::{Member, Standing};
use crate::meeting::mistakes::Mistake;
use crate::meeting::prefix::Beginning;
use crate::meeting::restore::Expected;
use crate::meeting::roster::Roster;
use crate::meeting::settings::Settings;
use crate::meeting::shared::Shared;
use crate::mls::{CommitPlan, Engine, Group, Joiner, Stay, Symbolic};
use crate::policy;

/// When every run begins, in monotonic milliseconds: late enough that anything can lie in the past.
pub(super) const START_MS: u64 = 1_000_000;
/// What snapshots are sealed under.
pub(super) const KEY: [u8; 32] = [9; 32];
/// The people, by index. The first is host and the second co-host, who follows.
pub(super) const NAMES: [&str; 6] = ["Ada", "Ben", "Cleo", "Dan", "Eve", "Finn"];

/// An engine to search with.
pub(super) trait Checked: Engine + 'static
where
    Self::Joiner: 'static,
{
    /// The same member with a source of randomness of its own.
    fn twin(&self, entropy: &Entropy) -> Self;
    /// Makes the next path unreadable here.
    fn lose_path(&mut self);
}

impl Checked for Symbolic {
    fn twin(&self, entropy: &Entropy) -> Self {
        self.twin(entropy)
    }

    fn lose_path(&mut self) {
        self.lose_path_keys();
    }
}

impl Checked for Group {
    fn twin(&self, entropy: &Entropy) -> Self {
        self.twin(entropy)
    }

    fn lose_path(&mut self) {
        self.lose_path_keys();
    }
}

/// A member before anything happens.
struct Seated<E> {
    stay_key: [u8; 32],
    group: E,
}

/// A meeting of the first few people, all of them in and confirmed, in an epoch whose log is empty.
pub(super) struct Cast<E> {
    meeting: MeetingId,
    seated: Vec<Seated<E>>,
    state: GroupState,
    roster: Roster,
    /// Who makes which mistake.
    mistake: Option<(usize, Mistake)>,
    /// Whether clients store snapshots.
    stores: bool,
}

pub(super) fn now(at_ms: u64) -> Now {
    Now { monotonic_ms: at_ms, unix_ms: 1_700_000_000_000 + at_ms }
}

fn seed(who: usize, life: u8) -> Entropy {
    let mut seed = [life; 32];
    seed[0] = who as u8;
    Entropy::seeded(seed)
}

/// The identity of a person: the same in every life.
pub(super) fn identity(who: usize) -> Identity {
    Identity::from_secret_key(&[0x40 + who as u8; 32], NAMES[who]).unwrap()
}

/// The state of the meeting: a host, a co-host who follows, and attendees.
fn state() -> GroupState {
    let opening = Settings::default().opening().unwrap();
    let mut state = policy::initial(opening, identity(0).fingerprint(), &seed(0, 0xfe)).unwrap();
    let ben = identity(1).fingerprint();
    state.members.push(MemberEntry { role: Role::CoHost, ..MemberEntry::plain(ben) });
    state.members.sort_by_key(|entry| entry.fingerprint);
    state.succession = vec![ben];
    state
}

fn shared(who: usize, life: u8, meeting: MeetingId) -> (Shared, Stay) {
    let mut shared = Shared::new(seed(who, life), &identity(who), meeting, Profile::Standard);
    let stay = new_stay(shared.as_mut().unwrap()).unwrap();
    (shared.unwrap(), stay)
}

impl<E: Checked> Cast<E> {
    /// A meeting of the first `size` people.
    pub(super) fn new(size: usize, mistake: Option<(usize, Mistake)>, stores: bool) -> Self {
        let (meeting, state) = (MeetingId::new([0x77; 16]), state());
        let stays: Vec<Stay> = (0..size).map(|who| shared(who, 0, meeting).1).collect();
        let encoded = state.encode();
        let host = E::create(&seed(0, 0xfd), Profile::Standard, &stays[0], &meeting, &encoded);
        let mut groups = vec![host.unwrap()];
        let joiner =
            |who: usize| E::joiner(&seed(who, 0xfd), Profile::Standard, &stays[who]).unwrap();
        let joiners: Vec<_> = (1..size).map(joiner).collect();
        let adds: Vec<_> = joiners.iter().map(|joiner| joiner.key_package().to_vec()).collect();
        let secret = state.invites[0].secret.duplicate();
        let psk = (policy::PskId::Invite(policy::invite_id(&secret)), &secret);
        groups[0].set_psks(&[psk]).unwrap();
        let plan = CommitPlan { adds: &adds, psk: Some(psk), ..CommitPlan::default() };
        let built = groups[0].build(&plan).unwrap();
        let (staged, _) = groups[0].stage(&built.message).unwrap();
        groups[0].merge(staged).unwrap();
        let welcome = built.welcome.unwrap();
        let join = |joiner: &E::Joiner| {
            let opened = joiner.open(&welcome.welcome, psk).unwrap();
            joiner.join(&meeting, opened, &welcome.tree).unwrap().0
        };
        groups.extend(joiners.iter().map(join));
        let roster = Roster::read(&groups[0].leaves(), meeting).unwrap();
        let seated =
            |(group, stay): (E, &Stay)| Seated { stay_key: stay.signing_key.to_bytes(), group };
        let seated = groups.into_iter().zip(&stays).map(seated).collect();
        Self { meeting, seated, state, roster, mistake, stores }
    }

    pub(super) fn stores(&self) -> bool {
        self.stores
    }

    /// A client that comes back from a snapshot, in one of the lives of its person.
    pub(super) fn restored(&self, who: usize, life: u8, stored: &[u8], at_ms: u64) -> Core<E> {
        let (entropy, expected) = (seed(who, life), Expected::default());
        let core = Core::restore(entropy, &identity(who), &KEY, stored, expected, now(at_ms));
        core.unwrap()
    }

    /// How many are in from the start.
    pub(super) fn size(&self) -> usize {
        self.seated.len()
    }

    /// The client of somebody who is in from the start.
    pub(super) fn member(&self, who: usize) -> Core<E> {
        let Seated { stay_key, group } = &self.seated[who];
        let (mut shared, stay) = shared(who, 0, self.meeting);
        assert_eq!(SigningKey::from_bytes(stay_key), *stay.signing_key);
        let now = now(START_MS);
        shared.unix_ms = now.unix_ms;
        shared.mistake = self.mistake.filter(|(by, _)| *by == who).map(|(_, mistake)| mistake);
        let (group, state) = (group.twin(&shared.entropy), self.state.duplicate());
        let (roster, standing) = (self.roster.clone(), Standing::Confirmed);
        let from = Beginning::Created;
        let member = Member::enter(&shared, group, state, roster, standing, from, START_MS);
        let member = member.unwrap();
        shared.keyring.allow_sealing(true);
        Core::created(shared, member, now)
    }

    /// A client that knocks with the link that was valid at the beginning, in one of the lives of
    /// its person, and its mailbox.
    pub(super) fn knocker(&self, who: usize, life: u8, at_ms: u64) -> (Core<E>, MailboxId) {
        let invite = Invite {
            profile: Profile::Standard,
            passcode: false,
            meeting: self.meeting,
            lobby_key: hpke::public_key(&self.state.lobby_key),
            link_secret: self.state.invites[0].secret.duplicate(),
        };
        Core::join(seed(who, life), &identity(who), &invite, None, now(at_ms)).unwrap()
    }
}
