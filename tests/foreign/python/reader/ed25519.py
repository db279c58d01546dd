"""Ed25519, verified strictly (SPEC [I1])."""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from .errors import Refused, require

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
# The coordinates y of the points whose order divides 8.
_Y8 = 2707385501144840649318225287225658788936804267575313519463743609750303021
SMALL_ORDER = {0, 1, P - 1, _Y8, P - _Y8}


def _check_point(point, what):
    y = int.from_bytes(point, "little") & 2**255 - 1
    require(y < P, f"{what} is not canonical")
    require(y not in SMALL_ORDER, f"{what} is of small order")


def verify(key, message, signature):
    """Refuses every signature but a genuine one."""
    require(len(key) == 32 and len(signature) == 64, "a length of Ed25519")
    _check_point(key, "the key")
    _check_point(signature[:32], "R")
    require(int.from_bytes(signature[32:], "little") < ORDER, "s is not below the order")
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except (InvalidSignature, ValueError):
        raise Refused("a signature does not verify") from None


def sign(secret, message):
    """The signature by a secret key of 32 bytes."""
    return Ed25519PrivateKey.from_private_bytes(secret).sign(message)


def public(secret):
    """The public key of a secret key."""
    return Ed25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw()
