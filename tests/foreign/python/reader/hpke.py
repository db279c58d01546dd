"""HPKE's PSK mode with DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and ChaCha20Poly1305 (RFC 9180; SPEC 8.2)."""

import hashlib
import hmac

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from .errors import Refused
from .mls import expand

_KEM = b"KEM\x00\x20"
_SUITE = b"HPKE\x00\x20\x00\x01\x00\x03"


def _extract(suite, salt, label, ikm):
    return hmac.new(salt, b"HPKE-v1" + suite + label + ikm, hashlib.sha256).digest()


def _expand(suite, secret, label, info, length):
    return expand(secret, length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info, length)


def public(private):
    """The X25519 public key of a private key."""
    return X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


def _agree(private, other):
    try:
        return X25519PrivateKey.from_private_bytes(private).exchange(X25519PublicKey.from_public_bytes(other))
    except ValueError:
        raise Refused("a key of small order") from None


class Context:
    """One message, and what is exported beside it."""

    def __init__(self, dh, encapsulated, recipient, info, psk, psk_id):
        shared = _extract(_KEM, b"", b"eae_prk", dh)
        shared = _expand(_KEM, shared, b"shared_secret", encapsulated + recipient, 32)
        context = b"\x01" + _extract(_SUITE, b"", b"psk_id_hash", psk_id) + _extract(_SUITE, b"", b"info_hash", info)
        secret = _extract(_SUITE, shared, b"secret", psk)
        self._cipher = ChaCha20Poly1305(_expand(_SUITE, secret, b"key", context, 32))
        self._nonce = _expand(_SUITE, secret, b"base_nonce", context, 12)
        self._exporter = _expand(_SUITE, secret, b"exp", context, 32)
        self.encapsulated = encapsulated

    def seal(self, aad, plaintext):
        """The context's first and only message."""
        return self._cipher.encrypt(self._nonce, plaintext, aad)

    def open(self, aad, ciphertext):
        """The plaintext of that message, or `Refused`."""
        try:
            return self._cipher.decrypt(self._nonce, ciphertext, aad)
        except InvalidTag:
            raise Refused("HPKE does not open") from None

    def export(self, context, length):
        """Context.Export"""
        return _expand(_SUITE, self._exporter, b"sec", context, length)


def sender(ephemeral, recipient, info, psk, psk_id):
    """SetupPSKS, with the ephemeral private key given."""
    return Context(_agree(ephemeral, recipient), public(ephemeral), recipient, info, psk, psk_id)


def receiver(encapsulated, private, info, psk, psk_id):
    """SetupPSKR"""
    return Context(_agree(private, encapsulated), encapsulated, public(private), info, psk, psk_id)
