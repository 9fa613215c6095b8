"""The outermost layer: no error escapes it, every answer is logged on one line and carries the same safe headers."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

import structlog
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from passerelles.bus.faults import fault
from passerelles.errors import PasserellesError, UnavailableError
from services.registry.api.bodies import PAGES
from services.registry.api.problems import answer, unexpected

log = structlog.get_logger(__name__)

GUARDED: Final = ("/v1/", "/internal/", *PAGES)


def shown(path: str) -> str:
    """The path as it may be logged: the token of a page is a secret."""
    return f"{path[:3]}…" if path.startswith(PAGES) else path


class Shield:
    """ASGI middleware: answers 503 while the doors are closed, and 500 without internals when something breaks."""

    def __init__(self, app: ASGIApp, *, is_open: Callable[[], bool]) -> None:
        self._app = app
        self._is_open = is_open

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, come what may."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.perf_counter(), 0
        path = scope["path"]

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers.setdefault("X-Content-Type-Options", "nosniff")
                if path.startswith(GUARDED):
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        try:
            if path.startswith(GUARDED) and not self._is_open():
                closed = UnavailableError("Le service démarre ou s'arrête.", remedy="Réessayer dans quelques secondes.")
                await answer(closed, scope)(scope, receive, sending)
            else:
                await self._app(scope, receive, sending)
        except PasserellesError as error:
            await self._told(error, status, scope, receive, sending)
        except Exception as error:  # noqa: BLE001 (whatever it is)
            # Without the message, which may quote data: hence not `exception`.
            log.error("http.failed", method=scope["method"], path=shown(path), fault=fault(error))  # noqa: TRY400
            await self._told(unexpected(), status, scope, receive, sending)
        finally:
            log.debug(
                "http.answered",
                method=scope["method"],
                path=shown(path),
                status=int(status),
                milliseconds=round((time.perf_counter() - started) * 1000, 1),
            )

    @staticmethod
    async def _told(error: PasserellesError, status: int, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, unless an answer had begun: then all that is left is to cut it short."""
        if status == 0:
            await answer(error, scope)(scope, receive, send)
