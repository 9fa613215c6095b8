"""What the territories of one process know of one availability is compared, whatever partitions they lie in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from schemas.facts import AvailabilityRecorded
from schemas.topics import partition_of_territory
from schemas.vocabulary import Payload
from services.matching.accord import Accord
from services.matching.shard import MatchingShard
from tests.unit.matching.scenery import adopted, event, number, opened, staff

PARTITIONS = 32
TERRITORIES = ("12", "46", "82")


def shards(facts: Mapping[str, Sequence[Payload]], epochs: Mapping[str, int] | None = None) -> dict[int, MatchingShard]:
    """Of each territory, with its facts folded."""
    made: dict[int, MatchingShard] = {}
    for name, some in facts.items():
        epoch = (epochs or {}).get(name, 1)
        place = partition_of_territory(name, PARTITIONS)
        shard = made.setdefault(place, MatchingShard(place, PARTITIONS))
        for offset, data in enumerate((adopted(name, epoch=epoch), opened(name, epoch=epoch), *some)):
            shard.fold(event(data, territory=name, epoch=epoch, place=offset), offset)
    return made


async def seen(facts: Mapping[str, Sequence[Payload]], epochs: Mapping[str, int] | None = None) -> int:
    made = shards(facts, epochs)
    accord = Accord(made.values)
    await accord.look()
    return accord.disagreements


async def test_one_content_of_a_version_is_no_matter() -> None:
    assert await seen({}) == 0
    assert await seen({"46": [staff()]}) == 0
    assert await seen({"46": [staff(), staff(1001)], "12": [staff(), staff(1002)]}) == 0
    # A territory that is out of reach hears of no further version.
    assert await seen({"46": [staff(), staff(version=2, headcount=2)], "12": [staff()]}) == 0


async def test_each_version_with_several_contents_counts_once_and_two_territories_are_logged_once() -> None:
    other = staff(headcount=2)
    made = shards({"46": [staff(), staff(1001)], "12": [other, staff(1001, headcount=2)], "82": [other]})
    accord = Accord(made.values)
    with capture_logs() as logs:
        for _ in range(2):
            await accord.look()
            assert accord.disagreements == 2
    told = sorted(line["territories"] for line in logs)
    assert len(told) == len(set(told))
    assert ("12", "46") in told
    assert {line["event"] for line in logs} == {"matching.territories_disagree"}
    assert {line["availability"] for line in logs} <= {str(number(1000)), str(number(1001))}


async def test_a_territory_in_another_epoch_is_not_compared() -> None:
    facts = {"46": [staff()], "12": [staff(headcount=2)]}
    assert await seen(facts, {"46": 2}) == 0
    assert await seen(facts, {"46": 2, "12": 2}) == 1


POSTINGS = st.builds(staff, st.integers(1000, 1004), st.integers(1, 3), headcount=st.integers(1, 2))


@given(st.dictionaries(st.sampled_from(TERRITORIES), st.lists(POSTINGS, max_size=6)))
async def test_as_many_as_by_hand(facts: Mapping[str, Sequence[AvailabilityRecorded]]) -> None:
    known: dict[str, dict[int, AvailabilityRecorded]] = {name: {} for name in facts}
    for name, some in facts.items():
        for fact in some:
            if fact.id.int not in known[name] or known[name][fact.id.int].version < fact.version:
                known[name][fact.id.int] = fact
    contents: dict[tuple[int, int], set[int]] = {}
    for held in known.values():
        for fact in held.values():
            contents.setdefault((fact.id.int, fact.version), set()).add(fact.headcount)
    assert await seen(facts) == sum(len(each) > 1 for each in contents.values())
