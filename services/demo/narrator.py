"""Tells in the terminal, live, what each fact becomes: proposals, then messages, with the elapsed milliseconds.

It is one more reader of the bus: what it prints is what any consumer sees, and its instants are the bus's own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from aiokafka import AIOKafkaConsumer
from rich.console import Console

from passerelles.bus.address import Bus
from passerelles.bus.codec import Record, decode
from passerelles.bus.poison import UndecodableError
from passerelles.reference.communes import commune
from passerelles.reference.occupations import occupation
from schemas.decisions import Outcome, ProposalAgreed, ProposalCancelled, ProposalDeclined
from schemas.deliveries import Channel, DeliveryRecorded, DeliveryState
from schemas.facts import AvailabilityRecorded, NeedRecorded, Posting
from schemas.proposals import ProposalMade, ProposalWithdrawn
from schemas.topics import TOPICS
from schemas.vocabulary import PostingStatus

QUIET_MS: Final = 120
"""How long more of the same is waited for before it is told in one line."""

POLL_MS: Final = 40


@dataclass
class Story:
    """What one fact became so far, and what of it was not told yet."""

    number: int
    at: int
    made: list[tuple[int, ProposalMade]] = field(default_factory=list)
    withdrawn: list[int] = field(default_factory=list)
    told: list[tuple[int, Channel]] = field(default_factory=list)
    alerted: bool = False

    @property
    def pending(self) -> int | None:
        """The instant of the newest thing not told yet, or none."""
        instants = [at for at, _ in self.made] + self.withdrawn + [at for at, _ in self.told]
        return max(instants, default=None)


@dataclass
class Totals:
    """What the summary counts; times are in milliseconds."""

    needs: int = 0
    availabilities: int = 0
    proposals: int = 0
    withdrawn: int = 0
    messages: dict[Channel, int] = field(default_factory=lambda: dict.fromkeys(Channel, 0))
    undelivered: int = 0
    matched_ms: list[int] = field(default_factory=list)
    alerted_ms: list[int] = field(default_factory=list)


class Narrator:
    """Reads every topic and prints; between `start` and `stop`."""

    def __init__(self, bus: Bus, console: Console) -> None:
        self._bus = bus
        self._console = console
        self._stories: dict[UUID, Story] = {}
        self._cause_of: dict[UUID, Story] = {}
        self._seen: set[tuple[str, int]] = set()
        self._deliveries: set[UUID] = set()
        self._live = False
        self._task: asyncio.Task[None] | None = None
        self.totals = Totals()
        self.heard = 0

    def speak(self) -> None:
        """From here on what happens is told; what an opening epoch states again is not."""
        self._live = True

    async def start(self) -> None:
        """Read from the beginning of the log."""
        consumer = AIOKafkaConsumer(
            *TOPICS,
            bootstrap_servers=self._bus.bootstrap_servers,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            fetch_max_wait_ms=5,
        )
        await consumer.start()
        self._task = asyncio.create_task(self._read(consumer), name="narrator")

    async def stop(self) -> None:
        """Tell what is left, and leave."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._tell(everything=True)

    async def _read(self, consumer: Any) -> None:
        try:
            while True:
                batches = await consumer.getmany(timeout_ms=POLL_MS)
                records = [record for batch in batches.values() for record in batch]
                for record in sorted(records, key=lambda each: each.timestamp):
                    self._hear(record)
                self._tell()
        finally:
            await consumer.stop()

    def _hear(self, record: Any) -> None:
        self.heard += 1
        try:
            event = decode(Record(record.key, record.value, tuple(record.headers)))
        except UndecodableError as error:
            self._console.print(f"[red]message illisible mis de côté[/] ({error.reason}) dans {record.topic}")
            return
        data, at = event.data, int(record.timestamp)
        if isinstance(data, NeedRecorded | AvailabilityRecorded):
            self._fact(event.id, data, at)
        elif isinstance(data, ProposalMade | ProposalWithdrawn) and event.causation_id is not None:
            self._proposal(self._stories.get(event.causation_id), data, at)
        elif isinstance(data, DeliveryRecorded):
            self._delivery(data, at)
        elif isinstance(data, Outcome) and self._live:
            story = self._cause_of[data.id] = self._story(event.id, at)
            self._console.print(f"{_clock(at)} [bold]{story.number:>3}[/]  {_outcome(data)}")

    def _fact(self, id_: UUID, data: Posting, at: int) -> None:
        key = (str(data.id), data.version)
        if key in self._seen:
            return
        self._seen.add(key)
        if not self._live:
            return
        story = self._story(id_, at)
        if isinstance(data, NeedRecorded):
            self.totals.needs += data.version == 1
        else:
            self.totals.availabilities += data.version == 1
        self._console.print(f"{_clock(at)} [bold]{story.number:>3}[/]  {_posting(data)}")

    def _story(self, cause: UUID, at: int) -> Story:
        return self._stories.setdefault(cause, Story(number=len(self._stories) + 1, at=at))

    def _proposal(self, story: Story | None, data: ProposalMade | ProposalWithdrawn, at: int) -> None:
        if story is None:
            return
        self._cause_of[data.id] = story
        if isinstance(data, ProposalMade):
            story.made.append((at, data))
        else:
            story.withdrawn.append(at)

    def _delivery(self, data: DeliveryRecorded, at: int) -> None:
        if data.id in self._deliveries or data.state not in (
            DeliveryState.SENT,
            DeliveryState.FAILED,
            DeliveryState.UNKNOWN,
        ):
            return
        self._deliveries.add(data.id)
        if data.state is not DeliveryState.SENT:
            self.totals.undelivered += 1
            return
        self.totals.messages[data.channel] += 1
        story = self._cause_of.get(data.proposal_id)
        if story is not None:
            story.told.append((at, data.channel))

    def _tell(self, *, everything: bool = False) -> None:
        now = int(datetime.now(UTC).timestamp() * 1000)
        for story in self._stories.values():
            pending = story.pending
            if pending is not None and (everything or now - pending >= QUIET_MS):
                for line in self._lines(story):
                    self._console.print(f"             [bold]{story.number:>3}[/]  {line}")

    def _lines(self, story: Story) -> Iterable[str]:
        if story.made:
            elapsed = max(at for at, _ in story.made) - story.at
            best = max((each for _, each in story.made), key=lambda each: each.score)
            self.totals.proposals += len(story.made)
            self.totals.matched_ms.append(elapsed)
            yield (
                f"  [green]→ {_count(len(story.made), 'proposition')}[/] en {elapsed} ms, "
                f"la meilleure à {best.score} points ({_km(best.distance_metres)})"
            )
            story.made.clear()
        if story.withdrawn:
            self.totals.withdrawn += len(story.withdrawn)
            yield f"  [yellow]→ {_count(len(story.withdrawn), 'proposition')} en moins[/]"
            story.withdrawn.clear()
        if story.told:
            first = min(at for at, _ in story.told) - story.at
            if not story.alerted:
                self.totals.alerted_ms.append(first)
            yield f"  [cyan]→ {_channels([channel for _, channel in story.told])}[/], dès {first} ms"
            story.alerted = True
            story.told.clear()


def _clock(at: int) -> str:
    return datetime.fromtimestamp(at / 1000).astimezone().strftime("%H:%M:%S.") + f"{at % 1000:03d}"


def _km(metres: int) -> str:
    return f"{metres / 1000:.1f} km".replace(".", ",")


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'s' if number > 1 else ''}"


def _channels(channels: list[Channel]) -> str:
    emails = sum(channel is Channel.EMAIL for channel in channels)
    parts = [_count(emails, "e-mail")] if emails else []
    parts += [f"{len(channels) - emails} SMS"] if len(channels) > emails else []
    return " et ".join(parts)


def _posting(data: Posting) -> str:
    kind = "[magenta]besoin[/]  " if isinstance(data, NeedRecorded) else "[blue]dispo.[/]  "
    place = commune(data.commune)
    what = f"{data.headcount} × {occupation(data.occupation).label}, {place.name} ({place.departement})"
    if data.status is PostingStatus.WITHDRAWN:
        return f"{kind} retiré : {what}"
    if data.version == 1:
        return f"{kind} {what}"
    return f"{kind} {what}, version {data.version}, reste {data.headcount_left}"


def _outcome(data: Outcome) -> str:
    if isinstance(data, ProposalAgreed):
        return f"[bold green]accord[/] : {_count(data.headcount or 0, 'personne')}"
    if isinstance(data, ProposalDeclined):
        return "[yellow]proposition déclinée[/]"
    if isinstance(data, ProposalCancelled):
        return "[yellow]accord annulé[/]"
    return "[green]proposition acceptée par une entreprise[/]"
