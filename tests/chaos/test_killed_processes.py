"""Each service is killed as by a crash, on Apache Kafka and MongoDB, while needs come: nothing lost, nothing twice."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from pathlib import Path

import pytest

from passerelles.bus.address import Bus
from tests.e2e.platform import CAPDENAC, Platform, box, eventually
from tests.e2e.processes import Process, cluster, site_of

NEEDS = 12


@pytest.mark.parametrize("victim", ["registry", "matching", "notifications"])
@pytest.mark.timeout(180)
async def test_a_killed_service_comes_back_and_every_need_is_alerted_once(
    kafka_bus: Bus, mongo_url: str, tmp_path: Path, victim: str
) -> None:
    numbers = itertools.count(1)
    async with (
        box() as mails,
        cluster(kafka_bus, mongo_url, mails, tmp_path) as processes,
        site_of(processes, mails, numbers) as site,
    ):
        killed: Process = getattr(processes, victim)
        lender = await site.company("Preteuse")
        borrower = await site.company("Emprunteuse", CAPDENAC)
        await site.availability(lender, headcount=100)
        published = 0
        for number in range(NEEDS):
            if number == NEEDS // 3:
                killed.kill()
                if victim == "registry":
                    killed.start()
                    await asyncio.to_thread(killed.wait_until_ready)
            if number == 2 * NEEDS // 3 and victim != "registry":
                killed.start()
            await site.need(borrower, title=f"Poste numéro {number:02d}.")
            published += 1
        await asyncio.to_thread(killed.wait_until_ready)
        await eventually(lambda: len(told(site)) >= published, seconds=60)
        await asyncio.sleep(1)
        assert told(site) == {f"Poste numéro {number:02d}.": 1 for number in range(NEEDS)}
        for process in processes.all:
            assert await asyncio.to_thread(process.stop) == 0, process.log()


def told(site: Platform) -> Counter[str]:
    titles = [f"Poste numéro {number:02d}." for number in range(NEEDS)]
    return Counter(title for mail in site.mails("Emprunteuse") for title in titles if title in mail.text)
