"""The commands that prove, show and keep an archive name what is wrong with it, and say clearly what cannot be done."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.cli import app
from tests.e2e.audit.told_archive import audit


def test_tampering_is_named_and_the_exit_code_says_so(told: Path, tmp_path: Path) -> None:
    shutil.copytree(told, tmp_path, dirs_exist_ok=True)
    file = next((tmp_path / "archive" / "segments" / "matching.proposals").rglob("*.parquet"))
    content = file.read_bytes()
    file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    proof = audit(tmp_path, "verify")
    assert proof.exit_code == 1
    assert "segment_altered" in proof.stdout
    assert file.name in proof.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["verify", "--archive", "/nowhere/at/all"], 3, "Archive introuvable"),
        (["replay", "--archive", "/nowhere/at/all"], 3, "Archive introuvable"),
        (["replay", "--from", "hier"], 2, "« hier » n'est ni un jour ni un instant"),
        (["replay", "--type", "moon.landed"], 2, "moon.landed"),
        (["replay", "--to-bus", "smtp://127.0.0.1:25"], 1, "n'est pas l'adresse d'un bus"),
        (["replay", "--from", "2001-01-01", "--to", "2001-12-31"], 4, "Aucun événement"),
        (["replay", "--company", "00000000-0000-0000-0000-000000000000"], 4, "Aucun événement"),
    ],
)
def test_what_cannot_be_done_is_told(told: Path, arguments: list[str], code: int, message: str) -> None:
    answer = CliRunner().invoke(app, ["audit", *arguments]) if "--archive" in arguments else audit(told, *arguments)
    assert answer.exit_code == code, answer.stderr
    assert message in answer.stderr


def test_retention_says_what_would_go_before_it_goes(told: Path) -> None:
    would = audit(told, "retention", "--older-than", "3650")
    assert would.exit_code == 0
    assert "0 segments" in would.stdout
    assert audit(told, "index", "--rebuild").exit_code == 0
