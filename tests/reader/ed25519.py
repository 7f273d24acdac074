# SPDX-License-Identifier: GPL-3.0-or-later
"""Ed25519 verification by RFC 8032, section 5.1.7, in plain integers. Slow; for tests, which must not trust libsodium."""
import hashlib

PRIME = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
CURVE_D = -121665 * pow(121666, PRIME - 2, PRIME) % PRIME
ROOT_OF_MINUS_ONE = pow(2, (PRIME - 1) // 4, PRIME)
IDENTITY = (0, 1, 1, 0)


def add(first, second):
    """Addition in extended coordinates (X, Y, Z, T), RFC 8032 section 5.1.4."""
    a = (first[1] - first[0]) * (second[1] - second[0]) % PRIME
    b = (first[1] + first[0]) * (second[1] + second[0]) % PRIME
    c = 2 * first[3] * second[3] * CURVE_D % PRIME
    d = 2 * first[2] * second[2] % PRIME
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % PRIME, g * h % PRIME, f * g % PRIME, e * h % PRIME)


def multiply(scalar, point):
    result = IDENTITY
    while scalar:
        if scalar & 1:
            result = add(result, point)
        point = add(point, point)
        scalar >>= 1
    return result


def equal(first, second):
    return ((first[0] * second[2] - second[0] * first[2]) % PRIME == 0
            and (first[1] * second[2] - second[1] * first[2]) % PRIME == 0)


def decode_point(encoded):
    """The point, or None (RFC 8032 section 5.1.3)."""
    y = int.from_bytes(encoded, "little")
    sign, y = y >> 255, y & ((1 << 255) - 1)
    if y >= PRIME:
        return None
    square = (y * y - 1) * pow(CURVE_D * y * y + 1, PRIME - 2, PRIME) % PRIME
    x = pow(square, (PRIME + 3) // 8, PRIME)
    if (x * x - square) % PRIME:
        x = x * ROOT_OF_MINUS_ONE % PRIME
    if (x * x - square) % PRIME or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = PRIME - x
    return (x, y, 1, x * y % PRIME)


BASE = decode_point((4 * pow(5, PRIME - 2, PRIME) % PRIME).to_bytes(32, "little"))


def verify(key, message, signature):
    public, commitment = decode_point(key), decode_point(signature[:32])
    scalar = int.from_bytes(signature[32:], "little")
    if public is None or commitment is None or scalar >= ORDER:
        return False
    challenge = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % ORDER
    return equal(multiply(scalar, BASE), add(commitment, multiply(challenge, public)))
