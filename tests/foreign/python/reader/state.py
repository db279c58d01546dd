"""Roles, rights, labels, and what a state must not contradict (SPEC 4.6, 7.7)."""

from .errors import require

STANDARD, PORTABLE, POST_QUANTUM = 1, 2, 3
HOST, CO_HOST, PRESENTER, ATTENDEE = 1, 2, 3, 4
RECORDER, CAPTIONER, BRIDGE, BOT = 1, 2, 3, 4
SPEAK, VIDEO, SHARE_SCREEN, CHAT, REACT, RECORD = 6, 7, 8, 9, 10, 11
ALL_RIGHTS = 2**15 - 1


def right_set(*rights):
    """A set of rights as a number: right n is bit n - 1."""
    return sum(1 << right - 1 for right in rights)


LABEL_RIGHTS = {
    RECORDER: right_set(RECORD),
    CAPTIONER: right_set(CHAT),
    BRIDGE: right_set(SPEAK, VIDEO, SHARE_SCREEN, CHAT),
    BOT: right_set(CHAT, REACT),
}


def rights_of(state, entry):
    """What an entry of the state lets its identity do, its own word aside."""
    if entry.role == HOST:
        return ALL_RIGHTS
    by_role = {CO_HOST: state.rights.co_host, PRESENTER: state.rights.presenter, ATTENDEE: state.rights.attendee}
    rights = (by_role[entry.role] | entry.granted) & ~entry.withheld
    return rights & LABEL_RIGHTS[entry.label] if entry.HasField("label") else rights


def read(wire, data):
    """The state in the extension of a GroupContext."""
    state = wire.decode("GroupState", data)
    check(state)
    return state


def check(state):
    """[G22], as a joiner checks it."""
    roles = {}
    for entry in state.members:
        roles[entry.fingerprint] = entry.role
        exceptions = (entry.granted, entry.withheld, entry.HasField("label"), entry.muted, entry.unmuted)
        if entry.role == HOST:
            require(not any(exceptions), "a host with exceptions")
        if entry.role == ATTENDEE:
            require(any(exceptions) or entry.recording, "an entry of a plain attendee")
        require(entry.granted & entry.withheld == 0, "granted and withheld")
        require(entry.muted & entry.unmuted == 0, "muted and unmuted")
        if entry.recording:
            require(rights_of(state, entry) & right_set(RECORD), "records without the right")
    require(not any(ban in roles for ban in state.bans), "a banned identity has an entry")
    require(all(roles.get(who) == CO_HOST for who in state.succession), "the succession lists no co-host")
    if any(invite.passcode for invite in state.invites):
        require(state.HasField("passcode"), "no passcode to ask for")
    require(not (state.profile == PORTABLE and state.short_audio_tags), "short tags in the portable profile")
