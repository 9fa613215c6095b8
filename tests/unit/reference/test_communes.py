"""Communes are found by code, name and post code, and their distance is the one that the design states."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passerelles.reference.communes import COMMUNES, UnknownCommuneError, commune, distance_metres, find
from schemas.territories import CURRENT

codes = st.sampled_from(sorted(COMMUNES))


def test_figeac_is_known() -> None:
    figeac = commune("46102")
    assert (figeac.name, figeac.departement, figeac.postcodes) == ("Figeac", "46", ("46100",))
    assert figeac.population > 9000


def test_a_commune_has_every_post_code() -> None:
    assert commune("07011").postcodes == ("07530", "07600")


@pytest.mark.parametrize("code", ["75056", "46000", "", "46 102", "2A004", "\x00"])
def test_a_commune_outside_the_table_is_refused(code: str) -> None:
    with pytest.raises(UnknownCommuneError) as refused:
        commune(code)
    assert refused.value.code == code


def test_communes_are_those_of_the_territories() -> None:
    assert {each.departement for each in COMMUNES.values()} == set(CURRENT.slices)
    assert all(code == each.code and code.startswith(each.departement) for code, each in COMMUNES.items())
    assert all(41 < each.lat < 47 and -2 < each.lon < 7 for each in COMMUNES.values())


@pytest.mark.parametrize(
    ("a", "b", "metres"),
    [("46102", "46102", 0), ("46102", "12300", 38626), ("46102", "12202", 69632), ("31555", "34172", 264411)],
)
def test_distances_stay_what_they_are(a: str, b: str, metres: int) -> None:
    assert distance_metres(commune(a), commune(b)) == metres


@given(codes, codes)
def test_distance_is_symmetric_and_agrees_with_the_spherical_law_of_cosines(a: str, b: str) -> None:
    one, other = commune(a), commune(b)
    metres = distance_metres(one, other)
    assert metres == distance_metres(other, one) >= 0
    lat_a, lat_b = math.radians(one.lat), math.radians(other.lat)
    cosine = math.sin(lat_a) * math.sin(lat_b) + math.cos(lat_a) * math.cos(lat_b) * math.cos(
        math.radians(one.lon - other.lon)
    )
    assert abs(metres - 1.35 * 6371008.8 * math.acos(min(1.0, cosine))) < 1.5


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("Figeac", "Figeac"),
        ("  fIGEAC ", "Figeac"),
        ("st cere", "Saint-Céré"),
        ("villefranche de r", "Villefranche-de-Rouergue"),
        ("rouergue ville", "Villefranche-de-Rouergue"),
        ("12200", "Villefranche-de-Rouergue"),
        ("46102", "Figeac"),
        ("tolouse", "Toulouse"),
        ("Montobant", "Montauban"),
        ("Figeak 46100", "Figeac"),
        ("l’hospitalet du larzac", "L'Hospitalet-du-Larzac"),
    ],
)
def test_a_commune_is_found_as_people_write_it(text: str, first: str) -> None:
    assert find(text, 5)[0].name == first


@given(st.text(max_size=40), st.integers(0, 5))
def test_finding_never_fails(text: str, limit: int) -> None:
    assert len(find(text, limit)) <= limit


def test_nothing_is_found_for_nothing() -> None:
    assert find("") == find(" - ") == find("zzzzqqq") == []


@pytest.mark.parametrize(
    ("text", "code"),
    [("46992", "46092"), ("461O2", "46102"), ("46 1O2", "46102"), ("461022", "46102"), ("O9122", "09122")],
)
def test_a_wrong_code_finds_the_nearest(text: str, code: str) -> None:
    assert code in [each.code for each in find(text, 5)]


def test_an_unheard_of_code_finds_some() -> None:
    for text in ("99999", "75056", "2A004", "46999"):
        assert len(find(text, 5)) == 5
