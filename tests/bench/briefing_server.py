"""A registry in a process of its own that answers briefings and nothing else, cheaply: it must keep up."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, cast
from uuid import UUID

import uvloop

from schemas.vocabulary import Party
from tests.integration.notifications.many_alerts import briefing

LENGTH: Final = re.compile(rb"content-length: (\d+)", re.IGNORECASE)


class Conversation(asyncio.Protocol):
    """One connection that is kept: a question, or a list of them, and the answers."""

    def __init__(self) -> None:
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is of no class of asyncio's

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, rest = self._received.partition(b"\r\n\r\n")
        length = LENGTH.search(head)
        if not end or length is None or len(rest) < int(length[1]):
            return
        self._received = rest[int(length[1]) :]
        asked = json.loads(rest[: int(length[1])])
        answer = [_answer(each) for each in asked] if isinstance(asked, list) else _answer(asked)
        body = json.dumps(answer).encode()
        self._transport.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))


def _answer(asked: dict[str, Any]) -> dict[str, Any]:
    return briefing(UUID(asked["company_id"]), Party(asked["party"]), asked["items"], lambda _: "rh")


@contextmanager
def briefing_server() -> Iterator[str]:
    """The address of one, which ends with the block."""
    process = subprocess.Popen([sys.executable, "-m", "tests.bench.briefing_server"], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.kill()
        process.wait()


async def serve() -> None:
    """Print the port, then serve until the process is told to end."""
    server = await asyncio.get_running_loop().create_server(Conversation, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve())
