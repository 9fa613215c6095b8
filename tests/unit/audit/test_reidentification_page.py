"""The assessment of re-identification says what its model gives, and its query runs on an archive."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb

from tests.bench.audit_anonymity import COMMON_SHARE, INDUSTRY, Spread, even_share, of_communes, of_departements
from tests.unit.audit.archive_made import Scribe
from tests.unit.matching.scenery import event, staff

PAGE = (Path(__file__).parents[3] / "docs" / "audit-reidentification.md").read_text(encoding="utf-8")


def _figure(value: float) -> str:
    text = f"{value:.1f}".replace(".", ",") if value < 100 else f"{value:,.0f}".replace(",", " ")
    return f"{text} personnes"


def _row(name: str, spread: Spread, *, is_commune: bool) -> str:
    cells = [name, _figure(spread.median), f"{spread.few:.0%}".replace("%", " %")]
    return " | ".join(["|", *cells, f"{spread.alone:.0%}".replace("%", " %")] if is_commune else ["|", *cells])


def test_the_page_says_what_the_model_gives() -> None:
    page = re.sub("[\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}]", " ", PAGE)
    assert f"les {len(INDUSTRY)} métiers ROME" in page
    for share, name in ((even_share(), "métier ordinaire"), (COMMON_SHARE, "métier très courant")):
        for spread, is_commune in ((of_communes(share), True), (of_departements(share), False)):
            assert _row(name, spread, is_commune=is_commune).replace("| | ", "| ") in page
    assert "4 446 communes" in page


def test_its_query_runs_on_an_archive(tmp_path: Path) -> None:
    scribe = Scribe(tmp_path)
    scribe.write([event(staff(number)) for number in (1000, 1001)])
    scribe.write([event(staff(1002, commune="46042"))])
    scribe.end_segment()
    (query,) = re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)
    assert duckdb.sql(query.replace("ARCHIVE", scribe.made.address)).fetchall() == [(1, 1), (2, 1)]
