"""Entries of the log, blobs, and the events in them (SPEC 4.3 to 4.5, 5.2, 7.12)."""

import hashlib

from . import ed25519, xchacha
from .errors import require
from .mls import expand, exporter

HANDSHAKE, EVENT, ORDER, HEARTBEAT = 1, 2, 3, 4
LABELS = {HANDSHAKE: "incamera 1 handshake", EVENT: "incamera 1 event"}


def exported(exporter_secret):
    """What a member exports from an epoch beside its base keys (5.2)."""
    uses = ("handshake", "event", "direct", "tree")
    return {use: exporter(exporter_secret, f"incamera 1 {use}", b"", 32) for use in uses}


def order_key(heartbeat_key):
    """[K9]"""
    return expand(heartbeat_key, b"incamera 1 order", 32)


def heartbeat_seal(heartbeat_key):
    """[K10]"""
    return expand(heartbeat_key, b"incamera 1 heartbeat", 32)


def envelope_key(kind, exporter_secret, heartbeat_key):
    """The key of an envelope of a kind."""
    if kind in LABELS:
        return exporter(exporter_secret, LABELS[kind], b"", 32)
    return order_key(heartbeat_key) if kind == ORDER else heartbeat_seal(heartbeat_key)


def associated(kind, meeting, epoch, welcome=b"", tree=b""):
    """[W6]"""
    numbers = bytes([kind]) + meeting + epoch.to_bytes(8, "big")
    return b"incamera 1 envelope" + numbers + len(welcome).to_bytes(4, "big") + welcome + tree


def open_envelope(wire, meeting, data, key_of):
    """The envelope and what it holds; `key_of` gives the keys to try for a kind and an epoch."""
    envelope = wire.decode("Envelope", data)
    require(envelope.meeting == meeting, "another meeting")
    aad = associated(envelope.kind, meeting, envelope.epoch, envelope.welcome.welcome, envelope.welcome.tree)
    return envelope, xchacha.open(key_of(envelope.kind, envelope.epoch), envelope.nonce, aad, envelope.ciphertext)


def seal_envelope(wire, kind, meeting, epoch, nonce, key, plaintext):
    """An envelope without a Welcome."""
    ciphertext = xchacha.seal(key, nonce, associated(kind, meeting, epoch), plaintext)
    parts = {"version": 1, "meeting": meeting.hex(), "kind": kind, "epoch": epoch, "nonce": nonce.hex()}
    return wire.encode("Envelope", parts | {"ciphertext": ciphertext.hex()})


def open_blob(wire, address, key, data):
    """The ratchet tree in a blob: [W9], [A9]."""
    require(hashlib.sha256(data).digest() == address, "another blob")
    blob = wire.decode("SealedBlob", data)
    return xchacha.open(key, blob.nonce, b"incamera 1 blob", blob.ciphertext)


def _in_kind(event):
    """The envelope kind in which an event travels; none for a rejoin."""
    return {"removal_order": ORDER, "heartbeat": HEARTBEAT, "rejoin": None}.get(event, EVENT)


def open_event(wire, meeting, data, kind, epoch, leaf_key=None):
    """The body of a SignedEvent in an envelope of a kind and an epoch: [G11]."""
    signed = wire.decode("SignedEvent", data)
    body = wire.decode("EventBody", signed.body)
    require(body.meeting == meeting, "another meeting")
    require(body.epoch == epoch, "another epoch than its envelope's")
    require(_in_kind(body.WhichOneof("kind")) == kind, "an event in an envelope of another kind")
    if leaf_key is not None:
        ed25519.verify(leaf_key, b"incamera 1 event" + signed.body, signed.signature)
    return body


def sign_event(wire, secret, fields):
    """A SignedEvent of a body with these fields."""
    body = wire.encode("EventBody", fields)
    signature = ed25519.sign(secret, b"incamera 1 event" + body)
    return wire.encode("SignedEvent", {"version": 1, "body": body.hex(), "signature": signature.hex()})


class LogHash:
    """What has been read of the log since an epoch began: [G25]."""

    def __init__(self, sequence, entry):
        self.value = hashlib.sha256(b"incamera 1 log" + sequence.to_bytes(8, "big") + hashlib.sha256(entry).digest()).digest()

    def read(self, entry):
        """Goes on by an entry."""
        self.value = hashlib.sha256(self.value + hashlib.sha256(entry).digest()).digest()
