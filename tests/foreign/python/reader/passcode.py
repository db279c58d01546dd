"""CPACE-RISTR255-SHA512 as a passcode is proved by it (SPEC 8.5)."""

import hashlib
import hmac

from . import ristretto
from .errors import require

NAME = b"CPaceRistretto255"
BLOCK = 128


def lv_cat(*parts):
    """Each part behind its length in LEB128."""
    out = b""
    for part in parts:
        count = len(part)
        while count >= 0x80:
            out += bytes([count & 0x7F | 0x80])
            count >>= 7
        out += bytes([count]) + part
    return out


def sid(meeting, invite_id, reference, mailbox):
    """The session id of a run."""
    return hashlib.sha512(b"incamera 1 passcode" + meeting + invite_id + reference + mailbox).digest()


def channel(meeting):
    """CI"""
    return lv_cat(b"incamera 1 knocker", meeting, b"incamera 1 admitter")


def generator(passcode, ci, session):
    """g"""
    zeros = max(0, BLOCK - 1 - len(lv_cat(NAME, passcode)))
    return ristretto.from_hash(hashlib.sha512(lv_cat(NAME, passcode, bytes(zeros), ci, session)).digest())


def scalar(wide):
    """64 random bytes as a scalar."""
    return int.from_bytes(wide, "little") % ristretto.ORDER


def share(g, secret):
    """Ya or Yb"""
    return ristretto.encode(ristretto.multiply(secret, g))


def tags(session, secret, own, other, ad_a, ad_b, knocker):
    """Ta and Tb of a run; `own` and `other` are the shares of whoever computes them: [A11]."""
    point = ristretto.multiply(secret, ristretto.decode(other))
    require(not ristretto.is_identity(point), "a share without a secret")
    ya, yb = (own, other) if knocker else (other, own)
    front, back = lv_cat(ya, ad_a), lv_cat(yb, ad_b)
    isk = hashlib.sha512(lv_cat(NAME + b"_ISK", session, ristretto.encode(point)) + front + back).digest()
    key = hashlib.sha512(b"CPaceMac" + session + isk).digest()
    return hmac.digest(key, front, "sha512"), hmac.digest(key, back, "sha512")
