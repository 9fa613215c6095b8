"""Messages that do not arrive, and answers that say STOP: from mail server and provider to what the registry says."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
from pydantic import SecretStr

from passerelles.bus.address import Bus
from services.notifications.inbound.twilio import signature
from tests.e2e.platform import CAPDENAC, Platform, box, eventually, platform
from tests.integration.notifications.sms_providers import serving_providers
from tests.integration.notifications.smtp_servers import Mailbox, serving

SECRET = "secret-des-webhooks"
SHOWN = {"Authorization": f"Bearer {SECRET}"}

DSN = """\
From: MAILER-DAEMON@relay.example.org
To: {to}
Content-Type: multipart/report; report-type=delivery-status; boundary=B
MIME-Version: 1.0

--B
Content-Type: message/delivery-status

Reporting-MTA: dns; relay.example.org

Final-Recipient: rfc822; {recipient}
Action: failed
Status: {status}

--B--
"""


class Site(Platform):
    """The platform, with a mail server that says what the envelopes were, and what calls its webhooks."""

    letters: Mailbox
    providers: Any
    webhooks: httpx.AsyncClient

    async def contact(self, company: str) -> dict[str, Any]:
        return dict((await self.get(f"/v1/companies/{company}"))["contacts"][0])

    async def unreached(self) -> list[str]:
        return [each["id"] for each in (await self.get("/v1/companies", params={"unreachable": "true"}))["items"]]

    async def receipts(self, contact: str, channel: str) -> list[str | None]:
        found = (await self.get("/v1/deliveries", params={"contact": contact}))["items"]
        return [each["receipt"] for each in found if each["channel"] == channel]

    async def pair(self) -> tuple[str, str]:
        """A borrower and a lender who have both been told."""
        lender = await self.company("Aerolot", sms=True)
        borrower = await self.company("Salaisons", CAPDENAC)
        await self.availability(lender)
        await self.need(borrower)
        await eventually(lambda: len(self.letters.mails) >= 2 and self.providers.taken)
        return borrower, lender

    def sender_to(self, recipient: str) -> str:
        """The envelope's sender of the mail to this recipient."""
        return self.letters.senders[self.letters.recipients.index(recipient)]

    async def twilio(self, path: str, form: dict[str, str], *, forged: bool = False) -> httpx.Response:
        signed = signature(
            "autre" if forged else "12345", str(self.webhooks.base_url).rstrip("/") + path, list(form.items())
        )
        headers = {"X-Twilio-Signature": signed, "Content-Type": "application/x-www-form-urlencoded"}
        return await self.webhooks.post(path, content=urlencode(form), headers=headers)


@asynccontextmanager
async def site(bus: Bus, store: str, folder: Path) -> AsyncIterator[Site]:
    letters = Mailbox()
    async with box() as mails, serving(letters) as smtp, serving_providers() as providers:
        sms = providers.settings("twilio").model_dump()
        more = {"webhook_secret": SecretStr(SECRET), "smtp": smtp, "smtp_bounces": "rebonds@example.org", **sms}
        async with platform(bus, store, mails, folder, **more) as found:
            assert found.settings is not None
            whole = Site(found.sink, found.api, iter(range(1, 100)), found.settings)
            whole.letters, whole.providers = letters, providers
            async with httpx.AsyncClient(base_url=found.settings.webhook_url) as webhooks:
                whole.webhooks = webhooks
                yield whole


async def test_a_mail_that_comes_back_marks_its_contact_until_somebody_knows_better(
    pair_urls: tuple[Bus, str], tmp_path: Path
) -> None:
    async with site(*pair_urls, tmp_path) as whole:
        borrower, _ = await whole.pair()
        address = (await whole.contact(borrower))["email"]
        returned = DSN.format(to=whole.sender_to(address), recipient=address, status="5.1.1")
        for headers in ({}, {"Authorization": "Bearer autre"}):
            assert (await whole.webhooks.post("/webhooks/dsn", content=returned, headers=headers)).status_code == 403
        for _ in range(2):
            assert (await whole.webhooks.post("/webhooks/dsn", content=returned, headers=SHOWN)).status_code == 204

        await eventually(whole.unreached)
        assert await whole.unreached() == [borrower]
        contact = await whole.contact(borrower)
        assert contact["unreachable"] == {"email": "dsn_5_1_1"}
        assert await whole.receipts(contact["id"], "email") == ["undelivered"]

        await whole.need(borrower, title="Autre poste")
        lenders = "rh.aerolot@example.org"
        await eventually(lambda: whole.letters.recipients.count(lenders) == 2)
        assert whole.letters.recipients.count(address) == 1, "nobody writes there any more"

        path = f"/v1/companies/{borrower}/contacts/{contact['id']}/reachable"
        assert (await whole.post(path, {"channel": "email"}))["contacts"][0]["unreachable"] == {}
        assert await whole.unreached() == []
        big = await whole.webhooks.post("/webhooks/dsn", content=b"x" * 1_100_000, headers=SHOWN)
        assert big.status_code == 413


async def test_receipts_and_stop_are_heard_from_who_signs_them(pair_urls: tuple[Bus, str], tmp_path: Path) -> None:
    async with site(*pair_urls, tmp_path) as whole:
        _, lender = await whole.pair()
        contact = await whole.contact(lender)
        receipts = urlsplit(whole.providers.taken[0]["StatusCallback"]).path
        delivered = {"MessageSid": "SM01", "MessageStatus": "delivered"}
        assert (await whole.twilio(receipts, delivered, forged=True)).status_code == 403
        assert (await whole.twilio(receipts, delivered)).status_code == 204
        await eventually(lambda: _is(whole.receipts(contact["id"], "sms"), ["delivered"]))

        stop = {"From": contact["phone"], "Body": "Stop", "MessageSid": "SM02"}
        assert (await whole.twilio("/webhooks/twilio/answers", stop, forged=True)).status_code == 403
        assert (await whole.contact(lender))["sms"] is True
        for _ in range(2):
            answer = await whole.twilio("/webhooks/twilio/answers", stop)
            assert (answer.status_code, answer.text) == (200, "<Response/>")
        await eventually(lambda: _is(_sms(whole, lender), expected=False))


async def _is(found: Any, expected: Any) -> bool:
    return bool(await found == expected)


async def _sms(whole: Site, company: str) -> bool:
    return bool((await whole.contact(company))["sms"])
