"""An export of a small log: its figures, its files, its masks, and what it says of itself."""

from __future__ import annotations

import csv
from datetime import timedelta
from pathlib import Path

import openpyxl
import pytest

from passerelles.errors import InvalidInputError
from schemas.decisions import Standing
from schemas.deliveries import DeliveryState
from schemas.vocabulary import DeclineReason, Party
from services.audit.export.figures import EmptyPeriodError, Period, figures
from services.audit.export.tables import TABLES, dictionary, tables
from services.audit.export.workbook import export_to
from tests.unit.audit.told_log import NUMBER, ToldLog
from tests.unit.matching import scenery

GROUP = ("46", "agroalimentaire")
ALWAYS = Period(None, None)


def plain(cell: object) -> object:
    """A figure as a number, however it is written."""
    text = "" if cell is None else str(cell)
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return text


@pytest.fixture
def log() -> ToldLog:
    """Six needs that one availability meets, an agreement, a refusal and six emails."""
    told = ToldLog()
    told.company(scenery.BORROWER, branch="agroalimentaire")
    told.company(scenery.LENDER, scenery.CAPDENAC, "aeronautique")
    told.say(scenery.staff(1000, headcount=220))
    for number in range(1, 7):
        told.say(scenery.need(number, headcount=2))
        told.deliver(number, number, 1000, DeliveryState.RESERVED, DeliveryState.SENT)
    told.decide(1, 1000, Standing.ACCEPTED, Party.BORROWER)
    told.decide(1, 1000, Standing.AGREED, Party.LENDER, version=2)
    told.decide(2, 1000, Standing.DECLINED, Party.LENDER, reason=DeclineReason.PAY)
    return told


def test_everything_is_counted_once_by_departement_and_branch(log: ToldLog) -> None:
    log.begin(scenery.staff(1000, headcount=220), *(scenery.need(number, headcount=2) for number in range(3, 7)))
    counted = figures(log.archive, ALWAYS)
    seen = {
        name: {group: (cell.value, cell.behind) for group, cell in cells.items()}
        for name, cells in counted.counts.items()
    }
    assert seen["needs"] == {GROUP: (6, 6)}
    assert seen["needs.people"] == {GROUP: (12, 6)}
    assert seen["availabilities.people"] == {("46", "aeronautique"): (220, 1)}
    assert seen["proposals"] == {GROUP: (6, 6)}
    assert seen["decisions.agreed"] == {GROUP: (1, 1)}
    assert seen["deliveries.email.sent"] == {GROUP: (6, 6)}
    assert counted.counts["needs.first_proposal"][GROUP].values == [timedelta(0)] * 6
    assert counted.counts["needs.agreement"][GROUP].values == [timedelta(seconds=20)]


def test_a_period_holds_what_began_in_it(log: ToldLog) -> None:
    noon = log.now
    log.say(scenery.need(7))
    counted = figures(log.archive, Period(noon + timedelta(milliseconds=1), None))
    assert counted.counts["needs"][GROUP].value == 1
    assert "availabilities" not in counted.counts
    with pytest.raises(EmptyPeriodError):
        figures(log.archive, Period(log.now + timedelta(days=1), None))


def test_small_figures_are_masked_in_every_table(log: ToldLog) -> None:
    made = {table.name: table for table in tables(figures(log.archive, ALWAYS))}
    assert made["besoins"].rows == (("46", "Industries alimentaires et boissons", 6, 12), ("Total", "", 6, 12))
    assert made["disponibilités"].rows[0][2:] == ("< 5", "masqué")
    assert made["disponibilités"].rows[-1][2:] == ("masqué", "masqué")
    assert made["décisions"].rows[0][2:] == ("< 5", "< 5", "masqué", "< 5", 0)
    assert made["délais"].rows[0][2:] == (6, 0.0, "< 5", "masqué")


def test_the_workbook_and_the_files_say_the_same(log: ToldLog, tmp_path: Path) -> None:
    written = export_to(log.archive, ALWAYS, tmp_path / "new" / "folder")
    book = openpyxl.load_workbook(written[-1])
    assert book.sheetnames == ["lisez-moi", *TABLES, "dictionnaire"]
    for name in TABLES:
        with (tmp_path / "new" / "folder" / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.reader(file, delimiter=";"))
        sheet = [[plain(cell) for cell in row] for row in book[name].iter_rows(values_only=True)]
        assert [[plain(cell) for cell in row] for row in rows] == sheet
    book.close()


def test_every_column_is_in_the_dictionary() -> None:
    told = {(table, column) for table, column, _, _ in dictionary()}
    assert told >= {(name, column.name) for name, columns in TABLES.items() for column in columns}


def test_bad_periods_and_folders_are_refused(log: ToldLog, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="finit avant"):
        export_to(log.archive, Period(log.now, log.now), tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidInputError, match="écrit"):
        export_to(log.archive, ALWAYS, tmp_path / "file")


def test_nothing_that_identifies_is_exported(log: ToldLog, tmp_path: Path) -> None:
    for file in export_to(log.archive, ALWAYS, tmp_path):
        if file.suffix == ".csv":
            text = file.read_text(encoding="utf-8-sig")
            assert scenery.BORROWER not in text
            assert str(NUMBER(1)) not in text
