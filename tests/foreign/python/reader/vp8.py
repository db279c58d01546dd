"""VP8 (SPEC 9.5): one unit, the first 10 bytes of a key frame clear, else one."""

from .errors import require
from .unit import Unit

KEY_FRAME = 10


class Vp8:
    """VP8."""

    number = 1

    @staticmethod
    def parse(frame):
        """The frame as its one unit: [M23]."""
        if not frame:
            return []
        key_frame = frame[0] & 1 == 0
        clear = KEY_FRAME if key_frame else 1
        if key_frame:
            require(len(frame) >= KEY_FRAME and frame[3:6] == b"\x9d\x01\x2a", "no key frame of VP8")
        return [Unit(frame[:clear], frame[clear:])]

    parse_sealed = parse

    @staticmethod
    def tail(units):
        """Nothing is told behind the plaintext."""
        return b""

    @staticmethod
    def write_sealed(units, pieces, trailer):
        """The frame on its way."""
        return units[0].clear + pieces[0] + trailer

    @staticmethod
    def write_opened(units, pieces, tail):
        """The frame as it was."""
        return units[0].clear + pieces[0]
