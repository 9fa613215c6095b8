"""What an archive is measured beside: JSON lines under zstd, and what `kcat -J` would have dumped of the same topics.

The dump is by a plain consumer on the library that kcat is made of (librdkafka), which writes one line a message in
kcat's own form; Apache Kafka holds the records first.
"""

from __future__ import annotations

import io
import json
import time
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Final

import pyarrow as pa
from confluent_kafka import TIMESTAMP_CREATE_TIME, Consumer, Message, Producer, TopicPartition

from passerelles.bus.address import Bus
from schemas.topics import TOPICS
from services.audit.reading.segments import Kept

_LEVEL: Final = 9
"""The archive's own."""

_FRAME_BYTES: Final = 128 << 20
_TOGETHER: Final = 10_000


def zstd_lines(lines: Iterable[bytes], count: int, file: Path) -> dict[str, float]:
    """Size and speed of lines of JSON under zstd, at the archive's level."""
    _compress((line + b"\n" for line in lines), file)
    began = time.perf_counter()
    with pa.CompressedInputStream(str(file), "zstd") as compressed:
        read = sum(1 for _ in io.BufferedReader(compressed))
    return {"bytes_per_event": file.stat().st_size / count, "read_per_second": read / (time.perf_counter() - began)}


def _compress(parts: Iterable[bytes], file: Path) -> None:
    """Frames of zstd one after the other, each far larger than what zstd looks back upon."""
    codec, waiting, size = pa.Codec("zstd", compression_level=_LEVEL), [], 0
    with file.open("wb") as out:
        for part in chain(parts, [None]):
            if part is not None:
                waiting.append(part)
                size += len(part)
            if part is None or size >= _FRAME_BYTES:
                out.write(codec.compress(b"".join(waiting), asbytes=True))
                waiting, size = [], 0


def publish(records: Iterable[Kept], bus: Bus) -> int:
    """Append records to a broker, each to its topic and to a partition that it has there; says how many."""
    producer = Producer({"bootstrap.servers": bus.bootstrap_servers, "linger.ms": 50, "compression.type": "none"})
    count = 0
    for kept in records:
        topic, partition = kept.segment.topic, kept.segment.partition % bus.partitions(kept.segment.topic)
        record, is_taken = kept.row.record, False
        while not is_taken:
            try:
                producer.produce(
                    topic,
                    value=record.value,
                    key=record.key,
                    partition=partition,
                    timestamp=kept.row.at,
                    headers=list(record.headers),
                )
                is_taken = True
            except BufferError:
                producer.poll(0.05)
        count += 1
    producer.flush()
    return count


def dump(bus: Bus, count: int, file: Path) -> dict[str, float]:
    """Size and speed of a dump of `count` messages, plain and under zstd."""
    began = time.perf_counter()
    with file.open("wb", buffering=1 << 20) as out:
        for line in _dumped(bus, count):
            out.write(line)
    seconds = time.perf_counter() - began
    size = file.stat().st_size
    compressed = file.with_suffix(".zst")
    with file.open("rb") as plain:
        _compress(iter(lambda: plain.read(1 << 20), b""), compressed)
    return {
        "bytes_per_event": size / count,
        "zstd_bytes_per_event": compressed.stat().st_size / count,
        "events_per_second": count / seconds,
    }


def _dumped(bus: Bus, count: int) -> Iterator[bytes]:
    consumer = Consumer({"bootstrap.servers": bus.bootstrap_servers, "group.id": "dump", "enable.auto.commit": False})
    consumer.assign([TopicPartition(name, number, 0) for name in TOPICS for number in range(bus.partitions(name))])
    try:
        left = count
        while left:
            messages = consumer.consume(min(left, _TOGETHER), timeout=30.0)
            if not messages:
                raise RuntimeError(f"{left} messages did not come")
            left -= len(messages)
            yield from map(_line, messages)
    finally:
        consumer.close()


def _line(message: Message) -> bytes:
    """As `kcat -J` writes it."""
    kind, at = message.timestamp()
    headers = [text for name, value in message.headers() or () for text in (name, (value or b"").decode())]
    told = {
        "topic": message.topic(),
        "partition": message.partition(),
        "offset": message.offset(),
        "tstype": "create" if kind == TIMESTAMP_CREATE_TIME else "logappend",
        "ts": at,
        "broker": 1,
        "headers": headers,
        "key": (message.key() or b"").decode(),
        "payload": (message.value() or b"").decode(),
    }
    return json.dumps(told, separators=(",", ":")).encode() + b"\n"
