"""Deliveries: one message to one contact by one channel, attempted under a lease and never twice once handed over."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Final

from passerelles.store.port import Body, Stored, change
from schemas.deliveries import AlertRule, AlertVerdict, DeliveryState
from schemas.envelope import format_time, parse_time
from services.notifications.channels.port import Attempt, Verdict
from services.notifications.ledger.documents import Documents, backoff
from services.notifications.ledger.owing import owe_decision, owe_result
from services.notifications.verdicts import Decision

LEASE: Final = timedelta(seconds=180)
"""Longer than a channel may take for one attempt (see `channels`) and the ledger to write its end, so that a lease
found lapsed means a crash."""

GIVE_UP: Final = timedelta(hours=24)
"""A delivery that could not be handed over for this long has failed (design, decision 16)."""


class Deliveries:
    """The deliveries and their outbox: each state that is worth telling leaves as `delivery.recorded`, by proposal.

    `attempting` is not told: it lasts for a moment, and is in the document for whoever comes after a crash.
    """

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    async def begin(self, id_: str, now: datetime, *, known: Stored | None = None) -> Body | None:
        """Take the lease of the next attempt, before anything is connected to. None: it is not to be attempted now.

        The first attempt does not wait for `due_at`, which only keeps sweeps away from it. `known` is the delivery as
        it was reserved.
        """

        def edit(body: Body | None) -> Body | None:
            if body is None or body["state"] != DeliveryState.RESERVED:
                return None
            if body["attempts"] and parse_time(body["due_at"]) > now:
                return None
            body["state"] = DeliveryState.ATTEMPTING.value
            body["version"] += 1
            body["attempts"] += 1
            body["told_at"] = format_time(now)
            body["due_at"] = format_time(now + LEASE)
            return body

        return await change(self._documents.deliveries, id_, edit, known=known)

    async def settle(
        self,
        id_: str,
        attempts: int,
        attempt: Attempt,
        told: Collection[tuple[str, str]],
        now: datetime,
        *,
        known: Stored | None = None,
    ) -> Body | None:
        """Write how the attempt ended; `told` are the proposals and kinds in it, the others were no longer true.

        `known` is the delivery as its lease left it.

        Nothing is written, and none is returned, when the lease of that attempt was lost.
        """

        def end(body: Body) -> None:
            said, body["code"] = body["code"], attempt.code
            state = _state_after(attempt, body, now)
            body["state"] = state.value
            body["due_at"] = None
            if state is DeliveryState.RESERVED:
                body["due_at"] = format_time(_next_attempt(body, id_, attempt, now))
            for item in body["items"]:
                if item["dropped"]:
                    continue
                item["dropped"] = state is DeliveryState.DROPPED or (item["proposal"], item["kind"]) not in told
                if item["dropped"]:
                    code = attempt.code if state is DeliveryState.DROPPED else "no_longer_true"
                    owe_result(body, id_, item, DeliveryState.DROPPED, now, code=code)
                elif state is not DeliveryState.RESERVED or said != attempt.code:
                    # A server that stays dead for hours is said once, not at each attempt.
                    owe_result(body, id_, item, state, now, code=attempt.code)

        return await self._leave_attempt(id_, attempts, end, known)

    async def postpone(self, id_: str, wait: timedelta, now: datetime) -> None:
        """Look at a reserved delivery later, without an attempt: the registry cannot say where to send it."""

        def edit(body: Body | None) -> Body | None:
            if body is None or body["state"] != DeliveryState.RESERVED:
                return None
            return {**body, "due_at": format_time(now + wait)}

        await change(self._documents.deliveries, id_, edit)

    async def hold(self, id_: str, until: datetime, now: datetime, *, known: Stored | None = None) -> Body | None:
        """Keep a reserved delivery until its channel may be used again, which is told once for each time it waits."""

        def edit(body: Body | None) -> Body | None:
            if body is None or body["state"] != DeliveryState.RESERVED or body["due_at"] == format_time(until):
                return None
            body["version"] += 1
            body["due_at"] = format_time(until)
            if not body["attempts"]:
                body["created_at"] = format_time(until)
            decision = Decision(AlertVerdict.WAITING, AlertRule.QUIET_HOURS, until)
            for item in body["items"]:
                if not item["dropped"]:
                    owe_decision(body, id_, item, decision, now)
            return body

        return await change(self._documents.deliveries, id_, edit, known=known)

    async def lapse(self, id_: str, now: datetime) -> Body | None:
        """Found in `attempting` after its lease: nobody knows whether it left. It is never sent again by itself."""
        stored = await self._documents.deliveries.get(id_)
        if stored is None or stored.body["due_at"] is None or parse_time(stored.body["due_at"]) > now:
            return None
        told = {(item["proposal"], item["kind"]) for item in stored.body["items"]}
        return await self.settle(id_, stored.body["attempts"], Attempt(Verdict.UNKNOWN, "interrupted"), told, now)

    async def _leave_attempt(
        self, id_: str, attempts: int, end: Callable[[Body], None], known: Stored | None
    ) -> Body | None:
        def edit(body: Body | None) -> Body | None:
            if body is None or body["state"] != DeliveryState.ATTEMPTING or body["attempts"] != attempts:
                return None
            body["version"] += 1
            end(body)
            return body

        return await change(self._documents.deliveries, id_, edit, known=known)


def _state_after(attempt: Attempt, body: Body, now: datetime) -> DeliveryState:
    if attempt.verdict is Verdict.RETRY:
        given_up = now - parse_time(body["created_at"]) >= GIVE_UP
        return DeliveryState.FAILED if given_up else DeliveryState.RESERVED
    return DeliveryState(attempt.verdict.value)


def _next_attempt(body: Body, id_: str, attempt: Attempt, now: datetime) -> datetime:
    wait = max(backoff(id_, body["attempts"]), attempt.wait or timedelta())
    # The last attempt is made when the time is up, not long after.
    return min(now + wait, max(now, parse_time(body["created_at"]) + GIVE_UP))
