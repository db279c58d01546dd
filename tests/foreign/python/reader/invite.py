"""Invites and what is named by them (SPEC 7.4, 8.1)."""

import base64
import hashlib
import re

from .errors import require

PREFIX = "incamera:1."
LENGTH = 83


def named(kind, secret):
    """The id of an invite or of a resync key."""
    return hashlib.sha256(b"incamera 1 " + kind.encode() + b" id" + secret).digest()[:16]


def psk_id(kind, secret):
    """The id of the PSK with which a commit adds."""
    return b"incamera 1 " + kind.encode() + named(kind, secret)


def write(invite):
    """The text of an invite."""
    data = bytes([1, invite["profile"], int(invite["passcode"])]) + invite["meeting"] + invite["lobby"] + invite["secret"]
    return PREFIX + base64.urlsafe_b64encode(data).decode()[:111]


def read(text):
    """The invite in a text: [A1]."""
    if text.startswith(PREFIX):
        text = text[len(PREFIX) :]
    else:
        require(text.startswith("https://") and "#" in text, "neither prefix nor fragment")
        text = text.split("#", 1)[1]
    require(re.fullmatch("[A-Za-z0-9_-]{111}", text, re.A), "no 111 characters of base64url")
    data = base64.urlsafe_b64decode(text + "=")
    require(base64.urlsafe_b64encode(data).decode() == text + "=", "trailing bits")
    require(data[0] == 1 and 1 <= data[1] <= 3 and data[2] <= 1, "another version, profile or flag")
    return {"profile": data[1], "passcode": data[2] == 1, "meeting": data[3:19], "lobby": data[19:51], "secret": data[51:]}
