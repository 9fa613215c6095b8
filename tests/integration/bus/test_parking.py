"""What is parked keeps its bytes and its place, holds its subject back, and goes back in order; on both stores."""

from __future__ import annotations

from typing import Any

import pytest

from passerelles.bus.codec import Record
from passerelles.bus.parking import ParkedState, Parking, Place
from passerelles.bus.poison import PoisonReason
from passerelles.errors import UnavailableError
from passerelles.store.port import Store

FACTS = "registry.facts"
RECORD = Record(b"\xff\x00", b"\x80{", (("ce_id", b"\xfe"), ("none", None)))


class Copier:
    """Stands for a publisher: remembers what it is given, and fails from some record on."""

    def __init__(self, fail_at: int | None = None) -> None:
        self.appended: list[tuple[str, int, Record]] = []
        self.fail_at = fail_at

    async def publish_record(self, topic: str, partition: int, record: Record) -> None:
        if self.fail_at is not None and len(self.appended) >= self.fail_at:
            message = "Le bus ne répond pas."
            raise UnavailableError(message)
        self.appended.append((topic, partition, record))


def record(number: int) -> Record:
    return Record(b"key", str(number).encode())


async def park(parking: Parking, number: int, subject: str | None = "s", **place: Any) -> str:
    where = Place(**{"topic": FACTS, "partition": 0, "offset": number, **place})
    reason = PoisonReason.HANDLER_FAILED if subject else PoisonReason.NOT_JSON
    return await parking.park(where, record(number), group="g", reason=reason, detail="why", subject=subject)


async def test_a_record_is_kept_as_it_was_and_once(store: Store) -> None:
    parking = Parking(store)
    place = Place(FACTS, 3, 42)
    for _ in range(2):
        await parking.park(
            place, RECORD, group="g", reason=PoisonReason.BAD_HEADER, detail="ce_id is not UTF-8", subject=None
        )
    (parked,) = await parking.list()
    assert parked.record == RECORD
    assert parked.place == place
    assert (parked.group, parked.reason, parked.subject) == ("g", "bad_header", None)
    assert parked.state is ParkedState.PARKED


async def test_another_log_at_the_same_place_is_another_record(store: Store) -> None:
    parking = Parking(store)
    await park(parking, 1)
    await park(parking, 2, offset=1)
    assert len(await parking.list()) == 2


async def test_a_subject_is_blocked_in_its_group_until_it_is_replayed(store: Store) -> None:
    parking = Parking(store)
    await park(parking, 1, "a")
    await park(parking, 2, None)
    assert await parking.blocked("g", ["a", "b"]) == {"a"}
    assert await parking.blocked("other", ["a"]) == set()
    assert await parking.blocked("g", []) == set()
    await parking.replay(Copier())  # type: ignore[arg-type]
    assert await parking.blocked("g", ["a", "b"]) == set()


async def test_a_replay_goes_in_the_order_of_the_log_and_takes_the_whole_subject(store: Store) -> None:
    parking = Parking(store)
    copier = Copier()
    third = await park(parking, 30, "a")
    await park(parking, 10, "a")
    await park(parking, 5, "b")
    await park(parking, 20, "a", topic="matching.proposals")
    assert await parking.replay(copier, [third]) == 3  # type: ignore[arg-type]
    assert copier.appended == [
        ("matching.proposals", 0, record(20)),
        (FACTS, 0, record(10)),
        (FACTS, 0, record(30)),
    ]
    assert [parked.subject for parked in await parking.list()] == ["b"]


async def test_a_replay_that_is_cut_short_is_taken_up_by_the_next(store: Store) -> None:
    parking = Parking(store)
    for number in range(3):
        await park(parking, number, "a")
    with pytest.raises(UnavailableError):
        await parking.replay(Copier(fail_at=1))  # type: ignore[arg-type]
    assert [parked.state for parked in await parking.list()] == [ParkedState.RELEASED] * 3
    assert await parking.blocked("g", ["a"]) == set()
    copier = Copier()
    assert await parking.replay(copier) == 3  # type: ignore[arg-type]
    assert [each[2] for each in copier.appended] == [record(number) for number in range(3)]
    assert await parking.list() == []


async def park_in(parking: Parking, group: str, number: int, subject: str | None) -> str:
    place, reason = Place(FACTS, 0, number), PoisonReason.HANDLER_FAILED
    return await parking.park(place, record(number), group=group, reason=reason, detail="why", subject=subject)


@pytest.mark.parametrize("named", [True, False])
async def test_what_several_groups_parked_is_appended_once(store: Store, named: bool) -> None:
    parking = Parking(store)
    ids = [await park_in(parking, group, number, "a") for group in ("x", "y") for number in (2, 1)]
    # What one group could not read, another may have read and refused: the same record all the same.
    await park_in(parking, "z", 2, None)
    await park_in(parking, "z", 3, "a")
    await park_in(parking, "y", 9, "b")
    copier = Copier()
    assert await parking.replay(copier, [ids[0]] if named else None) == (2 if named else 4)  # type: ignore[arg-type]
    once = [each[2] for each in copier.appended]
    assert len(once) == len(set(once))
    assert [each for each in once if each in (record(1), record(2))] == [record(1), record(2)]
    left = [(parked.group, parked.place.offset) for parked in await parking.list()]
    assert sorted(left) == ([("y", 9), ("z", 3)] if named else [])


async def test_what_a_group_holds_back_with_it_goes_with_what_another_shares(store: Store) -> None:
    parking = Parking(store)
    first = await park_in(parking, "x", 1, "a")
    await park_in(parking, "y", 1, "a")
    await park_in(parking, "y", 2, "a")
    await park_in(parking, "z", 2, "a")
    await park_in(parking, "z", 3, "a")
    copier = Copier()
    assert await parking.replay(copier, [first]) == 3  # type: ignore[arg-type]
    assert [each[2] for each in copier.appended] == [record(1), record(2), record(3)]
    assert await parking.list() == []


async def test_a_replay_of_several_groups_that_is_cut_short_is_taken_up_whole(store: Store) -> None:
    parking = Parking(store)
    ids = [await park_in(parking, group, number, "a") for group in ("x", "y") for number in (1, 2)]
    with pytest.raises(UnavailableError):
        await parking.replay(Copier(fail_at=1), [ids[0]])  # type: ignore[arg-type]
    assert [parked.state for parked in await parking.list()] == [ParkedState.RELEASED] * 4
    copier = Copier()
    assert await parking.replay(copier, [ids[0]]) == 2  # type: ignore[arg-type]
    assert [each[2] for each in copier.appended] == [record(1), record(2)]


async def test_a_tombstone_without_a_key_stays(store: Store) -> None:
    parking = Parking(store)
    empty = Record(None, None)
    id_ = await parking.park(
        Place(FACTS, 0, 0), empty, group="g", reason=PoisonReason.TOMBSTONE, detail="", subject=None
    )
    assert await parking.replay(Copier()) == 0  # type: ignore[arg-type]
    assert await parking.drop([id_]) == 1
    assert await parking.list() == []


async def test_dropping_forgets_some_or_all(store: Store) -> None:
    parking = Parking(store)
    ids = [await park(parking, number) for number in range(4)]
    assert await parking.drop(ids[:1]) == 1
    assert await parking.drop(ids[:1]) == 0
    assert len(await parking.list(group="g")) == 3
    assert await parking.list(group="other") == []
    assert len(await parking.list(limit=2)) == 2
    assert await parking.drop() == 3
