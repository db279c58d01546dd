"""AV1 (SPEC 9.5): a frame is a sequence of OBUs; header, extension and size stay clear."""

from .errors import require
from .unit import Unit

DROPPED = (2, 8, 15)
FORBIDDEN, EXTENSION, HAS_SIZE = 0x80, 0x04, 0x02
LONGEST_SIZE = 8


def _leb128(value):
    out = b""
    while value >= 0x80:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def _size(frame, at):
    value = 0
    for count in range(LONGEST_SIZE):
        require(at + count < len(frame), "a size is cut off")
        value |= (frame[at + count] & 0x7F) << 7 * count
        if frame[at + count] < 0x80:
            return value, at + count + 1
    require(False, "a size of too many bytes")


class Av1:
    """AV1."""

    number = 2

    @staticmethod
    def parse(frame):
        """The OBUs that are not dropped: [M24]."""
        units, at = [], 0
        while at < len(frame):
            first = frame[at]
            require(first & FORBIDDEN == 0, "the forbidden bit is set")
            front = 2 if first & EXTENSION else 1
            require(at + front <= len(frame), "an OBU is cut off")
            clear = bytes([first & ~HAS_SIZE]) + frame[at + 1 : at + front]
            size, at = _size(frame, at + front) if first & HAS_SIZE else (len(frame) - at - front, at + front)
            require(size <= len(frame) - at, "an OBU ends behind the frame")
            if first >> 3 & 15 not in DROPPED:
                units.append(Unit(clear, frame[at : at + size]))
            at += size
        return units

    parse_sealed = parse

    @staticmethod
    def tail(units):
        """Nothing is told behind the plaintext."""
        return b""

    @staticmethod
    def _sized(unit, payload):
        return bytes([unit.clear[0] | HAS_SIZE]) + unit.clear[1:] + _leb128(len(payload)) + payload

    def write_sealed(self, units, pieces, trailer):
        """The frame on its way: the last OBU has no size."""
        front = b"".join(self._sized(unit, piece) for unit, piece in zip(units[:-1], pieces))
        return front + units[-1].clear + pieces[-1] + trailer

    def write_opened(self, units, pieces, tail):
        """The frame as decoders want it: each OBU has a size."""
        return b"".join(self._sized(unit, piece) for unit, piece in zip(units, pieces))
