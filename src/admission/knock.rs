//! A knock: HPKE in PSK mode to the lobby's key, the link secret as PSK, so that the server learns
//! neither name nor key and nobody without the link can make one (SPEC \[A2\]).

use incamera_wire::{
    DenyReason, InviteId, Knock, KnockAnswer, KnockAnswerContent, KnockContent, MailboxId,
    MeetingId,
};

use super::Invite;
use crate::entropy::{Entropy, NoEntropy};
use crate::envelope;
use crate::error::{Error, Fault};
use crate::hpke;
use crate::secret::Secret;

/// HPKE's `info` for a knock.
const INFO: &[u8] = b"incamera 1 knock";

/// What a knock is sealed with: of an invite, or of a resync key.
pub(crate) struct KnockKey<'a> {
    /// The meeting.
    pub(crate) meeting: MeetingId,
    /// Names the invite or the resync key.
    pub(crate) id: InviteId,
    /// The X25519 public key.
    pub(crate) lobby_key: [u8; 32],
    /// The PSK.
    pub(crate) secret: &'a Secret<32>,
}

/// Seals a knock, and gives the key under which an answer will come.
pub(crate) fn seal_knock(
    invite: &Invite,
    entropy: &Entropy,
    mailbox: MailboxId,
    content: &KnockContent,
) -> Result<(Knock, Secret<32>), Error> {
    let Invite { meeting, lobby_key, link_secret, .. } = invite;
    let (meeting, id, lobby_key) = (*meeting, invite.id(), *lobby_key);
    let key = KnockKey { meeting, id, lobby_key, secret: link_secret };
    seal_knock_under(&key, entropy, mailbox, content)
}

/// As [`seal_knock`], under any such key.
pub(crate) fn seal_knock_under(
    key: &KnockKey<'_>,
    entropy: &Entropy,
    mailbox: MailboxId,
    content: &KnockContent,
) -> Result<(Knock, Secret<32>), Error> {
    let id = key.id;
    let mut knock = Knock {
        meeting: key.meeting,
        invite: id,
        mailbox,
        encapsulated_key: [0; 32],
        ciphertext: Vec::new(),
    };
    // SPEC [A2]
    let sealed = hpke::seal_psk(
        entropy,
        &key.lobby_key,
        INFO,
        key.secret,
        id.as_bytes(),
        &knock.associated_data(),
        &content.encode(),
    )
    .map_err(|_| {
        Error::Invite("its lobby key is no usable X25519 key: ask the host for the link")
    })?;
    knock.encapsulated_key = sealed.encapsulated_key;
    knock.ciphertext = sealed.ciphertext;
    Ok((knock, sealed.exported))
}

/// What a knock says once it is open.
pub(crate) struct OpenedKnock {
    /// The key package and the log position.
    pub(crate) content: KnockContent,
    /// The key for an answer.
    pub(crate) answer_key: Secret<32>,
}

/// Opens a knock with the lobby's private key and the link secret of the invite that it names.
pub(crate) fn open_knock(
    lobby_key: &Secret<32>,
    link_secret: &Secret<32>,
    knock: &Knock,
) -> Result<OpenedKnock, Fault> {
    // SPEC [A2]
    let (content, answer_key) = hpke::open_psk(
        lobby_key,
        &knock.encapsulated_key,
        INFO,
        link_secret,
        knock.invite.as_bytes(),
        &knock.associated_data(),
        &knock.ciphertext,
    )
    .map_err(|_| Fault::Unopenable)?;
    Ok(OpenedKnock { content: KnockContent::decode(&content)?, answer_key })
}

/// Seals a denial for whoever made the knock.
pub(crate) fn seal_denial(
    answer_key: &Secret<32>,
    entropy: &Entropy,
    mailbox: MailboxId,
    reason: DenyReason,
) -> Result<KnockAnswer, NoEntropy> {
    seal_reply(answer_key, entropy, mailbox, &KnockAnswerContent::Denial { reason })
}

/// Seals an answer for whoever made the knock.
pub(crate) fn seal_reply(
    answer_key: &Secret<32>,
    entropy: &Entropy,
    mailbox: MailboxId,
    content: &KnockAnswerContent,
) -> Result<KnockAnswer, NoEntropy> {
    envelope::seal_answer(answer_key, entropy, mailbox, &content.encode())
}

/// Opens an answer (SPEC \[A10\]).
pub(crate) fn open_reply(
    answer_key: &Secret<32>,
    mailbox: MailboxId,
    answer: &KnockAnswer,
) -> Result<KnockAnswerContent, Fault> {
    if answer.mailbox != mailbox {
        return Err(Fault::Unopenable);
    }
    // SPEC [A10]
    let content = envelope::open_answer(answer_key, answer).map_err(|_| Fault::Unopenable)?;
    Ok(KnockAnswerContent::decode(&content)?)
}

#[cfg(test)]
mod tests {
    use incamera_wire::Profile;

    use super::*;
    use crate::hpke::by_hand::{self, AeadId, Sender};
    use crate::wycheproof;

    fn entropy() -> Entropy {
        Entropy::seeded([1; 32])
    }

    /// An invite and the lobby's private key.
    fn invite() -> (Invite, Secret<32>) {
        let (lobby_private, lobby_key) = hpke::generate_key(&entropy()).unwrap();
        let invite = Invite {
            profile: Profile::Standard,
            passcode: false,
            meeting: MeetingId::new([2; 16]),
            lobby_key,
            link_secret: Secret::filled(|bytes| *bytes = [3; 32]),
        };
        (invite, lobby_private)
    }

    fn content() -> KnockContent {
        KnockContent {
            key_package: vec![7; 300],
            log_position: 9,
            passcode_share: None,
            passcode_tag: None,
            rejoin: None,
        }
    }

    #[test]
    fn a_knock_opens_with_the_lobby_key_and_the_link_secret() {
        let (invite, lobby_key) = invite();
        let mailbox = MailboxId::new([4; 16]);
        let (knock, answer_key) = seal_knock(&invite, &entropy(), mailbox, &content()).unwrap();
        let opened = open_knock(&lobby_key, &invite.link_secret, &knock).unwrap();
        assert_eq!(opened.content, content());
        assert_eq!(opened.answer_key, answer_key);
    }

    #[test]
    fn a_knock_without_the_link_secret_is_refused() {
        // SPEC [A2]
        let (invite, lobby_key) = invite();
        let other = Secret::filled(|bytes| *bytes = [9; 32]);
        let forged = Invite { link_secret: other.duplicate(), ..self::invite().0 };
        let mailbox = MailboxId::new([4; 16]);
        let (mut knock, _) = seal_knock(&forged, &entropy(), mailbox, &content()).unwrap();
        knock.invite = invite.id();
        let refused = open_knock(&lobby_key, &invite.link_secret, &knock);
        assert_eq!(refused.err(), Some(Fault::Unopenable));
    }

    #[test]
    fn a_knock_with_a_changed_clear_field_is_refused() {
        // SPEC [A2]
        let (invite, lobby_key) = invite();
        let changes: [fn(&mut Knock); 5] = [
            |k| k.meeting = MeetingId::new([9; 16]),
            |k| k.invite = InviteId::new([9; 16]),
            |k| k.mailbox = MailboxId::new([9; 16]),
            |k| k.encapsulated_key[0] ^= 1,
            |k| k.ciphertext[0] ^= 1,
        ];
        for (index, change) in changes.iter().enumerate() {
            let mailbox = MailboxId::new([4; 16]);
            let (mut knock, _) = seal_knock(&invite, &entropy(), mailbox, &content()).unwrap();
            change(&mut knock);
            let refused = open_knock(&lobby_key, &invite.link_secret, &knock);
            assert_eq!(refused.err(), Some(Fault::Unopenable), "change {index}");
        }
    }

    #[test]
    fn a_denial_counts_only_under_the_key_of_the_knock() {
        // SPEC [A10]
        let key = |byte| Secret::filled(|bytes: &mut [u8; 32]| *bytes = [byte; 32]);
        let mailbox = MailboxId::new([4; 16]);
        let answer = seal_denial(&key(1), &entropy(), mailbox, DenyReason::Full).unwrap();
        let said = KnockAnswerContent::Denial { reason: DenyReason::Full };
        assert_eq!(open_reply(&key(1), mailbox, &answer), Ok(said));
        assert_eq!(open_reply(&key(2), mailbox, &answer), Err(Fault::Unopenable));
        let elsewhere = MailboxId::new([5; 16]);
        assert_eq!(open_reply(&key(1), elsewhere, &answer), Err(Fault::Unopenable));
    }

    #[test]
    fn x25519_in_a_knock_comes_out_as_wycheproof_says() {
        // SPEC [A2]
        let invite = invite().0;
        let (mut shared, mut zero) = (0, 0);
        for case in wycheproof::cases(wycheproof::X25519) {
            let [private, public, dh] = ["private", "public", "shared"].map(|n| case.array(n));
            let lobby_private = Secret::read(&private).unwrap();
            let lobby_key = hpke::public_key(&lobby_private);
            let sender = Sender { dh: &dh, encapsulated_key: &public, recipient: &lobby_key };
            let mut knock = Knock {
                meeting: invite.meeting,
                invite: invite.id(),
                mailbox: MailboxId::new([4; 16]),
                encapsulated_key: public,
                ciphertext: Vec::new(),
            };
            let psk = Some((invite.link_secret.expose(), &knock.invite.as_bytes()[..]));
            let bound = (INFO, &knock.associated_data()[..]);
            let content = content();
            knock.ciphertext =
                by_hand::seal(&sender, AeadId::ChaCha20Poly1305, psk, bound, &content.encode());
            let opened = open_knock(&lobby_private, &invite.link_secret, &knock);
            let expected = if dh == [0; 32] { Err(Fault::Unopenable) } else { Ok(content.clone()) };
            assert_eq!(opened.map(|opened| opened.content), expected, "{case}");
            // Nobody knocks at a lobby with such a key.
            let link_secret = invite.link_secret.duplicate();
            let at = Invite { lobby_key: public, link_secret, ..invite };
            let sealed = seal_knock(&at, &entropy(), knock.mailbox, &content);
            assert_eq!(sealed.is_ok(), dh != [0; 32], "{case}");
            *if dh == [0; 32] { &mut zero } else { &mut shared } += 1;
        }
        assert_eq!((shared, zero), (487, 31));
    }
}
