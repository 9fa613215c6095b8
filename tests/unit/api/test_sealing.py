"""A sealed answer is read with its secret, and with no other."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.registry.api.sealing import seal, unseal


@given(st.binary(max_size=500), st.text(min_size=1), st.text(min_size=1), st.integers(min_value=0))
def test_only_the_same_secret_opens_and_any_change_shows(plain: bytes, secret: str, other: str, place: int) -> None:
    sealed = seal(plain, secret)
    assert unseal(sealed, secret) == plain
    if other != secret:
        assert unseal(sealed, other) is None
    broken = bytearray(sealed)
    broken[place % len(broken)] ^= 1
    assert unseal(bytes(broken), secret) is None


def test_the_plain_text_does_not_show_and_no_two_are_alike() -> None:
    one, two = seal(b"un jeton secret", "cle"), seal(b"un jeton secret", "cle")
    assert one != two
    assert b"jeton" not in one


def test_too_short_to_be_sealed_is_not_opened() -> None:
    assert unseal(b"", "cle") is None
