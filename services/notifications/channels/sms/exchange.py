"""One request to a provider and its answer, or what is certain when there is none that tells."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

import httpx

from services.notifications.channels.port import Attempt, Verdict

SECONDS: Final = 15.0
"""For each step of the exchange but the connection."""

CONNECT_SECONDS: Final = 5.0
"""A provider that cannot be connected to is out of order: another may be asked, within one lease of the ledger."""

LONGEST: Final = 45.0
"""Seconds for the whole exchange, an answer that trickles in included: two of them end within a lease."""

NOT_TAKEN: Final = frozenset({408, 425, 429, 503})
"""The provider says that it did not take the message, and may later (RFC 9110, RFC 6585, RFC 8470)."""

OUR_ACCOUNT: Final = frozenset({401, 402, 403, 404})
"""Our keys, rights or credit are wrong: whatever the message, this provider takes none. That is an outage."""

LONGEST_WAIT: Final = timedelta(hours=1)

UNREACHABLE: Final = Attempt(Verdict.RETRY, "sms_unreachable", reachable=False)
NO_ANSWER: Final = Attempt(Verdict.UNKNOWN, "sms_no_answer")


def client(seconds: float, **options: Any) -> httpx.AsyncClient:
    """Connections to one provider; `options` are httpx's."""
    return httpx.AsyncClient(
        timeout=httpx.Timeout(seconds, connect=min(seconds, CONNECT_SECONDS)), trust_env=False, **options
    )


async def ask(http: httpx.AsyncClient, request: httpx.Request) -> httpx.Response | Attempt:
    """The answer to a request that hands a message over; an attempt where there is none.

    Until the connection stands, nothing was handed over. After that a loss leaves the outcome unknown.
    """
    try:
        async with asyncio.timeout(LONGEST):
            return await http.send(request)
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
        return UNREACHABLE
    except (httpx.HTTPError, TimeoutError):
        return NO_ANSWER


def verdict(name: str, response: httpx.Response) -> Attempt:
    """What a status makes certain. Behind a 500, 502 or 504 the message may have been taken."""
    code, status = f"{name}_{response.status_code}", response.status_code
    if response.is_success:
        return Attempt(Verdict.SENT, code)
    if status in NOT_TAKEN:
        return Attempt(Verdict.RETRY, code, wait=_wait(response.headers.get("Retry-After")))
    if status in OUR_ACCOUNT:
        return Attempt(Verdict.RETRY, code, reachable=False)
    if response.is_server_error:
        return Attempt(Verdict.UNKNOWN, code)
    return Attempt(Verdict.FAILED, code)


async def look(name: str, http: httpx.AsyncClient, request: httpx.Request) -> Attempt:
    """Ask something that changes nothing: whether the provider answers, and answers us."""
    try:
        async with asyncio.timeout(LONGEST):
            response = await http.send(request)
    except (httpx.HTTPError, TimeoutError):
        return UNREACHABLE
    code = f"{name}_{response.status_code}"
    if response.status_code in OUR_ACCOUNT or response.is_server_error:
        return Attempt(Verdict.RETRY, code, reachable=False)
    return Attempt(Verdict.SENT, code)


def fields(response: httpx.Response) -> Mapping[str, Any]:
    """The object of a JSON answer; empty when it is something else."""
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _wait(retry_after: str | None) -> timedelta | None:
    """The seconds that the provider asks for, within an hour; a date is not waited for, the usual delay is."""
    if retry_after is None or not retry_after.isdecimal():
        return None
    return min(timedelta(seconds=int(retry_after[:6])), LONGEST_WAIT)
