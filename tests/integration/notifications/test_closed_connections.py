"""A registry may close a connection that was kept, as when it restarts: whoever asks next does not notice."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from schemas.vocabulary import Party
from services import serving
from services.notifications.pairs import after
from services.notifications.questions import KEPT_SECONDS, Contacts
from tests.unit.notifications.samples import BORROWER, NOW, briefing_json, made

PATIENCE_SECONDS = 20


class Registry(ThreadingHTTPServer):
    """Promises to keep each connection, and closes it after one answer, when it may."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.may_close = threading.Event()
        self.closed = threading.Event()
        self.asked = 0

    def shutdown_request(self, request: Any) -> None:
        super().shutdown_request(request)
        self.closed.set()


class Answering(BaseHTTPRequestHandler):
    server: Registry
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.server.asked += 1
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answer = json.dumps(briefing_json(BORROWER, asked["items"])).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)
        self.close_connection = self.server.may_close.wait(PATIENCE_SECONDS)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def registry() -> Iterator[Registry]:
    registry = Registry()
    thread = threading.Thread(target=registry.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield registry
    registry.may_close.set()
    registry.shutdown()
    thread.join()
    registry.server_close()


async def test_a_connection_that_the_registry_closed_is_made_anew(registry: Registry) -> None:
    contacts = Contacts(f"http://127.0.0.1:{registry.server_port}", "jeton")
    pair = after(None, made(1), NOW)
    try:
        assert await contacts.briefing(BORROWER, Party.BORROWER, [pair]) is not None
        registry.may_close.set()
        assert registry.closed.wait(PATIENCE_SECONDS), "the loop stands still: it cannot see what was closed"
        assert await contacts.briefing(BORROWER, Party.BORROWER, [pair]) is not None
    finally:
        await contacts.close()
    assert registry.asked == 2


def test_connections_are_let_go_before_the_registry_closes_them() -> None:
    assert KEPT_SECONDS < serving.KEPT_SECONDS
