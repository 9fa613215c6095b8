"""The ledger under fire: lives that end by SIGKILL at every step, a mail server that is unwell, and exact accounts.

`python -m tests.chaos.notifications.fire ALERTS STORE_URL FOLDER` prints the accounts as JSON. It forks each life from
itself, so that a life begins in milliseconds; it has no thread of its own.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import uvloop
from structlog.testing import capture_logs

from services.notifications.rendering import Renderer
from tests.chaos.notifications.accounts import accounts_of, attempting
from tests.chaos.notifications.burning import Outside, live
from tests.chaos.notifications.deadly import Kill
from tests.integration.notifications.many_alerts import Answers, alert
from tests.mail_server import NEVER_TAKEN, ONCE, UNSURE, mail_server, taken

BEFORE_RESERVE: Final = (
    "insert alert_pairs",
    "insert alert_gatherings",
    "insert alert_told",
    "insert alert_messages",
    "insert alert_limits",
    "replace alert_gatherings",
    "replace alert_messages",
    "commit",
)
RESERVE_TO_CONFIRM: Final = (
    "insert alert_deliveries",
    "replace alert_deliveries attempting",
    "connect",
    "say MAIL",
    "say RCPT",
    "say DATA",
    "write content",
    "hear answer",
    "replace alert_deliveries sent",
)
RARE: Final = (
    "replace alert_deliveries reserved",
    "replace alert_deliveries failed",
    "replace alert_deliveries unknown",
)
"""Only after some fault of the server."""

HALF: Final = Kill("write half", after=False, nth=2)

LIVES: Final = 3
"""Lives that may end before the step comes at which they are to be killed."""

SILENT: Final = frozenset({"hang_rcpt", "hang_dot"})
"""Faults that cost a whole time-out each, and are therefore fewer."""


def kills_for(alerts: int, rounds: int, dice: random.Random) -> Iterator[Kill]:
    """Each step, before and after it takes effect, so many times, and early enough for all to have their turn."""
    sides = [(step, after) for step in (*BEFORE_RESERVE, *RESERVE_TO_CONFIRM) for after in (False, True)]
    most = max(2, alerts // (2 * rounds * len(sides)))
    for _ in range(rounds):
        dice.shuffle(sides)
        yield HALF
        for step, after in sides:
            yield Kill(step, after, 1 if step in {"commit", "connect"} else dice.randint(1, most))
        for step in RARE:
            for after in (False, True):
                yield Kill(step, after, 1)


def faults_of(companies: Sequence[UUID], dice: random.Random) -> Mapping[UUID, str]:
    """One company in five has a mail server that does something else than to take its mail."""
    often = sorted((ONCE | NEVER_TAKEN | UNSURE | {"slow"}) - SILENT)
    weights = {"well": 80.0, **{fault: 19.0 / len(often) for fault in often}, **dict.fromkeys(sorted(SILENT), 0.5)}
    drawn = dice.choices(list(weights), list(weights.values()), k=len(companies))
    return dict(zip(companies, drawn, strict=True))


def burn(alerts: int, store_url: str, folder: Path, *, rounds: int, seed: int = 7) -> dict[str, Any]:
    """Live until everything has ended; every kill leaves the rest to the next life.

    Returns:
        The accounts, how many lives were killed, and the steps at which none was.
    """
    dice = random.Random(seed)
    events = [alert(number, datetime.now(UTC)) for number in range(alerts // 2)]
    companies = [company for each in events for company in (each.data.borrower_id, each.data.lender_id)]
    faults = faults_of(companies, dice)
    journal = folder / "journal"
    journal.touch()
    missed, interrupted, kills = {*BEFORE_RESERVE, *RESERVE_TO_CONFIRM, *RARE, HALF.step}, set[str](), 0
    with mail_server(journal) as smtp:
        outside = Outside(store_url, smtp, folder, events, Answers(events, faults.__getitem__), Renderer())
        for kill in kills_for(alerts, rounds, dice):
            if any(_life(outside, kill) for _ in range(LIVES)):
                kills += 1
                missed.discard(kill.step)
                interrupted |= uvloop.run(attempting(store_url))
        _life(outside, None)
    accounts = uvloop.run(accounts_of(store_url, faults, taken(journal), interrupted))
    return asdict(accounts) | {"kills": kills, "steps_missed": sorted(missed)}


def _life(outside: Outside, kill: Kill | None) -> bool:
    """One process. Whether it was killed; raises `RuntimeError` if it broke otherwise."""
    child = os.fork()
    if child == 0:
        try:
            with capture_logs():
                uvloop.run(live(outside, kill))
        except BaseException:  # noqa: BLE001 (a child must not go on as its parent)
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return True
    if os.waitstatus_to_exitcode(status) != 0:
        raise RuntimeError(f"a life broke, at {kill}")
    return False


def main(arguments: list[str]) -> None:
    alerts, store_url, folder, rounds = arguments
    sys.stdout.write(json.dumps(burn(int(alerts), store_url, Path(folder), rounds=int(rounds))))


def burnt(alerts: int, store_url: str, folder: Path, *, rounds: int) -> dict[str, Any]:
    """The accounts, by a process that may fork as it likes."""
    command = [sys.executable, "-m", "tests.chaos.notifications.fire", str(alerts), store_url, str(folder), str(rounds)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    accounts: dict[str, Any] = json.loads(done.stdout)
    return accounts


if __name__ == "__main__":
    main(sys.argv[1:])
