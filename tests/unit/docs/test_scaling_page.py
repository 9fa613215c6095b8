"""The page about scaling shows what its command makes: today's region is simulated again and compared."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas.territories import CURRENT, OCCITANIE
from tests.bench.territories import tables
from tests.bench.territories.__main__ import PAGE, written
from tests.bench.territories.industry import weights
from tests.bench.territories.study import Study

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def study() -> Study:
    return Study()


def test_the_page_shows_what_the_command_makes(study: Study) -> None:
    page = (ROOT / PAGE).read_text(encoding="utf-8")
    assert written(page, {"assumptions": tables.assumptions(), "territories": tables.territories(study)}) == page
    (*_, today) = tables.scales(study, (1,)).splitlines()
    assert today in page.splitlines()


def test_a_page_without_a_place_for_a_table_is_refused() -> None:
    with pytest.raises(LookupError, match="scales"):
        written("", {"scales": "| |"})


def test_every_need_is_in_one_shard_and_everybody_at_home(study: Study) -> None:
    found, demand = study.load(1), study.demand(1)
    assert sum(found.needs.values()) == len(demand.needs)
    assert found.copies > 1
    assert all(found.staff[name] for name in CURRENT.names)


def test_industry_weighs_1_in_occitanie() -> None:
    assert sum(weights()[each] for each in OCCITANIE) == pytest.approx(1)
