"""Ed25519 as libsodium judges it: RFC 8032 with canonical encodings and without points of small order."""

import functools

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

PRIME = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
CURVE_D = -121665 * pow(121666, PRIME - 2, PRIME) % PRIME
SQRT_MINUS_ONE = pow(2, (PRIME - 1) // 4, PRIME)
IDENTITY = (0, 1, 1, 0)


def point_add(left, right):
    a = (left[1] - left[0]) * (right[1] - right[0]) % PRIME
    b = (left[1] + left[0]) * (right[1] + right[0]) % PRIME
    c = 2 * left[3] * right[3] * CURVE_D % PRIME
    d = 2 * left[2] * right[2] % PRIME
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % PRIME, g * h % PRIME, f * g % PRIME, e * h % PRIME)


def point_multiply(scalar, point):
    result = IDENTITY
    while scalar:
        if scalar & 1:
            result = point_add(result, point)
        point = point_add(point, point)
        scalar >>= 1
    return result


def is_identity(point):
    return point[0] % PRIME == 0 and (point[1] - point[2]) % PRIME == 0


def point_decode(data):
    """The point of a canonical encoding; None for anything else."""
    value = int.from_bytes(data, "little")
    sign, y = value >> 255, value & ((1 << 255) - 1)
    if y >= PRIME:
        return None
    x2 = (y * y - 1) * pow(CURVE_D * y * y + 1, PRIME - 2, PRIME) % PRIME
    x = pow(x2, (PRIME + 3) // 8, PRIME)
    if (x * x - x2) % PRIME:
        x = x * SQRT_MINUS_ONE % PRIME
    if (x * x - x2) % PRIME or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = PRIME - x
    return (x, y, 1, x * y % PRIME)


def point_encode(point):
    inverse = pow(point[2], PRIME - 2, PRIME)
    x, y = point[0] * inverse % PRIME, point[1] * inverse % PRIME
    return (y | (x & 1) << 255).to_bytes(32, "little")


@functools.lru_cache(maxsize=1)
def small_order_encodings():
    """The eight points whose order divides eight: the multiples of one of order eight."""
    for y in range(2, 1_000):
        point = point_decode(y.to_bytes(32, "little"))
        generator = point and point_multiply(ORDER, point)
        if generator and not is_identity(point_multiply(4, generator)):
            return frozenset(point_encode(point_multiply(scalar, generator)) for scalar in range(8))
    raise AssertionError("no point below 1,000 has a part of order eight")


@functools.lru_cache(maxsize=4096)
def is_signing_key(data):
    """Whether the bytes are the canonical encoding of a point of the main subgroup."""
    point = point_decode(data)
    if point is None or is_identity(point_multiply(8, point)):
        return False
    return is_identity(point_multiply(ORDER, point))


@functools.lru_cache(maxsize=4096)
def is_sealing_key(data):
    try:
        X25519PrivateKey.generate().exchange(X25519PublicKey.from_public_bytes(data))
    except ValueError:
        return False
    return True


@functools.lru_cache(maxsize=4096)
def loaded(key):
    return Ed25519PublicKey.from_public_bytes(key)


def verifies(key, signature, message):
    """Whether a key that passed `is_signing_key` signed the message.

    The library compares the encoding of R that it computes with the one given, so one that is not canonical never
    passes; it takes an R of small order, which libsodium refuses.
    """
    if len(signature) != 64 or int.from_bytes(signature[32:], "little") >= ORDER:
        return False
    if signature[:32] in small_order_encodings():
        return False
    try:
        loaded(key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
