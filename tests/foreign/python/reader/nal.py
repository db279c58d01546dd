"""H.264 and H.265 (SPEC 9.5): a frame is an access unit in Annex B form."""

from .errors import require
from .unit import Unit

START = b"\x00\x00\x01"
# What of a unit stays clear: so many bytes, the front of a slice, or all (of ends: but for the last unit).
SLICE, PARAMETERS, END, DROPPED = "slice", "parameters", "end", "dropped"
# The longest prefix of zeros that a code of the two standards has.
LONGEST_PREFIX = 31


def _raw_units(frame):
    """The NAL units, each with whether its start code has 3 bytes."""
    require(frame.lstrip(b"\x00")[:1] == b"\x01" and frame.find(START) >= 0, "no start code")
    at, units = frame.find(START), []
    require(frame[:at].strip(b"\x00") == b"", "no start code")
    short = at == 0
    while at >= 0:
        begin = at + len(START)
        at = frame.find(START, begin)
        unit = frame[begin : at if at >= 0 else len(frame)]
        units.append((unit.rstrip(b"\x00"), short))
        short = not unit.endswith(b"\x00")
    return units


class _Bits:
    """The bits of a unit behind its header, without escapes."""

    def __init__(self, unit, at):
        self._unit, self._at, self._left, self._zeros = unit, at, 0, 0

    def bit(self):
        """The next bit."""
        if self._left == 0:
            if self._zeros >= 2 and self._unit[self._at : self._at + 1] == b"\x03":
                self._at, self._zeros = self._at + 1, 0
            require(self._at < len(self._unit), "a unit ends before its clear bytes do")
            self._zeros = self._zeros + 1 if self._unit[self._at] == 0 else 0
            self._at, self._left = self._at + 1, 8
        self._left -= 1
        return self._unit[self._at - 1] >> self._left & 1

    def code(self):
        """ue(v): its value is of no interest here."""
        prefix = 0
        while self.bit() == 0:
            prefix += 1
            require(prefix <= LONGEST_PREFIX, "a code of no length")
        for _ in range(prefix):
            self.bit()

    def end(self):
        """Behind the byte that was read last."""
        return self._at


def _escape(clear, data):
    """[M26]"""
    out, zeros = bytearray(), len(clear) - len(clear.rstrip(b"\x00"))
    for byte in data:
        if zeros >= 2 and byte <= 3:
            out.append(3)
            zeros = 0
        out.append(byte)
        zeros = zeros + 1 if byte == 0 else 0
    return bytes(out)


def _unescape(clear, data):
    out, zeros = bytearray(), len(clear) - len(clear.rstrip(b"\x00"))
    for byte in data:
        if zeros >= 2 and byte == 3:
            zeros = 0
            continue
        out.append(byte)
        zeros = zeros + 1 if byte == 0 else 0
    return bytes(out)


class _Nal:
    """What both codecs share."""

    def _units(self, frame):
        raw = [(unit, short, self._class(unit)) for unit, short in _raw_units(frame)]
        raw = [entry for entry in raw if entry[2] != DROPPED]
        require(not raw or raw[-1][2] != PARAMETERS, "the last unit is a parameter set")
        units = []
        for place, (unit, short, kind) in enumerate(raw):
            clear = self._clear(unit, kind, place == len(raw) - 1)
            require(clear <= len(unit), "a unit ends before its clear bytes do")
            units.append(Unit(unit[:clear], unit[clear:], short, kind))
        return units

    def _clear(self, unit, kind, last):
        if kind == PARAMETERS or kind == END and not last:
            return len(unit)
        if kind == SLICE:
            bits = _Bits(unit, self.header)
            self._slice(unit, bits)
            return bits.end()
        return self.header if kind == END else kind

    @staticmethod
    def _is_sealed(unit, last):
        return unit.kind != PARAMETERS and (unit.kind != END or last)

    def parse(self, frame):
        """The units that are not dropped: [M25]."""
        return self._units(frame) if frame else []

    def parse_sealed(self, frame):
        """The same of a sealed frame, without escapes and what follows each ciphertext: [M26]."""
        units = self.parse(frame)
        for unit in units:
            unit.body = _unescape(unit.clear, unit.body)
            if unit is not units[-1] and self._is_sealed(unit, False):
                require(unit.body[-1:] == b"\x80", "a ciphertext without its end")
                unit.body = unit.body[:-1]
        return units

    @staticmethod
    def tail(units):
        """The start codes: a bit for each unit."""
        bits = "".join("1" if unit.short else "0" for unit in units)
        count = (len(units) + 7) // 8
        return int(bits.ljust(8 * count, "0"), 2).to_bytes(count, "big")

    def write_sealed(self, units, pieces, trailer):
        """The frame on its way."""
        out = b""
        for unit, piece in zip(units, pieces):
            last = unit is units[-1]
            end = trailer if last else b"\x80" if self._is_sealed(unit, False) else b""
            out += b"\x00" + START + unit.clear + _escape(unit.clear, piece + end)
        return out

    @staticmethod
    def write_opened(units, pieces, tail):
        """The frame with the start codes that the plaintext names."""
        bits = "".join(f"{byte:08b}" for byte in tail)
        require("1" not in bits[len(units) :], "unopenable")
        out = b""
        for unit, piece, short in zip(units, pieces, bits):
            out += (START if short == "1" else b"\x00" + START) + unit.clear + piece
        return out


class H264(_Nal):
    """H.264."""

    number, header = 3, 1

    @staticmethod
    def _class(unit):
        require(len(unit) >= 1 and unit[0] < 0x80, "no NAL unit")
        kind = unit[0] & 31
        require(kind != 0 and kind < 24, "a type that is refused")
        by_type = {1: SLICE, 5: SLICE, 14: 4, 20: 4, 21: 4, 10: END, 11: END, 9: DROPPED, 12: DROPPED}
        return PARAMETERS if kind in (7, 8, 13, 15, 16) else by_type.get(kind, 1)

    @staticmethod
    def _slice(unit, bits):
        # first_mb_in_slice, slice_type, pic_parameter_set_id
        for _ in range(3):
            bits.code()


class H265(_Nal):
    """H.265."""

    number, header = 4, 2

    @staticmethod
    def _class(unit):
        require(len(unit) >= 2 and unit[0] < 0x80 and unit[1] & 7, "no NAL unit")
        kind = unit[0] >> 1
        require(kind < 48, "a type that is refused")
        if kind < 32:
            return SLICE
        return {32: PARAMETERS, 33: PARAMETERS, 34: PARAMETERS, 35: DROPPED, 38: DROPPED, 36: END, 37: END}.get(kind, 2)

    @staticmethod
    def _slice(unit, bits):
        # first_slice_segment_in_pic_flag; of random access pictures no_output_of_prior_pics_flag; slice_pic_parameter_set_id
        for _ in range(2 if 16 <= unit[0] >> 1 <= 23 else 1):
            bits.bit()
        bits.code()
