"""Email addresses: their syntax, and how each is written to a mail server, internationalised or not."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from email_validator import EmailNotValidError, validate_email


@dataclass(frozen=True, slots=True)
class EmailAddress:
    """An address that a mail server can be given.

    Attributes:
        written: as a person reads it: one Unicode form, the domain in lower case and in its own letters.
        ascii: with the domain in IDNA (RFC 5891); none where the local part has other letters, which needs SMTPUTF8
            (RFC 6531).
    """

    written: str
    ascii: str | None

    @property
    def domain(self) -> str:
        """The domain, in its own letters."""
        return self.written.rpartition("@")[2]


@lru_cache(maxsize=1024)
def email_address(text: str) -> EmailAddress | None:
    """The address that this text is, by its syntax alone (RFC 5321, RFC 6531); none when it is not one.

    Quoted local parts and domains in brackets, which nobody has, are not taken; nor are names that are kept from the
    DNS (RFC 6761), `.local` for instance.
    """
    try:
        found = validate_email(text, check_deliverability=False, strict=True)
    except EmailNotValidError:
        return None
    return EmailAddress(found.normalized, found.ascii_email)
