"""An availability goes to every territory in which somebody could meet it, and to no other."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from passerelles.reference.communes import COMMUNES, UnknownCommuneError, commune, distance_metres
from passerelles.reference.proximity import metres_to_departements
from schemas.territories import CURRENT, TerritoryTable
from services.registry.domain.reach import need_territory, reach

codes = st.sampled_from(sorted(COMMUNES))


def nearest(code: str) -> dict[str, int]:
    """The brute force: every commune is measured."""
    origin = commune(code)
    metres: dict[str, int] = {}
    for each in COMMUNES.values():
        distance = distance_metres(origin, each)
        metres[each.departement] = min(distance, metres.get(each.departement, distance))
    return metres


@settings(max_examples=60, deadline=None)
@given(codes, st.integers(1, 200))
@example("46102", 1)
@example("31555", 200)
def test_reach_agrees_with_measuring_every_commune(code: str, mobility_km: int) -> None:
    metres = nearest(code)
    assert dict(metres_to_departements(code)) == metres
    expected = [name for name in CURRENT.names if metres[name.split("-")[0]] <= mobility_km * 1000]
    assert reach(code, mobility_km) == tuple(expected)


@settings(deadline=None)
@given(codes, codes, st.integers(1, 200), st.uuids())
def test_a_need_within_the_mobility_lives_in_a_territory_that_is_reached(
    home: str, place: str, mobility_km: int, need_id: UUID
) -> None:
    if distance_metres(commune(home), commune(place)) <= mobility_km * 1000:
        assert need_territory(place, need_id) in reach(home, mobility_km)


@settings(deadline=None)
@given(codes)
def test_reach_grows_with_mobility_from_home_on(code: str) -> None:
    home = set(CURRENT.of_departement(commune(code).departement))
    before: set[str] = home
    for mobility_km in (1, 10, 50, 100, 200):
        now = set(reach(code, mobility_km))
        assert before <= now
        before = now


def test_the_edge_belongs_to_the_reach() -> None:
    metres = metres_to_departements("46102")
    on_the_edge = {name: (distance + 999) // 1000 for name, distance in metres.items() if 0 < distance <= 199_000}
    assert on_the_edge
    for departement, km in on_the_edge.items():
        assert departement in {name.split("-")[0] for name in reach("46102", km)}
        if km > 1:
            assert departement not in {name.split("-")[0] for name in reach("46102", km - 1)}


def test_figeac_reaches_its_neighbours() -> None:
    assert reach("46102", 1) == ("46",)
    assert reach("46102", 30) == ("12", "46", "15")
    assert reach("31555", 20) == ("31-0", "31-1", "31-2", "31-3")


def test_needs_of_a_large_departement_are_spread_over_its_slices() -> None:
    assert [need_territory("31555", UUID(int=number)) for number in range(5)] == [
        "31-0",
        "31-1",
        "31-2",
        "31-3",
        "31-0",
    ]
    assert need_territory("46102", UUID(int=3)) == "46"


def test_another_table_gives_another_slicing() -> None:
    table = TerritoryTable(2, {"46": 2, "12": 1})
    assert reach("46102", 30, table=table) == ("46-0", "46-1", "12")
    assert need_territory("46102", UUID(int=3), table=table) == "46-1"


@pytest.mark.parametrize("code", ["75056", "", "Figeac"])
def test_a_commune_outside_the_table_is_refused(code: str) -> None:
    with pytest.raises(UnknownCommuneError):
        reach(code, 50)
    with pytest.raises(UnknownCommuneError):
        need_territory(code, UUID(int=0))
