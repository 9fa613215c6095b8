"""What is SQLite's own: shared commits, failures that stay alone, files that are locked, full or no database."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from passerelles.errors import UnavailableError
from passerelles.store import sqlite_thread
from passerelles.store.port import Order, Stored, Where
from passerelles.store.sqlite import SqliteStore
from passerelles.store.sqlite_queries import condition, ordering
from tests.real.service import ROOT


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "store.sqlite"


@pytest.fixture
async def opened(path: Path) -> AsyncIterator[SqliteStore]:
    store = SqliteStore(path)
    await store.open()
    yield store
    await store.close()


async def test_what_is_asked_together_is_committed_together(opened: SqliteStore, path: Path) -> None:
    things = opened.collection("things")
    await things.insert("first", {})
    with closing(sqlite3.connect(path)) as other:
        # data_version counts the commits of others, seen from this connection.
        before = other.execute("PRAGMA data_version").fetchone()[0]
        commits = set()

        async def insert(number: int) -> None:
            assert await things.insert(f"n{number}", {})
            commits.add(other.execute("PRAGMA data_version").fetchone()[0] - before)

        await asyncio.gather(*(insert(number) for number in range(300)))
    assert await things.count() == 301
    assert len(commits) < 50


async def test_a_failure_stays_alone(opened: SqliteStore) -> None:
    things = opened.collection("things")

    def wrong(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO things VALUES ('wrong', 1, '{}')")
        raise LookupError("ours")

    def refused(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO things VALUES ('a', 1, '{}')")

    assert await things.insert("a", {})
    outcomes = await asyncio.gather(
        things.insert("b", {}),
        opened._thread.run(refused, writes=True),
        opened._thread.run(wrong, writes=True),
        things.insert("c", {}),
        return_exceptions=True,
    )
    assert [type(each) for each in outcomes] == [bool, sqlite3.IntegrityError, LookupError, bool]
    assert {"a", "b", "c"} <= {each.id for each in await things.find()}


async def test_a_cancelled_asker_disturbs_nobody(opened: SqliteStore) -> None:
    things = opened.collection("things")
    given_up = asyncio.ensure_future(things.insert("a", {}))
    others = [asyncio.ensure_future(things.insert(f"n{number}", {})) for number in range(5)]
    await asyncio.sleep(0)
    given_up.cancel()
    assert await asyncio.gather(*others) == [True] * 5


async def test_closing_finishes_what_was_asked(path: Path) -> None:
    store = SqliteStore(path)
    things = store.collection("things")
    await store.open()
    asked = [asyncio.ensure_future(things.insert(f"n{number}", {})) for number in range(sqlite_thread.BATCH + 50)]
    await asyncio.sleep(0)
    await store.close()
    assert all(await asyncio.gather(*asked))


async def test_a_full_disk_is_told_and_undone(opened: SqliteStore) -> None:
    things = opened.collection("things", indexes=[("text",)])
    await things.insert("a", {"text": "kept"})

    async def allow(pages: int) -> None:
        limit = f"PRAGMA max_page_count = {pages}"
        await opened._thread.run(lambda connection: connection.execute(limit).fetchall(), writes=False)

    await allow(1)  # SQLite takes the present size as the least
    outcomes = await asyncio.gather(
        *(things.insert(f"n{number}", {"text": "x" * 100_000}) for number in range(5)), return_exceptions=True
    )
    assert {type(each) for each in outcomes} == {UnavailableError}
    assert await things.find() == [Stored("a", 1, {"text": "kept"})]
    await allow(1_000_000)
    assert await things.insert("b", {"text": "x" * 100_000})


async def test_a_lock_held_too_long_is_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_thread, "BUSY_SECONDS", 0.05)
    store = SqliteStore(path)
    things = store.collection("things")
    await store.open()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(UnavailableError, match="SQLite"):
            await things.insert("a", {})
        assert await things.get("a") is None  # readers go on
        other.execute("COMMIT")
    assert await things.insert("a", {})
    await store.close()


async def test_many_open_one_new_file_at_once(path: Path) -> None:
    stores = [SqliteStore(path) for _ in range(8)]
    for store in stores:
        store.collection("things", indexes=[("kind",)])
    await asyncio.gather(*(store.open() for store in stores))
    for number, store in enumerate(stores):
        assert await store.collection("things").insert(f"n{number}", {})
    assert await stores[0].collection("things").count() == len(stores)
    for store in stores:
        await store.close()


async def test_a_path_that_cannot_be_opened(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no database, " * 1000)
    for path in (tmp_path, tmp_path / "text", tmp_path / "text" / "below"):
        with pytest.raises(UnavailableError, match="SQLite"):
            await SqliteStore(path).open()


async def test_what_was_answered_survives_a_kill(path: Path) -> None:
    script = """
import asyncio, itertools, sys
from passerelles.store.sqlite import SqliteStore

async def main():
    store = SqliteStore(sys.argv[1])
    await store.open()
    for number in itertools.count():
        await store.collection("things").insert(str(number), {"number": number})
        print(number, flush=True)

asyncio.run(main())
"""
    writer = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, str(path), cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert writer.stdout is not None
    for _ in range(100):
        await writer.stdout.readline()
    writer.kill()
    answered = 100 + (await writer.stdout.read()).count(b"\n")
    await writer.wait()

    store = SqliteStore(path)
    await store.open()
    numbers = {each.body["number"] for each in await store.collection("things").find()}
    await store.close()
    assert set(range(answered)) <= numbers <= set(range(answered + 1))


async def test_searches_and_pages_use_the_declared_index(opened: SqliteStore) -> None:
    opened.collection("things", indexes=[("kind", "rank")])
    await opened._collections["things"].prepare()
    order = Order("rank")
    clause, values = condition(Where(equal={"kind": "x"}), order, (3, "a"))
    plan = await opened._thread.run(
        lambda connection: connection.execute(
            f"EXPLAIN QUERY PLAN SELECT id, revision, body FROM things{clause}{ordering(order)}",  # noqa: S608
            values,
        ).fetchall(),
        writes=False,
    )
    assert [step[3].split(" (")[0] for step in plan] == ["SEARCH things USING INDEX things:kind+rank"]
