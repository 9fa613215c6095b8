"""What people type, from the registry's API to the bytes of the mails: nothing breaks a message, or the service."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from passerelles.bus.address import Bus
from tests.e2e.platform import CAPDENAC, FIGEAC, Platform, box, eventually, platform, siret
from tests.integration.notifications.smtp_servers import Mailbox, serving

HTML = """<b>Chef</b> d'équipe & "soudeur" <img src=x onerror=alert(1)>"""
SCRIPT = "<script>alert(1)</script> & Fils"
CRLF = "RH\r\nBcc: autre@example.org"
HEADERS = {
    "Content-Type",
    "MIME-Version",
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "In-Reply-To",
    "References",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "Auto-Submitted",
    "X-Mailin-custom",
    "Content-Language",
}
NOBODY = "personne.ici@example.org"
ELSEWHERE = "rh@société-du-quercy.fr"


class Choosy(Mailbox):
    """A mail server that knows one of the mailboxes not to exist."""

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address == NOBODY:
            return "550 5.1.1 no such user"
        return await super().handle_RCPT(server, session, envelope, address, options)


@asynccontextmanager
async def site(bus: Bus, store: str, folder: Path) -> AsyncIterator[tuple[Platform, Mailbox]]:
    letters = Choosy()
    async with box() as mails, serving(letters) as smtp, platform(bus, store, mails, folder, smtp=smtp) as found:
        yield found, letters


def company(number: int, name: str, commune: str, *contacts: dict[str, Any]) -> dict[str, Any]:
    return {
        "siret": siret(number),
        "name": name,
        "branch": "metal",
        "commune": commune,
        "status": "joined",
        "contacts": list(contacts),
    }


def contact(email: str, name: str = "RH", **more: Any) -> dict[str, Any]:
    return {"name": name, "email": email, **more}


WRONG: dict[str, dict[str, Any]] = {
    "two lines": {"name": CRLF},
    "a line separator": {"name": "Avec\u2028ligne"},
    "long": {"name": "x" * 10_000},
    "a contact on two lines": {"contacts": [contact("rh@example.org", CRLF)]},
    "two addresses": {"contacts": [contact("rh@example.org\r\nBcc: autre@example.org")]},
    "no address": {"contacts": [contact("pas une adresse")]},
    "a landline": {"contacts": [contact("rh@example.org", phone="05 65 00 00 00", sms=True)]},
}


async def refused_at_entry(whole: Platform, borrower: str) -> None:
    """What no message could carry."""
    for said, wrong in WRONG.items():
        answer = await whole.api.post(
            "/v1/companies", json=company(501, "Autre", FIGEAC, contact("a@example.org")) | wrong
        )
        assert answer.status_code == 422, said
        assert answer.headers["Content-Type"] == "application/problem+json"
    for title in (CRLF, "x" * 10_000, "\x1b[2J"):
        need = {"company_id": borrower, "occupation": "H2102", "mode": "loan", "headcount": 1, "title": title}
        answer = await whole.api.post("/v1/needs", json=need | {"start": "2027-01-01", "end": None})
        assert answer.status_code == 422


async def test_what_is_typed_is_refused_or_arrives_as_text_and_the_others_get_theirs(
    embedded_bus: Bus, sqlite_url: str, tmp_path: Path
) -> None:
    async with site(embedded_bus, sqlite_url, tmp_path) as (whole, letters):
        contacts = (contact("rh@example.org", SCRIPT), contact(NOBODY, phone="05 65 00 00 00"), contact(ELSEWHERE))
        borrower = (await whole.post("/v1/companies", company(500, SCRIPT, CAPDENAC, *contacts)))["id"]
        await refused_at_entry(whole, borrower)
        lender = await whole.company("Aerolot")
        await whole.availability(lender)
        await whole.need(borrower, title=HTML)
        await eventually(lambda: len(letters.mails) == 3)
        assert sorted(letters.recipients) == [
            "rh.aerolot@example.org",
            "rh@example.org",
            "rh@xn--socit-du-quercy-enbb.fr",
        ]
        for mail in letters.mails:
            assert set(mail.keys()) <= HEADERS
            assert len(mail["To"].addresses) == 1
        (ours,) = [mail for mail in letters.mails if "rh@example.org" in mail["To"]]
        text, html = part(ours, "plain"), part(ours, "html")
        assert "<b>Chef</b>" in text + ours["Subject"]
        for tag in ("<b>Chef", "<img src=x", "<script>"):
            assert tag not in html
        assert "&lt;b&gt;Chef" in html
        assert ours["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"

        assert (await whole.api.get("/readyz")).status_code == 200
        found = await eventually(lambda: marked(whole, borrower))
        assert found == {NOBODY: {"email": "smtp_550"}}


def part(mail: EmailMessage, kind: str) -> str:
    body = mail.get_body((kind,))
    assert body is not None
    return str(body.get_content())


async def marked(whole: Platform, company_id: str) -> dict[str, Any]:
    contacts = (await whole.get(f"/v1/companies/{company_id}"))["contacts"]
    return {each["email"]: each["unreachable"] for each in contacts if each["unreachable"]}
