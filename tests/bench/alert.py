"""From HTTP accepted to SMTP accepted, at 20 needs a second without a gathering window, beside a bare two-hop relay.

Every need has its own title and meets one group of people, so that two companies are told. The client notes when its
POST is answered, and the mail server when it has the borrower's message, by the same clock; both are in this process,
the platform is not.
"""

from __future__ import annotations

import asyncio
import itertools
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

import httpx

from passerelles.bus.address import Bus
from passerelles.bus.embedded import EmbeddedBroker
from passerelles.bus.topics import ensure_topics
from tests.bench.letterbox import Letterbox
from tests.bench.relay import percentile, two_hops
from tests.e2e.platform import CAPDENAC, OPERATOR, Box, Platform, free_port
from tests.e2e.processes import cluster, environment_of
from tests.real import kafka
from tests.real.service import MissingServiceError, RealService

PER_SECOND: Final = 20
COUNT: Final = 300
WARM_UP: Final = 60
PATIENCE_SECONDS: Final = 60
OCCUPATIONS: Final = ("H2102", "H2903", "H2402", "N1103")
"""Far from one another in ROME: a need meets the one group of people of its own occupation."""


async def alerts(site: Platform, letters: Letterbox) -> Sequence[float]:
    """Milliseconds from each need's 201 to its borrower's email, after a warm-up."""
    lenders = [await site.company(f"Preteur{number}") for number in range(len(OCCUPATIONS))]
    borrowers = [await site.company(f"Emprunteur{number}", CAPDENAC) for number in range(20)]
    for lender, occupation in zip(lenders, OCCUPATIONS, strict=True):
        await site.availability(lender, occupation=occupation, headcount=500)
    published: dict[str, int] = {}

    async def publish(number: int) -> None:
        title, occupation = f"Poste-{number:05d}", OCCUPATIONS[number % len(OCCUPATIONS)]
        await site.need(borrowers[number % len(borrowers)], occupation=occupation, title=title)
        published[title] = time.perf_counter_ns()

    start = time.perf_counter()
    publishing = []
    for number in range(WARM_UP + COUNT):
        await asyncio.sleep(max(0.0, start + number / PER_SECOND - time.perf_counter()))
        publishing.append(asyncio.create_task(publish(number)))
    await asyncio.gather(*publishing)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(letters.accepted) < len(published):
        if time.monotonic() > deadline:
            raise RuntimeError(f"{len(published) - len(letters.accepted)} alerts did not arrive")
        await asyncio.sleep(0.1)
    print(f"   {letters.count} emails for {len(published)} needs")
    return [(letters.accepted[title] - at) / 1e6 for title, at in sorted(published.items())][WARM_UP:]


@asynccontextmanager
async def letterbox() -> AsyncIterator[tuple[Letterbox, Box]]:
    letters = Letterbox("rh.emprunteur")
    port = await letters.start()
    try:
        yield letters, Box(None, port, "")
    finally:
        await letters.stop()


@asynccontextmanager
async def site_at(port: int, numbers: Iterator[int]) -> AsyncIterator[Platform]:
    headers = {"Authorization": f"Bearer {OPERATOR}"}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=30) as api:
        yield Platform(None, api, numbers)


async def in_one_process() -> tuple[Sequence[float], Sequence[float]]:
    """The embedded stack, and the relay on brokers of the same kind."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        async with letterbox() as (letters, mails), site_at(port, itertools.count(1)) as site:
            environment = environment_of(
                "embedded:", f"sqlite:///{folder}/bench.sqlite", mails, Path(folder), port, window_ms=0
            )
            command = [sys.executable, "-m", "tests.bench.embedded_stack"]
            process = await asyncio.to_thread(
                subprocess.Popen,
                command,
                env=environment | {"PASSERELLES_HTTP_PORT": str(port)},
                stdout=subprocess.PIPE,
            )
            try:
                assert process.stdout is not None
                assert await asyncio.to_thread(process.stdout.readline) == b"ready\n"
                measured = await alerts(site, letters)
            finally:
                process.send_signal(signal.SIGTERM)
                await asyncio.to_thread(process.wait)
    with EmbeddedBroker() as broker:
        return measured, await two_hops(broker.bus, count=COUNT, warm_up=WARM_UP, per_second=PER_SECOND)


async def in_three_processes(broker: str) -> tuple[Sequence[float], Sequence[float]]:
    """A process for each service on Apache Kafka, and the relay on that Kafka.

    The store is SQLite, which the three share: what stands in for MongoDB here does some 800 writes a second on two
    cores, less than this asks for, and says nothing of MongoDB.
    """
    bus = Bus.parse(f"kafka://{broker}")
    await ensure_topics(bus)
    with tempfile.TemporaryDirectory() as folder:
        async with (
            letterbox() as (letters, mails),
            cluster(bus, f"sqlite:///{folder}/bench.sqlite", mails, Path(folder), window_ms=0) as processes,
            site_at(processes.registry.port, itertools.count(1)) as site,
        ):
            measured = await alerts(site, letters)
    return measured, await two_hops(bus, count=COUNT, warm_up=WARM_UP, per_second=PER_SECOND)


def measure() -> dict[str, float]:
    figures = _figures("embedded", *asyncio.run(in_one_process()))
    with tempfile.TemporaryDirectory() as folder, ExitStack() as closing:
        try:
            broker = started(closing, kafka.find, Path(folder, "kafka"))
        except MissingServiceError as missing:
            print(f"   not measured on Apache Kafka: {missing}")
            return figures
        return figures | _figures("kafka", *asyncio.run(in_three_processes(broker.address)))


def started(closing: ExitStack, find: Callable[[Path], RealService], folder: Path) -> RealService:
    folder.mkdir()
    service = find(folder)
    closing.callback(service.stop)
    return service


def _figures(where: str, alert: Sequence[float], relay: Sequence[float]) -> dict[str, float]:
    figures = {}
    for name, share in (("p50", 0.50), ("p99", 0.99)):
        figures[f"alert.{where}.{name}_ms"] = percentile(alert, share)
        figures[f"alert.{where}.relay_{name}_ms"] = percentile(relay, share)
        figures[f"alert.{where}.{name}_ratio"] = percentile(alert, share) / percentile(relay, share)
    return figures
