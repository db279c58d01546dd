"""A key package of one's own making (RFC 9420 sections 5.1.2, 7.2, 10; SPEC 6.1, 7.1)."""

from . import ed25519, identity
from .mls import vector
from .mls_messages import BASIC, KEY_PACKAGE, STATE_EXTENSION, SUITES


def _numbers(values, size=2):
    return vector(b"".join(value.to_bytes(size, "big") for value in values))


def _sign(secret, label, content):
    return vector(ed25519.sign(secret, vector(b"MLS 1.0 " + label.encode()) + vector(content)))


def credential(wire, meeting, identity_secret, leaf_secret, stay, direct_key, name):
    """The credential of a leaf of a person."""
    signed = identity.statement(meeting, ed25519.public(leaf_secret), stay, direct_key, 0, b"")
    parts = {"identity_key": ed25519.public(identity_secret), "stay": stay, "direct_key": direct_key}
    parts |= {"signature": ed25519.sign(identity_secret, signed)}
    return wire.encode("LeafCredential", {"version": 1, "name": name} | {field: value.hex() for field, value in parts.items()})


def make(profile, leaf_secret, shown, encryption_key, init_key, other):
    """The encoded key package; `other` names what is to be other than it should be: [G14]."""
    suite = other.get("suite", SUITES[profile])
    capabilities = [
        _numbers(other.get("versions", [1])),
        _numbers(other.get("suites", [SUITES[profile]])),
        _numbers(other.get("extension_types", [STATE_EXTENSION])),
        _numbers(other.get("proposals", [])),
        _numbers(other.get("credentials", [BASIC])),
    ]
    leaf = vector(encryption_key) + vector(ed25519.public(leaf_secret)) + BASIC.to_bytes(2, "big") + vector(shown)
    leaf += b"".join(capabilities) + bytes([KEY_PACKAGE])
    leaf += b"".join(int(end).to_bytes(8, "big") for end in other.get("lifetime", [0, 2**64 - 1]))
    leaf += vector(bytes.fromhex(other.get("leaf_extensions", "")))
    leaf += _sign(leaf_secret, other.get("leaf_label", "LeafNodeTBS"), leaf)
    package = (1).to_bytes(2, "big") + suite.to_bytes(2, "big") + vector(init_key) + leaf
    package += vector(bytes.fromhex(other.get("extensions", "")))
    return package + _sign(leaf_secret, other.get("label", "KeyPackageTBS"), package)
