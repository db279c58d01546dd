//! What a server keeps and sees, and what clients bind it to.

mod common;

use common::samples;
use incamera_wire::server::{Appended, LogFull, OrderedLog};
use incamera_wire::{
    BlobHash, EnvelopeKind, InviteId, Knock, KnockAnswer, MailboxId, MeetingId, MessageId,
};
use proptest::prelude::*;

fn id(number: u8) -> MessageId {
    MessageId::new([number; 16])
}

proptest! {
    /// Random appends, many of them repeated, against the plainest model of an ordered log.
    #[test]
    fn a_log_keeps_one_order_and_one_entry_per_id(
        posts in prop::collection::vec((0u8..20, any::<u8>()), 0..60),
        from in 0u64..25,
    ) {
        let mut log = OrderedLog::new(1 << 20);
        let mut model: Vec<(MessageId, Vec<u8>)> = Vec::new();
        for (number, content) in posts {
            let known = model.iter().position(|(known, _)| *known == id(number));
            let seq = known.unwrap_or(model.len()) as u64;
            let appended = log.append(id(number), &[content]).unwrap();
            // SPEC [S2]
            prop_assert_eq!(appended, Appended { seq, duplicate: known.is_some() });
            if known.is_none() {
                model.push((id(number), vec![content]));
            }
            prop_assert_eq!(log.next(), model.len() as u64);
        }
        // SPEC [S1]
        let expected = model.iter().zip(0..).map(|((_, bytes), seq)| (seq, bytes.as_slice()));
        let read: Vec<_> = log.read(from).collect();
        prop_assert_eq!(read, expected.skip(from as usize).collect::<Vec<_>>());
    }
}

#[test]
fn a_repeated_post_with_other_bytes_changes_nothing() {
    // SPEC [S1] [S2]
    let mut log = OrderedLog::new(1000);
    log.append(id(1), b"first").unwrap();
    assert_eq!(log.append(id(1), b"second"), Ok(Appended { seq: 0, duplicate: true }));
    assert_eq!(log.read(0).collect::<Vec<_>>(), [(0, b"first".as_slice())]);
}

#[test]
fn a_full_log_refuses_and_stays_as_it_was() {
    let room = 2 * (OrderedLog::ENTRY_OVERHEAD + 10);
    let mut log = OrderedLog::new(room);
    log.append(id(1), &[0; 10]).unwrap();
    let free_bytes = OrderedLog::ENTRY_OVERHEAD + 10;
    assert_eq!(log.append(id(2), &[0; 11]), Err(LogFull { free_bytes }));
    assert_eq!(log.next(), 1);
    assert_eq!(log.append(id(2), &[0; 10]), Ok(Appended { seq: 1, duplicate: false }));
    assert_eq!(log.append(id(3), &[]), Err(LogFull { free_bytes: 0 }));
    // A repeated post needs no room.
    assert_eq!(log.append(id(1), &[0; 10]), Ok(Appended { seq: 0, duplicate: true }));
}

#[test]
fn reading_past_the_end_gives_nothing() {
    let mut log = OrderedLog::new(1000);
    log.append(id(1), b"entry").unwrap();
    assert_eq!(log.read(1).count(), 0);
    assert_eq!(log.read(u64::MAX).count(), 0);
}

#[test]
fn an_envelopes_associated_data_covers_every_clear_field() {
    // SPEC [W6]
    let changes: [fn(&mut incamera_wire::Envelope); 7] = [
        |envelope| envelope.meeting = MeetingId::new([9; 16]),
        |envelope| envelope.kind = EnvelopeKind::Event,
        |envelope| envelope.epoch += 1,
        |envelope| envelope.welcome = None,
        |envelope| envelope.welcome.as_mut().unwrap().welcome[0] ^= 1,
        |envelope| envelope.welcome.as_mut().unwrap().welcome.push(5),
        |envelope| envelope.welcome.as_mut().unwrap().tree = BlobHash::new([9; 32]),
    ];
    let original = samples::envelope().associated_data();
    for change in changes {
        let mut envelope = samples::envelope();
        change(&mut envelope);
        assert_ne!(envelope.associated_data(), original);
    }
}

#[test]
fn an_envelopes_associated_data_has_the_documented_layout() {
    // SPEC [W6]
    let expected = [
        &b"incamera 1 envelope\x01"[..],
        &[1; 16],
        &300_u64.to_be_bytes(),
        &50_u32.to_be_bytes(),
        &[4; 50],
        &[5; 32],
    ];
    assert_eq!(samples::envelope().associated_data(), expected.concat());
    let mut plain = samples::envelope();
    plain.welcome = None;
    let expected = [&b"incamera 1 envelope\x01"[..], &[1; 16], &300_u64.to_be_bytes(), &[0; 4]];
    assert_eq!(plain.associated_data(), expected.concat());
}

#[test]
fn a_knocks_associated_data_covers_its_ids() {
    let knock = Knock {
        meeting: MeetingId::new([1; 16]),
        invite: InviteId::new([2; 16]),
        mailbox: MailboxId::new([3; 16]),
        encapsulated_key: [4; 32],
        ciphertext: vec![5; 16],
    };
    let expected = [&b"incamera 1 knock"[..], &[1; 16], &[2; 16], &[3; 16]].concat();
    assert_eq!(knock.associated_data(), expected);
    let mailbox = knock.mailbox;
    let answer = KnockAnswer { mailbox, nonce: [6; 24], ciphertext: vec![7; 16] };
    assert_eq!(answer.associated_data(), [&b"incamera 1 answer"[..], &[3; 16]].concat());
}
