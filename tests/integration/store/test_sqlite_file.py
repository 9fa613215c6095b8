"""What is SQLite's own: shared commits, failures that stay alone, files that are locked, full or no database."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passerelles.errors import UnavailableError
from passerelles.store import sqlite_connection, sqlite_thread, sqlite_writes
from passerelles.store.port import Order, Stored, Where
from passerelles.store.sqlite import SqliteCollection, SqliteStore
from passerelles.store.sqlite_queries import condition, ordering
from passerelles.store.sqlite_writes import PART, PART_CHARACTERS, Kinds, Write
from tests.real.service import ROOT

Asked = tuple[str, str, int]
"""What to do with which document, at which revision."""

KINDS = st.sampled_from(["insert", "replace", "delete", "delete of a revision"])
ASKED = st.lists(st.tuples(KINDS, st.sampled_from("ab"), st.integers(1, 3)), max_size=12)


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


@pytest.mark.parametrize("count", [1, 2, 3, PART - 1, PART, PART + 1, 3 * PART + 5])
async def test_a_batch_of_any_size(opened: SqliteStore, count: int) -> None:
    things = opened.collection("things")
    ids = {f"n{number}" for number in range(count)}
    assert await things.insert_many({id_: {} for id_ in ids}) == ids
    assert await things.insert_many({"new": {}} | {id_: {} for id_ in ids}) == {"new"}
    assert await things.count() == count + 1


async def test_a_failure_stays_alone(opened: SqliteStore) -> None:
    things = opened.collection("things", indexes=[("kind",)])
    await things.count()

    def wrong(_: sqlite3.Connection) -> None:
        raise LookupError("ours")

    not_json = Write(Kinds("things").insert, "not_json", body="{")  # the index reads it
    no_text = Write(Kinds("things").insert, "no_text", body="\ud800")
    outcomes = await asyncio.gather(
        things.insert("b", {}),
        opened._thread.write([not_json]),
        opened._thread.read(wrong),
        opened._thread.write([no_text]),
        things.insert("c", {}),
        return_exceptions=True,
    )
    assert [type(each) for each in outcomes] == [bool, UnavailableError, LookupError, UnicodeEncodeError, bool]
    assert await things.find() == [Stored("b", 1, {}), Stored("c", 1, {})]


async def test_one_that_is_refused_holds_nobody_back(opened: SqliteStore) -> None:
    one, other = opened.collection("one"), opened.collection("other")
    await one.insert("a", {"first": True})
    outcomes = await asyncio.gather(
        other.insert("a", {}),
        one.insert("a", {}),
        one.replace("a", {"second": True}, 1),
        one.replace("a", {"late": True}, 1),
        other.delete("absent"),
        one.delete("a", 1),
        one.insert_many({"a": {}, "b": {}}),
        other.delete("a"),
    )
    assert outcomes == [True, False, True, False, False, False, {"b"}, True]
    assert await one.find() == [Stored("a", 2, {"second": True}), Stored("b", 1, {})]
    assert await other.count() == 0


@given(batches=st.lists(ASKED, max_size=4))
async def test_what_is_asked_together_is_done_in_its_order(opened: SqliteStore, batches: list[list[Asked]]) -> None:
    things = opened.collection("things")
    for id_ in "ab":
        await things.delete(id_)
    held: dict[str, tuple[int, int]] = {}
    number = 0
    for batch in batches:
        calls, expected = [], []
        for kind, id_, revision in batch:
            number += 1
            calls.append(_asked(things, kind, id_, revision, number))
            expected.append(_done(held, kind, id_, revision, number))
        assert await asyncio.gather(*calls) == expected
        assert {each.id: (each.revision, each.body["number"]) for each in await things.find()} == held


def _asked(things: SqliteCollection, kind: str, id_: str, revision: int, number: int) -> Coroutine[Any, Any, bool]:
    match kind:
        case "insert":
            return things.insert(id_, {"number": number})
        case "replace":
            return things.replace(id_, {"number": number}, revision)
        case "delete":
            return things.delete(id_)
        case _:
            return things.delete(id_, revision)


def _done(held: dict[str, tuple[int, int]], kind: str, id_: str, revision: int, number: int) -> bool:
    """The same on documents in a dictionary, as revision and number."""
    there = held.get(id_, (0, 0))[0]
    meant = {"insert": 0, "delete": there or None}.get(kind, revision)
    if there != meant:
        return False
    if kind in {"insert", "replace"}:
        held[id_] = there + 1, number
    else:
        del held[id_]
    return True


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
        await opened._thread.read(lambda connection: connection.execute(limit).fetchall())

    await allow(1)  # SQLite takes the present size as the least
    outcomes = await asyncio.gather(
        *(things.insert(f"n{number}", {"text": "x" * 100_000}) for number in range(5)), return_exceptions=True
    )
    assert {type(each) for each in outcomes} == {UnavailableError}
    assert await things.find() == [Stored("a", 1, {"text": "kept"})]
    await allow(1_000_000)
    assert await things.insert("b", {"text": "x" * 100_000})


async def test_a_lock_held_too_long_is_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_connection, "BUSY_SECONDS", 0.05)
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


async def test_a_lock_is_waited_for_once_however_much_was_asked(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_connection, "BUSY_SECONDS", 0.3)
    store = SqliteStore(path)
    collections = [store.collection(name) for name in ("one", "other", "new")]
    await store.open()
    opened = store.collection("late")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        waits: list[str] = []
        monkeypatch.setattr(sqlite_writes, "_made", _counted(sqlite_writes._made, waits))
        for writes in (
            collections[0].insert_many({str(number): {} for number in range(5 * PART)}),
            opened.insert("a", {}),
        ):
            with pytest.raises(UnavailableError, match="SQLite"):
                await writes
        assert len(waits) == 1
        other.execute("COMMIT")
    assert await collections[0].insert("a", {})
    await store.close()


def _counted(call: Callable[..., Any], calls: list[str]) -> Callable[..., Any]:
    def counted(*args: Any) -> Any:
        calls.append("")
        return call(*args)

    return counted


async def test_large_documents_come_in_parts(opened: SqliteStore) -> None:
    things = opened.collection("things")
    bodies = {f"n{number}": {"text": "x" * (PART_CHARACTERS // 3)} for number in range(8)}
    assert await things.insert_many(bodies) == bodies.keys()
    assert {each.id: each.body for each in await things.find()} == bodies


async def test_what_goes_wrong_in_between_leaves_no_transaction_behind(opened: SqliteStore, path: Path) -> None:
    things = opened.collection("things")
    with pytest.raises(UnicodeEncodeError):
        await opened._thread.read(lambda _: None, ("SELECT '\ud800'",))
    assert await things.insert("a", {})
    with closing(sqlite3.connect(path)) as other:
        assert other.execute("SELECT count(*) FROM things").fetchone() == (1,)


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
    plan = await opened._thread.read(
        lambda connection: connection.execute(
            f"EXPLAIN QUERY PLAN SELECT id, revision, body FROM things{clause}{ordering(order)}",  # noqa: S608
            values,
        ).fetchall()
    )
    assert [step[3].split(" (")[0] for step in plan] == ["SEARCH things USING INDEX things:kind+rank"]
