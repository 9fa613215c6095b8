"""The rules in force are the design's, and a version that was adopted never changes."""

from __future__ import annotations

import dataclasses
import subprocess
import sys

import pytest

from passerelles.reference import rulebook as module
from passerelles.reference.branches import BRANCHES
from passerelles.reference.rulebook import RULEBOOK, UnknownRulebookError, rulebook, versions
from passerelles.reference.tables import shipped_bytes
from schemas.proposals import Link
from schemas.territories import TABLES

DIGESTS = {1: "6e69b63851c81b8735ff3a425ac4b2bd991dc652c0acf399e3b3dcd7b5ca7b59"}
"""A figure here changes only if a past version was edited, which a replay would notice: add a version instead."""


def test_the_figures_are_those_of_the_design() -> None:
    assert RULEBOOK is rulebook(1)
    assert dict(RULEBOOK.occupation_points) == {Link.SAME: 40, Link.CLOSE: 28, Link.EVOLUTION: 20}
    assert (RULEBOOK.skills_points, RULEBOOK.distance_points) == (20, 20)
    assert (RULEBOOK.period_points, RULEBOOK.pay_points) == (15, 5)
    assert (RULEBOOK.least_shared_days, RULEBOOK.open_need_days, RULEBOOK.pay_tolerance_percent) == (5, 365, 20)
    assert [RULEBOOK.kept(left) for left in (1, 5, 6, 220)] == [10, 10, 12, 440]
    full = RULEBOOK.occupation_points[Link.SAME] + RULEBOOK.skills_points + RULEBOOK.distance_points
    assert full + RULEBOOK.period_points + RULEBOOK.pay_points == 100


def test_adopted_versions_never_change() -> None:
    assert {version: rulebook(version).digest for version in versions()} == DIGESTS
    assert all(rulebook(version).version == version for version in versions())
    assert all(rulebook(version).territory_table in TABLES for version in versions())


@pytest.mark.parametrize("part", ["shipped_bytes", "ROAD_FACTOR", "TABLES"])
def test_the_digest_covers_rules_data_and_territories(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    changed = {
        "shipped_bytes": lambda *path: shipped_bytes(*path) + (b"\n" if path[0] == "data" else b""),
        "ROAD_FACTOR": 1.36,
        "TABLES": {1: dataclasses.replace(TABLES[1], version=2)},
    }
    monkeypatch.setattr(module, part, changed[part])
    assert module.rulebook.__wrapped__(1).digest != DIGESTS[1]


def test_a_version_that_is_not_shipped_is_refused() -> None:
    with pytest.raises(UnknownRulebookError, match="version 99"):
        rulebook(99)


def test_a_rulebook_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        RULEBOOK.skills_points = 30  # type: ignore[misc]


def test_there_are_ten_branches_of_distinct_naf_divisions() -> None:
    assert len(BRANCHES) == 10
    assert BRANCHES["agroalimentaire"].naf == ("10", "11")
    assert [branch.code for branch in BRANCHES.values() if not branch.named] == ["electronique"]
    divisions = [division for branch in BRANCHES.values() for division in branch.naf]
    assert len(divisions) == len(set(divisions))


def test_importing_reads_nothing() -> None:
    script = (
        "import passerelles.reference.tables as tables\n"
        "def read(*path): raise SystemExit(f'read {path}')\n"
        "tables.resource = tables.rows = tables.shipped_bytes = read\n"
        "from passerelles.reference import branches, calendar, communes, occupations, proximity, rulebook\n"
        "from services.registry.domain import reach\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
