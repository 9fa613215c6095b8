"""Keeps answers from being read in the store: sealed by the caller's own bearer token and key, which the store lacks.

A stream of SHAKE-256 keyed by secrets and a nonce that is used once, and an HMAC over the whole (encrypt, then
authenticate): the standard library has no cipher, and short answers kept for two days call for no dependency.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Final

_NONCE: Final = 16
_TAG: Final = 32


def _key(secret: str, purpose: bytes) -> bytes:
    return hmac.digest(secret.encode("utf-8", "surrogatepass"), b"passerelles:" + purpose, "sha256")


def _hidden(data: bytes, secret: str, nonce: bytes) -> bytes:
    """The bytes under the stream, or the other way round; as whole numbers, which is fast."""
    stream = hashlib.shake_256(_key(secret, b"stream") + nonce).digest(len(data))
    return (int.from_bytes(data) ^ int.from_bytes(stream)).to_bytes(len(data))


def seal(plain: bytes, secret: str) -> bytes:
    """The bytes, readable with this secret only."""
    nonce = secrets.token_bytes(_NONCE)
    hidden = _hidden(plain, secret, nonce)
    return nonce + hidden + hmac.digest(_key(secret, b"tag"), nonce + hidden, "sha256")


def unseal(sealed: bytes, secret: str) -> bytes | None:
    """The bytes that were sealed, or none when the secret is another one."""
    body, tag = sealed[:-_TAG], sealed[-_TAG:]
    if not hmac.compare_digest(hmac.digest(_key(secret, b"tag"), body, "sha256"), tag):
        return None
    nonce, hidden = body[:_NONCE], body[_NONCE:]
    return _hidden(hidden, secret, nonce)
