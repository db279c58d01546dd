"""ristretto255 (RFC 9496), slow and not in constant time: for tests."""

from .errors import require

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
SQRT_M1 = pow(2, (P - 1) // 4, P)
IDENTITY = (0, 1, 1, 0)


def _negative(x):
    return x & 1


def _abs(x):
    return P - x if _negative(x) else x


def _sqrt_ratio(u, v):
    """Whether u/v is a square, and the root (RFC 9496 section 4.2)."""
    u %= P
    r = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    check, minus = v * r * r % P, -u % P
    if check in (minus, minus * SQRT_M1 % P):
        r = r * SQRT_M1 % P
    return check in (u, minus), _abs(r)


def _root(value):
    return _sqrt_ratio(value, 1)[1]


INVSQRT_A_MINUS_D = _sqrt_ratio(1, (-1 - D) % P)[1]
# The one with the sign that RFC 9496 gives: it is odd.
SQRT_AD_MINUS_ONE = P - _root((-D - 1) % P)
ONE_MINUS_D_SQ = (1 - D * D) % P
D_MINUS_ONE_SQ = (D - 1) * (D - 1) % P


def add(p, q):
    """The sum of two points in extended coordinates."""
    x1, y1, z1, t1 = p
    x2, y2, z2, t2 = q
    a, b = (y1 - x1) * (y2 - x2) % P, (y1 + x1) * (y2 + x2) % P
    c, d = 2 * t1 * t2 * D % P, 2 * z1 * z2 % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def multiply(scalar, point):
    """scalar * point"""
    out = IDENTITY
    while scalar:
        if scalar & 1:
            out = add(out, point)
        point, scalar = add(point, point), scalar >> 1
    return out


def is_identity(point):
    """Whether it is the neutral element."""
    return point[0] == 0 or point[1] == 0


def decode(data):
    """The element of a canonical encoding (RFC 9496 section 4.3.1)."""
    s = int.from_bytes(data, "little")
    require(len(data) == 32 and s < P and not _negative(s), "no encoding of an element")
    u1, u2 = (1 - s * s) % P, (1 + s * s) % P
    v = (-D * u1 * u1 - u2 * u2) % P
    square, root = _sqrt_ratio(1, v * u2 * u2 % P)
    dx = root * u2 % P
    x = _abs(2 * s * dx % P)
    y = u1 * root * dx * v % P
    require(square and not _negative(x * y % P) and y != 0, "no encoding of an element")
    return x, y, 1, x * y % P


def encode(point):
    """RFC 9496 section 4.3.2"""
    x, y, z, t = point
    u1, u2 = (z + y) * (z - y) % P, x * y % P
    root = _sqrt_ratio(1, u1 * u2 * u2 % P)[1]
    one, two = u1 * root % P, u2 * root % P
    inverse = one * two * t % P
    if _negative(t * inverse % P):
        x, y, one = y * SQRT_M1 % P, x * SQRT_M1 % P, one * INVSQRT_A_MINUS_D % P
        two = one
    if _negative(x * inverse % P):
        y = -y % P
    return _abs((z - y) * two % P).to_bytes(32, "little")


def _map(t):
    """RFC 9496 section 4.3.4"""
    r = SQRT_M1 * t * t % P
    u, v = (r + 1) * ONE_MINUS_D_SQ % P, (-1 - r * D) * (r + D) % P
    square, s = _sqrt_ratio(u, v)
    c = -1
    if not square:
        s, c = -_abs(s * t % P) % P, r
    n = (c * (r - 1) * D_MINUS_ONE_SQ - v) % P
    w0, w1, w2, w3 = 2 * s * v, n * SQRT_AD_MINUS_ONE, 1 - s * s, 1 + s * s
    return w0 * w3 % P, w2 * w1 % P, w1 * w3 % P, w0 * w2 % P


def from_hash(data):
    """The one-way map of 64 bytes."""
    halves = (int.from_bytes(data[at : at + 32], "little") & 2**255 - 1 for at in (0, 32))
    return add(*(_map(half % P) for half in halves))
