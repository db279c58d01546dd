"""Knocks, their answers, and private chats, which are sealed alike (SPEC 7.10, 8.2, 8.3)."""

from . import hpke, xchacha
from .errors import Refused, require

KNOCK, ANSWER, DIRECT = b"incamera 1 knock", b"incamera 1 answer", b"incamera 1 direct"
LONGEST_CHAT = 2048


def _clear(meeting, invite, mailbox):
    return KNOCK + meeting + invite + mailbox


def seal_knock(wire, meeting, lobby, secret, names, mailbox, ephemeral, content):
    """A knock with its encoded content, and the key of its answers: [A2]. `names` is the invite id or the resync id."""
    context = hpke.sender(ephemeral, lobby, KNOCK, secret, names)
    ciphertext = context.seal(_clear(meeting, names, mailbox), content)
    parts = {"version": 1, "meeting": meeting.hex(), "invite": names.hex(), "mailbox": mailbox.hex()}
    parts |= {"encapsulated_key": context.encapsulated.hex(), "ciphertext": ciphertext.hex()}
    return wire.encode("Knock", parts), context.export(ANSWER, 32)


def open_knock(wire, meeting, lobby_key, secret, names, data):
    """Knock, content and the key of its answers."""
    knock = wire.decode("Knock", data)
    require(knock.meeting == meeting and knock.invite == names, "another meeting or invite")
    context = hpke.receiver(knock.encapsulated_key, lobby_key, KNOCK, secret, names)
    content = wire.decode("KnockContent", context.open(_clear(meeting, names, knock.mailbox), knock.ciphertext))
    return knock, content, context.export(ANSWER, 32)


def seal_answer(wire, key, mailbox, nonce, content):
    """An answer to a knock: [A10]."""
    ciphertext = xchacha.seal(key, nonce, ANSWER + mailbox, content)
    return wire.encode("KnockAnswer", {"version": 1, "mailbox": mailbox.hex(), "nonce": nonce.hex(), "ciphertext": ciphertext.hex()})


def open_answer(wire, key, mailbox, data):
    """The content of an answer in one's own mailbox."""
    answer = wire.decode("KnockAnswer", data)
    require(answer.mailbox == mailbox, "another mailbox")
    return wire.decode("KnockAnswerContent", xchacha.open(key, answer.nonce, ANSWER + mailbox, answer.ciphertext))


def binding(meeting, epoch, author, recipient, counter):
    """What a private chat is bound to: [G20]."""
    return meeting + epoch.to_bytes(8, "big") + author + recipient + counter.to_bytes(8, "big")


def seal_chat(direct_key, psk, ephemeral, bound, text):
    """Encapsulated key and ciphertext."""
    context = hpke.sender(ephemeral, direct_key, DIRECT, psk, DIRECT)
    return context.encapsulated, context.seal(bound, text.encode())


def open_chat(private, psk, encapsulated, bound, ciphertext):
    """The text of a private chat."""
    try:
        text = hpke.receiver(encapsulated, private, DIRECT, psk, DIRECT).open(bound, ciphertext).decode()
    except UnicodeDecodeError:
        raise Refused("no UTF-8") from None
    require(1 <= len(text.encode()) <= LONGEST_CHAT, "a length of a chat")
    return text
