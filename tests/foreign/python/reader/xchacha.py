"""XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03), of which the package `cryptography` has no more than the inner cipher."""

import struct

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from .errors import Refused

_ROUNDS = [(0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15), (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14)]


def _turn(value, bits):
    return (value << bits | value >> 32 - bits) & 0xFFFFFFFF


def _quarter(s, a, b, c, d):
    for first, second in ((16, 12), (8, 7)):
        s[a] = s[a] + s[b] & 0xFFFFFFFF
        s[d] = _turn(s[d] ^ s[a], first)
        s[c] = s[c] + s[d] & 0xFFFFFFFF
        s[b] = _turn(s[b] ^ s[c], second)


def _hchacha20(key, nonce):
    s = list(struct.unpack("<16I", b"expand 32-byte k" + key + nonce))
    for _ in range(10):
        for places in _ROUNDS:
            _quarter(s, *places)
    return struct.pack("<8I", *s[:4], *s[12:])


def _inner(key, nonce):
    return ChaCha20Poly1305(_hchacha20(key, nonce[:16])), bytes(4) + nonce[16:]


def seal(key, nonce, associated, plaintext):
    """Ciphertext and tag."""
    cipher, inner = _inner(key, nonce)
    return cipher.encrypt(inner, plaintext, associated)


def open(key, nonce, associated, ciphertext):
    """The plaintext, or `Refused`."""
    cipher, inner = _inner(key, nonce)
    try:
        return cipher.decrypt(inner, ciphertext, associated)
    except InvalidTag:
        raise Refused("a seal does not open") from None
