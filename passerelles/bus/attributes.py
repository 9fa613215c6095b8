"""The attributes of a record, read with care: what is wrong with one is said, whatever was written."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from passerelles.bus.poison import PoisonReason, UndecodableError
from schemas.catalogue import CATALOGUE, EventType
from schemas.envelope import CONTENT_TYPE, SCHEMA_PREFIX, SPEC_VERSION, TYPE_PREFIX, parse_time

_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,17}")


class Attributes:
    """The headers of a record as CloudEvents attributes, each looked at when it is asked for.

    Args:
        headers: as they were written; a name that is not UTF-8 has surrogate escapes.

    Raises:
        UndecodableError: here and from every method, the record is no event of the contract.
    """

    def __init__(self, headers: Sequence[tuple[str, bytes | None]]) -> None:
        self._texts: dict[str, str] = {}
        for name, value in headers:
            if not _is_text(name):
                raise UndecodableError(PoisonReason.BAD_HEADER, f"the name {shown(name)[:80]!r} is not UTF-8")
            if name in self._texts:
                raise UndecodableError(PoisonReason.BAD_HEADER, f"{name[:80]!r} is there twice")
            try:
                self._texts[name] = (value or b"").decode()
            except UnicodeDecodeError:
                raise UndecodableError(PoisonReason.BAD_HEADER, f"{name[:80]!r} is not UTF-8") from None
        if self.required("ce_specversion") != SPEC_VERSION:
            raise UndecodableError(PoisonReason.BAD_HEADER, f"ce_specversion is not {SPEC_VERSION}")
        if self.required("content-type").partition(";")[0].strip().lower() != CONTENT_TYPE:
            raise UndecodableError(PoisonReason.BAD_HEADER, f"content-type is not {CONTENT_TYPE}")

    def get(self, name: str) -> str | None:
        """The text of one that need not be there."""
        return self._texts.get(name)

    def required(self, name: str) -> str:
        """The text of one that is there, and not empty."""
        text = self._texts.get(name)
        if not text:
            raise UndecodableError(PoisonReason.MISSING_ATTRIBUTE, name)
        return text

    def after(self, name: str, prefix: str) -> str:
        """What follows its prefix."""
        text = self.required(name)
        if not text.startswith(prefix):
            raise UndecodableError(PoisonReason.BAD_HEADER, f"{name} does not start with {prefix}")
        return text.removeprefix(prefix)

    def type(self) -> EventType:
        """The type of event."""
        ce_type = self.required("ce_type")
        type_ = CATALOGUE.get(ce_type.removeprefix(TYPE_PREFIX)) if ce_type.startswith(TYPE_PREFIX) else None
        if type_ is None:
            raise UndecodableError(PoisonReason.UNKNOWN_TYPE, ce_type[:120])
        return type_

    def version(self, type_: EventType) -> int:
        """The version of the type's schema: the current one, or one before it."""
        text = self.required("ce_dataschema")
        prefix = f"{SCHEMA_PREFIX}{type_.name}:"
        if not text.startswith(prefix):
            raise UndecodableError(PoisonReason.BAD_HEADER, f"ce_dataschema is not one of {type_.name}")
        number = text.removeprefix(prefix)
        if _NUMBER.fullmatch(number) is None or not 1 <= int(number) <= type_.version:
            raise UndecodableError(PoisonReason.UNKNOWN_VERSION, text[:120])
        return int(number)

    def uuid(self, name: str) -> UUID:
        """An identifier in its canonical form."""
        text = self.required(name)
        try:
            value = UUID(text)
        except ValueError:
            raise UndecodableError(PoisonReason.BAD_HEADER, f"{name} is no UUID") from None
        if str(value) != text:
            raise UndecodableError(PoisonReason.BAD_HEADER, f"{name} is no UUID in its canonical form")
        return value

    def number(self, name: str) -> int:
        """A natural number."""
        try:
            return natural(self.required(name))
        except ValueError:
            raise UndecodableError(PoisonReason.BAD_HEADER, f"{name} is no natural number") from None

    def time(self, name: str) -> datetime:
        """A moment, with its zone."""
        try:
            return parse_time(self.required(name))
        except (ValueError, OverflowError):
            raise UndecodableError(PoisonReason.BAD_HEADER, f"{name} is not RFC 3339") from None


def natural(text: str) -> int:
    """The natural number that a text is. Raises `ValueError`: it is none, or is not written as `str` writes it."""
    if _NUMBER.fullmatch(text) is None:
        raise ValueError(text)
    return int(text)


def shown(name: str) -> str:
    """A header's name as text that every store takes: bytes that are not UTF-8 are written in hexadecimal."""
    return name.encode(errors="surrogateescape").decode(errors="backslashreplace")


def _is_text(name: str) -> bool:
    return name.isascii() or shown(name) == name
