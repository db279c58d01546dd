"""What a message says beyond the limits of its fields: order and distinctness (SPEC 4.5, 4.6, 6.2)."""

from .errors import require
from .tracks import CAMERA, KINDS, SCREEN, kind_of


def strictly_sorted(values):
    """Whether each value is above the one before it."""
    return all(low < high for low, high in zip(values, values[1:]))


def distinct(values):
    """Whether no value comes twice."""
    return len(set(values)) == len(values)


def _group_state(message):
    require(strictly_sorted([entry.fingerprint for entry in message.members]), "members are not sorted")
    require(distinct(message.succession), "the succession names somebody twice")
    require(distinct([entry.secret for entry in message.invites]), "two invites have one secret")
    require(strictly_sorted(message.bans), "bans are not sorted")
    require(strictly_sorted([entry.key for entry in message.relays]), "relays are not sorted")
    require(distinct(message.heartbeat_keys), "a heartbeat key comes twice")
    require(distinct([entry.secret for entry in message.resync_keys]), "two resync keys have one secret")


def _event_body(message):
    kind = message.WhichOneof("kind")
    if kind == "announcement":
        contexts = [track.context for track in message.announcement.tracks]
        require(strictly_sorted(contexts), "tracks are not sorted")
        require(all(kind_of(context) in KINDS for context in contexts), "a context has no kind")
    elif kind == "host_silent":
        require(strictly_sorted(message.host_silent.hosts), "hosts are not sorted")
    elif kind == "key_frame_request":
        require(kind_of(message.key_frame_request.context) in (CAMERA, SCREEN), "no track of video")


def _safety_code_input(message):
    require(strictly_sorted([(entry.identity_key, entry.stay) for entry in message.members]), "members are not sorted")


_RULES = {"GroupState": _group_state, "EventBody": _event_body, "SafetyCodeInput": _safety_code_input}


def check(message):
    """Refuses a message whose fields contradict the text."""
    rule = _RULES.get(message.DESCRIPTOR.name)
    if rule:
        rule(message)
