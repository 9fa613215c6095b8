"""The consumer that archives every topic: it resumes where the archive ends, and has no group nor committed offsets."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import time
from collections.abc import Callable
from typing import Final

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from passerelles.bus import consumer as consuming
from passerelles.bus.address import Bus
from passerelles.bus.consumer import PromptConsumer, Watch
from passerelles.bus.faults import fault
from passerelles.bus.patience import Backoff, unless
from passerelles.bus.topics import verify_topics
from passerelles.errors import UnavailableError
from passerelles.health import Health
from passerelles.store.lease import Lease
from passerelles.telemetry import ARCHIVED
from schemas.topics import TOPICS
from services.audit.archive.cluster import cluster_of
from services.audit.archive.errors import ArchiveError
from services.audit.writing.buffer import Buffer, Contents, Patience
from services.audit.writing.log import is_continued
from services.audit.writing.writer import ArchiveWriter

PATIENCE: Final = Patience(busy=300.0, quiet=3600.0)

EMBEDDED_PATIENCE: Final = Patience(busy=1.0, quiet=1.0)
"""There the log lives in this process: what a kill leaves unwritten is lost with the log itself."""

LEASE_SECONDS: Final = 30.0
BATCH_RECORDS: Final = 5_000
_DRAIN_SECONDS: Final = 15.0

log = structlog.get_logger(__name__)


class Archiver:
    """Archives between `start` and `stop`.

    Args:
        lease: keeps a second archiver from writing to the same archive; none where there cannot be one.
        clock: seconds, monotonic.
    """

    def __init__(
        self,
        bus: Bus,
        writer: ArchiveWriter,
        health: Health,
        *,
        lease: Lease | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._bus = bus
        self._writer = writer
        self._check = health.check("archive")
        self._lease = lease
        self._patience = EMBEDDED_PATIENCE if bus.embedded else PATIENCE
        self._clock = clock
        self._renewed = 0.0
        self._cluster: str | None = None
        self._stopping = asyncio.Event()
        self._ended = asyncio.Event()
        self._running: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin, in the background: the check is up once the archive is open and its log is found."""
        self._running = asyncio.create_task(self._run(), name="archive")

    async def stop(self) -> None:
        """Archive what the log holds by now, sign it, and let go."""
        self._stopping.set()
        if self._running is not None:
            await self._running
        if self._lease is not None:
            with contextlib.suppress(UnavailableError):
                await self._lease.release()

    async def _run(self) -> None:
        backoff = Backoff()
        while not self._stopping.is_set():
            try:
                await self._archive()
                backoff = Backoff()
            except ArchiveError as error:
                # To go on would leave a hole or mix two logs: a person has to look.
                log.error("archive.halted", why=error.detail, remedy=error.remedy)  # noqa: TRY400 (told in full)
                self._check.down(f"arrêté : {error.detail}")
                break
            except UnavailableError as error:
                self._check.down(error.detail)
            except KafkaError as error:
                log.warning("bus.not_connected", group="audit", error=type(error).__name__)
                self._check.down("le bus ne répond pas")
            except OSError as error:
                log.warning("archive.not_written", error=errno.errorcode.get(error.errno or 0, type(error).__name__))
                self._check.down(_told(error))
            except Exception as error:  # noqa: BLE001 (a defect of a library: its consumer is made anew)
                log.error("archive.broke", fault=fault(error))  # noqa: TRY400
                self._check.down("l'archivage a échoué, il reprend")
            self._check.moved()
            await backoff.wait(self._stopping)
        self._check.rested()
        if self._stopping.is_set():
            self._check.down("arrêté")

    async def _archive(self) -> None:
        """Open the archive, find its log, and archive until something fails or it is time to stop."""
        await self._renew()
        await verify_topics(self._bus)
        self._cluster = await cluster_of(self._bus)
        await asyncio.to_thread(self._writer.open, self._cluster)
        self._ended.clear()
        watch = Watch(self._check, ended=self._ended)
        consumer = PromptConsumer(
            watch=watch,
            bootstrap_servers=self._bus.bootstrap_servers,
            enable_auto_commit=False,
            **consuming.settings(self._bus),
        )
        try:
            await unless(self._stopping, consumer.start())
            if self._stopping.is_set():
                return
            await self._assign(consumer)
            self._check.up()
            await self._fill(consumer, watch)
        finally:
            await consumer.stop()

    async def _assign(self, consumer: PromptConsumer) -> None:
        partitions = {name: self._bus.partitions(name) for name in TOPICS}
        assigned = [TopicPartition(name, each) for name, count in partitions.items() for each in range(count)]
        consumer.assign(assigned)
        if not await is_continued(consumer, self._writer):
            await asyncio.to_thread(self._writer.begin_log, partitions)
            log.info("archive.log_begun", least_epoch=self._writer.least_epoch)
        positions = self._writer.positions
        begins = await consumer.beginning_offsets(assigned)
        for each in assigned:
            consumer.seek(each, positions.get((each.topic, each.partition), begins[each]))

    async def _fill(self, consumer: PromptConsumer, watch: Watch) -> None:
        buffer = Buffer()
        while not (self._stopping.is_set() or self._ended.is_set()):
            # A poll takes up to a second, and nothing is lost when it is cut short: its records are still to be read.
            batches = await unless(self._stopping, consumer.poll(max_records=BATCH_RECORDS))
            if batches:
                watch.answered()
            else:
                watch.idle(consumer)
            self._take(buffer, batches or {})
            await self._flush(buffer, buffer.due(self._clock(), self._patience))
            await self._renew()
        if self._stopping.is_set():
            await self._drain(consumer, buffer)

    def _take(self, buffer: Buffer, batches: consuming.Batches) -> None:
        now = self._clock()
        for raws in batches.values():
            for raw in raws:
                buffer.add(raw, self._writer, now)

    async def _drain(self, consumer: PromptConsumer, buffer: Buffer) -> None:
        """Read up to where the log ends now, and write it."""
        assigned = consumer.assignment()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_DRAIN_SECONDS):
                ends = await consumer.end_offsets(list(assigned))
                while behind := [each for each in assigned if await consumer.position(each) < ends[each]]:
                    self._take(buffer, await consumer.poll(*behind, max_records=BATCH_RECORDS))
        await self._flush(buffer, buffer.contents())

    async def _flush(self, buffer: Buffer, contents: Contents) -> None:
        if not contents:
            return
        began, count = time.perf_counter(), sum(len(each.rows) for each in contents.values())
        try:
            await asyncio.to_thread(self._write, contents)
        except FileExistsError:
            # Retention wrote to the chain; or a write of our own arrived, and only its answer was lost.
            log.info("archive.overtaken")
            await asyncio.to_thread(self._writer.open, self._cluster)
            await asyncio.to_thread(self._write, contents)
        for (topic, _), pending in contents.items():
            ARCHIVED.labels(topic).inc(len(pending.rows))
        buffer.written(contents)
        self._check.figures(records=count)
        log.info("archive.written", records=count, elapsed_ms=round((time.perf_counter() - began) * 1000, 1))

    def _write(self, contents: Contents) -> None:
        for place, pending in contents.items():
            self._writer.write(place, pending.epochs, pending.rows)
        self._writer.sign_head()

    async def _renew(self) -> None:
        """Take or keep the lease. Raises `UnavailableError`."""
        if self._lease is None or (self._renewed and self._clock() - self._renewed < LEASE_SECONDS / 4):
            return
        self._renewed = 0.0
        if not await self._lease.acquire():
            raise UnavailableError("un autre processus écrit dans cette archive")
        self._renewed = self._clock()


def _told(error: OSError) -> str:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return "le disque de l'archive est plein : l'archivage attend de la place"
    return "l'archive ne peut pas être écrite : l'archivage attend"
