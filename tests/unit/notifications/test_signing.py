"""Signatures that another implementation of nothing but the standard's rules accepts, and that tampering breaks."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from pathlib import Path

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from passerelles.errors import SettingsError
from services.notifications.channels.signing import Signer, read_signer
from services.notifications.rendering import Rendered
from tests.unit.notifications.test_mail import UNSUBSCRIBE, composed

DOMAIN = "passerelles.example.org"
MAIL = composed(Rendered("Bonjour", "Un profil", "<p>Bonjour</p>", unsubscribe_url=UNSUBSCRIBE, thread="besoin"))

RSA_KEY = rsa.generate_private_key(65537, 2048)
ED_KEY = ed25519.Ed25519PrivateKey.generate()

Private = rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey


def written(key: Private, path: Path) -> str:
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return str(path)


def dns(name: bytes, **_: object) -> bytes:
    """The zone of the domain that signs."""
    return {
        b"rsa._domainkey.passerelles.example.org.": b"v=DKIM1; k=rsa; p="
        + base64.b64encode(RSA_KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)),
        b"ed._domainkey.passerelles.example.org.": b"v=DKIM1; k=ed25519; p="
        + base64.b64encode(ED_KEY.public_key().public_bytes_raw()),
    }[name]


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Signer:
    folder = tmp_path_factory.mktemp("keys")
    keys = f"rsa:{written(RSA_KEY, folder / 'rsa.pem')},ed:{written(ED_KEY, folder / 'ed.pem')}"
    found = read_signer(keys, DOMAIN)
    assert found is not None
    return found


def verdicts(mail: bytes) -> list[bool]:
    """Of each signature, as the mail's recipient would judge it."""
    return [_holds(dkim.DKIM(mail), each) for each in range(2)]


def _holds(verifier: dkim.DKIM, place: int) -> bool:
    try:
        return bool(verifier.verify(idx=place, dnsfunc=dns))
    except dkim.ValidationError:
        return False


def test_both_signatures_hold(signer: Signer) -> None:
    signed = signer.sign(MAIL)
    assert signed.endswith(MAIL)
    assert verdicts(signed) == [True, True]
    algorithms = [line for line in signed.split(b"\r\n") if b"a=" in line][:2]
    assert [b"rsa-sha256" in algorithms[0], b"ed25519-sha256" in algorithms[1]] == [True, True]


def test_the_headers_are_those_of_dkimpy_to_the_byte(signer: Signer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: 1_772_000_000.5)
    named = re.search(rb" h=(.*?);", signer.sign(MAIL), re.DOTALL)
    assert named is not None
    theirs = [
        dkim.sign(
            MAIL,
            selector,
            DOMAIN.encode(),
            secret,
            signature_algorithm=algorithm,
            canonicalize=(b"relaxed", b"relaxed"),
            include_headers=re.split(rb"\s*:\s*", named[1]),
        )
        for selector, algorithm, secret in (
            (b"rsa", b"rsa-sha256", RSA_KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())),
            (b"ed", b"ed25519-sha256", base64.b64encode(ED_KEY.private_bytes_raw())),
        )
    ]
    assert signer.sign(MAIL) == b"".join(theirs) + MAIL


def test_what_one_click_needs_is_signed(signer: Signer) -> None:
    named = b"".join(signer.sign(MAIL).partition(b" h=")[2].split())
    names = named.partition(b";")[0].split(b":")
    for name in (b"list-unsubscribe", b"list-unsubscribe-post", b"from", b"message-id", b"references"):
        assert names.count(name) == 2, "once for the header, once for there being no other"


@pytest.mark.parametrize(
    "tamper",
    [
        lambda mail: mail.replace(UNSUBSCRIBE.encode(), b"https://ailleurs.example.org/"),
        lambda mail: b"List-Unsubscribe: <https://ailleurs.example.org/>\r\n" + mail,
        lambda mail: b"From: autre@example.org\r\n" + mail,
        lambda mail: mail.replace(b"Bonjour", b"Bonsoir"),
        lambda mail: mail + b"PS\r\n",
    ],
    ids=["another link", "a second link", "a second sender", "another text", "a longer text"],
)
def test_what_was_touched_on_the_way_no_longer_holds(signer: Signer, tamper: Callable[[bytes], bytes]) -> None:
    assert verdicts(tamper(signer.sign(MAIL))) == [False, False]


def test_without_a_key_nothing_is_signed() -> None:
    assert read_signer("", DOMAIN) is None


def test_a_key_that_cannot_serve_is_named(tmp_path: Path) -> None:
    (tmp_path / "text.pem").write_text("pas une clé", encoding="utf-8")
    known = ec.generate_private_key(ec.SECP256R1()).private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    unknown = known.replace(bytes.fromhex("2a8648ce3d030107"), bytes.fromhex("2a8648ce3d030106"))  # prime239v3
    pem = b"-----BEGIN PRIVATE KEY-----\n" + base64.encodebytes(unknown) + b"-----END PRIVATE KEY-----\n"
    (tmp_path / "curve.pem").write_bytes(pem)
    refused = {
        str(tmp_path / "curve.pem"): "RSA ou Ed25519",
        str(tmp_path / "none.pem"): "PEM",
        str(tmp_path / "text.pem"): "PEM",
        written(ec.generate_private_key(ec.SECP256R1()), tmp_path / "ec.pem"): "RSA ou Ed25519",
    }
    for path, why in refused.items():
        with pytest.raises(SettingsError, match=why):
            read_signer(f"s:{path}", DOMAIN)
