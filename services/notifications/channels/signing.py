"""DKIM: what shows a mailbox that a mail is ours, and was not touched on the way (RFC 6376, RFC 8301, RFC 8463).

What is signed, and how it is written, is dkimpy's. The signature itself is not: its RSA is computed in Python, six
milliseconds for each mail, from a key that is read anew each time.
"""

from __future__ import annotations

import time
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

import dkim
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from dkim.canonicalization import CanonicalizationPolicy

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

_RELAXED: Final = CanonicalizationPolicy.from_c_value(b"relaxed/relaxed")
"""Spaces may be changed on the way, as relays do."""

_HEADER: Final = b"DKIM-Signature"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key, under the selector by which the domain publishes its public half.

    Attributes:
        sign: makes the signature of a SHA-256 digest.
    """

    selector: bytes
    algorithm: bytes
    sign: Callable[[bytes], bytes]


class Signer:
    """Signs mails of one domain with each of its keys: one of RSA for all verifiers, one of Ed25519 for the newer."""

    def __init__(self, domain: str, keys: Sequence[SigningKey]) -> None:
        self._domain = domain.encode("idna")
        self._keys = keys

    def sign(self, mail: bytes) -> bytes:
        """The mail with its signatures before it."""
        headers, body = dkim.rfc822_parse(mail)
        signed = _present_once_more([name.lower() for name, _ in headers])
        canonical = _RELAXED.canonicalize_headers(headers)
        digest = b64encode(sha256(_RELAXED.canonicalize_body(body)).digest())
        return b"".join(self._signature(key, signed, canonical, digest) for key in self._keys) + mail

    def _signature(
        self, key: SigningKey, signed: Sequence[bytes], canonical: Sequence[tuple[bytes, bytes]], body: bytes
    ) -> bytes:
        """The header of one key; the tags, their order and their folding are those of `dkim.sign`."""
        tags = b"; ".join(
            (
                b"v=1",
                b"a=" + key.algorithm,
                b"c=" + _RELAXED.to_c_value(),
                b"d=" + self._domain,
                b"i=@" + self._domain,
                b"q=dns/txt",
                b"s=" + key.selector,
                b"t=%d" % time.time(),
                b"h=" + b" : ".join(signed),
                b"bh=" + body,
                b"b=",
            )
        )
        hasher = sha256()
        # As if there were a signature of one line already: the tags before it are then folded as they will be.
        unsigned = dkim.fold(tags + b"0" * 60, namelen=len(_HEADER))
        dkim.hash_headers(hasher, _RELAXED, canonical, signed, (_HEADER, b" " + unsigned), {})
        signature = b64encode(key.sign(hasher.digest()))
        return _HEADER + b": " + bytes(dkim.fold(tags + signature + b"\r\n", namelen=len(_HEADER)))


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
    except UnsupportedAlgorithm as error:
        raise _refused(path, "une clé RSA ou Ed25519 est attendue") from error
    if isinstance(key, Ed25519PrivateKey):
        return SigningKey(selector.encode(), b"ed25519-sha256", key.sign)
    if not isinstance(key, RSAPrivateKey):
        raise _refused(path, "une clé RSA ou Ed25519 est attendue")
    if key.key_size < SHORTEST_RSA:
        raise _refused(path, f"une clé RSA d'au moins {SHORTEST_RSA} bits est attendue")
    padding, prehashed = PKCS1v15(), Prehashed(SHA256())
    return SigningKey(selector.encode(), b"rsa-sha256", lambda digest: key.sign(digest, padding, prehashed))


def _refused(path: Path, why: str) -> SettingsError:
    return SettingsError(
        f"La clé DKIM {path.name} ne peut pas servir : {why}.", remedy="Corriger PASSERELLES_DKIM_KEYS."
    )


def _present_once_more(present: Sequence[bytes]) -> list[bytes]:
    """The names to sign: as often as each stands in the mail, and once more, which signs that there is no other."""
    names = [name.lower().encode() for name in SIGNED]
    return [name for name in names for _ in range(present.count(name) + 1)]
