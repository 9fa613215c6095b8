"""What aiokafka 0.14 gets wrong that no caller can put right: importing this module mends it, for the whole process.

- A header whose name is not UTF-8 (Kafka takes any bytes) made its batch unreadable, and its partition with it: the
  name now comes with surrogate escapes, and the codec refuses the record like any other that is no event.
- A client that was cancelled between its first connection and the answer to its first request left it open.
- A client that was closed while a request of another task was connecting kept that connection.
- A consumer that was stopped while a fetch waited to be tried again raised `CancelledError`, and closed nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any, Final

import aiokafka.client
import aiokafka.consumer.fetcher
from aiokafka.client import AIOKafkaClient
from aiokafka.conn import AIOKafkaConnection
from aiokafka.consumer.fetcher import Fetcher
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import DefaultRecordBatch, _DefaultRecordBatchPy
from aiokafka.record.memory_records import _MemoryRecordsPy


class Records(_MemoryRecordsPy):  # type: ignore[misc]
    """The batches of a fetch, whose records can be read whatever their headers are called."""

    def next_batch(self, *args: int) -> Any:
        """The next batch, or none."""
        data = self._next_slice
        batch = super().next_batch(*args)
        return _Batch(batch, data) if isinstance(batch, DefaultRecordBatch) else batch


class _Batch:
    """A batch that is read anew, slowly and with lenience, from where it cannot be read as usual."""

    def __init__(self, batch: Any, data: memoryview) -> None:
        self._batch = batch
        self._data = data

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __next__(self) -> Any:
        return next(self._batch)

    def __iter__(self) -> Iterator[Any]:
        try:
            yield from self._batch
        except (CorruptRecordException, UnicodeDecodeError):
            yield from _LenientBatch(self._data)  # aiokafka passes over the records that it had already


class _LenientBatch(_DefaultRecordBatchPy):  # type: ignore[misc]
    def _maybe_uncompress(self) -> None:
        super()._maybe_uncompress()
        self._buffer = _Lenient(self._buffer)  # type: ignore[has-type]


class _Lenient(bytearray):
    """Bytes whose parts are decoded with surrogate escapes."""

    def __getitem__(self, at: Any) -> Any:
        found = super().__getitem__(at)
        return _Lenient(found) if isinstance(found, bytearray) else found

    def decode(self, encoding: str = "utf-8", errors: str = "surrogateescape") -> str:
        return super().decode(encoding, errors)


_create_conn: Final = aiokafka.client.create_conn
_bootstrap: Final = AIOKafkaClient.bootstrap
_close: Final = AIOKafkaClient.close
_get_conn: Final = AIOKafkaClient._get_conn  # noqa: SLF001
_first: Final[ContextVar[list[AIOKafkaConnection] | None]] = ContextVar("first", default=None)


async def _create_conn_followed(*args: Any, **options: Any) -> AIOKafkaConnection:
    connection = await _create_conn(*args, **options)
    first = _first.get()
    if first is not None and "on_close" not in options:  # others than the first one have it
        first.append(connection)
    return connection


async def _bootstrap_or_close(client: AIOKafkaClient) -> None:
    first: list[AIOKafkaConnection] = []
    token = _first.set(first)
    try:
        await _bootstrap(client)
    except BaseException:
        for connection in first:
            connection.close()
        raise
    finally:
        _first.reset(token)


async def _close_for_good(client: AIOKafkaClient) -> None:
    client._closed_for_good = True  # noqa: SLF001
    await _close(client)


async def _get_conn_while_open(client: AIOKafkaClient, *args: Any, **options: Any) -> AIOKafkaConnection | None:
    connection = None
    if not _is_closed(client):
        connection = await _get_conn(client, *args, **options)
        if connection is not None and _is_closed(client):
            connection.close()
            connection = None
    return connection


def _is_closed(client: AIOKafkaClient) -> bool:
    return getattr(client, "_closed_for_good", False)


async def _close_fetcher(fetcher: Fetcher) -> None:
    fetcher._closed = True  # noqa: SLF001
    fetcher._fetch_task.cancel()  # noqa: SLF001
    await asyncio.gather(fetcher._fetch_task, return_exceptions=True)  # noqa: SLF001
    for waiter in fetcher._fetch_waiters:  # noqa: SLF001
        fetcher._notify(waiter)  # noqa: SLF001
    for task in fetcher._pending_tasks:  # noqa: SLF001
        task.cancel()
    await asyncio.gather(*fetcher._pending_tasks, return_exceptions=True)  # noqa: SLF001


aiokafka.client.create_conn = _create_conn_followed
AIOKafkaClient.bootstrap = _bootstrap_or_close
AIOKafkaClient.close = _close_for_good
AIOKafkaClient._get_conn = _get_conn_while_open  # noqa: SLF001
Fetcher.close = _close_fetcher
aiokafka.consumer.fetcher.MemoryRecords = Records
