"""When things are done: at the end of each window by a timer, and by a sweep for what a crash or a dead server left."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from datetime import datetime
from functools import partial
from typing import Any, Final, NamedTuple

import structlog

from passerelles.bus.faults import fault
from passerelles.bus.patience import Backoff
from passerelles.errors import UnavailableError
from passerelles.health import Check
from passerelles.store.port import Body, Collection, Order, Stored, Where
from schemas.deliveries import DeliveryState
from schemas.envelope import format_time
from services.notifications.attempts import Attempts
from services.notifications.digests import Digests
from services.notifications.dispatch import Dispatcher
from services.notifications.ledger.documents import GRACE, Documents, company_of
from services.notifications.ledger.gathering import Fresh
from services.notifications.ledger.messages import Messages
from services.notifications.reminders import Reminders
from services.notifications.turns import Turns

SWEEP_SECONDS: Final = 2.0
SWEPT: Final = 200
"""Documents of each kind taken up by one sweep; the next goes on after them, whatever became of them."""

DRAIN_SECONDS: Final = 25.0
"""How long `stop` waits for what is under way; orchestrators kill at 30 s. What is cut off ends as `unknown`."""

Step = Callable[[], Coroutine[Any, Any, None]]

log = structlog.get_logger()


class _Round:
    """Goes through what is due of one kind, oldest first, a page each time: what is stuck hides nothing for long."""

    def __init__(self, collection: Collection, due: str = "due_at") -> None:
        self._collection = collection
        self._due = due
        self._after: tuple[str, str] | None = None

    async def page(self, now: datetime) -> list[Stored]:
        """The next page of what is due by now; after the last, the first again."""
        where = Where(at_most={self._due: format_time(now)})
        found = await self._collection.find(where, order=Order(self._due), after=self._after, limit=SWEPT)
        self._after = (found[-1].body[self._due], found[-1].id) if len(found) == SWEPT else None
        return found


class Steps(NamedTuple):
    """What is done about a message, a delivery, a digest, and an answer that is awaited."""

    dispatcher: Dispatcher
    attempts: Attempts
    digests: Digests
    reminders: Reminders


class Sender:
    """Drains the ledger. Nothing on the way of a new alert waits for the sweep.

    Its check is up while the sweep goes round and the store answers.
    """

    def __init__(
        self,
        documents: Documents,
        messages: Messages,
        steps: Steps,
        check: Check,
        *,
        clock: Callable[[], datetime],
    ) -> None:
        self._messages = messages
        self._steps = steps
        self._check = check
        self._clock = clock
        self._gatherings = _Round(documents.gatherings)
        self._letters = _Round(documents.messages)
        self._deliveries = _Round(documents.deliveries)
        self._waiting = _Round(documents.deliveries, "later_at")
        self._answers = _Round(documents.told)
        self._turns = Turns()
        self._running: dict[str, asyncio.Task[None]] = {}
        self._again: dict[str, tuple[str, Step]] = {}
        self._timers: dict[str, tuple[datetime, asyncio.Handle]] = {}
        self._sweeper: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()

    def wake(self, gathering: str, due: datetime, fresh: Fresh | None = None) -> None:
        """Look at a gathering when it is due; at once if it is, and then by what its writer knows."""
        if self._stopping.is_set():
            return
        wait = (due - self._clock()).total_seconds()
        if wait <= 0:
            self._run(gathering, company_of(gathering), partial(self._send, gathering, fresh))
            return
        if gathering in self._timers:
            rings_at, timer = self._timers[gathering]
            if rings_at <= due:
                return
            timer.cancel()
        timer = asyncio.get_running_loop().call_later(wait, self._ring, gathering, due)
        self._timers[gathering] = due, timer

    def _ring(self, gathering: str, due: datetime) -> None:
        self._timers.pop(gathering, None)
        self.wake(gathering, due)

    def start(self) -> None:
        """Sweep now, then from time to time."""
        self._stopping.clear()
        self._sweeper = asyncio.create_task(self._sweep_on())

    async def stop(self) -> None:
        """Finish what is under way; what is only gathered stays in the store for the next start."""
        self._stopping.set()
        for _, timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        if self._sweeper is not None:
            self._sweeper.cancel()
            await asyncio.gather(self._sweeper, return_exceptions=True)
            self._check.rested()
        deadline = asyncio.get_running_loop().time() + DRAIN_SECONDS
        while self._running and (left := deadline - asyncio.get_running_loop().time()) > 0:
            await asyncio.wait(list(self._running.values()), timeout=left)
        late = list(self._running.values())
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def settle(self) -> None:
        """Wait until nothing is under way; what is not due yet is left."""
        while self._running:
            await asyncio.wait(list(self._running.values()))

    async def sweep(self) -> None:
        """Take up what is due and was left. Raises `UnavailableError`."""
        now = self._clock()
        for gathering in await self._gatherings.page(now - GRACE):
            self._take_up(gathering.id, company_of(gathering.id), partial(self._send, gathering.id))
        for letter in await self._letters.page(now):
            dispatch = partial(self._steps.dispatcher.dispatch, letter.id, letter.body)
            self._take_up(letter.id, letter.body["company"], dispatch)
        for delivery in await self._deliveries.page(now):
            # Beside its message, it waits at the channel's door.
            if delivery.body.get("message") not in self._running:
                self._take_up(delivery.id, delivery.body["company"], partial(self._go_on, delivery.id, delivery.body))
        waiting = await self._waiting.page(now)
        for digest, company in {share.body["digest"]: share.body["company"] for share in waiting}.items():
            self._take_up(digest, company, partial(self._steps.digests.leave, digest))
        if marks := await self._answers.page(now):
            self._take_up("reminders", "reminders", partial(self._steps.reminders.remind, marks))

    def _take_up(self, key: str, company: str, step: Step) -> None:
        """Take a step about what was left, unless one is under way or has its turn to come: a queue is not left."""
        if key not in self._running:
            self._run(key, company, step)

    async def _go_on(self, id_: str, delivery: Body) -> None:
        waits = delivery["state"] == DeliveryState.RESERVED
        await (self._steps.attempts.retry(id_) if waits else self._steps.attempts.lapse(id_))

    async def _sweep_on(self) -> None:
        backoff = Backoff(SWEEP_SECONDS)
        while True:
            self._check.moved()
            try:
                await self.sweep()
            except UnavailableError as error:
                self._check.down(error.detail)
            except Exception as error:  # noqa: BLE001 (a loop that died would leave what is owed where it is)
                # Without the message, which may quote data: hence not `exception`.
                log.error("alert.sweep_failed", fault=fault(error))  # noqa: TRY400
                self._check.down("la reprise de ce qui reste à envoyer a échoué")
            else:
                self._check.up()
                backoff = Backoff(SWEEP_SECONDS)
                await asyncio.sleep(SWEEP_SECONDS)
                continue
            await backoff.wait(self._stopping)

    async def _send(self, gathering: str, fresh: Fresh | None = None) -> None:
        taken = await self._messages.take(gathering, self._clock(), fresh)
        if taken.message is not None:
            id_, letter = taken.message
            self._run(id_, letter["company"], partial(self._steps.dispatcher.dispatch, id_, letter, taken.pairs))
        due = await taken.removal() if taken.removal is not None else taken.due
        if due is not None:
            self.wake(gathering, due)

    def _run(self, key: str, company: str, step: Step) -> None:
        """Take a step in its own task, when it is the company's turn.

        One at a time for a document, and once more if it was asked for meanwhile.
        """
        if key in self._running:
            self._again[key] = company, step
            return
        task = asyncio.create_task(self._guarded(key, company, step), name=f"alert:{key}")
        self._running[key] = task
        task.add_done_callback(lambda _: self._done(key))

    def _done(self, key: str) -> None:
        del self._running[key]
        again = self._again.pop(key, None)
        if again is not None and not self._stopping.is_set():
            self._run(key, *again)

    async def _guarded(self, key: str, company: str, step: Step) -> None:
        try:
            async with self._turns.of(company):
                await step()
        except UnavailableError as error:
            # The documents say where it stands; the sweep finds them once the store answers.
            self._check.down(error.detail)
        except Exception as error:  # noqa: BLE001 (the sweep takes the document up again)
            log.error("alert.step_failed", key=key, fault=fault(error))  # noqa: TRY400
