"""The whole service on each bus and store: events in, real mails and texts out, results back as events."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import httpx
import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from passerelles.bus.address import Bus
from passerelles.bus.codec import decode
from passerelles.errors import SettingsError, UnavailableError
from passerelles.settings import Settings
from passerelles.store.address import open_store
from passerelles.store.port import Store
from schemas.decisions import ProposalAgreed
from schemas.deliveries import AlertDecided, AlertVerdict, DeliveryRecorded
from schemas.vocabulary import Party
from services.notifications.pairs import after
from services.notifications.questions import Contacts
from services.notifications.service import NotificationsService
from services.serving import HttpServer, listen
from tests.chaos.notifications.memory import MemoryStore
from tests.integration.bus.conversation import eventually, everything, publish_all, running
from tests.integration.notifications.ledger_world import type_of
from tests.integration.notifications.smtp_servers import Mailbox, serving
from tests.unit.notifications.samples import (
    BORROWER,
    COUNTERPART,
    LENDER,
    NOW,
    briefing_json,
    contact_json,
    event,
    ids,
    made,
    outcome,
    some_id,
    withdrawn,
)

TOKEN = "jeton-des-services"
PROBLEM = {"type": "urn:passerelles:problem:entreprise-inconnue", "title": "Entreprise inconnue", "status": 404}
WRONG_PATH = {"type": "urn:passerelles:problem:introuvable", "title": "Introuvable", "status": 404}


class Outside:
    """The registry's internal address and the SMS provider's, on one port of loopback."""

    def __init__(self) -> None:
        self.texts: list[dict[str, Any]] = []
        self.strange: Response | None = None
        self.calls: list[int] = []
        routes = [
            Route("/internal/briefings", self._brief, methods=["POST"]),
            Route("/internal/briefings/batch", self._brief_several, methods=["POST"]),
            Route("/sms", self._take, methods=["POST"]),
        ]
        self.server = HttpServer(Starlette(routes=routes), listen("127.0.0.1", 0))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.port}"

    async def _brief(self, request: Request) -> Response:
        if self.strange is not None:
            return self.strange
        if request.headers["Authorization"] != f"Bearer {TOKEN}":
            return JSONResponse({}, 401)
        self.calls.append(1)
        answer = self._answer(await request.json())
        return JSONResponse(answer) if answer else JSONResponse(PROBLEM, 404, media_type="application/problem+json")

    async def _brief_several(self, request: Request) -> Response:
        if self.strange is not None:
            return self.strange
        asked = await request.json()
        self.calls.append(len(asked))
        if any(not each["items"] for each in asked):
            return JSONResponse({}, 500)
        return JSONResponse([self._answer(each) for each in asked])

    def _answer(self, asked: dict[str, Any]) -> dict[str, Any] | None:
        company = UUID(asked["company_id"])
        if company not in {BORROWER, LENDER}:
            return None
        borrower = asked["party"] == "borrower"
        contact = contact_json("borrower-rh", sms=True) if borrower else contact_json("lender-rh")
        return briefing_json(company, asked["items"], contacts=[contact], counterpart=COUNTERPART)

    async def _take(self, request: Request) -> Response:
        self.texts.append(await request.json())
        return JSONResponse({}, 202)


@pytest.fixture
async def sqlite_store(sqlite_url: str) -> AsyncIterator[Store]:
    store = open_store(sqlite_url)
    await store.open()
    yield store
    await store.close()


@pytest.fixture
async def outside() -> AsyncIterator[Outside]:
    outside = Outside()
    await outside.server.start()
    yield outside
    await outside.server.stop()


def settings(outside: Outside, smtp: str) -> Settings:
    return Settings(
        registry_url=outside.url,
        service_token=SecretStr(TOKEN),
        smtp=smtp,
        sms="http",
        sms_url=f"{outside.url}/sms",
        alert_window_ms=0,
        alert_need_hours=0,
        alert_pair_days=0,
        sms_hours="0-24",
        sms_days="1234567",
        sms_holidays=True,
    )


async def say(bus: Bus, words: Sequence[Any]) -> None:
    await publish_all(bus, [event(word, type_of(word)) for word in words])


NAMES = {"a1": str(ids("a1")["id"]), "a2": str(ids("a2")["id"])}


def told(box: Mailbox) -> set[tuple[str, str]]:
    """Who has a link to which proposal."""
    return {
        (str(mail["To"].addresses[0].username), name)
        for mail in box.mails
        for name, id_ in NAMES.items()
        if id_ in mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    }


def titles(box: Mailbox) -> set[str]:
    """What the mails to the borrower say."""
    texts = [mail.get_body(("plain",)).get_content() for mail in box.mails if "borrower" in mail["To"]]  # type: ignore[union-attr]
    return {title for title in ("ACCORD CONCLU", "PROPOSITION RETIRÉE") if any(title in text for text in texts)}


@asynccontextmanager
async def probing(service: NotificationsService) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(service.app), base_url="http://test") as client:
        yield client


async def test_from_the_events_to_the_mailbox_and_back(pair: tuple[Bus, Store], outside: Outside) -> None:
    bus, store = pair
    box = Mailbox()
    async with serving(box) as smtp:
        service = NotificationsService(settings(outside, smtp), bus, store)
        async with running(service), probing(service) as client:
            await eventually(lambda: service.health.ready)
            ready = await client.get("/readyz")
            assert ready.status_code == 200
            checks = ready.json()["checks"]
            assert (checks["email"]["via"], checks["sms"]["via"]) == (smtp.removeprefix("smtp://"), "http")
            await say(bus, [made(1), made(2, "a2")])
            await eventually(lambda: told(box) == {(to, name) for to in ("borrower-rh", "lender-rh") for name in NAMES})
            await say(bus, [outcome(ProposalAgreed, 1, Party.LENDER, headcount=3), withdrawn(3, "a2")])
            await eventually(lambda: len(titles(box)) == 2)
        assert all(text["to"] == "+33612345678" for text in outside.texts)

        before = len(box.mails), len(outside.texts)
        again = NotificationsService(settings(outside, smtp), bus, store)
        async with running(again):
            await eventually(lambda: again.health.ready)
            # The last one is new, and is told once those before it have been taken.
            await say(bus, [made(1), made(2, "a2"), made(1 << 41), made((1 << 41) + 1, "a3")])
            await eventually(lambda: len(outside.texts) > before[1] and len(box.mails) > before[0] + 1)
        assert (len(box.mails), len(outside.texts)) == (before[0] + 2, before[1] + 1)

    said = [decode(record).data for record in await everything(bus, "notifications.deliveries")]
    assert all(isinstance(each, DeliveryRecorded | AlertDecided) for each in said)
    assert {each.verdict for each in said if isinstance(each, AlertDecided)} == {AlertVerdict.SENT}
    found = Counter(
        (each.proposal_id, each.kind.value, each.channel.value, each.state.value, each.contact_id)
        for each in said
        if isinstance(each, DeliveryRecorded)
    )
    a1, rh = ids("a1")["id"], some_id("borrower-rh")
    assert found[a1, "proposed", "email", "sent", rh] == 1
    assert found[a1, "proposed", "sms", "sent", rh] == 1
    assert found[a1, "agreed", "email", "sent", some_id("lender-rh")] == 1
    assert found[ids("a2")["id"], "withdrawn", "email", "sent", rh] == 1
    assert set(found.values()) == {1}


async def test_a_dead_mail_server_turns_readiness_red_and_loses_nothing(
    embedded_bus: Bus, sqlite_store: Store, outside: Outside
) -> None:
    dead = listen("127.0.0.1", 0)
    port = dead.getsockname()[1]
    dead.close()
    service = NotificationsService(settings(outside, f"smtp://127.0.0.1:{port}"), embedded_bus, sqlite_store)
    async with running(service), probing(service) as client:
        await say(embedded_bus, [made(1)])
        await eventually(lambda: outside.texts)
        answer = await client.get("/readyz")
        assert answer.status_code == 503
        assert "smtp_unreachable" in answer.json()["checks"]["email"]["reason"]
    box = Mailbox()
    async with serving(box) as smtp:
        service = NotificationsService(settings(outside, smtp), embedded_bus, sqlite_store)
        async with running(service):
            await eventually(lambda: len(box.mails) == 2)
    assert len(outside.texts) == 1


async def test_answers_that_are_not_the_registrys_are_waited_out(outside: Outside) -> None:
    contacts = Contacts(outside.url, TOKEN)
    pair = after(None, made(1), NOW)
    try:
        assert await contacts.briefing(some_id("nobody"), Party.BORROWER, [pair]) is None
        briefing = await contacts.briefing(BORROWER, Party.BORROWER, [pair])
        assert briefing is not None
        assert [item.proposal_id for item in briefing.items] == [pair.id]
        for strange in (
            Response("Not Found", 404),
            Response("Not Found: urn:passerelles:problem:entreprise-inconnue", 404),
            JSONResponse(["urn:passerelles:problem:entreprise-inconnue"], 404),
            JSONResponse(WRONG_PATH | {"detail": PROBLEM["type"]}, 404, media_type="application/problem+json"),
            JSONResponse({"company": None}),
            Response("<html>"),
            JSONResponse({}, 500),
        ):
            outside.strange = strange
            with pytest.raises(UnavailableError):
                await contacts.briefing(BORROWER, Party.BORROWER, [pair])
    finally:
        await contacts.close()
    refused = Contacts(outside.url, "autre")
    outside.strange = None
    with pytest.raises(UnavailableError, match="401"):
        await refused.briefing(BORROWER, Party.BORROWER, [pair])
    await refused.close()


async def test_who_asks_at_the_same_time_shares_a_call(outside: Outside) -> None:
    contacts = Contacts(outside.url, TOKEN)
    pair = after(None, made(1), NOW)
    companies = [BORROWER, LENDER, some_id("nobody")] * 20
    try:
        answers = await asyncio.gather(*(contacts.briefing(each, Party.BORROWER, [pair]) for each in companies))
        assert [each.company.id if each else None for each in answers] == [BORROWER, LENDER, None] * 20
        assert len(outside.calls) <= 3
        assert sum(outside.calls) == 60
    finally:
        await contacts.close()


async def test_an_answer_may_bring_the_next_question(outside: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.notifications.questions.CALLS", 1)
    contacts = Contacts(outside.url, TOKEN)
    pair = after(None, made(1), NOW)
    try:
        async with asyncio.timeout(10):
            for _ in range(3):
                assert await contacts.briefing(BORROWER, Party.BORROWER, [pair]) is not None
    finally:
        await contacts.close()


async def test_a_question_that_fails_does_not_fail_the_others(outside: Outside) -> None:
    contacts = Contacts(outside.url, TOKEN)
    pair = after(None, made(1), NOW)
    asked = [[pair]] * 5 + [[]] + [[pair]] * 5
    try:
        answers = await asyncio.gather(*(contacts.briefing(BORROWER, Party.BORROWER, each) for each in asked))
        assert [len(each.items) for each in answers if each] == [len(each) for each in asked]
        given_up = asyncio.create_task(contacts.briefing(BORROWER, Party.BORROWER, [pair]))
        await asyncio.sleep(0)
        given_up.cancel()
        assert await contacts.briefing(LENDER, Party.LENDER, [pair]) is not None
    finally:
        await contacts.close()


@pytest.mark.parametrize(
    "strange", [Response("Not Found", 404), Response("", 503), JSONResponse([]), Response("<html>")]
)
async def test_strange_answers_to_several_are_waited_out_by_each(outside: Outside, strange: Response) -> None:
    contacts = Contacts(outside.url, TOKEN)
    pair = after(None, made(1), NOW)
    outside.strange = strange
    try:
        answers = await asyncio.gather(
            *(contacts.briefing(BORROWER, Party.BORROWER, [pair]) for _ in range(5)), return_exceptions=True
        )
        assert all(isinstance(each, UnavailableError) for each in answers)
    finally:
        await contacts.close()
    down = Contacts("http://127.0.0.1:9", TOKEN)
    answers = await asyncio.gather(
        *(down.briefing(BORROWER, Party.BORROWER, [pair]) for _ in range(5)), return_exceptions=True
    )
    assert all(isinstance(each, UnavailableError) for each in answers)
    await down.close()


def test_hours_that_leave_no_time_for_a_text_message_are_named() -> None:
    wrong = Settings(service_token=SecretStr(TOKEN), sms_hours="20-8")
    with pytest.raises(SettingsError, match="SMS"):
        NotificationsService(wrong, Bus.parse("kafka://127.0.0.1:9"), MemoryStore())


def test_a_missing_token_is_named() -> None:
    with pytest.raises(SettingsError, match="jeton"):
        NotificationsService(Settings(), Bus.parse("kafka://127.0.0.1:9"), None)  # type: ignore[arg-type]
