"""What is remembered of pairs spares reads, and is never older than what the store has."""

from __future__ import annotations

from passerelles.store.port import Store
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
