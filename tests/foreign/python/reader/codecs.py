"""Frames of which some bytes stay clear (SPEC 9.5)."""

from . import av1, nal, vp8
from .errors import require
from .padding import pad, unpad
from .sframe import parse_header

LONGEST = 2**24
MOST_UNITS = 1024
LONGEST_METADATA = 2**16
LONGEST_TAG = 16

CODECS = {"VP8": vp8.Vp8(), "AV1": av1.Av1(), "H264": nal.H264(), "H265": nal.H265()}


def _metadata(codec, units):
    out = bytes([codec.number])
    for unit in units:
        out += len(unit.clear).to_bytes(4, "big") + unit.clear
        if unit is not units[-1]:
            out += len(unit.body).to_bytes(4, "big")
    require(len(out) <= LONGEST_METADATA, "too much is clear")
    return out


def _check_units(units):
    require(len(units) > 0, "nothing to send")
    require(len(units) <= MOST_UNITS, "too many units")


def _split(units, data):
    """As many bytes for each unit as its body has, the rest for the last."""
    pieces, at = [], 0
    for unit in units[:-1]:
        pieces.append(data[at : at + len(unit.body)])
        at += len(unit.body)
    require(at <= len(data), "unopenable")
    return [*pieces, data[at:]]


def parts(name, frame, padding):
    """Units, plaintext and metadata of a frame that is to be sealed."""
    codec = CODECS[name]
    require(len(frame) <= LONGEST, "too long")
    units = codec.parse(frame)
    _check_units(units)
    plaintext = b"".join(unit.body for unit in units) + codec.tail(units)
    return units, pad(padding, plaintext), _metadata(codec, units)


def seal(name, key, counter, frame, padding=0):
    """The sealed frame."""
    units, plaintext, metadata = parts(name, frame, padding)
    front, sealed = key.seal(counter, metadata, plaintext)
    at = len(sealed) - key.suite.nt
    trailer = front + sealed[at:]
    trailer += bytes([len(trailer) + 1])
    return CODECS[name].write_sealed(units, _split(units, sealed[:at]), trailer)


class Sealed:
    """A sealed frame that parses; nothing of it is authentic yet: [M22]."""

    def __init__(self, name, frame):
        self._codec = CODECS[name]
        self._units = self._codec.parse_sealed(frame)
        _check_units(self._units)
        last = self._units[-1]
        require(len(last.body) > 0 and 3 <= last.body[-1] <= len(last.body), "no trailer")
        trailer = last.body[-last.body[-1] : -1]
        last.body = last.body[: -last.body[-1]]
        self.kid, self.counter, front = parse_header(trailer)
        self._front, self._tag = trailer[:front], trailer[front:]
        require(1 <= len(self._tag) <= LONGEST_TAG, "a tag of no length")

    def open(self, key, padding=0):
        """The opened form: [M28]."""
        require(len(self._tag) == key.suite.nt, "unopenable")
        ciphertext = b"".join(unit.body for unit in self._units) + self._tag
        plaintext = unpad(padding, key.open(self._front, self.counter, _metadata(self._codec, self._units), ciphertext))
        at = len(plaintext) - len(self._codec.tail(self._units))
        require(at >= 0, "unopenable")
        return self._codec.write_opened(self._units, _split(self._units, plaintext[:at]), plaintext[at:])
