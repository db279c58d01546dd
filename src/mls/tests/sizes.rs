//! How large a commit is in a meeting of 1,000.

use ed25519_dalek::SigningKey;
use incamera_wire::{
    CommitNote, Door, Envelope, EnvelopeKind, Fingerprint, GroupState, InviteEntry, LeafCredential,
    MemberEntry, Padding, RelayEntry, ResyncKey, Right, Rights, Role, RoleRights, SecretBytes,
    SecretText, StayId, TrackKind, TrackKinds,
};

use super::*;

/// How many leaves the meeting has.
const SIZE: u32 = 1_000;
/// What muting one member may cost, in bytes of a log entry.
const LIMIT: usize = 8_192;

/// 32 bytes that look like a key.
fn numbered(domain: u8, number: u32) -> [u8; 32] {
    use sha2::{Digest as _, Sha256};
    Sha256::digest([&[domain][..], &number.to_be_bytes()].concat()).into()
}

/// A stay with a credential of the usual size: a name of 12 bytes, nothing attested.
fn member_stay(number: u32) -> Stay {
    let credential = LeafCredential {
        identity_key: numbered(1, number),
        stay: StayId::new(numbered(2, number)[..16].try_into().unwrap()),
        direct_key: numbered(3, number),
        name: format!("Member {number:05}"),
        signature: [numbered(4, number), numbered(5, number)].concat().try_into().unwrap(),
        label: None,
        attestation: Vec::new(),
    };
    let signing_key = Arc::new(SigningKey::from_bytes(&numbered(6, number)));
    Stay { signing_key, credential: credential.encode() }
}

fn seeded(number: u32) -> Entropy {
    Entropy::seeded(numbered(7, number))
}

/// A state with 40 entries, 4 invites, a passcode, 10 bans, 2 relays and both heartbeat keys. One
/// entry more, `muted`, is that of a plain attendee who is muted.
fn state(muted: bool) -> Vec<u8> {
    let fingerprint = |domain, number| Fingerprint::new(numbered(domain, number));
    let secret = |number| SecretBytes::read(&numbered(8, number)).unwrap();
    let mut members: Vec<_> = (0..40).map(|number| entry(fingerprint(9, number), number)).collect();
    if muted {
        let muted = TrackKinds::of(&[TrackKind::Microphone]);
        members.push(MemberEntry { muted, ..MemberEntry::plain(fingerprint(9, 40)) });
    }
    members.sort_by_key(|entry| entry.fingerprint);
    let mut bans: Vec<_> = (0..10).map(|number| fingerprint(10, number)).collect();
    bans.sort();
    let relay = |number| RelayEntry { key: numbered(11, number), region: "eu-central".to_owned() };
    let mut relays = vec![relay(0), relay(1)];
    relays.sort_by_key(|relay| relay.key);
    let invite =
        |number| InviteEntry { name: "Everyone".to_owned(), ..InviteEntry::new(secret(number)) };
    let state = GroupState {
        profile: Profile::Standard,
        door: Door::WaitingRoom,
        rights: RoleRights { co_host: Rights::ALL, presenter: Rights::ALL, attendee: Rights::ALL },
        members,
        succession: (0..4).map(|number| fingerprint(9, number + 1)).collect(),
        muted: TrackKinds::NONE,
        unmute_forbidden: true,
        invites: (0..4).map(invite).collect(),
        lobby_key: secret(4),
        passcode: Some(SecretText::new("a passcode")),
        bans,
        relays,
        heartbeat_keys: vec![secret(5), secret(6)],
        resync_keys: (7..11)
            .map(|n| ResyncKey { lobby_key: secret(n), secret: secret(n + 4) })
            .collect(),
        short_audio_tags: false,
        padding: Padding::NONE,
    };
    state.encode()
}

/// A host, 4 co-hosts, and presenters of whom every other has an exception.
fn entry(fingerprint: Fingerprint, number: u32) -> MemberEntry {
    let role = match number {
        0 => Role::Host,
        1..=4 => Role::CoHost,
        _ => Role::Presenter,
    };
    let withheld = if number > 4 && number.is_multiple_of(2) {
        Rights::of(&[Right::Chat])
    } else {
        Rights::NONE
    };
    MemberEntry { role, withheld, ..MemberEntry::plain(fingerprint) }
}

/// The host of a meeting of [`SIZE`] leaves, which added them in batches. The first of each batch
/// has committed a path since it joined.
fn host(batch: usize) -> Group {
    let mut host =
        Group::create(&seeded(0), Profile::Standard, &member_stay(0), &MEETING, &state(false))
            .unwrap();
    host.set_psks(&[(INVITE, &link())]).unwrap();
    let numbers: Vec<u32> = (1..SIZE).collect();
    for numbers in numbers.chunks(batch) {
        let joiners: Vec<Candidate> = numbers
            .iter()
            .map(|number| {
                let (entropy, stay) = (seeded(*number), member_stay(*number));
                Group::joiner(&entropy, Profile::Standard, &stay).unwrap()
            })
            .collect();
        let adds: Vec<_> = joiners.iter().map(|joiner| joiner.key_package().to_vec()).collect();
        let built = host.build(&adding(&adds, &link())).unwrap();
        merge(&mut host, &built.message);
        let path = join(&joiners[0], &built).build(&renewing()).unwrap();
        merge(&mut host, &path.message);
    }
    assert_eq!(host.leaves().len(), SIZE as usize);
    host
}

fn merge(host: &mut Group, message: &[u8]) {
    let (staged, _) = host.stage(message).unwrap();
    host.merge(staged).unwrap();
}

/// How large the log entry is in which `host` mutes one more member.
fn size_of_a_mute(host: &mut Group) -> usize {
    let note = CommitNote { log_position: 5_000, ..CommitNote::default() }.encode();
    let new = state(true);
    let plan = CommitPlan { state: Some(&new), note: &note, ..CommitPlan::default() };
    let message = host.build(&plan).unwrap().message;
    // The ciphertext has a tag of 16 bytes.
    let ciphertext = vec![0; message.len() + 16];
    let (kind, epoch) = (EnvelopeKind::Handshake, host.epoch());
    let envelope =
        Envelope { meeting: MEETING, kind, epoch, nonce: [0; 24], ciphertext, welcome: None };
    envelope.encode().len()
}

/// DESIGN has every eighth leaf commit a path. Here it is the first of each batch of 32, which
/// takes a quarter of the joins, and can only make the host's path longer: at leaf 0 it is sealed
/// to 36 keys, the 31 others of its own 32 leaves (resolutions of 1, 2, 4, 8 and 16, where no node
/// is known) and one known node at each of the 5 levels above, of 82 bytes each. With every
/// eighth leaf they are 14 (1, 2, 4, and one at each of 7 levels) and the entry has 4.6 kB; with
/// every sixteenth 21 and 5.2 kB; in a cold tree 999, and 85 kB.
#[test]
fn muting_one_of_a_thousand_in_a_warm_tree_takes_at_most_8_kb() {
    let size = size_of_a_mute(&mut host(32));
    #[allow(clippy::print_stderr, reason = "how much room is left is worth knowing too")]
    {
        eprintln!("a mute in a warm tree of {SIZE}: {size} bytes, {} of state", state(true).len());
    }
    assert!(size <= LIMIT, "{size}");
}
