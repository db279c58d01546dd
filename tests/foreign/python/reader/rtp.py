"""Sealed frames in payloads of RTP (SPEC 9.6): cutting up, and putting together what came in order."""

from .errors import require

FIRST, LAST, PACKET, RESERVED = 0x80, 0x40, 0x20, 0x1F
LONGEST, MOST_PAYLOADS = 2 * 2**20, 2048


def cut(sealed, longest_payload, packet=False):
    """The payloads of a sealed frame: [M30], [M32]."""
    require(0 < len(sealed) <= LONGEST and longest_payload > 1, "no frame to send")
    count = -(-len(sealed) // (longest_payload - 1))
    require(count <= MOST_PAYLOADS, "too many payloads")
    short, longer = divmod(len(sealed), count)
    out, at = [], 0
    for place in range(count):
        size = short + (place < longer)
        flags = (place == 0) * FIRST | (place == count - 1) * LAST | packet * PACKET
        out.append(bytes([flags]) + sealed[at : at + size])
        at += size
    return out


def join(payloads):
    """The sealed frame, and whether one packet was sealed: [M31], [M33], [M34]."""
    require(payloads and all(payloads), "a payload without a descriptor")
    for place, payload in enumerate(payloads):
        flags = (place == 0) * FIRST | (place == len(payloads) - 1) * LAST | payloads[0][0] & PACKET
        require(payload[0] & ~RESERVED == flags, "no frame")
    return b"".join(payload[1:] for payload in payloads), bool(payloads[0][0] & PACKET)
