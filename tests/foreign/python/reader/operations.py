"""What is asked without a meeting: each function takes a request's fields and gives the answer's."""

from . import admission, codecs, ed25519, envelope, hpke, identity, invite, key_package, mls, mls_messages, padding, passcode, rtp, sframe, state
from .errors import Refused, require

unhex = bytes.fromhex


def header(_, kid, counter):
    """An SFrame header."""
    return {"header": sframe.header(int(kid), int(counter)).hex()}


def parse_header(_, data):
    """Key id, counter and length of a header."""
    kid, counter, length = sframe.parse_header(unhex(data))
    return {"kid": str(kid), "counter": str(counter), "length": length}


def _key(suite, base_key, kid):
    return sframe.Key(sframe.SUITES[suite], unhex(base_key), int(kid))


def sframe_seal(_, suite, base_key, kid, counter, metadata, plaintext):
    """One frame, as RFC 9605's vectors have it."""
    key = _key(suite, base_key, kid)
    front, sealed = key.seal(int(counter), unhex(metadata), unhex(plaintext))
    return {"key": key.key.hex(), "salt": key.salt.hex(), "frame": (front + sealed).hex()}


def codec_seal(_, suite, base_key, kid, counter, codec, frame, padding=0):
    """A frame with clear bytes, and what went into the cipher."""
    _, plaintext, metadata = codecs.parts(codec, unhex(frame), padding)
    sealed = codecs.seal(codec, _key(suite, base_key, kid), int(counter), unhex(frame), padding)
    return {"plaintext": plaintext.hex(), "metadata": metadata.hex(), "frame": sealed.hex()}


def codec_open(_, suite, base_key, kid, codec, frame, padding=0):
    """The opened form of such a frame."""
    sealed = codecs.Sealed(codec, unhex(frame))
    require(sealed.kid == int(kid), "unopenable")
    return {"frame": sealed.open(_key(suite, base_key, kid), padding).hex(), "counter": str(sealed.counter)}


def pad(_, rule, frame):
    """A padded frame."""
    return {"padded": padding.pad(rule, unhex(frame)).hex()}


def unpad(_, rule, padded):
    """A frame without its padding."""
    return {"frame": padding.unpad(rule, unhex(padded)).hex()}


def rtp_cut(_, frame, longest_payload, packet):
    """The payloads of a frame."""
    return {"payloads": [payload.hex() for payload in rtp.cut(unhex(frame), longest_payload, packet)]}


def rtp_join(_, payloads):
    """The frame of payloads."""
    frame, packet = rtp.join([unhex(payload) for payload in payloads])
    return {"frame": frame.hex(), "packet": packet}


def verify(_, key, message, signature):
    """Whether a signature verifies, strictly."""
    ed25519.verify(unhex(key), unhex(message), unhex(signature))
    return {}


def named(_, kind, secret):
    """Id and PSK id of an invite or of a resync key."""
    return {"id": invite.named(kind, unhex(secret)).hex(), "psk_id": invite.psk_id(kind, unhex(secret)).hex()}


def fingerprint(_, identity_key):
    """The fingerprint of an identity."""
    return {"fingerprint": identity.fingerprint(unhex(identity_key)).hex()}


def statement(_, meeting, leaf_key, stay, direct_key, label, attestation):
    """What a certificate signs."""
    keys = [unhex(field) for field in (meeting, leaf_key, stay, direct_key)]
    return {"statement": identity.statement(*keys, label, unhex(attestation)).hex()}


def credential(reader, meeting, leaf_key, data):
    """A credential whose certificate verifies."""
    return {"fields": reader.wire.fields(identity.verify_credential(reader.wire, unhex(meeting), unhex(leaf_key), unhex(data)))}


def safety_code(reader, meeting, epoch, authenticator, members):
    """A safety code in its forms; members are pairs."""
    pairs = [(unhex(key), unhex(stay)) for key, stay in members]
    data = identity.safety_input(reader.wire, unhex(meeting), int(epoch), unhex(authenticator), pairs)
    return {"input": data.hex()} | identity.safety_code(reader.words, data)


def pair_code(reader, one, other):
    """A pair code in its forms."""
    return identity.pair_code(reader.words, unhex(one), unhex(other))


def read_invite(_, text):
    """What an invite says."""
    return {name: value.hex() if isinstance(value, bytes) else value for name, value in invite.read(text).items()}


def write_invite(_, profile, passcode, meeting, lobby, secret):
    """The text of an invite."""
    keys = {"meeting": unhex(meeting), "lobby": unhex(lobby), "secret": unhex(secret)}
    return {"text": invite.write(keys | {"profile": profile, "passcode": passcode})}


def associated(_, kind, meeting, epoch, welcome="", tree=""):
    """The associated data of an envelope."""
    return {"associated": envelope.associated(kind, unhex(meeting), int(epoch), unhex(welcome), unhex(tree)).hex()}


def heartbeat_keys(_, heartbeat_key):
    """The keys of orders and of heartbeats."""
    key = unhex(heartbeat_key)
    return {"order": envelope.order_key(key).hex(), "heartbeat": envelope.heartbeat_seal(key).hex()}


def log_hash(_, sequence, entry, more=()):
    """The log hash behind an entry, and behind each that follows."""
    log, out = envelope.LogHash(int(sequence), unhex(entry)), []
    out.append(log.value.hex())
    for following in more:
        log.read(unhex(following))
        out.append(log.value.hex())
    return {"hashes": out}


def relay_proof(reader, challenge, certificate, proof):
    """A relay's proof that answers an encoded challenge."""
    asked = reader.wire.decode("RelayChallenge", unhex(challenge))
    answer = reader.wire.decode("RelayProof", unhex(proof))
    signed = identity.relay_statement(asked.challenge, asked.meeting, unhex(certificate))
    ed25519.verify(answer.key, signed, answer.signature)
    return {"key": answer.key.hex(), "statement": signed.hex()}


def prove(reader, secret, challenge, certificate):
    """A relay's proof for an encoded challenge."""
    asked = reader.wire.decode("RelayChallenge", unhex(challenge))
    signature = ed25519.sign(unhex(secret), identity.relay_statement(asked.challenge, asked.meeting, unhex(certificate)))
    parts = {"version": 1, "key": ed25519.public(unhex(secret)).hex(), "signature": signature.hex()}
    return {"proof": reader.wire.encode("RelayProof", parts).hex()}


def check_state(reader, data):
    """A state that does not contradict itself."""
    return {"fields": reader.wire.fields(state.read(reader.wire, unhex(data)))}


def check_name(_, name):
    """A name that may be shown."""
    identity.check_name(name)
    return {}


def verdicts(reader, message, data):
    """Which of these are such a message."""
    taken = []
    for each in data:
        try:
            reader.wire.decode(message, unhex(each))
            taken.append(True)
        except Refused:
            taken.append(False)
    return {"taken": taken}


def exporter(_, exporter_secret, label, context, length):
    """MLS-Exporter"""
    return {"secret": mls.exporter(unhex(exporter_secret), label, unhex(context), length).hex()}


def read_key_package(reader, data, profile, meeting):
    """A key package whose signatures and certificate verify: its reference, and its leaf."""
    package = mls_messages.key_package(unhex(data), profile)
    leaf = package["leaf"]
    shown = identity.verify_credential(reader.wire, unhex(meeting), leaf["signature_key"], leaf["credential"])
    return {
        "reference": mls.key_package_ref(package["bytes"]).hex(),
        "signature_key": leaf["signature_key"].hex(),
        "credential": reader.wire.fields(shown),
    }


def make_key_package(reader, profile, meeting, identity_secret, leaf_secret, stay, direct_secret, name, secrets, other):
    """A key package of a person; `secrets` are its private keys: that of its leaf, and its init key."""
    leaf = unhex(leaf_secret)
    parts = unhex(meeting), unhex(identity_secret), leaf, unhex(stay), hpke.public(unhex(direct_secret)), name
    shown = key_package.credential(reader.wire, *parts)
    keys = [hpke.public(unhex(secret)) for secret in secrets]
    return {"data": key_package.make(profile, leaf, shown, *keys, other).hex()}


def seal_knock(reader, meeting, lobby, secret, kind, mailbox, ephemeral, content):
    """A knock with a content given by its fields, and the key of its answers."""
    names = invite.named(kind, unhex(secret))
    data = reader.wire.encode("KnockContent", content)
    parts = unhex(meeting), unhex(lobby), unhex(secret), names, unhex(mailbox), unhex(ephemeral), data
    knock, key = admission.seal_knock(reader.wire, *parts)
    return {"knock": knock.hex(), "answer_key": key.hex()}


def open_knock(reader, meeting, lobby_key, secret, kind, knock):
    """The content of a knock, its mailbox, and the key of its answers."""
    names = invite.named(kind, unhex(secret))
    parts = unhex(meeting), unhex(lobby_key), unhex(secret), names, unhex(knock)
    opened, content, key = admission.open_knock(reader.wire, *parts)
    return {"content": reader.wire.fields(content), "mailbox": opened.mailbox.hex(), "answer_key": key.hex()}


def seal_answer(reader, answer_key, mailbox, nonce, content):
    """An answer with a content given by its fields."""
    data = reader.wire.encode("KnockAnswerContent", content)
    return {"answer": admission.seal_answer(reader.wire, unhex(answer_key), unhex(mailbox), unhex(nonce), data).hex()}


def open_answer(reader, answer_key, mailbox, answer):
    """The content of an answer."""
    return {"content": reader.wire.fields(admission.open_answer(reader.wire, unhex(answer_key), unhex(mailbox), unhex(answer)))}


def seal_chat(_, direct_key, psk, ephemeral, binding, text):
    """A private chat."""
    bound = admission.binding(unhex(binding["meeting"]), int(binding["epoch"]), unhex(binding["author"]), unhex(binding["recipient"]), int(binding["counter"]))
    key, ciphertext = admission.seal_chat(unhex(direct_key), unhex(psk), unhex(ephemeral), bound, text)
    return {"encapsulated_key": key.hex(), "ciphertext": ciphertext.hex()}


def open_chat(_, private, psk, binding, encapsulated_key, ciphertext):
    """The text of a private chat."""
    bound = admission.binding(unhex(binding["meeting"]), int(binding["epoch"]), unhex(binding["author"]), unhex(binding["recipient"]), int(binding["counter"]))
    return {"text": admission.open_chat(unhex(private), unhex(psk), unhex(encapsulated_key), bound, unhex(ciphertext))}


def public_key(_, private):
    """The X25519 public key of a private key."""
    return {"public": hpke.public(unhex(private)).hex()}


def passcode_inputs(_, passcode_text, meeting, invite_id, reference, mailbox, secret):
    """What a run depends on, and one's share of it."""
    session = passcode.sid(unhex(meeting), unhex(invite_id), unhex(reference), unhex(mailbox))
    ci = passcode.channel(unhex(meeting))
    g = passcode.generator(passcode_text.encode(), ci, session)
    own = passcode.share(g, passcode.scalar(unhex(secret)))
    return {"sid": session.hex(), "ci": ci.hex(), "share": own.hex()}


def passcode_tags(_, sid, secret, own, other, reference, admitter, knocker):
    """Ta and Tb, as the knocker or as the admitter."""
    scalar = passcode.scalar(unhex(secret))
    ta, tb = passcode.tags(unhex(sid), scalar, unhex(own), unhex(other), unhex(reference), unhex(admitter), knocker)
    return {"ta": ta.hex(), "tb": tb.hex()}


OPERATIONS = {
    operation.__name__: operation
    for operation in (
        header, parse_header, sframe_seal, codec_seal, codec_open, pad, unpad, rtp_cut, rtp_join, verify, named, fingerprint,
        statement, credential, safety_code, pair_code, read_invite, write_invite, associated, heartbeat_keys, log_hash,
        relay_proof, prove, check_state, check_name, verdicts, exporter, read_key_package, make_key_package, seal_knock, open_knock, seal_answer, open_answer, seal_chat, open_chat,
        public_key, passcode_inputs, passcode_tags,
    )
}
