"""One SMTP conversation on a connection that is kept, in phases: what is certain depends on how far it went."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, replace
from typing import Final

import aiosmtplib
from aiosmtplib import SMTPException, SMTPResponse

from services.notifications.channels.port import Attempt, OfAddress, Verdict

START_INPUT: Final = 354
OK: Final = 250
PERMANENT: Final = 500
REFUSALS: Final = range(400, 600)

UNREACHABLE: Final = Attempt(Verdict.RETRY, "smtp_unreachable", reachable=False)
NO_SMTPUTF8: Final = Attempt(Verdict.FAILED, "smtp_no_smtputf8")
LOST_AFTER_DATA: Final = Attempt(Verdict.UNKNOWN, "smtp_no_answer")


class StaleConnectionError(Exception):
    """A connection kept from before no longer answers: nothing was handed over, another one is to be opened."""


BAD_MAILBOX: Final = re.compile(r"\s*5\.1\.[1-36]\b")
"""The enhanced codes for an address that does not exist, has moved, or cannot be (RFC 3463, section 3.2).

550 by itself says as little as "refused", for the sender's sake too.
"""


@dataclass(frozen=True, slots=True)
class Envelope:
    """From whom to whom, as the server is told; `utf8` asks for SMTPUTF8 (RFC 6531)."""

    sender: str
    recipient: str
    utf8: bool = False

    @property
    def commands(self) -> tuple[str, ...]:
        """What is said before the content."""
        options = " BODY=8BITMIME SMTPUTF8" if self.utf8 else ""
        return f"MAIL FROM:<{self.sender}>{options}", f"RCPT TO:<{self.recipient}>", "DATA"


async def deliver(smtp: aiosmtplib.SMTP, envelope: Envelope, content: bytes, *, seconds: float) -> Attempt:
    """One mail transaction: MAIL, RCPT, DATA, then the content (RFC 5321, section 3.3).

    Up to the answer 354 nothing has been handed over, and any loss leaves the mail ours. From the first byte of content
    on, only the server's last answer tells; without one that takes or refuses it, nobody knows.

    Raises:
        StaleConnectionError: the connection was already gone, before the server said anything.
    """
    first = True
    try:
        for command in envelope.commands:
            response = await smtp.execute_command(*command.encode().split(b" ", 1), timeout=seconds)
            first = False
            expected = response.code == START_INPUT if command == "DATA" else response.code // 100 == OK // 100
            if not expected:
                await _reset(smtp, response, seconds)
                refused = refusal(response.code)
                bad = command.startswith("RCPT") and BAD_MAILBOX.match(response.message)
                return replace(refused, of_address=OfAddress.UNREACHABLE) if bad else refused
    except (SMTPException, OSError) as error:
        smtp.close()
        if first and not isinstance(error, TimeoutError):
            raise StaleConnectionError from error
        return Attempt(Verdict.RETRY, _code(error), reachable=False)
    return await _content(smtp, content, seconds)


async def _content(smtp: aiosmtplib.SMTP, content: bytes, seconds: float) -> Attempt:
    protocol = smtp.protocol
    if protocol is None:
        return UNREACHABLE
    try:
        protocol.write(dotted(content))
        response = await protocol.read_response(timeout=seconds)
    except (SMTPException, OSError):
        smtp.close()
        return LOST_AFTER_DATA
    except asyncio.CancelledError:
        smtp.close()
        raise
    if response.code // 100 == OK // 100:
        return Attempt(Verdict.SENT, f"smtp_{response.code}")
    if response.code not in REFUSALS:
        # Neither taken nor refused: to send it again may be to send it twice.
        smtp.close()
        return LOST_AFTER_DATA
    await _reset(smtp, response, seconds)
    return refusal(response.code)


def refusal(code: int) -> Attempt:
    """4xx: later; 5xx: never (RFC 5321, section 4.2.1). Anything else, before the content, is a server gone wrong."""
    verdict = Verdict.FAILED if code >= PERMANENT else Verdict.RETRY
    return Attempt(verdict, f"smtp_{code}" if code > 0 else "smtp_malformed")


def dotted(content: bytes) -> bytes:
    """The content as it goes over the wire: lines end with CRLF, a leading dot is doubled, a lone dot ends it."""
    lines = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n").removesuffix(b"\n")
    doubled = (b"\n" + lines).replace(b"\n.", b"\n..")[1:]
    return doubled.replace(b"\n", b"\r\n") + b"\r\n.\r\n"


async def _reset(smtp: aiosmtplib.SMTP, response: SMTPResponse, seconds: float) -> None:
    """Make a connection that refused something fit for the next mail, or close it. 421 announces the server's end."""
    if response.code == aiosmtplib.SMTPStatus.domain_unavailable:
        smtp.close()
        return
    try:
        await smtp.rset(timeout=seconds)
    except (SMTPException, OSError):
        smtp.close()


def _code(error: Exception) -> str:
    return "smtp_timeout" if isinstance(error, TimeoutError) else "smtp_lost"
