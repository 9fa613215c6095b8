"""Words about deliveries, on a real store: what each changes, once, and who may say it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from pydantic import SecretStr
from starlette.applications import Starlette

from passerelles.errors import UnavailableError
from passerelles.settings import Settings
from passerelles.store.address import open_store
from passerelles.store.port import Body, Store
from schemas.envelope import parse_time
from services.notifications.channels.port import Attempt, OfAddress, Recipient, Verdict
from services.notifications.channels.receipt_urls import read_receipt_urls
from services.notifications.inbound import hearing as module
from services.notifications.inbound import routes
from services.notifications.inbound.hearing import HeardChannel, Hearing
from services.notifications.inbound.phone_book import Owner
from services.notifications.inbound.routes import Webhooks
from services.notifications.inbound.word import Fate, Word
from services.notifications.ledger.addresses import Addresses
from services.notifications.rendering import Rendered
from tests.integration.notifications.ledger_world import CountingChannel, World, events_of
from tests.unit.notifications.samples import BORROWER, contact_json, made, some_id

SECRET = "secret-des-webhooks"
SHOWN = {"Authorization": f"Bearer {SECRET}"}
RH = some_id("borrower-rh")


@pytest.fixture
async def store(sqlite_url: str) -> AsyncIterator[Store]:
    store = open_store(sqlite_url)
    Addresses(store, soft_bounces=3)
    await store.open()
    yield store
    await store.close()


class Heard:
    """A ledger with text messages, and the hearing beside it."""

    def __init__(self, store: Store) -> None:
        self.sms = CountingChannel()
        self.world = World(store, sms=self.sms)
        self.world.registry.borrowers = [contact_json("borrower-rh", sms=True)]
        self.world.registry.lenders = []
        self.addresses = Addresses(store, soft_bounces=3)
        self.hearing = Hearing(self.world.documents, self.addresses, clock=self.world.clock)
        self.told: list[str] = []
        self.hearing.owes_delivery = self.told.append
        self.hearing.owes_address = self.told.append

    async def sent(self, number: int = 1) -> dict[str, UUID]:
        """The deliveries of one more message, by channel."""
        before = {stored.id for stored in await self.world.documents.deliveries.find()}
        await self.world.hear(made(number, f"a{number}", need=f"n{number}"))
        found = await self.world.documents.deliveries.find()
        return {each.body["channel"]: UUID(each.id) for each in found if each.id not in before}

    async def delivery(self, id_: UUID) -> Body:
        stored = await self.world.documents.deliveries.get(str(id_))
        assert stored is not None
        return stored.body

    async def owed(self, channel: str) -> list[tuple[str, dict[str, Any]]]:
        stored = await self.addresses.documents.get(f"{RH}:{channel}")
        return [(entry["type"], entry["data"]) for entry in stored.body["pending"]] if stored else []


@pytest.fixture
async def heard(store: Store) -> AsyncIterator[Heard]:
    found = Heard(store)
    yield found
    await found.world.stop()


async def test_a_receipt_is_written_once_and_told_with_the_delivery(heard: Heard) -> None:
    id_ = (await heard.sent())["sms"]
    version = (await heard.delivery(id_))["version"]
    for _ in range(3):
        await heard.hearing.hear(Word(id_, Fate.ARRIVED, "twilio_delivered"))
    body = await heard.delivery(id_)
    assert (body["state"], body["receipt"], body["code"]) == ("sent", "delivered", "twilio_delivered")
    assert body["version"] == version + 1
    assert [(each["state"], each["receipt"]) for each in events_of([body])][-1] == ("sent", "delivered")
    assert heard.told == [str(id_)]


async def test_having_arrived_is_the_last_word(heard: Heard) -> None:
    id_ = (await heard.sent())["sms"]
    for fate in (Fate.RETURNED, Fate.ARRIVED, Fate.RETURNED):
        await heard.hearing.hear(Word(id_, fate, "twilio_x"))
    assert (await heard.delivery(id_))["receipt"] == "delivered"


@pytest.mark.parametrize(("fate", "state"), [(Fate.ARRIVED, "sent"), (Fate.RETURNED, "failed")])
async def test_what_nobody_knew_is_known_now(heard: Heard, fate: Fate, state: str) -> None:
    heard.sms.answer = lambda: Attempt(Verdict.UNKNOWN, "sms_no_answer")
    id_ = (await heard.sent())["sms"]
    assert (await heard.delivery(id_))["state"] == "unknown"
    await heard.hearing.hear(Word(id_, fate, "twilio_x"))
    assert (await heard.delivery(id_))["state"] == state


async def test_a_hard_bounce_is_told_at_once_and_with_the_time_of_its_message(heard: Heard) -> None:
    id_ = (await heard.sent())["email"]
    made_at = (await heard.delivery(id_))["created_at"]
    heard.world.clock.advance(hours=5)
    for _ in range(2):
        await heard.hearing.hear(Word(id_, Fate.BOUNCED, "dsn_5_1_1"))
    ((type_, word),) = await heard.owed("email")
    assert (type_, word["contact_id"], word["company_id"], word["code"]) == (
        "contact.unreachable",
        str(RH),
        str(BORROWER),
        "dsn_5_1_1",
    )
    assert parse_time(word["sent_at"]) == parse_time(made_at)


async def test_soft_bounces_count_when_they_follow_one_another(heard: Heard) -> None:
    ids = [(await heard.sent(number))["email"] for number in range(1, 7)]
    for id_ in (ids[0], ids[0], ids[1]):
        await heard.hearing.hear(Word(id_, Fate.RETURNED, "dsn_5_2_2"))
    await heard.hearing.hear(Word(ids[2], Fate.ARRIVED, "dsn_2_1_5"))
    for id_ in ids[3:5]:
        await heard.hearing.hear(Word(id_, Fate.RETURNED, "dsn_5_2_2"))
    assert await heard.owed("email") == []
    await heard.hearing.hear(Word(ids[5], Fate.RETURNED, "dsn_5_2_2"))
    assert [type_ for type_, _ in await heard.owed("email")] == ["contact.unreachable"]


async def test_a_stop_is_told_and_each_answer_once(heard: Heard) -> None:
    id_ = (await heard.sent())["sms"]
    for _ in range(2):
        await heard.hearing.hear(Word(id_, Fate.OPTED_OUT, "twilio_21610"))
        await heard.hearing.stopped(BORROWER, RH, "twilio:SM01")
    told = await heard.owed("sms")
    assert [(type_, word["version"]) for type_, word in told] == [("contact.opted_out", 1), ("contact.opted_out", 2)]


async def test_a_word_about_no_delivery_changes_nothing(heard: Heard) -> None:
    await heard.hearing.hear(Word(uuid4(), Fate.BOUNCED, "dsn_5_1_1"))
    assert heard.told == []


async def test_a_word_that_comes_before_the_answer_is_to_be_said_again(
    heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "HASTE", (0.0,))
    id_ = (await heard.sent())["sms"]
    stored = await heard.world.documents.deliveries.get(str(id_))
    assert stored is not None
    await heard.world.documents.deliveries.replace(str(id_), {**stored.body, "state": "attempting"}, stored.revision)
    with pytest.raises(UnavailableError):
        await heard.hearing.hear(Word(id_, Fate.ARRIVED, "twilio_delivered"))


async def test_what_an_attempt_teaches_is_kept_and_never_in_its_way(heard: Heard) -> None:
    id_ = (await heard.sent())["sms"]
    inner = CountingChannel()
    inner.answer = lambda: Attempt(Verdict.SENT, "ovh_200", reference="ovh:7")
    channel = HeardChannel(inner, heard.hearing)
    to, text = Recipient("RH", "+33612345678"), Rendered("texte")
    assert (await channel.send(id_, to, text)).verdict is Verdict.SENT
    assert await heard.hearing.referred("ovh:7") == id_
    inner.answer = lambda: Attempt(Verdict.FAILED, "twilio_21614", of_address=OfAddress.UNREACHABLE)
    await channel.send(id_, to, text)
    assert [word["code"] for _, word in await heard.owed("sms")] == ["twilio_21614"]

    async def down(*_: Any) -> None:
        raise UnavailableError("La base ne répond pas.")

    heard.hearing.attempted = down  # type: ignore[method-assign]
    assert (await channel.send(id_, to, text)).code == "twilio_21614"


class Phones:
    def __init__(self) -> None:
        self.asked: list[str] = []
        self.down = False

    async def owners(self, phone: str) -> tuple[Owner, ...]:
        self.asked.append(phone)
        if self.down:
            raise UnavailableError("Le registre ne répond pas.")
        return (Owner(company_id=BORROWER, contact_id=RH),)


def settings(**more: Any) -> Settings:
    known: dict[str, Any] = {
        "webhook_url": "https://notifications.example.org",
        "webhook_secret": SecretStr(SECRET),
        "sms_twilio_token": SecretStr("12345"),
    }
    return Settings(**{**known, **more})


def calling(heard: Heard, **more: Any) -> httpx.AsyncClient:
    found = Webhooks(settings(**more), heard.hearing, Phones()).routes()  # type: ignore[arg-type]
    transport = httpx.ASGITransport(Starlette(routes=found))
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1")


async def test_ovh_speaks_of_its_own_number_behind_the_secret(heard: Heard) -> None:
    id_ = (await heard.sent())["sms"]
    await heard.addresses.remember("ovh:26929925", id_)
    said = {"id": "26929925", "ptt": "4", "date": "20260302093000"}
    async with calling(heard) as client:
        for key in ({}, {"key": "autre"}):
            assert (await client.get("/webhooks/ovh/receipts", params=said | key)).status_code == 403
        assert (
            await client.get("/webhooks/ovh/receipts", params={**said, "id": "1", "key": SECRET})
        ).status_code == 204
        assert "receipt" not in await heard.delivery(id_)
        assert (await client.get("/webhooks/ovh/receipts", params=said | {"key": SECRET})).status_code == 204
    assert (await heard.delivery(id_))["receipt"] == "delivered"


async def test_brevo_speaks_at_an_address_made_for_the_message(heard: Heard) -> None:
    first, second = (await heard.sent(1))["sms"], (await heard.sent(2))["sms"]
    urls = read_receipt_urls(settings())
    assert urls is not None
    path = urls.brevo(first).removeprefix("https://notifications.example.org")
    async with calling(heard) as client:
        forged = path.replace(str(first), str(second))
        assert (await client.post(forged, json={"msg_status": "delivered"})).status_code == 403
        assert (await client.post(path, content=b"{")).status_code == 400
        assert (await client.post(path, content=b"[]")).status_code == 400
        assert (await client.post(path, json={"msg_status": "delivered"})).status_code == 204
    assert (await heard.delivery(first))["receipt"] == "delivered"
    assert "receipt" not in await heard.delivery(second)


async def test_brevo_on_emails_shows_the_secret(heard: Heard) -> None:
    id_ = (await heard.sent())["email"]
    said = {"event": "hard_bounce", "X-Mailin-custom": str(id_), "message-id": "<1@smtp-relay.mailin.fr>"}
    async with calling(heard) as client:
        assert (await client.post("/webhooks/brevo/email", json=said)).status_code == 403
        assert (await client.post("/webhooks/brevo/email", json=said, headers=SHOWN)).status_code == 204
    assert [word["code"] for _, word in await heard.owed("email")] == ["brevo_hard_bounce"]


async def test_a_body_is_bounded_in_size_time_and_depth(heard: Heard, monkeypatch: pytest.MonkeyPatch) -> None:
    async def trickling() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    async with calling(heard) as client:
        deep = await client.post("/webhooks/brevo/email", content=b"[" * 100_000, headers=SHOWN)
        large = await client.post("/webhooks/dsn", content=b"x" * 1_000_001, headers=SHOWN)
        monkeypatch.setattr(routes, "PATIENCE", 0.01)
        slow = await client.post("/webhooks/dsn", content=trickling(), headers=SHOWN)
    assert (deep.status_code, large.status_code, slow.status_code) == (400, 413, 408)


@pytest.mark.parametrize("secret", [None, SecretStr("")])
async def test_nothing_is_open_without_a_secret(heard: Heard, secret: SecretStr | None) -> None:
    async with calling(heard, webhook_secret=secret) as client:
        for path in ("/webhooks/dsn", "/webhooks/brevo/email", "/webhooks/twilio/answers"):
            assert (await client.post(path, headers=SHOWN)).status_code == 404
    async with calling(heard, sms_twilio_token=SecretStr("")) as client:
        assert (await client.post("/webhooks/twilio/answers")).status_code == 404


async def test_a_get_is_refused_where_a_post_changes_something(heard: Heard) -> None:
    async with calling(heard) as client:
        assert (await client.get("/webhooks/dsn", headers=SHOWN)).status_code == 405
