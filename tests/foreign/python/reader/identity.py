"""Fingerprints, certificates, codes and relay proofs (SPEC 6.1, 6.2, 9.4, appendix A)."""

import base64
import hashlib
import re

from . import ed25519
from .errors import require


def fingerprint(identity_key):
    """SPEC 2"""
    return hashlib.sha256(b"incamera 1 fingerprint" + identity_key).digest()


def statement(meeting, leaf_key, stay, direct_key, label, attestation):
    """What an identity certifies: [I7]."""
    return b"incamera 1 certificate" + meeting + leaf_key + stay + direct_key + bytes([label]) + hashlib.sha256(attestation).digest()


def check_name(name):
    """[I3]"""
    bad = [(0, 0x1F), (0x7F, 0x9F), (0x061C, 0x061C), (0x200E, 0x200F), (0x2028, 0x202E), (0x2066, 0x2069), (0xFEFF, 0xFEFF)]
    require(1 <= len(name.encode()) <= 64, "the length of the name")
    require(not any(low <= ord(letter) <= high for letter in name for low, high in bad), "a character of the name")


def verify_credential(wire, meeting, leaf_key, data):
    """The credential of a leaf, once its certificate verifies: [I2]."""
    credential = wire.decode("LeafCredential", data)
    signed = statement(meeting, leaf_key, credential.stay, credential.direct_key, credential.label, credential.attestation)
    ed25519.verify(credential.identity_key, signed, credential.signature)
    check_name(credential.name)
    return credential


def relay_statement(challenge, meeting, certificate):
    """What a relay signs: [M12]."""
    return b"incamera 1 relay" + challenge + meeting + certificate


def words(specification):
    """The words of appendix A, by number."""
    text = specification[specification.index("## Appendix A") :]
    return [word for row in re.findall(r"^\| [0-9a-f]0 \| (.*) \|$", text, re.M) for word in row.split()]


def forms(prefix, digest, wordlist):
    """The three forms of a code."""
    groups = [int.from_bytes(digest[5 * place : 5 * place + 5], "big") % 100_000 for place in range(6)]
    return {
        "digits": " ".join(f"{group:05}" for group in groups),
        "words": " ".join(wordlist[byte] for byte in digest[:12]),
        "qr": prefix + base64.urlsafe_b64encode(digest[:32]).rstrip(b"=").decode(),
    }


def safety_input(wire, meeting, epoch, authenticator, members):
    """What a safety code is computed from: [I4]. Members are pairs of identity key and stay."""
    listed = [{"identity_key": key.hex(), "stay": stay.hex()} for key, stay in sorted(members)]
    parts = {"version": 1, "meeting": meeting.hex(), "epoch": epoch, "authenticator": authenticator.hex(), "members": listed}
    return wire.encode("SafetyCodeInput", parts)


def safety_code(wordlist, data):
    """The code of an encoded SafetyCodeInput."""
    return forms("incamera-code:1.", hashlib.sha512(b"incamera 1 safety code" + data).digest(), wordlist)


def pair_code(wordlist, one, other):
    """[I5]"""
    require(one != other, "one identity alone")
    low, high = sorted((one, other))
    return forms("incamera-pair:1.", hashlib.sha512(b"incamera 1 pair code" + low + high).digest(), wordlist)
