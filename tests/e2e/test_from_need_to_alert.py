"""The user's sentence, end to end: a need goes in, the right HR managers are alerted, they answer, both are told."""

from __future__ import annotations

import itertools
from pathlib import Path

import httpx

from passerelles.bus.address import Bus
from tests.e2e.platform import CAPDENAC, RODEZ, box, eventually, platform


async def test_a_need_meets_staff_available_and_both_companies_agree_from_their_mail(
    pair_urls: tuple[Bus, str], tmp_path: Path
) -> None:
    async with box() as mails, platform(*pair_urls, mails, tmp_path) as site:
        lender = await site.company("Aerolot", branch="aeronautique", sms=True)
        borrower = await site.company("Salaisons", CAPDENAC, branch="agroalimentaire")
        stranger = await site.company("Lointaine", RODEZ, branch="bois")
        await site.availability(lender, occupation="H2906")
        await site.availability(stranger, occupation="N1103")
        need = await site.need(borrower, title="Conducteur de ligne de jambons")

        (mail,) = await eventually(lambda: site.mails("Salaisons"))
        (offer,) = await eventually(lambda: site.mails("Aerolot"))
        assert "Conducteur de ligne de jambons" in mail.text
        assert "Conducteur de ligne de jambons" not in offer.text, "a title may tell who the borrower is"
        for text in (mail.text, mail.html):
            assert "Aerolot" not in text, "nobody's name before both accepted"
        assert "Salaisons" not in offer.text + offer.html.replace("rh.", "")
        (sms,) = await eventually(site.texts)
        assert sms.links
        assert len(sms.text) <= 306

        (proposal,) = await site.proposals(need=need["id"])
        assert proposal["status"] == "open"
        assert {reason["rule"] for reason in proposal["reasons"]} >= {
            "occupation",
            "skills",
            "distance",
            "period",
            "pay",
        }
        assert proposal["score"] == sum(reason["points"] for reason in proposal["reasons"])

        async with httpx.AsyncClient() as browser:
            for _ in range(3):
                await browser.head(mail.links[0])
                page = await browser.get(mail.links[0])
            assert page.status_code == 200
            assert (await site.proposals(need=need["id"]))[0]["status"] == "open", "a GET changes nothing"
            answer = await browser.post(mail.links[0], data={"verdict": "accept"}, follow_redirects=True)
            assert answer.status_code == 200
            (asked,) = await eventually(lambda: site.mails("Aerolot")[1:])
            await browser.post(asked.links[0], data={"verdict": "accept"}, follow_redirects=True)

        async def agreed() -> bool:
            return (await site.proposals(need=need["id"], status="agreed")) != []

        await eventually(agreed)
        (told,) = await eventually(lambda: site.mails("Salaisons")[1:])
        assert "rh.aerolot@example.org" in told.text
        (also,) = await eventually(lambda: site.mails("Aerolot")[2:])
        assert "rh.salaisons@example.org" in also.text
        assert site.mails("Lointaine") == []

        filled = await site.get(f"/v1/needs/{need['id']}")
        assert filled["headcount_left"] == 0
        (delivery, *_) = (await site.get("/v1/deliveries", params={"proposal": proposal["id"]}))["items"]
        assert delivery["state"] == "sent"


async def test_new_staff_meets_an_open_need_and_a_refusal_is_told_with_its_reason(
    pair_urls: tuple[Bus, str], tmp_path: Path
) -> None:
    async with box() as mails, platform(*pair_urls, mails, tmp_path) as site:
        borrower = await site.company("Laiterie", CAPDENAC, branch="agroalimentaire")
        lender = await site.company("Fonderie", preferences={"email": {"declined": "at_once"}})
        need = await site.need(borrower)
        await site.availability(lender)
        await eventually(lambda: site.mails("Laiterie") and site.mails("Fonderie"))
        (proposal,) = await site.proposals(need=need["id"])
        body = {"party": "borrower", "verdict": "decline", "reason": "period"}
        await site.post(f"/v1/proposals/{proposal['id']}/decisions", body)
        await eventually(lambda: site.mails("Fonderie")[1:])
        assert (await site.proposals(need=need["id"]))[0]["status"] == "declined"


async def test_two_needs_race_for_one_person_and_the_loser_is_told_why(
    pair_urls: tuple[Bus, str], tmp_path: Path
) -> None:
    async with box() as mails, platform(*pair_urls, mails, tmp_path, alert_pair_days=0, alert_need_hours=0) as site:
        lender = await site.company("Tissages", branch="textile")
        at_once = {"email": {"withdrawn": "at_once"}}
        rivals = [await site.company(name, CAPDENAC, preferences=at_once) for name in ("Premiere", "Seconde")]
        person = await site.availability(lender)
        for rival in rivals:
            await site.need(rival)

        async def both() -> list[dict[str, object]] | None:
            found = await site.proposals(availability=person["id"])
            return found if len(found) == 2 else None

        first, second = await eventually(both)
        # Only who was told of a pair is told that it is over.
        await eventually(lambda: all(site.mails(name) for name in ("Premiere", "Seconde")))
        for proposal in (first, second):
            await site.post(f"/v1/proposals/{proposal['id']}/decisions", {"party": "lender", "verdict": "accept"})
        await site.post(f"/v1/proposals/{first['id']}/decisions", {"party": "borrower", "verdict": "accept"})
        late = await site.api.post(
            f"/v1/proposals/{second['id']}/decisions", json={"party": "borrower", "verdict": "accept"}
        )
        assert late.status_code == 409
        assert late.headers["content-type"].startswith("application/problem+json")

        async def withdrawn() -> bool:
            return (await site.get(f"/v1/proposals/{second['id']}"))["status"] == "withdrawn"

        await eventually(withdrawn)
        await eventually(lambda: any(site.mails(name, "n’est plus") for name in ("Premiere", "Seconde")))


async def test_a_second_start_has_the_same_truth_and_sends_nothing_again(
    pair_urls: tuple[Bus, str], tmp_path: Path
) -> None:
    numbers = itertools.count(1)
    async with box() as mails:
        async with platform(*pair_urls, mails, tmp_path, numbers=numbers) as site:
            borrower = await site.company("Scierie", branch="bois")
            lender = await site.company("Usinage")
            need = await site.need(borrower, headcount=2)
            for _ in range(3):
                await site.availability(lender)
            await eventually(lambda: len(site.mails("Scierie")) >= 1)

            async def three() -> bool:
                return len(await site.proposals(need=need["id"], status="open")) == 3

            await eventually(three)
            before = await site.proposals(need=need["id"])
            accepted = {"party": "borrower", "verdict": "accept"}
            await site.post(f"/v1/proposals/{before[0]['id']}/decisions", accepted)
            await eventually(lambda: [m for m in site.mails("Usinage") if "accept" in (m.subject + m.text).lower()])
        sent = len(mails.sink.messages)
        async with platform(*pair_urls, mails, tmp_path, numbers=numbers) as site:
            after = await site.proposals(need=need["id"])
            assert {each["id"]: each["status"] for each in after} == {each["id"]: each["status"] for each in before}
            await site.need(borrower, title="Un autre besoin")
            await eventually(lambda: site.mails("Scierie", "Un autre besoin"))
            again = [
                m
                for m in list(mails.sink.messages)[: len(mails.sink.messages) - sent]
                if "Un autre besoin" not in m.subject + m.text
            ]
            assert all(m.to != "rh.scierie@example.org" for m in again), "nothing already told is told again"
