"""A rush, on the whole platform: 220 people in one request and 2,000 needs in a minute, and who else is alerted later.

Other companies publish a need each half second all along, quietly at first, then through the rush; their people are of
other occupations, so that all they share with the rush is the platform. What is measured is how much later their own
alerts come, from HTTP accepted to SMTP accepted, how long after the rush nothing is left behind, and what each process
spent of a core: two cores have 60 ms for a need at this rate, the broker's and this client's share included.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Final

import httpx
import uvloop
from prometheus_client.parser import text_string_to_metric_families

from passerelles.bus.address import Bus
from passerelles.bus.topics import ensure_topics
from tests.bench.alert import PATIENCE_SECONDS, site_at, started
from tests.bench.cores import cpu_seconds
from tests.bench.letterbox import Letterbox
from tests.bench.relay import percentile
from tests.e2e.platform import CAPDENAC, FIGEAC, Box, Platform, free_port, siret
from tests.e2e.processes import cluster, environment_of
from tests.real import kafka
from tests.real.service import MissingServiceError, RealService

COHORT: Final = 220
NEEDS: Final = 2_000
RUSH_SECONDS: Final = 60
OTHERS_PER_SECOND: Final = 2
QUIET_SECONDS: Final = 20
WARM_UP_SECONDS: Final = 5
WINDOW_MS: Final = 500
AT_MOST_SECONDS: Final = 2.0
RUSHED, OTHER = "H2903", "H2102"
BORROWERS: Final = 40
OVER_SECONDS: Final = 30
"""After the rush, until one looks no longer: what has not come by then counts as if it came at that moment."""


@dataclass
class Rush:
    """What is published, and when each was answered.

    Attributes:
        quiet, rushed: needs of other companies, by title, before the rush and during it.
        crowd: needs of the rush.
    """

    quiet: dict[str, int] = field(default_factory=dict)
    rushed: dict[str, int] = field(default_factory=dict)
    crowd: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """What a rush came to.

    Attributes:
        quiet, rushed: milliseconds from HTTP to SMTP for other companies.
        import_seconds: the one request of the cohort.
        lag_zero_seconds: from the last need of the rush until every group has read all.
        untold: needs of which no email had come in the end.
        cpu: milliseconds of a core for a need, by process.
    """

    quiet: Sequence[float]
    rushed: Sequence[float]
    import_seconds: float
    lag_zero_seconds: float
    untold: int
    cpu: Mapping[str, float]


class Scene:
    """The companies, and their publications; `pids` are the processes whose use of the cores is told, by name."""

    def __init__(
        self,
        site: Platform,
        letters: Letterbox,
        metrics: Sequence[str],
        numbers: Iterator[int],
        pids: Mapping[str, int],
    ) -> None:
        self._site, self._letters, self._metrics, self._numbers = site, letters, metrics, numbers
        self._pids = {**pids, "client": os.getpid()}
        self._titles = (f"Poste-{number:05d}" for number in itertools.count())
        self._publishing: list[asyncio.Task[None]] = []

    async def play(self) -> Outcome:
        """Quiet, then the rush, then until nothing is left."""
        others = [await self._company(f"autre{number}", CAPDENAC) for number in range(BORROWERS)]
        crowd = [await self._company(f"foule{number}", CAPDENAC) for number in range(BORROWERS)]
        await self._site.availability(await self._company("pretable", FIGEAC), occupation=OTHER, headcount=500)
        plan = await self._company("plan", FIGEAC)
        rush = Rush()
        await self._pace(WARM_UP_SECONDS, OTHERS_PER_SECOND, OTHER, others, {})
        await self._pace(QUIET_SECONDS, OTHERS_PER_SECOND, OTHER, others, rush.quiet)
        before = self._used()
        importing = asyncio.create_task(self._import(plan))
        await asyncio.gather(
            self._pace(RUSH_SECONDS, OTHERS_PER_SECOND, OTHER, others, rush.rushed),
            self._pace(RUSH_SECONDS, NEEDS / RUSH_SECONDS, RUSHED, crowd, rush.crowd),
        )
        took = await importing
        await asyncio.gather(*self._publishing)
        over = time.perf_counter()
        needs = rush.quiet | rush.rushed | rush.crowd
        deadline = time.monotonic() + OVER_SECONDS
        await self._until(self._no_lag, deadline)
        lag_zero = time.perf_counter() - over
        await self._until(lambda: self._told(needs), deadline)
        untold = len(needs.keys() - self._letters.accepted.keys())
        print(f"   {self._letters.count} emails, {untold} missing {time.perf_counter() - over:.1f} s after the rush")
        cpu = {
            name: 1e3 * (used - before[name]) / (len(rush.crowd) + len(rush.rushed))
            for name, used in self._used().items()
        }
        return Outcome(self._delays(rush.quiet), self._delays(rush.rushed), took, lag_zero, untold, cpu)

    def _used(self) -> Mapping[str, float]:
        return {name: cpu_seconds(pid) for name, pid in self._pids.items()}

    async def _pace(
        self, seconds: float, per_second: float, occupation: str, companies: Sequence[str], into: dict[str, int]
    ) -> None:
        began = time.perf_counter()
        for number in range(round(seconds * per_second)):
            await asyncio.sleep(max(0.0, began + number / per_second - time.perf_counter()))
            publishing = self._publish(companies[number % len(companies)], occupation, into)
            self._publishing.append(asyncio.create_task(publishing))

    async def _publish(self, company: str, occupation: str, into: dict[str, int]) -> None:
        title = next(self._titles)
        await self._site.need(company, occupation=occupation, title=title)
        into[title] = time.perf_counter_ns()

    async def _import(self, company: str) -> float:
        """Every person of the plan in one request; how many seconds it took."""
        start = date.today() + timedelta(days=1)  # noqa: DTZ011 (a day from now on, whatever the zone)
        line = f"{RUSHED};1;{start};prêt;40;oui"
        sheet = "\n".join(["métier;effectif;début;modes;mobilité;volontaires", *[line] * COHORT])
        began = time.perf_counter()
        answer = await self._site.api.post(
            "/v1/imports",
            params={"kind": "availabilities", "company_id": company},
            content=sheet.encode(),
            headers={"Content-Type": "text/csv"},
            timeout=PATIENCE_SECONDS,
        )
        if answer.json().get("accepted") != COHORT:
            raise RuntimeError(f"the cohort was not taken: {answer.text[:500]}")
        return time.perf_counter() - began

    async def _company(self, name: str, commune: str) -> str:
        """With a mail domain of its own: the pace by domain is not what is measured."""
        contact = {"name": f"RH de {name}", "role": "DRH", "email": f"rh@{name}.example.org", "sms": False}
        body = {"siret": siret(next(self._numbers)), "name": name, "branch": "metal", "commune": commune}
        return str((await self._site.post("/v1/companies", body | {"status": "joined", "contacts": [contact]}))["id"])

    async def _told(self, needs: Mapping[str, int]) -> bool:
        return needs.keys() <= self._letters.accepted.keys()

    async def _no_lag(self) -> bool:
        async with httpx.AsyncClient(timeout=10) as client:
            pages = [(await client.get(each)).text for each in self._metrics]
        samples = [each for page in pages for family in text_string_to_metric_families(page) for each in family.samples]
        lags = [each.value for each in samples if each.name == "passerelles_bus_lag"]
        return bool(lags) and not any(lags)

    async def _until(self, holds: Callable[[], Awaitable[bool]], deadline: float) -> None:
        while not await holds():
            if time.monotonic() > deadline:
                return
            await asyncio.sleep(0.2)

    def _delays(self, needs: Mapping[str, int]) -> Sequence[float]:
        now = time.perf_counter_ns()
        return [(self._letters.accepted.get(title, now) - at) / 1e6 for title, at in needs.items()]


async def in_one_process() -> Outcome:
    """The embedded stack in a process of its own."""
    port, numbers, letters = free_port(), itertools.count(1), Letterbox("rh@")
    mails = Box(None, await letters.start(), "")
    with tempfile.TemporaryDirectory() as folder:
        store = f"sqlite:///{folder}/bench.sqlite"
        environment = environment_of("embedded:", store, mails, Path(folder), port, window_ms=WINDOW_MS)
        process = await asyncio.to_thread(
            subprocess.Popen,
            [sys.executable, "-m", "tests.bench.embedded_stack"],
            env=environment | {"PASSERELLES_HTTP_PORT": str(port)},
            stdout=subprocess.PIPE,
        )
        try:
            assert process.stdout is not None
            assert await asyncio.to_thread(process.stdout.readline) == b"ready\n"
            async with site_at(port, numbers) as site:
                metrics, pids = [f"http://127.0.0.1:{port}/metrics"], {"platform": process.pid}
                return await Scene(site, letters, metrics, numbers, pids).play()
        finally:
            process.send_signal(signal.SIGTERM)
            await asyncio.to_thread(process.wait)
            await letters.stop()


async def in_three_processes(broker: RealService) -> Outcome:
    """A process for each service on Apache Kafka, and SQLite, as in the bench of alerts."""
    bus, numbers, letters = Bus.parse(f"kafka://{broker.address}"), itertools.count(1), Letterbox("rh@")
    await ensure_topics(bus)
    mails = Box(None, await letters.start(), "")
    try:
        with tempfile.TemporaryDirectory() as folder:
            store = f"sqlite:///{folder}/bench.sqlite"
            async with (
                cluster(bus, store, mails, Path(folder), window_ms=WINDOW_MS) as processes,
                site_at(processes.registry.port, numbers) as site,
            ):
                metrics = [f"http://127.0.0.1:{each.port}/metrics" for each in processes.all]
                pids = {each.name: each.pid for each in processes.all}
                if (of_broker := getattr(broker, "pid", None)) is not None:
                    pids["broker"] = of_broker
                return await Scene(site, letters, metrics, numbers, pids).play()
    finally:
        await letters.stop()


def measure() -> dict[str, float]:
    outcomes = {"embedded": uvloop.run(in_one_process())}
    with tempfile.TemporaryDirectory() as folder, ExitStack() as closing:
        try:
            broker = started(closing, kafka.find, Path(folder, "kafka"))
        except MissingServiceError as missing:
            print(f"   not measured on Apache Kafka: {missing}")
        else:
            outcomes["kafka"] = uvloop.run(in_three_processes(broker))
    figures: dict[str, float] = {}
    for where, outcome in outcomes.items():
        figures |= _figures(f"sudden.{where}", outcome)
    return figures | {
        "sudden.others_delay_s": max(figures[f"sudden.{where}.others_delay_s"] for where in outcomes),
        "sudden.others_delay_at_most_s": AT_MOST_SECONDS,
    }


def _figures(where: str, outcome: Outcome) -> dict[str, float]:
    figures = {}
    for name, share in (("p50", 0.50), ("p99", 0.99), ("max", 1.0)):
        figures[f"{where}.others_{name}_ms"] = percentile(outcome.rushed, share)
        figures[f"{where}.quiet_{name}_ms"] = percentile(outcome.quiet, share)
    return figures | {
        f"{where}.others_delay_s": (max(outcome.rushed) - percentile(outcome.quiet, 0.5)) / 1e3,
        f"{where}.import_s": outcome.import_seconds,
        f"{where}.lag_zero_s": outcome.lag_zero_seconds,
        f"{where}.untold": outcome.untold,
        **{f"{where}.cpu_ms_per_need.{name}": spent for name, spent in outcome.cpu.items()},
        f"{where}.cpu_ms_per_need": sum(outcome.cpu.values()),
    }
