"""Matching on one process and on two, each pinned to a core, on Apache Kafka on the same machine: interleaved pairs.

The log is written while the processes are halted; the clock runs from when they go on until all of it is committed. As
the broker shares the two cores, the raw ratio is also given with the speed of the cores taken out of it: times the CPU
that a fact costs with two processes, for what it costs with one.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from passerelles.bus.address import Bus
from passerelles.bus.producer import Placed, Publisher
from passerelles.bus.topics import ensure_topics
from schemas.topics import TopicName
from services.matching.service import GROUP
from tests.bench.cores import cores, cpu_seconds, spin_ratio
from tests.bench.scaling_log import ONE_NEED_IN, ScalingLog
from tests.e2e.platform import Box, free_port
from tests.e2e.processes import Process, environment_of
from tests.real import kafka
from tests.real.service import MissingServiceError, RealService

PAIRS: Final = 5
FIRST_RUNS: Final = 6
"""Of two members, not counted: till then a third of what the broker uses is its code being compiled."""
FACTS: Final = 120_000
WARM_UP: Final = 1_600
LONGEST_HALT: Final = 8.0
"""Seconds: a member that does not beat for ten is thrown out of its group."""
AT_LEAST: Final = 1.75
PATIENCE_SECONDS: Final = 120
_SLICE: Final = 2_000


@dataclass(frozen=True)
class Run:
    """What one run took.

    Attributes:
        cpu: seconds of a core for a fact, over all processes.
        broker: of the time of all cores, what the broker used.
    """

    seconds: float
    cpu: float
    broker: float | None

    @property
    def rate(self) -> float:
        """Facts a second."""
        return FACTS / self.seconds


@dataclass(frozen=True)
class Log:
    """The records, made once for all runs."""

    opening: Sequence[Placed]
    warm_up: Sequence[Placed]
    facts: Sequence[Placed]
    needs: int


async def run(broker: RealService, log: Log, members: int) -> Run:
    """The whole log on so many processes, from an empty broker."""
    kafka.reset(broker.address)
    bus = Bus.parse(f"kafka://{broker.address}")
    await ensure_topics(bus)
    kafka.wait_for_topics(broker.address)
    await _publish(bus, log.opening)
    with tempfile.TemporaryDirectory() as folder, _members(bus, Path(folder), members) as processes:
        await asyncio.to_thread(_until_shared, bus, processes)
        await _publish(bus, log.warm_up)
        _until_committed(broker.address, bus, len(log.opening) + len(log.warm_up))
        pids = [each.pid for each in processes]
        with _halted(pids):
            await _publish(bus, log.facts)
            # While they are halted: a process that was just resumed takes a tenth of a second to tell.
            began, used, of_broker = time.perf_counter(), cpu_seconds(*pids), _broker_seconds(broker)
        _until_committed(broker.address, bus, sum(map(len, (log.opening, log.warm_up, log.facts))))
        seconds = time.perf_counter() - began
        now = _broker_seconds(broker)
        _must_have_said(broker.address, bus, 10 * log.needs)
        share = None if now is None or of_broker is None else (now - of_broker) / (seconds * len(cores()))
        return Run(seconds, (cpu_seconds(*pids) - used) / len(log.facts), share)


def measure() -> dict[str, float]:
    if len(cores()) < 2:
        print("   not measured: it takes two cores")
        return {}
    with tempfile.TemporaryDirectory() as folder:
        try:
            broker = kafka.find(Path(folder))
        except MissingServiceError as missing:
            print(f"   not measured: {missing}")
            return {}
        try:
            return _measured(broker)
        finally:
            broker.stop()


def _measured(broker: RealService) -> dict[str, float]:
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # it tells of each leader that a new topic has not yet
    written = ScalingLog(Bus.parse(f"kafka://{broker.address}"))
    log = Log(written.opening(), written.facts(WARM_UP), written.facts(FACTS), (WARM_UP + FACTS) // ONE_NEED_IN)
    for _ in range(FIRST_RUNS):
        asyncio.run(run(broker, log, 2))
    pairs: list[tuple[Run, Run]] = []
    spins = []
    for number in range(PAIRS):
        spins.append(spin_ratio(*cores()[:2]))
        found = {members: asyncio.run(run(broker, log, members)) for members in ((1, 2), (2, 1))[number % 2]}
        pairs.append((found[1], found[2]))
        print(f"   pair {number + 1}: {_told(*pairs[-1])}, spin {spins[-1]:.2f}")
    shares = [two.broker for _, two in pairs if two.broker is not None]
    return {
        "shards.scaling_1_to_2": statistics.median(_normalised(*pair) for pair in pairs),
        "shards.scaling_1_to_2_at_least": AT_LEAST,
        "shards.scaling_raw": statistics.median(two.rate / one.rate for one, two in pairs),
        "shards.scaling_spin": statistics.median(spins),
        "shards.scaling_one_facts_per_s": statistics.median(one.rate for one, _ in pairs),
        "shards.scaling_two_facts_per_s": statistics.median(two.rate for _, two in pairs),
        "shards.scaling_one_us_per_fact": 1e6 * statistics.median(one.cpu for one, _ in pairs),
        "shards.scaling_two_us_per_fact": 1e6 * statistics.median(two.cpu for _, two in pairs),
    } | ({"shards.broker_share": statistics.median(shares)} if shares else {})


def _normalised(one: Run, two: Run) -> float:
    return two.rate / one.rate * two.cpu / one.cpu


def _told(one: Run, two: Run) -> str:
    return (
        f"{one.rate:,.0f} and {two.rate:,.0f} facts/s, {1e6 * one.cpu:.0f} and {1e6 * two.cpu:.0f} µs of core each, "
        f"ratio {two.rate / one.rate:.2f}, normalised {_normalised(one, two):.2f}"
    )


@contextmanager
def _members(bus: Bus, folder: Path, count: int) -> Iterator[Sequence[Process]]:
    processes = []
    everywhere = set(cores())
    try:
        for core in cores()[:count]:
            home = folder / str(core)
            home.mkdir()
            address = f"kafka://{bus.bootstrap_servers}"
            store = f"sqlite:///{folder}/store.sqlite"
            environment = environment_of(address, store, Box(None, free_port(), ""), home, free_port(), window_ms=0)
            os.sched_setaffinity(0, {core})
            processes.append(Process("matching", environment | {"PASSERELLES_LOG_LEVEL": "warning"}, home))
            processes[-1].start()
            os.sched_setaffinity(0, everywhere)
        for process in processes:
            process.wait_until_ready()
        yield processes
    finally:
        os.sched_setaffinity(0, everywhere)
        for process in processes:
            process.stop()


@contextmanager
def _halted(pids: Sequence[int]) -> Iterator[None]:
    """These processes halted for as long as it lasts.

    Raises:
        RuntimeError: it lasted so long that they are no longer members of their group.
    """
    began = time.perf_counter()
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
    halt = time.perf_counter() - began
    if halt > LONGEST_HALT:
        raise RuntimeError(f"writing the log took {halt:.0f} s: this machine is too busy to measure anything")


async def _publish(bus: Bus, records: Sequence[Placed]) -> None:
    publisher = Publisher(bus)
    await publisher.start()
    try:
        for first in range(0, len(records), _SLICE):
            await publisher.publish_records(records[first : first + _SLICE])
    finally:
        await publisher.stop()


def _until_shared(bus: Bus, processes: Sequence[Process]) -> None:
    """Return once each member is at work on its share of the partitions."""
    share = bus.partitions(TopicName.FACTS) // len(processes)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while [len(_partitions(each)) for each in processes] != [share] * len(processes):
        if time.monotonic() > deadline:
            raise RuntimeError("the members do not share the partitions")
        time.sleep(0.1)


def _partitions(process: Process) -> Sequence[int]:
    answer = httpx.get(f"http://127.0.0.1:{process.port}/readyz", timeout=5)
    check: dict[str, Any] = answer.json()["checks"][f"bus.{GROUP}"]
    return check.get("partitions", ()) if answer.status_code == httpx.codes.OK else ()


def _until_committed(address: str, bus: Bus, records: int) -> None:
    admin = AdminClient({"bootstrap.servers": address, "log_level": 0})
    places = [TopicPartition(TopicName.FACTS, number) for number in range(bus.partitions(TopicName.FACTS))]
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        asked = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(GROUP, places)])
        offsets = asked[GROUP].result(10).topic_partitions
        if sum(max(each.offset, 0) for each in offsets) >= records:
            return
        if time.monotonic() > deadline:
            raise RuntimeError("matching did not commit all of the log")
        time.sleep(0.05)


def _must_have_said(address: str, bus: Bus, proposals: int) -> None:
    admin = AdminClient({"bootstrap.servers": address, "log_level": 0})
    places = [TopicPartition(TopicName.PROPOSALS, number) for number in range(bus.partitions(TopicName.PROPOSALS))]
    asked = admin.list_offsets(dict.fromkeys(places, OffsetSpec.latest()))
    said = sum(each.result(10).offset for each in asked.values())
    if said != proposals:
        raise RuntimeError(f"the mix is not the one to measure: {said} proposals, not {proposals}")


def _broker_seconds(broker: RealService) -> float | None:
    pid = getattr(broker, "pid", None)
    return None if pid is None else cpu_seconds(pid)
