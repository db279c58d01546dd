"""Padding of what is sealed (SPEC 9.7)."""

from .errors import require

LONGEST = 2**24


def padded_length(rule, length):
    """The length of a frame of `length` bytes, padded by `rule`."""
    if rule == 0:
        return length
    least = length + 1
    if rule == 1:
        if least < 2:
            return least
        exponent = least.bit_length() - 1
        unit = 1 << exponent - exponent.bit_length()
    else:
        unit = rule
    padded = -(-least // unit) * unit
    return min(padded, LONGEST) if length < LONGEST else padded


def pad(rule, frame):
    """The padded frame."""
    padded = frame if rule == 0 else (frame + b"\x80").ljust(padded_length(rule, len(frame)), b"\x00")
    require(len(padded) <= LONGEST, "too long")
    return padded


def unpad(rule, padded):
    """The frame in a padded one: [M40]."""
    if rule == 0:
        return padded
    frame = padded.rstrip(b"\x00")
    require(frame[-1:] == b"\x80", "unopenable")
    frame = frame[:-1]
    require(padded_length(rule, len(frame)) == len(padded), "unopenable")
    return frame
