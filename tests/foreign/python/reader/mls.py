"""The parts of MLS that a reader of this protocol needs (RFC 9420 sections 2.1, 5.2, 8, 8.5)."""

import hashlib

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from .errors import Refused, require


def expand(secret, info, length):
    """HKDF-Expand with SHA-256, the hash of every profile's MLS suite."""
    return HKDFExpand(hashes.SHA256(), length, info).derive(secret)


def vector(data):
    """`opaque data<V>`"""
    count = len(data)
    if count < 2**6:
        return bytes([count]) + data
    return (0x4000 | count).to_bytes(2, "big") + data if count < 2**14 else (0x80000000 | count).to_bytes(4, "big") + data


def expand_with_label(secret, label, context, length):
    """RFC 9420 section 8"""
    info = length.to_bytes(2, "big") + vector(b"MLS 1.0 " + label.encode()) + vector(context)
    return expand(secret, info, length)


def exporter(exporter_secret, label, context, length):
    """MLS-Exporter (RFC 9420 section 8.5)"""
    derived = expand_with_label(exporter_secret, label, b"", 32)
    return expand_with_label(derived, "exported", hashlib.sha256(context).digest(), length)


def ref_hash(label, value):
    """RFC 9420 section 5.2"""
    return hashlib.sha256(vector(label.encode()) + vector(value)).digest()


def key_package_ref(key_package):
    """The reference of a knock (SPEC 8.2)."""
    return ref_hash("MLS 1.0 KeyPackage Reference", key_package)


class Reader:
    """Reads a structure from its front; what lies behind the end is refused."""

    def __init__(self, data):
        self._data, self._at = data, 0

    def take(self, count):
        """The next `count` bytes."""
        require(count <= len(self._data) - self._at, "a structure ends too soon")
        self._at += count
        return self._data[self._at - count : self._at]

    def number(self, size):
        """The next number of `size` bytes."""
        return int.from_bytes(self.take(size), "big")

    def vector(self):
        """The next `<V>`."""
        first = self.number(1)
        more = {0: 0, 1: 1, 2: 3}.get(first >> 6)
        if more is None:
            raise Refused("a length of no form")
        count = (first & 0x3F) << 8 * more | self.number(more)
        require(more == 0 or count >= (2**6 if more == 1 else 2**14), "a length that is too long")
        return self.take(count)

    def more(self):
        """Whether something is left."""
        return self._at < len(self._data)

    def here(self):
        """How many bytes have been read."""
        return self._at

    def since(self, start):
        """The bytes read since `start`."""
        return self._data[start : self._at]

    def end(self):
        """Refuses what is left."""
        require(not self.more(), "bytes behind a structure")
