"""The event stream: what concerns the caller, as it happens, from any replica, until somebody leaves."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import pytest

from passerelles.bus.address import Bus
from passerelles.bus.producer import Publisher
from schemas.decisions import ProposalAccepted
from schemas.deliveries import Channel, DeliveryRecorded, DeliveryState, MessageKind
from schemas.envelope import Event
from schemas.vocabulary import Party, Payload
from services.registry.api import feed, stream
from tests.integration.api.conftest import OPERATOR, Clock, Rig

BORROWER, LENDER, STRANGER = UUID(int=1), UUID(int=2), UUID(int=3)


class Reader:
    """One client of the stream, straight on the ASGI app."""

    def __init__(self, rig: Rig, token: str, **headers: str) -> None:
        self.status = 0
        self.events: asyncio.Queue[tuple[str, dict[str, Any]]] = asyncio.Queue()
        self.beats = asyncio.Event()
        self.blocked = asyncio.Event()
        self.blocked.set()
        self._left = asyncio.Event()
        self._given = False
        named = {"authorization": f"Bearer {token}"} | headers
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": "/v1/stream",
            "raw_path": b"/v1/stream",
            "query_string": b"",
            "headers": [(name.encode(), value.encode()) for name, value in named.items()],
            "server": ("test", 80),
            "client": ("test", 1),
            "state": {},
        }
        self.task = asyncio.create_task(rig.app(scope, self._receive, self._send))

    async def _receive(self) -> dict[str, Any]:
        if not self._given:
            self._given = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            return
        await self.blocked.wait()
        for block in message.get("body", b"").decode().split("\n\n"):
            lines = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith((":", "retry")))
            if ":" in block[:1]:
                self.beats.set()
            if "event" in lines:
                self.events.put_nowait((lines["event"], json.loads(lines["data"])))

    async def next(self) -> tuple[str, dict[str, Any]]:
        async with asyncio.timeout(20):
            return await self.events.get()

    async def leave(self) -> None:
        self._left.set()
        async with asyncio.timeout(20):
            await self.task


def _event(type_: str, data: Payload, proposal: UUID) -> Event[Payload]:
    return Event(
        id=uuid4(),
        type=type_,
        schema_version=1,
        source="registry",
        subject=str(proposal),
        time=Clock()(),
        epoch=1,
        key=str(proposal),
        data=data,
    )


def _accepted(proposal: UUID) -> Event[Payload]:
    data = ProposalAccepted(
        id=proposal,
        need_id=UUID(int=11),
        availability_id=UUID(int=12),
        borrower_id=BORROWER,
        lender_id=LENDER,
        version=1,
        by=Party.BORROWER,
    )
    return _event("proposal.accepted", data, proposal)


def _delivered(proposal: UUID) -> Event[Payload]:
    data = DeliveryRecorded(
        id=uuid4(),
        version=1,
        message_id=uuid4(),
        proposal_id=proposal,
        company_id=LENDER,
        contact_id=uuid4(),
        party=Party.LENDER,
        channel=Channel.EMAIL,
        kind=MessageKind.PROPOSED,
        state=DeliveryState.SENT,
        at=Clock()(),
        attempts=1,
    )
    return _event("delivery.recorded", data, proposal)


@asynccontextmanager
async def _served(url: str, bus: Bus) -> AsyncIterator[tuple[Rig, Publisher]]:
    rig, publisher = Rig(url, Clock(), bus), Publisher(bus)
    await rig.store.open()
    await publisher.start()
    for place, company in enumerate((BORROWER, LENDER, STRANGER)):
        # Tokens are kept as digests; these stand for companies that nobody else looks at.
        await rig.office.tokens.insert(_digest(f"jeton-{place}"), {"company_id": str(company)})
    try:
        yield rig, publisher
    finally:
        await rig.app.state.stream.stop()
        await publisher.stop()
        await rig.store.close()


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


async def test_each_caller_is_told_what_concerns_it(sqlite_url: str, bus: Bus) -> None:
    async with _served(sqlite_url, bus) as (rig, publisher):
        readers = [Reader(rig, token) for token in ("jeton-0", "jeton-1", "jeton-2", OPERATOR)]
        borrower, lender, stranger, operator = readers
        for reader in readers:
            assert await reader.next() == ("ready", {"resumed": False})
            assert reader.status == 200
        proposal = uuid4()
        await publisher.publish([_accepted(proposal), _delivered(proposal)])
        type_, seen = await borrower.next()
        assert (type_, seen["party"], seen["by"], seen["proposal_id"]) == (
            "proposal.accepted",
            "borrower",
            "borrower",
            str(proposal),
        )
        assert str(LENDER) not in json.dumps(seen)
        told = dict([await lender.next(), await lender.next()])
        assert told["proposal.accepted"]["party"] == "lender"
        assert told["delivery.recorded"]["state"] == "sent"
        assert str(BORROWER) not in json.dumps(told)
        all_ = dict([await operator.next(), await operator.next()])
        assert all_["proposal.accepted"]["lender_id"] == str(LENDER)
        assert stranger.events.empty()
        assert borrower.events.empty()
        for reader in readers:
            await reader.leave()


async def test_a_replica_tells_what_another_one_published(sqlite_url: str, embedded_bus: Bus) -> None:
    async with (
        _served(sqlite_url, embedded_bus) as (rig, publisher),
        _served(f"{sqlite_url}.2", embedded_bus) as (other, _),
    ):
        one, two = Reader(rig, "jeton-0"), Reader(other, "jeton-0", **{"last-event-id": "registry.outcomes/1/3"})
        assert await one.next() == ("ready", {"resumed": False})
        assert await two.next() == ("ready", {"resumed": True})
        await publisher.publish([_accepted(uuid4())])
        assert await one.next() == await two.next()
        await one.leave()
        await two.leave()


async def test_silence_is_filled_with_heartbeats(
    sqlite_url: str, embedded_bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "HEARTBEAT_SECONDS", 0.01)
    async with _served(sqlite_url, embedded_bus) as (rig, _):
        reader = Reader(rig, "jeton-0")
        async with asyncio.timeout(20):
            await reader.beats.wait()
        await reader.leave()


async def test_a_stop_ends_every_stream(sqlite_url: str, embedded_bus: Bus) -> None:
    async with _served(sqlite_url, embedded_bus) as (rig, _):
        readers = [Reader(rig, "jeton-0"), Reader(rig, OPERATOR)]
        for reader in readers:
            await reader.next()
        await rig.app.state.stream.stop()
        async with asyncio.timeout(20):
            await asyncio.gather(*(reader.task for reader in readers))
        late = Reader(rig, "jeton-0")
        await late.task
        assert late.status == 503


async def test_who_does_not_read_is_let_go(sqlite_url: str, embedded_bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "WAITING_LIMIT", 5)
    monkeypatch.setattr(stream, "SEND_SECONDS", 0.2)
    async with _served(sqlite_url, embedded_bus) as (rig, publisher):
        slow, quick = Reader(rig, "jeton-0"), Reader(rig, "jeton-1")
        await slow.next()
        await quick.next()
        slow.blocked.clear()
        for _ in range(20):
            await publisher.publish([_accepted(uuid4())])
            await quick.next()
        async with asyncio.timeout(20):
            await slow.task
        await quick.leave()


async def test_streams_are_counted_by_caller(
    sqlite_url: str, embedded_bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "CALLER_LIMIT", 1)
    async with _served(sqlite_url, embedded_bus) as (rig, _):
        first = Reader(rig, "jeton-0")
        await first.next()
        second = Reader(rig, "jeton-0")
        await second.task
        assert second.status == 429
        await first.leave()
        third = Reader(rig, "jeton-0")
        assert (await third.next())[0] == "ready"
        await third.leave()


async def test_no_broker_is_told_as_unavailable(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "READY_SECONDS", 0.1)
    async with _served(sqlite_url, Bus("127.0.0.1:9")) as (rig, _):
        reader = Reader(rig, "jeton-0")
        async with asyncio.timeout(20):
            await reader.task
        assert reader.status == 503
