"""The identifier of a pair, compiled: what `schemas.vocabulary.proposal_id` gives, by two blocks of SHA-1.

Needed where a fact told of an agreement by the proposal's identifier alone, before the decision came with the pair's.
Source: RFC 9562 (version 5), FIPS 180-4 (SHA-1).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from schemas.vocabulary import PROPOSAL_NAMESPACE
from services.matching.columns.compiled import kernel, part
from services.matching.columns.layout import Longs

_NAMESPACE: Final = np.frombuffer(PROPOSAL_NAMESPACE.bytes, dtype=np.uint8)
_LENGTH_BITS: Final = 8 * (16 + 36 + 1 + 36)
_SIGN: Final = np.uint64(1 << 63)
_HALF: Final = 16
_TEN: Final = 10
_ALL: Final = np.int64(0xFFFFFFFF)


@part
def _write(message: np.ndarray, at: int, high: int, low: int) -> int:
    """An identifier as text, 8-4-4-4-12 hexadecimal digits."""
    for digit in range(32):
        if digit in (8, 12, 16, 20):
            message[at] = 45
            at += 1
        word = np.uint64(high if digit < _HALF else low) ^ _SIGN
        value = np.int64((word >> np.uint64(60 - 4 * (digit % _HALF))) & np.uint64(15))
        message[at] = value + (48 if value < _TEN else 87)
        at += 1
    return at


@part
def _turned(value: int, by: int) -> int:
    return ((value << by) | (value >> (32 - by))) & _ALL


@kernel
def proposal_words(scratch: Longs, high: int, low: int, other_high: int, other_low: int) -> tuple[int, int]:
    """The identifier of the pair of a need and an availability, each as two words; `scratch` has 208 to work with."""
    message, w = scratch[:128], scratch[128:]
    message[:] = 0
    for place in range(16):
        message[place] = _NAMESPACE[place]
    at = _write(message, 16, high, low)
    message[at] = 58
    at = _write(message, at + 1, other_high, other_low)
    message[at] = 128
    message[126] = _LENGTH_BITS >> 8
    message[127] = _LENGTH_BITS & 255
    h0, h1, h2, h3, h4 = 0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0
    for start in range(0, 128, 64):
        for t in range(16):
            i = start + 4 * t
            w[t] = message[i] << 24 | message[i + 1] << 16 | message[i + 2] << 8 | message[i + 3]
        for t in range(16, 80):
            w[t] = _turned(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1)
        a, b, c, d, e = h0, h1, h2, h3, h4
        for t in range(80):
            if t < 20:  # noqa: PLR2004 - as in FIPS 180-4
                f, k = (b & c) | (~b & _ALL & d), 0x5A827999
            elif t < 40:  # noqa: PLR2004 - as in FIPS 180-4
                f, k = b ^ c ^ d, 0x6ED9EBA1
            elif t < 60:  # noqa: PLR2004 - as in FIPS 180-4
                f, k = (b & c) | (b & d) | (c & d), 0x8F1BBCDC
            else:
                f, k = b ^ c ^ d, 0xCA62C1D6
            a, b, c, d, e = (_turned(a, 5) + f + e + k + w[t]) & _ALL, a, _turned(b, 30), c, d
        h0, h1, h2 = (h0 + a) & _ALL, (h1 + b) & _ALL, (h2 + c) & _ALL
        h3, h4 = (h3 + d) & _ALL, (h4 + e) & _ALL
    first = np.uint64(h0) << np.uint64(32) | np.uint64((h1 & 0xFFFF0FFF) | 0x5000)
    second = np.uint64((h2 & 0x3FFFFFFF) | 0x80000000) << np.uint64(32) | np.uint64(h3)
    return np.int64(first ^ _SIGN), np.int64(second ^ _SIGN)
