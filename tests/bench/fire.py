"""Ten thousand alerts under fire, on SQLite: the accounts of `tests/chaos/notifications/fire.py`, as figures."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Final

from tests.chaos.notifications.fire import burnt

ALERTS: Final = 10_000
ROUNDS: Final = 6
"""Kills at each step, before and after it takes effect."""


def measure() -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        accounts = burnt(ALERTS, f"sqlite:///{folder}/fire.sqlite", Path(folder), rounds=ROUNDS)
    print(f"   steps at which no process was killed: {', '.join(accounts.pop('steps_missed')) or 'none'}")
    print(f"   ended otherwise than they had to: {', '.join(accounts['wrong']) or 'none'}")
    return {f"fire.{name}": value for name, value in accounts.items() if name != "wrong"} | {
        "fire.wrong": len(accounts["wrong"])
    }
