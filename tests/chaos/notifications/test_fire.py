"""Processes that really die, at every step, before a mail server that is unwell: nothing lost, nothing twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.chaos.notifications.fire import burnt

KILLS = 30
"""Of 41 that are planned; which of them come about is up to what runs at once."""


def check(accounts: dict[str, Any], emails: int) -> None:
    assert accounts["wrong"] == []
    assert {name: accounts[name] for name in ("emails", "lost", "twice", "untold")} == {
        "emails": emails,
        "lost": 0,
        "twice": 0,
        "untold": 0,
    }
    assert accounts["sent"] + accounts["failed"] + accounts["unknown"] == emails
    assert accounts["kills"] >= KILLS


@pytest.mark.timeout(240)
def test_every_alert_is_sent_once_or_accounted_for(tmp_path: Path) -> None:
    accounts = burnt(600, f"sqlite:///{tmp_path / 'fire.sqlite'}", tmp_path, rounds=1)
    check(accounts, 600)
    assert accounts["steps_missed"] == []


@pytest.mark.timeout(240)
def test_every_alert_is_sent_once_or_accounted_for_on_mongodb(mongo_url: str, tmp_path: Path) -> None:
    check(burnt(300, mongo_url, tmp_path, rounds=1), 300)
