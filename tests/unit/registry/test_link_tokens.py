"""A token opens what it was made for, and nothing else: whatever it says, whoever made it, wherever it was changed."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode

from hypothesis import given
from hypothesis import strategies as st

from schemas.vocabulary import Party
from services.registry.link_tokens import Purpose, Said, read, token_of

SAID = st.builds(
    Said,
    subject=st.uuids(),
    contact=st.uuids(),
    ends=st.integers(0, 2**32 - 1),
    party=st.sampled_from(Party),
)
KEYS = st.binary(min_size=32, max_size=32)
PURPOSES = st.sampled_from(Purpose)


@given(KEYS, PURPOSES, SAID)
def test_a_token_says_what_was_put_in_it_in_72_characters(key: bytes, purpose: Purpose, said: Said) -> None:
    token = token_of(key, purpose, said)
    assert len(token) == 72
    assert read(key, purpose, token) == said


@given(KEYS, PURPOSES, SAID, PURPOSES, KEYS)
def test_another_purpose_or_key_reads_nothing(
    key: bytes, purpose: Purpose, said: Said, other: Purpose, stranger: bytes
) -> None:
    token = token_of(key, purpose, said)
    assert (read(key, other, token) is None) == (other is not purpose)
    assert (read(stranger, purpose, token) is None) == (stranger != key)


@given(KEYS, PURPOSES, SAID, st.integers(0, 54 * 8 - 1))
def test_one_bit_changed_reads_nothing(key: bytes, purpose: Purpose, said: Said, bit: int) -> None:
    """Be it of the proposal, the party, the contact, the end or the signature."""
    whole = bytearray(urlsafe_b64decode(token_of(key, purpose, said)))
    whole[bit // 8] ^= 1 << bit % 8
    assert read(key, purpose, urlsafe_b64encode(bytes(whole)).decode()) is None


@given(KEYS, PURPOSES, st.text(max_size=100))
def test_what_is_no_token_reads_nothing(key: bytes, purpose: Purpose, text: str) -> None:
    assert read(key, purpose, text) is None


def test_each_purpose_has_its_own_name_and_address() -> None:
    assert len({each.tag for each in Purpose}) == len({each.path for each in Purpose}) == len(Purpose)
    assert all(each.tag.endswith(b"\0") for each in Purpose), "no name may begin another"


def test_unsubscribing_works_for_thirty_days_at_least() -> None:
    """CAN-SPAM, 15 U.S.C. 7704(a)(3)(A)(ii)."""
    assert Purpose.UNSUBSCRIBE.seconds >= 30 * 24 * 3600
