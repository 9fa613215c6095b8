"""Stories, states and figures of an archive in a folder: what the commands print, write and exit with."""

from __future__ import annotations

import errno
import json
import shutil
from pathlib import Path

import openpyxl
import pytest
from typer.testing import CliRunner

from services.audit.archive.files import FolderFiles
from services.cli import app
from tests.e2e.audit.told_archive import PAIR, audit
from tests.unit.audit.told_log import NUMBER, delivery_id
from tests.unit.matching import scenery


def test_a_story_goes_to_the_terminal_to_json_and_to_a_page(told: Path, tmp_path: Path) -> None:
    shown = audit(told, "explain", PAIR)
    assert shown.exit_code == 0, shown.output
    assert "accord conclu" in shown.output
    document = json.loads(audit(told, "explain", PAIR, "--format", "json").stdout)
    assert [step["kind"] for step in document["steps"]].count("log") == 1
    file = tmp_path / "rapport.html"
    assert audit(told, "explain", PAIR, "--format", "html", "--out", str(file)).exit_code == 0
    page = file.read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert "Pourquoi cette mise en relation" in page
    assert "http" not in page.replace("http-equiv", ""), "it loads nothing"


def test_needs_availabilities_and_deliveries_have_stories(told: Path) -> None:
    for id_ in (NUMBER(1), NUMBER(1000), delivery_id(1)):
        assert audit(told, "explain", str(id_)).exit_code == 0


def test_why_not_another_is_answered(told: Path) -> None:
    shown = audit(told, "explain", PAIR, "--against", str(NUMBER(1001)), "--format", "json")
    assert json.loads(shown.stdout)["comparison"]["first_failed"] == "distance"


def test_an_archive_is_read_without_writing_to_it_and_its_index_lies_in_the_data_folder(
    told: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(told / "archive", copy)
    held = {file: file.stat().st_mtime_ns for file in copy.rglob("*")}
    monkeypatch.setenv("PASSERELLES_DATA", str(tmp_path / "mine"))
    shown = CliRunner().invoke(app, ["audit", "explain", PAIR, "--archive", str(copy)])
    assert shown.exit_code == 0, shown.output
    assert len(list((tmp_path / "mine").glob("audit-index-*.sqlite"))) == 1
    assert {file: file.stat().st_mtime_ns for file in copy.rglob("*")} == held


def test_an_index_that_cannot_be_kept_or_is_spoilt_is_said_so(told: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    run = {"PASSERELLES_DATA": str(tmp_path / "file")}
    answer = CliRunner().invoke(app, ["audit", "explain", PAIR, "--archive", str(told / "archive")], env=run)
    assert answer.exit_code == 3
    assert "L'index ne peut pas être tenu" in answer.output
    run = {"PASSERELLES_DATA": str(tmp_path / "mine")}
    for spoilt in (False, True):
        answer = CliRunner().invoke(app, ["audit", "explain", PAIR, "--archive", str(told / "archive")], env=run)
        assert answer.exit_code == (3 if spoilt else 0), answer.output
        (index,) = (tmp_path / "mine").glob("audit-index-*.sqlite")
        content = bytearray(index.read_bytes())
        content[4096:] = bytes(len(content) - 4096)
        index.write_bytes(content)
    assert "audit index --rebuild" in answer.output
    again = ["audit", "index", "--rebuild", "--archive", str(told / "archive")]
    assert CliRunner().invoke(app, again, env=run).exit_code == 0
    answer = CliRunner().invoke(app, ["audit", "explain", PAIR, "--archive", str(told / "archive")], env=run)
    assert answer.exit_code == 0, answer.output


def test_a_store_that_does_not_answer_is_said_so(told: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> bytes:
        raise OSError(errno.EIO, "the store of the archive failed: EndpointConnectionError")

    monkeypatch.setattr(FolderFiles, "read", away)
    done = audit(told, "verify")
    assert done.exit_code == 3
    assert "ne répond pas, ou refuse (the store of the archive failed: EndpointConnectionError)" in done.output


def test_the_past_is_shown_as_it_was(told: Path) -> None:
    then = json.loads(audit(told, "state", PAIR, "--at", "2026-03-02T08:00:09+01:00", "--json").stdout)
    assert {line["label"]: line["text"] for line in then["lines"]}["État"] == "ouverte"
    now = json.loads(audit(told, "state", PAIR, "--json").stdout)
    assert {line["label"]: line["text"] for line in now["lines"]}["État"] == "accord conclu"
    opened = json.loads(audit(told, "state", "--at", "2026-03-02T08:00:09+01:00", "--json").stdout)
    assert [each["proposal_id"] for each in opened] == [PAIR]


def test_an_export_is_written(told: Path, tmp_path: Path) -> None:
    done = audit(told, "export", "--from", "2026-03-01", "--to", "2026-03-31", "--out", str(tmp_path))
    assert done.exit_code == 0, done.output
    book = openpyxl.load_workbook(tmp_path / "passerelles-audit.xlsx")
    assert book["besoins"]["C2"].value == "< 5"
    book.close()


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["explain", str(NUMBER(77))], 4, "ne contient rien sous l'identifiant"),
        (["explain", str(scenery.company(scenery.LENDER))], 4, "entreprise"),
        (["explain", PAIR, "--against", str(NUMBER(77))], 4, "aucune disponibilité"),
        (["explain", str(NUMBER(1000)), "--against", str(NUMBER(1001))], 2, "--against"),
        (["explain", "pas-un-identifiant"], 2, "UUID"),
        (["explain", PAIR, "--at", "hier"], 2, "ni un jour ni un instant"),
        (["explain", PAIR, "--format", "pdf"], 2, "--out"),
        (["explain", PAIR, "--format", "html", "--out", "/nulle/part/x.html"], 2, "ne peut pas être écrit"),
        (["state", PAIR, "--at", "2020-01-01"], 4, "à cet instant"),
        (["state", "--at", "2020-01-01"], 4, "0\u00a0proposition ouverte"),
        (["export", "--from", "2020-01-01", "--to", "2020-02-01", "--out", "x"], 4, "rien pour cette période"),
        (["export", "--from", "2026-03-02", "--to", "2026-03-01", "--out", "x"], 2, "finit avant"),
    ],
)
def test_what_cannot_be_told_says_why(told: Path, arguments: list[str], code: int, message: str) -> None:
    done = audit(told, *arguments)
    assert done.exit_code == code, done.output
    assert message in done.output
