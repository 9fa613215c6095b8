"""An SMTP server in a process of its own, cheap enough to keep up: `python -m tests.mail_server JOURNAL`.

It takes every mail, unless the recipient's address asks for a fault: `NAME.anything@…`, see `FAULTS`. What it takes is
in the journal, one `Message-ID` a line, before it answers; the line is written by one call, and outlives every process.
"""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, cast

import uvloop

MESSAGE_ID: Final = re.compile(rb"^Message-ID: <([0-9a-f-]{36})@", re.MULTILINE)
SLOW_SECONDS: Final = 0.2

ONCE: Final = frozenset({"busy", "grey", "hang_rcpt", "drop_rcpt", "drop_data"})
"""Faults that are over at the second attempt; the others stay."""

NEVER_TAKEN: Final = frozenset({"refused", "refused_content", "drop_content", "hang_dot", "lose_dot"})
"""Faults after which the server does not have the mail."""

UNSURE: Final = frozenset({"drop_content", "hang_dot", "lose_dot", "drop_dot"})
"""Faults that cut the conversation once the content has begun to leave: whoever sends cannot know."""

FAULTS: Final = ONCE | NEVER_TAKEN | UNSURE | {"slow"}


class Conversation(asyncio.Protocol):
    """One connection."""

    def __init__(self, journal: int, tries: Counter[str]) -> None:
        self._journal, self._tries = journal, tries
        self._received = bytearray()
        self._fault, self._content = "", False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is of no class of asyncio's
        self._say(b"220 ready\r\n")

    def data_received(self, data: bytes) -> None:
        self._received += data
        while True:
            end = self._received.find(b"\r\n.\r\n" if self._content else b"\r\n")
            if self._content and self._fault == "drop_content":
                self._transport.abort()
                return
            if end < 0:
                return
            said = bytes(self._received[:end])
            del self._received[: end + (5 if self._content else 2)]
            if self._content:
                self._content = False
                self._take(said)
            else:
                self._obey(said)

    def _obey(self, line: bytes) -> None:
        word = line[:4].upper()
        if word == b"RCPT":
            self._hear_of(line[line.index(b"<") + 1 : line.index(b">")].decode())
        elif word == b"DATA":
            if self._fault == "drop_data":
                self._transport.abort()
                return
            self._content = True
            self._say(b"354 go on\r\n")
        elif word == b"QUIT":
            self._say(b"221 bye\r\n")
            self._transport.close()
        else:
            self._say(b"250 OK\r\n")

    def _hear_of(self, recipient: str) -> None:
        fault = recipient.partition(".")[0]
        self._tries[recipient] += 1
        self._fault = "" if fault not in FAULTS or (fault in ONCE and self._tries[recipient] > 1) else fault
        match self._fault:
            case "busy":
                self._say(b"421 later\r\n")
                self._transport.close()
            case "grey":
                self._say(b"450 later\r\n")
            case "refused":
                self._say(b"550 never\r\n")
            case "drop_rcpt":
                self._transport.abort()
            case "hang_rcpt":
                pass
            case "slow":
                asyncio.get_running_loop().call_later(SLOW_SECONDS, self._say, b"250 OK\r\n")
            case _:
                self._say(b"250 OK\r\n")

    def _take(self, content: bytes) -> None:
        if self._fault == "refused_content":
            self._say(b"554 never\r\n")
            return
        if self._fault not in NEVER_TAKEN and (found := MESSAGE_ID.search(content)):
            os.write(self._journal, found[1] + b"\n")
        if self._fault in {"drop_dot", "lose_dot"}:
            self._transport.abort()
        elif self._fault == "slow":
            asyncio.get_running_loop().call_later(SLOW_SECONDS, self._say, b"250 taken\r\n")
        elif self._fault != "hang_dot":
            self._say(b"250 taken\r\n")

    def _say(self, answer: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(answer)


def taken(journal: Path) -> Counter[str]:
    """How many times the server took each delivery's mail."""
    return Counter(journal.read_text().split())


@contextmanager
def mail_server(journal: Path) -> Iterator[str]:
    """The address of a server in its own process, which ends with the block."""
    process = subprocess.Popen([sys.executable, "-m", "tests.mail_server", str(journal)], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        yield f"smtp://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.kill()
        process.wait()


async def serve(journal: Path) -> None:
    """Print the port, then serve until the process is told to end."""
    tries: Counter[str] = Counter()
    file = os.open(journal, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    server = await asyncio.get_running_loop().create_server(lambda: Conversation(file, tries), "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(Path(sys.argv[1])))
