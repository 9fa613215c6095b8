"""Plays the sample through the API, as companies and a coordinator would: one request after the other."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import httpx

from passerelles.reference.calendar import paris_day
from services.demo.sample import Sample, SamplePosting, sample

BREATH_SECONDS: Final = 0.12
"""Between two facts, so that each can be followed on the screen and its figures are its own."""


@dataclass(frozen=True)
class Found:
    """What a kept folder holds, up to a page of each."""

    companies: int
    needs: int
    availabilities: int
    proposals: int


async def found(client: httpx.AsyncClient) -> Found:
    """What the registry knows already."""

    async def count(path: str, **filters: str) -> int:
        return len((await _ok(client.get(path, params={"limit": 200, **filters})))["items"])

    return Found(
        companies=await count("/v1/companies"),
        needs=await count("/v1/needs", status="open"),
        availabilities=await count("/v1/availabilities", status="open"),
        proposals=await count("/v1/proposals", status="open"),
    )


async def load(client: httpx.AsyncClient) -> None:
    """Add the companies, then publish what they need and offer; the 220 people of the cohort come in the middle."""
    played = sample(paris_day(datetime.now(UTC)))
    ids: dict[str, str] = {}
    for company in played.companies:
        ids[company.key] = (await _ok(client.post("/v1/companies", json=company.body)))["id"]
    for path, posting in _order(played):
        await _ok(client.post(path, json=posting.body(ids[posting.company])))
        await asyncio.sleep(BREATH_SECONDS)


def _order(played: Sample) -> Iterable[tuple[str, SamplePosting]]:
    """Staff of the neighbours, most needs, the cohort, the last needs: so that both ways of meeting are seen."""
    early = len(played.needs) * 2 // 3
    for posting in played.availabilities:
        if posting not in played.cohort:
            yield "/v1/availabilities", posting
    for posting in played.needs[:early]:
        yield "/v1/needs", posting
    for posting in played.cohort:
        yield "/v1/availabilities", posting
    for posting in played.needs[early:]:
        yield "/v1/needs", posting


async def _ok(call: Awaitable[httpx.Response]) -> Any:
    answer = await call
    return answer.raise_for_status().json()
