"""Epochs, their media keys, and what a receiver and a sealer do with frames (SPEC 5.1 to 5.3, 9.1, 9.7)."""

from . import codecs, sframe
from .errors import Refused, require
from .mls import exporter
from .padding import pad, unpad
from .state import PORTABLE, POST_QUANTUM, STANDARD
from .tracks import EPOCH_BITS, SOUND, key_id, kind_of, split_key_id

WINDOW = 1024
MOST_FORGED = 2**23
SHORT_TAG = 10
LONGEST = 2**24
PROFILE_SUITES = {STANDARD: 0x0004, PORTABLE: 0xF001, POST_QUANTUM: 0x0005}
SHORT_SUITES = {STANDARD: 0x0001, POST_QUANTUM: 0x0006}
# These name a codec of which nothing stays clear.
WHOLE = ("whole", "opus", "VP9")


class Meeting:
    """What holds for a meeting's life."""

    def __init__(self, profile, short_audio_tags=False, audio_padding=0, other_padding=0):
        require(not (short_audio_tags and profile == PORTABLE), "short tags in the portable profile")
        self._profile, self._short = profile, short_audio_tags
        self._padding = (audio_padding, other_padding)

    def suite(self, context):
        """The SFrame suite of a track: [K11]."""
        short = self._short and kind_of(context) in SOUND
        return sframe.SUITES[(SHORT_SUITES if short else PROFILE_SUITES)[self._profile]]

    def padding(self, context):
        """The rule by which a track's frames are padded."""
        return self._padding[0 if kind_of(context) in SOUND else 1]


class Epoch:
    """The media keys of an epoch."""

    def __init__(self, meeting, number, leaves, base_key):
        self.meeting, self.number, self.leaves, self.highest = meeting, number, set(leaves), max(leaves)
        # The base key of a length.
        self._base_key, self._keys = base_key, {}

    def key_id(self, context, leaf):
        """The key id of a track of a member."""
        return key_id(context, leaf, self.number, self.highest)

    def key(self, context, leaf):
        """Its key: one for each key id, [M4]."""
        kid = self.key_id(context, leaf)
        if kid not in self._keys:
            suite = self.meeting.suite(context)
            self._keys[kid] = sframe.Key(suite, self._base_key(suite.nk), kid)
        return self._keys[kid]


class _Whole:
    """A frame that is sealed as a whole."""

    def __init__(self, frame):
        self.kid, self.counter, front = sframe.parse_header(frame)
        self._front, self._sealed = frame[:front], frame[front:]

    def open(self, key, padding):
        """What is in it."""
        return unpad(padding, key.open(self._front, self.counter, b"", self._sealed))


class _Window:
    """The counters that came: [M2]."""

    def __init__(self):
        self._highest, self._came = -1, set()

    def check(self, counter):
        """Refuses a counter that came, or is too old."""
        require(counter > self._highest - WINDOW and counter not in self._came, "unopenable")

    def take(self, counter):
        """Remembers a counter."""
        self._highest = max(self._highest, counter)
        self._came = {came for came in self._came if came > self._highest - WINDOW} | {counter}


class Receiver:
    """Opens frames of other members."""

    def __init__(self, own_leaf):
        self._own_leaf, self._epochs, self._windows, self._forged = own_leaf, {}, {}, {}

    def enter(self, epoch):
        """A later epoch takes the place of an earlier one with the same low bits."""
        self._epochs[epoch.number % 2**EPOCH_BITS] = epoch

    def open(self, framing, frame):
        """Epoch, leaf, context, counter and content of a frame."""
        sealed = _Whole(frame) if framing in WHOLE else codecs.Sealed(framing, frame)
        epoch = self._epochs.get(sealed.kid % 2**EPOCH_BITS)
        require(epoch, "no such epoch")
        context, leaf = split_key_id(sealed.kid, epoch.highest)
        # [M3], [K4]
        require(leaf in epoch.leaves and leaf != self._own_leaf, "no such member")
        slot = (epoch.number, leaf, context)
        window = self._windows.get(slot) or _Window()
        window.check(sealed.counter)
        key = epoch.key(context, leaf)
        require(key.suite.nt > SHORT_TAG or self._forged.get(slot, 0) < MOST_FORGED, "unopenable")
        try:
            content = sealed.open(key, epoch.meeting.padding(context))
        except Refused:
            self._forged[slot] = self._forged.get(slot, 0) + 1
            raise
        window.take(sealed.counter)
        self._windows[slot] = window
        return epoch.number, leaf, context, sealed.counter, content


def base_keys(exporter_secret):
    """The base keys of an epoch, by length: [K1]."""
    return lambda length: exporter(exporter_secret, "SFrame 1.0 Base Key", b"", length)


def seal(epoch, leaf, context, counter, framing, frame):
    """A frame of one's own leaf."""
    require(len(frame) <= LONGEST, "too long")
    key, padding = epoch.key(context, leaf), epoch.meeting.padding(context)
    if framing in WHOLE:
        front, sealed = key.seal(counter, b"", pad(padding, frame))
        return front + sealed
    return codecs.seal(framing, key, counter, frame, padding)
