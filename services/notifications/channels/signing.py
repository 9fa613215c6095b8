"""DKIM: what shows a mailbox that a mail is ours, and was not touched on the way (RFC 6376, RFC 8301, RFC 8463)."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import dkim
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from passerelles.errors import SettingsError

SIGNED: Final = (
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "In-Reply-To",
    "References",
    "MIME-Version",
    "Content-Type",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "Auto-Submitted",
)
"""Each is signed, with its absence where it is absent: nobody can add one on the way.

RFC 6376, section 5.4.1 recommends them; RFC 8058, section 4 requires the two of `List-Unsubscribe`.
"""

SHORTEST_RSA: Final = 1024
"""Bits. Verifiers may refuse fewer (RFC 8301, section 3.2, which recommends 2048)."""

_RELAXED: Final = (b"relaxed", b"relaxed")
"""Spaces may be changed on the way, as relays do."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key, under the selector by which the domain publishes its public half."""

    selector: bytes
    algorithm: bytes
    secret: bytes


class Signer:
    """Signs mails of one domain with each of its keys: one of RSA for all verifiers, one of Ed25519 for the newer."""

    def __init__(self, domain: str, keys: Sequence[SigningKey]) -> None:
        self._domain = domain.encode("idna")
        self._keys = keys

    def sign(self, mail: bytes) -> bytes:
        """The mail with its signatures before it."""
        headers = _present_once_more(mail)
        signatures = (
            dkim.sign(
                mail,
                key.selector,
                self._domain,
                key.secret,
                signature_algorithm=key.algorithm,
                canonicalize=_RELAXED,
                include_headers=headers,
            )
            for key in self._keys
        )
        return b"".join(signatures) + mail


def read_signer(keys: str, domain: str) -> Signer | None:
    """The signer of `selector:file.pem,…`; none when there is no key.

    Raises:
        SettingsError: a file cannot be read, or holds no key that DKIM knows.
    """
    named = [each.partition(":") for each in keys.split(",") if each]
    return Signer(domain, [_read(selector, Path(path)) for selector, _, path in named]) if named else None


def _read(selector: str, path: Path) -> SigningKey:
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise _refused(path, "le fichier ne se lit pas comme une clé privée PEM") from error
    if isinstance(key, Ed25519PrivateKey):
        return SigningKey(selector.encode(), b"ed25519-sha256", base64.b64encode(key.private_bytes_raw()))
    if not isinstance(key, RSAPrivateKey):
        raise _refused(path, "une clé RSA ou Ed25519 est attendue")
    if key.key_size < SHORTEST_RSA:
        raise _refused(path, f"une clé RSA d'au moins {SHORTEST_RSA} bits est attendue")
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    return SigningKey(selector.encode(), b"rsa-sha256", pem)


def _refused(path: Path, why: str) -> SettingsError:
    return SettingsError(
        f"La clé DKIM {path.name} ne peut pas servir : {why}.", remedy="Corriger PASSERELLES_DKIM_KEYS."
    )


def _present_once_more(mail: bytes) -> list[bytes]:
    """The names to sign: as often as each stands in the mail, and once more, which signs that there is no other."""
    head = mail.partition(b"\r\n\r\n")[0].lower()
    present = [line.partition(b":")[0] for line in head.split(b"\r\n") if not line.startswith((b" ", b"\t"))]
    names = [name.lower().encode() for name in SIGNED]
    return [name for name in names for _ in range(present.count(name) + 1)]
