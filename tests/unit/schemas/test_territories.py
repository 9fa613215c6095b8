"""The territory table: every département served, every need in one place, no territory ever moved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from types import MappingProxyType
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.territories import (
    BORDERING,
    CURRENT,
    MOST_SLICES,
    OCCITANIE,
    TABLES,
    TerritoryTable,
    UnknownTerritoryError,
)

partitions = st.integers(1, 64)
departements = st.sampled_from((*OCCITANIE, *BORDERING))
territories = st.sampled_from(CURRENT.names)


def test_occitanie_has_its_13_departements_and_10_neighbours_that_are_not_its_own() -> None:
    assert len(OCCITANIE) == 13
    assert len(BORDERING) == 10
    assert not set(OCCITANIE) & set(BORDERING)


def test_every_departement_is_served_and_haute_garonne_in_four_slices() -> None:
    assert set(CURRENT.slices) == {*OCCITANIE, *BORDERING}
    assert CURRENT.of_departement("31") == ("31-0", "31-1", "31-2", "31-3")
    assert len(CURRENT.names) == len(set(CURRENT.names)) == 26


def test_the_first_table_is_this_one_for_ever() -> None:
    assert TABLES[1].names == (
        *("09", "11", "12", "30", "31-0", "31-1", "31-2", "31-3", "32", "34", "46", "48", "65", "66", "81", "82"),
        *("07", "13", "15", "19", "24", "40", "43", "47", "64", "84"),
    )


@given(departements, st.uuids())
def test_a_need_lives_in_exactly_one_territory_of_its_departement(departement: str, need_id: UUID) -> None:
    territory = CURRENT.of_need(departement, need_id)
    assert territory in CURRENT.of_departement(departement)
    if departement == "31":
        assert territory == f"31-{need_id.int % 4}"


@given(territories, partitions)
def test_a_territory_is_found_in_its_partition_and_in_no_other(territory: str, count: int) -> None:
    home = CURRENT.partition(territory, count)
    assert 0 <= home < count
    holders = [partition for partition in range(count) if territory in CURRENT.in_partition(partition, count)]
    assert holders == [home]


@given(partitions)
def test_territories_spread_evenly(count: int) -> None:
    loads = Counter(CURRENT.partition(name, count) for name in CURRENT.names)
    assert max(loads.values()) - min(loads.get(partition, 0) for partition in range(count)) <= 1


@given(st.sampled_from(["23", "2A", "974"]), territories, partitions)
def test_appending_a_departement_moves_nobody(appended: str, territory: str, count: int) -> None:
    longer = TerritoryTable(CURRENT.version, MappingProxyType(dict(CURRENT.slices) | {appended: 1}))
    assert longer.partition(territory, count) == CURRENT.partition(territory, count)


cuts = st.dictionaries(departements, st.integers(1, MOST_SLICES), max_size=5)


@given(cuts, cuts)
def test_a_territory_has_one_index_in_whatever_cut_names_it(one: dict[str, int], other: dict[str, int]) -> None:
    """So a service that does not know of a cut yet still writes to the partition where it is folded."""
    first, second = CURRENT.cut(one), CURRENT.cut(other)
    for name in {*first.names, *second.names}:
        assert first.index(name) == second.index(name) == CURRENT.index(name)
    assert all(first.index(name) == CURRENT.names.index(name) for name in first.names if name in CURRENT.names)


@given(cuts)
def test_no_two_territories_of_a_cut_share_an_index(cuts: dict[str, int]) -> None:
    table = CURRENT.cut(cuts)
    assert len({table.index(name) for name in table.names}) == len(table.names)


@given(departements, st.integers(2, MOST_SLICES))
def test_the_slices_of_a_departement_spread_over_the_partitions(departement: str, count: int) -> None:
    table = CURRENT.cut({departement: count})
    loads = Counter(table.partition(name, 32) for name in table.of_departement(departement))
    assert max(loads.values()) <= (1 if count <= 8 else 2)


def test_a_cut_states_only_what_differs_and_can_be_taken_back() -> None:
    cut = CURRENT.cut({"12": 4, "31": 4})
    assert dict(cut.cuts) == {"12": 4}
    assert cut.of_departement("12") == ("12-0", "12-1", "12-2", "12-3")
    assert cut.cut({"12": 1}) == CURRENT
    assert CURRENT.cut({"31": 1}).of_departement("31") == ("31",)


@pytest.mark.parametrize("cut", [{"75": 2}, {"12": 0}, {"12": MOST_SLICES + 1}])
def test_a_cut_out_of_bounds_is_refused(cut: dict[str, int]) -> None:
    with pytest.raises((UnknownTerritoryError, ValueError)):
        CURRENT.cut(cut)


@pytest.mark.parametrize("call", [CURRENT.index, CURRENT.of_departement, lambda name: CURRENT.partition(name, 32)])
@pytest.mark.parametrize("name", ["75", "31-32", "", "46 "])
def test_what_is_not_in_the_table_is_refused(call: Callable[[str], object], name: str) -> None:
    with pytest.raises(UnknownTerritoryError):
        call(name)
