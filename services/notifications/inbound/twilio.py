"""Twilio's webhooks: their signature and their words. Source: twilio.com/docs, "Webhooks security", "Track outbound".

The signature is that of its SDK, twilio/twilio-python.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from services.notifications.inbound.word import Fate, Word, asks_to_stop

BAD_NUMBER: Final = frozenset({"21211", "21614", "30005", "30006"})
"""The number does not exist any more, or is a landline's; other errors pass, or come from the text."""

STOPPED: Final = "21610"


def signature(token: str, url: str, form: Sequence[tuple[str, str]]) -> str:
    """HMAC-SHA1 of the address as Twilio called it, and of the fields in the order of their names."""
    whole = url + "".join(name + value for name, value in sorted(set(form)))
    return base64.b64encode(hmac.digest(token.encode(), whole.encode(), "sha1")).decode()


def is_signed(token: str, url: str, form: Sequence[tuple[str, str]], given: str) -> bool:
    """Whether Twilio, which knows the token, made this request."""
    return bool(given) and hmac.compare_digest(signature(token, url, form).encode(), given.encode())


def read_receipt(delivery: UUID, form: Mapping[str, str]) -> Word | None:
    """A word on the text message whose own address it came to; none while it is under way."""
    status, error = form.get("MessageStatus", ""), form.get("ErrorCode", "")
    code = f"twilio_{error}" if error.isdecimal() else f"twilio_{status}"
    if status in {"delivered", "read"}:
        return Word(delivery, Fate.ARRIVED, "twilio_delivered")
    if status not in {"undelivered", "failed"}:
        return None
    if error == STOPPED:
        return Word(delivery, Fate.OPTED_OUT, code)
    return Word(delivery, Fate.BOUNCED if error in BAD_NUMBER else Fate.RETURNED, code[:40])


def stopped(form: Mapping[str, str]) -> str | None:
    """The number that answers STOP; none when the answer is another."""
    asks = form.get("OptOutType", "") == "STOP" or asks_to_stop(form.get("Body", ""))
    return form.get("From") if asks else None
