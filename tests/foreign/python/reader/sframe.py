"""SFrame: header, keys, and one frame (RFC 9605; SPEC 4.7, 5.1)."""

import hashlib
import hmac

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from .errors import Refused, require

NONCE = 12


def _value(number):
    size = (number.bit_length() + 7) // 8
    return (number, b"") if number < 8 else (8 | size - 1, number.to_bytes(size, "big"))


def header(kid, counter):
    """RFC 9605 section 4.3"""
    (k, kid_bytes), (c, counter_bytes) = _value(kid), _value(counter)
    return bytes([k << 4 | c]) + kid_bytes + counter_bytes


def parse_header(data):
    """Key id, counter, and the header's length: [W7]."""
    require(len(data) > 0, "no header")
    at, out = 1, []
    for nibble in (data[0] >> 4, data[0] & 15):
        if nibble < 8:
            out.append(nibble)
            continue
        field = data[at : at + nibble - 7]
        require(len(field) == nibble - 7, "a header is cut off")
        require(field[0] != 0 and int.from_bytes(field, "big") >= 8, "a header is not minimal")
        out.append(int.from_bytes(field, "big"))
        at += len(field)
    return out[0], out[1], at


class _Aead:
    """A cipher of the package, with its tag behind."""

    def __init__(self, cipher, key):
        self._cipher = cipher(key)

    def seal(self, nonce, aad, plaintext):
        """Ciphertext and tag."""
        return self._cipher.encrypt(nonce, plaintext, aad)

    def open(self, nonce, aad, sealed):
        """The plaintext, or `Refused`."""
        try:
            return self._cipher.decrypt(nonce, sealed, aad)
        except InvalidTag:
            raise Refused("unopenable") from None


class _CtrHmac:
    """AES-CTR with HMAC and short tags (RFC 9605 section 4.5.1)."""

    def __init__(self, key, suite):
        self._suite = suite
        at = len(key) - hashlib.new(suite.hash).digest_size
        self._enc, self._auth = key[:at], key[at:]

    def _tag(self, nonce, aad, ciphertext):
        lengths = b"".join(n.to_bytes(8, "big") for n in (len(aad), len(ciphertext), self._suite.nt))
        return hmac.new(self._auth, lengths + nonce + aad + ciphertext, self._suite.hash).digest()[: self._suite.nt]

    def _turn(self, nonce, data):
        return Cipher(algorithms.AES(self._enc), modes.CTR(nonce + bytes(4))).encryptor().update(data)

    def seal(self, nonce, aad, plaintext):
        """Ciphertext and tag."""
        ciphertext = self._turn(nonce, plaintext)
        return ciphertext + self._tag(nonce, aad, ciphertext)

    def open(self, nonce, aad, sealed):
        """The plaintext, or `Refused`."""
        at = max(len(sealed) - self._suite.nt, 0)
        require(hmac.compare_digest(self._tag(nonce, aad, sealed[:at]), sealed[at:]), "unopenable")
        return self._turn(nonce, sealed[:at])


class Suite:
    """A row of the registry of SFrame suites."""

    def __init__(self, number, hash, nk, nt, cipher):
        self.number, self.hash, self.nk, self.nt, self._cipher = number, hash, nk, nt, cipher

    def derive(self, base_key, kid):
        """Key and salt of a key id (RFC 9605 section 4.4.2)."""
        secret = hmac.new(b"", base_key, self.hash).digest()
        info = kid.to_bytes(8, "big") + self.number.to_bytes(2, "big")
        algorithm = {"sha256": hashes.SHA256, "sha512": hashes.SHA512}[self.hash]()
        key = HKDFExpand(algorithm, self.nk, b"SFrame 1.0 Secret key " + info).derive(secret)
        salt = HKDFExpand(algorithm, NONCE, b"SFrame 1.0 Secret salt " + info).derive(secret)
        return key, salt

    def cipher(self, key):
        """The cipher under a key."""
        return _Aead(self._cipher, key) if self._cipher else _CtrHmac(key, self)


SUITES = {
    suite.number: suite
    for suite in (
        Suite(0x0001, "sha256", 48, 10, None),
        Suite(0x0002, "sha256", 48, 8, None),
        Suite(0x0003, "sha256", 48, 4, None),
        Suite(0x0004, "sha256", 16, 16, AESGCM),
        Suite(0x0005, "sha512", 32, 16, AESGCM),
        Suite(0x0006, "sha512", 96, 10, None),
        Suite(0x0007, "sha512", 96, 8, None),
        Suite(0x0008, "sha512", 96, 4, None),
        Suite(0xF001, "sha256", 32, 16, ChaCha20Poly1305),
    )
}


class Key:
    """One key of one key id."""

    def __init__(self, suite, base_key, kid):
        self.suite, self.kid = suite, kid
        self.key, self.salt = suite.derive(base_key, kid)
        self._cipher = suite.cipher(self.key)

    def _nonce(self, counter):
        return (int.from_bytes(self.salt, "big") ^ counter).to_bytes(NONCE, "big")

    def seal(self, counter, metadata, plaintext):
        """Header, and ciphertext with its tag."""
        front = header(self.kid, counter)
        return front, self._cipher.seal(self._nonce(counter), front + metadata, plaintext)

    def open(self, front, counter, metadata, sealed):
        """The plaintext behind the header `front`, as it came: [M1]."""
        require(len(sealed) >= self.suite.nt, "unopenable")
        return self._cipher.open(self._nonce(counter), front + metadata, sealed)
