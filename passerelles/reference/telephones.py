"""Telephone numbers in their international form, and which of them a text message can reach."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import phonenumbers

_MOBILE: Final = frozenset((phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE))
# Mobiles that ARCEP keeps for works of fiction (decision 2018-0881): samples and training use them, and `phonenumbers`
# holds them for invalid.
_FICTION: Final = re.compile(r"\+3363998\d{4}")


@dataclass(frozen=True, slots=True)
class Telephone:
    """A number that exists by its country's plan.

    Attributes:
        written: E.164.
        mobile: it may be a mobile's; false for a landline.
    """

    written: str
    mobile: bool


def telephone(text: str) -> Telephone | None:
    """The number that this text is, a national one being French; none when no such number can exist."""
    try:
        number = phonenumbers.parse(text, "FR")
    except phonenumbers.NumberParseException:
        return None
    written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if _FICTION.fullmatch(written):
        return Telephone(written, mobile=True)
    if not phonenumbers.is_valid_number(number):
        return None
    return Telephone(written, mobile=phonenumbers.number_type(number) in _MOBILE)
