"""The demo archives into its folder over several starts; the commands prove it, show it, and say clearly what fails."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


def passerelles(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from services.cli import main; main()", *arguments],
        cwd=ROOT,
        env=os.environ | settings,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo") / "data"
    for _ in range(2):
        assert passerelles("demo", "--once", "--port", "0", "--data", str(folder)).returncode == 0
    return folder


def test_two_starts_are_two_epochs_and_all_of_it_is_proved(data: Path) -> None:
    proof = passerelles("audit", "verify", "--data", str(data))
    assert proof.returncode == 0, proof.stdout + proof.stderr
    assert "Tout est exact." in proof.stdout
    shown = passerelles("audit", "replay", "--data", str(data), "--format", "json")
    events = [json.loads(line) for line in shown.stdout.splitlines()]
    assert {each["epoch"] for each in events} == {1, 2}
    deliveries = {each["epoch"] for each in events if each["type"] == "fr.passerelles.delivery.recorded"}
    assert 1 in deliveries
    proposals = {
        epoch: {each["subject"] for each in events if each["epoch"] == epoch and "proposal.made" in each["type"]}
        for epoch in (1, 2)
    }
    assert proposals[1] == proposals[2] != set()


def test_tampering_is_named_and_the_exit_code_says_so(data: Path) -> None:
    file = next((data / "archive" / "segments" / "matching.proposals").rglob("*.parquet"))
    content = file.read_bytes()
    file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    try:
        proof = passerelles("audit", "verify", "--data", str(data))
    finally:
        file.write_bytes(content)
    assert proof.returncode == 1
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
def test_what_cannot_be_done_is_told(data: Path, arguments: list[str], code: int, message: str) -> None:
    where = [] if "--archive" in arguments else ["--data", str(data)]
    answer = passerelles("audit", *arguments, *where)
    assert answer.returncode == code, answer.stderr
    assert message in answer.stderr


def test_retention_says_what_would_go_before_it_goes(data: Path) -> None:
    would = passerelles("audit", "retention", "--older-than", "3650", "--data", str(data))
    assert would.returncode == 0
    assert "0 segments" in would.stdout
    assert passerelles("audit", "index", "--rebuild", "--data", str(data)).returncode == 0
