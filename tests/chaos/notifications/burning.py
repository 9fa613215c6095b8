"""One life of a process of notifications, from what it finds to the end, unless it dies of a step chosen beforehand."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from passerelles.channel_settings import MailSettings
from passerelles.health import Health
from passerelles.store.address import open_store
from passerelles.store.port import Where
from schemas.deliveries import Channel
from schemas.envelope import Event
from services.notifications.channels.email import EmailChannel
from services.notifications.rendering import Renderer
from services.notifications.verdicts import Limits
from services.notifications.wiring import Alerting
from tests.chaos.notifications.deadly import DeadlyMail, DeadlyStore, Fate, Kill
from tests.integration.notifications.many_alerts import Answers

BATCH: Final = 10
"""Events of one batch: what a consumer is given at once."""

LIFE: Final = 10 * BATCH
"""Events after which a life ends whose step did not come: it must not leave the lives after it without work."""

ANSWER_SECONDS: Final = 2.0
"""How long the server may be silent: a fifth of what it is in production."""


class Clock:
    """Goes on from one life to the next, and is put forward while nothing is under way."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._started = asyncio.get_running_loop().time()
        self._base = datetime.fromisoformat(file.read_text()) if file.exists() else datetime.now(UTC)

    def __call__(self) -> datetime:
        return self._base + timedelta(seconds=asyncio.get_running_loop().time() - self._started)

    def advance(self, by: timedelta) -> None:
        self._base += by
        self._file.with_suffix(".new").write_text(self().isoformat())
        self._file.with_suffix(".new").replace(self._file)


@dataclass(frozen=True, slots=True)
class Outside:
    """What outlives a process: the store, the mail server, the log of events with the group's offset, and time."""

    store_url: str
    smtp: str
    folder: Path
    alerts: Sequence[Event[Any]]
    answers: Answers
    renderer: Renderer

    @property
    def offset(self) -> int:
        file = self.folder / "offset"
        return int(file.read_text()) if file.exists() else 0

    async def commit(self, offset: int) -> None:
        (self.folder / "offset.new").write_text(str(offset))
        (self.folder / "offset.new").replace(self.folder / "offset")


async def live(outside: Outside, kill: Kill | None) -> None:
    """Take up what is left, hear the batches that are not committed, and send until nothing is due any more.

    A life that is to be killed hears some of them only.
    """
    fate, clock = Fate(kill), Clock(outside.folder / "clock")
    DeadlyMail(fate).install()
    store = DeadlyStore(open_store(outside.store_url), fate)
    channel = EmailChannel(MailSettings(smtp=outside.smtp), clock=clock, seconds=ANSWER_SECONDS)
    alerting = Alerting(
        store,
        outside.answers,  # type: ignore[arg-type]
        outside.renderer,
        {Channel.EMAIL: channel},
        window=timedelta(),
        limits=Limits(),
        check=Health().check("ledger"),
        clock=clock,
    )
    alerting.tell(settled=lambda _: None, observe=lambda *_: None)
    await store.open()

    async def sweep() -> None:
        # Past every lease that the life before has left, and every wait.
        clock.advance(timedelta(seconds=190))
        await alerting.sender.sweep()
        await alerting.sender.settle()

    await sweep()
    end = len(outside.alerts) if kill is None else min(len(outside.alerts), outside.offset + LIFE)
    while outside.offset < end:
        start = outside.offset
        await alerting.reaction(outside.alerts[start : start + BATCH])
        await alerting.sender.settle()
        await fate.step("commit", lambda: outside.commit(start + BATCH))  # noqa: B023 - awaited here
    while await is_due(alerting):
        await sweep()
    await channel.stop()
    await store.close()


async def is_due(alerting: Alerting) -> bool:
    """Whether anything is left to be done at once or within minutes; reminders come after days."""
    documents = alerting.documents
    due = Where(above={"due_at": ""})
    return any([await each.count(due) for each in (documents.gatherings, documents.messages, documents.deliveries)])
