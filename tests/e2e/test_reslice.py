"""A département is cut in slices while the platform works: nothing is lost, nobody is alerted again, all is proved."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from pathlib import Path
from typing import Any

from passerelles.bus.address import Bus
from passerelles.settings import Settings
from tests.e2e.platform import RODEZ, Platform, box, eventually, platform
from tests.e2e.processes import passerelles

EPOCH = 1 << 40
NEEDS = 6


async def standing(site: Platform, *needs: str) -> dict[str, tuple[str, str]]:
    """Every proposal: its need and its status."""
    found = [each for need in needs for each in await site.proposals(need=need)]
    return {each["id"]: (each["need_id"], each["status"]) for each in found}


async def published(site: Platform, body: dict[str, Any], key: str) -> tuple[dict[str, Any], int]:
    """A need, sent again for as long as the registry asks to; and how often it did."""
    refusals = 0
    while True:
        answer = await site.api.post("/v1/needs", json=body, headers={"Idempotency-Key": key})
        if answer.status_code != 503:
            assert answer.status_code == 201, answer.text
            return dict(answer.json()), refusals
        assert int(answer.headers["Retry-After"]) > 0
        refusals += 1
        await asyncio.sleep(0.1)


async def test_a_departement_is_cut_in_four_and_nobody_notices(pair_urls: tuple[Bus, str], tmp_path: Path) -> None:
    async with box() as mails, platform(*pair_urls, mails, tmp_path, archived=True) as site:
        assert isinstance(site.settings, Settings)
        lender, borrower = await site.company("Preteuse", RODEZ), await site.company("Emprunteuse", RODEZ)
        await site.availability(lender, headcount=50)
        needs = [(await site.need(borrower, title=f"Poste {number}.", headcount=1))["id"] for number in range(NEEDS)]
        assert len({int(need.replace("-", ""), 16) % 4 for need in needs}) > 1

        async def all_told() -> bool:
            told = sum(f"Poste {number}." in mail.text for number in range(NEEDS) for mail in site.mails("Emprunteuse"))
            return told == NEEDS == len(await standing(site, *needs)) and bool(site.mails("Preteuse"))

        await eventually(all_told)
        (declined, agreed), open_ = list(await standing(site, *needs))[:2], list(await standing(site, *needs))[2:]
        await site.post(
            f"/v1/proposals/{declined}/decisions", {"party": "lender", "verdict": "decline", "reason": "pay"}
        )
        for party in ("lender", "borrower"):
            await site.post(f"/v1/proposals/{agreed}/decisions", {"party": party, "verdict": "accept"})
        await eventually(lambda: _told_last(site, "Emprunteuse"))
        await asyncio.sleep(1)
        before, mailed = await standing(site, *needs), Counter(each.to for each in site.sink.messages)
        assert Counter(status for _, status in before.values()) == {"open": NEEDS - 2, "declined": 1, "agreed": 1}

        body = (await site.get(f"/v1/needs/{needs[0]}")) | {"title": "Poste tardif."}
        line = {each: body[each] for each in ("company_id", "occupation", "title", "mode", "headcount", "start", "end")}
        command = ("territories", "reslice", "12", "--into", "4")
        store = {"PASSERELLES_STORE": site.settings.store}
        cutting = asyncio.create_task(asyncio.to_thread(passerelles, *command, **store))
        late: list[str] = []
        refusals = 0
        while not cutting.done():
            need, refused = await published(site, line, f"pendant-{len(late)}")
            late.append(need["id"])
            refusals += refused
            await asyncio.sleep(0.2)
        told = (await cutting).stdout
        assert "Époque 2, ouverte." in told
        assert {"12-0", "12-1", "12-2", "12-3"} <= set(told.split())
        again = await asyncio.to_thread(passerelles, *command, **store)
        assert (again.returncode, again.stdout) == (0, told), "asked again, it is done already"
        assert refusals, "writes wait while the epoch is being opened"

        async def said_again() -> bool:
            found = [each for need in needs for each in await site.proposals(need=need, status="open")]
            return len(found) == len(open_) and all(each["revision"] >= 2 * EPOCH for each in found)

        await eventually(said_again, seconds=60)
        late.append((await site.post("/v1/needs", line | {"title": "Poste suivant."}))["id"])
        await eventually(lambda: sum("Poste suivant." in mail.text for mail in site.mails("Emprunteuse")) == 1)

        async def late_ones_answered() -> bool:
            return len(await standing(site, *late)) == len(late)

        await eventually(late_ones_answered)
        await asyncio.sleep(1)
        assert await standing(site, *needs) == before
        texts = [mail.text for mail in site.mails("Emprunteuse")]
        for number in range(NEEDS):
            assert sum(f"Poste {number}." in text for text in texts[: mailed["rh.emprunteuse@example.org"]]) >= 1
            assert not any(f"Poste {number}." in text for text in texts[mailed["rh.emprunteuse@example.org"] :])
    subjects = await asyncio.to_thread(proposed_in_both_epochs, tmp_path / "archive")
    assert subjects >= before.keys()


def proposed_in_both_epochs(archive: Path) -> set[str]:
    """The proposals of the first epoch, once the archive is proved over both."""
    proof = passerelles("audit", "verify", "--archive", str(archive))
    assert proof.returncode == 0, proof.stdout + proof.stderr
    shown = passerelles("audit", "replay", "--archive", str(archive), "--format", "json")
    events = [json.loads(each) for each in shown.stdout.splitlines()]
    words = [each for each in events if each["type"] == "fr.passerelles.proposal.made"]
    assert {each["epoch"] for each in words} == {1, 2}
    return {each["subject"] for each in words if each["epoch"] == 1}


def _told_last(site: Platform, name: str) -> bool:
    return any("Preteuse" in mail.text for mail in site.mails(name))
