"""What a registry of other rules could have kept, on its way to the wire: no header more, no text too long."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest

from passerelles.bus.address import Bus
from passerelles.store.address import open_store
from passerelles.store.port import Store
from services.notifications.segments import Alphabet, measure
from services.notifications.service import NotificationsService
from tests.integration.bus.conversation import eventually, running
from tests.integration.notifications.smtp_servers import Mailbox, serving
from tests.integration.notifications.test_service import Outside, say, settings
from tests.unit.notifications.samples import BORROWER, briefing_json, contact_json, made

TYPED = [
    "x" * 10_000,
    "soudeur " * 1250,
    "Chef\r\nBcc: autre@example.org\r\n\r\n.\r\n",
    "<h1>&amp;</h1>\x00\u202e",
    "🙂" * 999,
]


class Odd(Outside):
    """Answers with one text wherever somebody types one."""

    typed = ""

    def _answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        company = UUID(asked["company_id"])
        contact = {**contact_json("borrower-rh", sms=True), "name": self.typed}
        contacts = [contact] if company == BORROWER else []
        answer = briefing_json(company, asked["items"], contacts=contacts, title=self.typed)
        answer["company"]["name"] = self.typed
        for item in answer["items"]:
            item["need"]["occupation_label"] = item["availability"]["occupation_label"] = self.typed
        return answer


@pytest.fixture
async def outside() -> AsyncIterator[Odd]:
    outside = Odd()
    await outside.server.start()
    yield outside
    await outside.server.stop()


@pytest.fixture
async def store(sqlite_url: str) -> AsyncIterator[Store]:
    store = open_store(sqlite_url)
    await store.open()
    yield store
    await store.close()


async def test_every_text_has_its_place_and_its_length(embedded_bus: Bus, store: Store, outside: Odd) -> None:
    box = Mailbox()
    async with serving(box) as smtp:
        service = NotificationsService(settings(outside, smtp), embedded_bus, store)
        async with running(service):
            for number, typed in enumerate(TYPED, 1):
                outside.typed = typed
                await say(embedded_bus, [made(number, f"a{number}", need=f"n{number}")])
                await eventually(lambda count=number: len(box.mails) == count and len(outside.texts) == count)
            assert service.health.ready
    for mail, text in zip(box.mails, outside.texts, strict=True):
        assert set(mail.keys()) == set(box.mails[0].keys())
        assert [each.addr_spec for each in mail["To"].addresses] == ["borrower-rh@conserverie.example.org"]
        assert len(mail["Subject"]) <= 140
        assert len(mail.as_bytes()) < 100_000, "Gmail cuts at 102 kB"
        alphabet, segments = measure(text["text"])
        assert alphabet is Alphabet.GSM7
        assert segments <= 2
        assert "\n" not in text["text"]
    assert box.recipients == ["borrower-rh@conserverie.example.org"] * len(TYPED)
