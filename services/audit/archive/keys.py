"""The key that signs the archive (Ed25519): made at first start, kept in DATA, its public half exported."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from services.audit.archive.errors import ArchiveError

PRIVATE: Final = "audit-signing-key.pem"
PUBLIC: Final = "audit-public-key.pem"
"""The names in DATA; the archive carries a copy of the public one under the same name."""


class Verifier:
    """Tells whether a signature is the archive's own."""

    def __init__(self, key: Ed25519PublicKey) -> None:
        self._key = key

    @classmethod
    def of_pem(cls, pem: bytes) -> Verifier:
        """From a public key as it is exported. Raises `ArchiveError` when it is none."""
        try:
            key = serialization.load_pem_public_key(pem)
        except ValueError as error:
            raise _no_key() from error
        if not isinstance(key, Ed25519PublicKey):
            raise _no_key()
        return cls(key)

    @property
    def pem(self) -> bytes:
        """The key as it is exported."""
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        return self._key.public_bytes(serialization.Encoding.PEM, form)

    def accepts(self, signature: bytes, content: bytes) -> bool:
        """Whether these bytes were signed with this key's other half."""
        try:
            self._key.verify(signature, content)
        except InvalidSignature:
            return False
        return True


class Signer:
    """Signs with the private key."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.verifier = Verifier(key.public_key())

    def sign(self, content: bytes) -> bytes:
        """The signature of these bytes; the same each time."""
        return self._key.sign(content)


def open_signer(data: Path) -> Signer:
    """The signer of this data folder; its key is made if there is none.

    Raises:
        ArchiveError: what lies there is no such key.
    """
    file = data / PRIVATE
    if not file.exists():
        _make(file)
    try:
        key = serialization.load_pem_private_key(file.read_bytes(), password=None)
    except (ValueError, TypeError) as error:
        raise _no_key() from error
    if not isinstance(key, Ed25519PrivateKey):
        raise _no_key()
    signer = Signer(key)
    (data / PUBLIC).write_bytes(signer.verifier.pem)
    return signer


def _make(file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    pem = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as out:
        out.write(pem)
        out.flush()
        os.fsync(out.fileno())


def _no_key() -> ArchiveError:
    return ArchiveError("Ce n'est pas une clé Ed25519 au format PEM.", remedy="Rendre à l'archive la clé qui la signe.")
