"""The connection to an SQLite file, as the store needs it: shared with other processes, and quick to commit."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import Final

from passerelles.store.sqlite_writes import VIEW

BUSY_SECONDS: Final = 5.0
"""How long a transaction waits for another process's; those last a few milliseconds, so that this means trouble."""

_RETRY_SECONDS: Final = 0.01

PRAGMAS: Final = (
    # Readers of other processes go on while one writes.
    "PRAGMA journal_mode = WAL",
    # In WAL mode a commit then costs no fsync. A killed process loses nothing and the file never breaks; a power cut
    # may lose the last commits, which the embedded stack accepts: its log lives in memory and goes at the same time.
    "PRAGMA synchronous = NORMAL",
    # What a statement puts aside is people's data, and must not lie in the folder of temporary files.
    "PRAGMA temp_store = MEMORY",
)


def connect(path: Path) -> sqlite3.Connection:
    """Open the file, making it and its folders where they don't exist.

    Raises:
        OSError, sqlite3.Error: it cannot be opened, or is no SQLite database.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, cached_statements=512)
    try:
        for pragma in PRAGMAS:
            _patiently(connection, pragma)
        connection.execute(VIEW)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _patiently(connection: sqlite3.Connection, pragma: str) -> None:
    """Execute, again while another process turns a new file to WAL: SQLite then answers busy without waiting."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute(pragma)
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(_RETRY_SECONDS)
        else:
            return
