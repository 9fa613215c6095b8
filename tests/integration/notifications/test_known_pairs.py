"""What is remembered of pairs spares reads, and is never older than what the store has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pytest

from passerelles.store.port import Store, Stored
from schemas.proposals import WithdrawalReason
from services.notifications.ledger.documents import Documents
from tests.integration.notifications.ledger_world import World
from tests.unit.notifications.samples import made, withdrawn


async def test_what_is_remembered_is_what_would_be_read(store: Store) -> None:
    world = World(store)
    words = [made(1, "a1"), made(2, "a2"), made(3, "a1", score=12), withdrawn(4, "a2")]
    ids = {str(word.id) for word in words}
    for word in words:
        await world.hear(word)
        assert await world.documents.known(ids) == await Documents(store).known(ids)
    await world.stop()


async def test_what_is_remembered_is_not_read(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = World(store), World(store)
    reads: list[set[str]] = []
    get_many = one.documents.pairs.get_many

    async def counted(ids: Iterable[str]) -> Mapping[str, Stored]:
        reads.append(set(ids))
        return await get_many(ids)

    first, second = made(1, "a1"), made(2, "a2")
    ids = {str(first.id), str(second.id)}
    await one.hear(first)
    await one.hear(second)
    await other.hear(withdrawn(3, "a2"))
    monkeypatch.setattr(one.documents.pairs, "get_many", counted)
    assert (await one.documents.known({str(first.id)})).keys() == {str(first.id)}
    assert reads == []
    for _ in range(2):
        assert (await one.documents.known(ids)).keys() == ids
    assert reads == [{str(second.id)}]
    await one.stop()
    await other.stop()


async def test_what_another_process_learnt_is_read(store: Store) -> None:
    one, other = World(store), World(store)
    word = made(1)
    await one.hear(word)
    assert (await one.documents.known({str(word.id)}))[str(word.id)].open
    await other.hear(withdrawn(2, reason=WithdrawalReason.NEED_WITHDRAWN))
    known = await one.documents.known({str(word.id), "nobody spoke of it"})
    assert [(each.open, each.withdrawal) for each in known.values()] == [(False, WithdrawalReason.NEED_WITHDRAWN)]
    await one.stop()
    await other.stop()
