"""`/v1/stream`: what concerns the caller, as it happens, by server-sent events."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Annotated, Final

from fastapi import APIRouter, Header
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from services.registry.api.feed import Feed, frame
from services.registry.api.parameters import Stream
from services.registry.api.security import Calling
from services.registry.domain.caller import Caller

router = APIRouter(prefix="/v1/stream", tags=["Flux"])

HEARTBEAT_SECONDS: Final = 15.0
"""Below the 30 s after which common proxies close a silent connection."""
SEND_SECONDS: Final = 10.0
"""A client whose connection takes nothing for this long is let go."""
RETRY_MS: Final = 2000


class EventStream(Response):
    """An answer that lasts until the client, or the service, leaves."""

    media_type = "text/event-stream"

    def __init__(self, feed: Feed, caller: Caller, *, resumed: bool) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._feed = feed
        self._caller = caller
        self._resumed = resumed

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Send events as they come, heartbeats between them."""
        with self._feed.client(self._caller) as client:
            await self._feed.ready()
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            gone = asyncio.create_task(_left(receive), name="stream-client")
            gone.add_done_callback(lambda _: client.end())
            try:
                piece: bytes | None = frame("ready", {"resumed": self._resumed})
                piece = f"retry: {RETRY_MS}\n".encode() + (piece or b"")
                while piece is not None:
                    async with asyncio.timeout(SEND_SECONDS):
                        await send({"type": "http.response.body", "body": piece, "more_body": True})
                    try:
                        async with asyncio.timeout(HEARTBEAT_SECONDS):
                            piece = await client.waiting.get()
                    except TimeoutError:
                        piece = b": battement\n\n"
                if not gone.done():
                    async with asyncio.timeout(SEND_SECONDS):
                        await send({"type": "http.response.body", "body": b""})
            except TimeoutError:
                return  # the connection takes nothing: the server closes it
            finally:
                gone.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await gone


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


@router.get(
    "",
    summary="Suivre ce qui se passe",
    response_class=Response,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def follow(
    feed: Stream,
    caller: Calling,
    last_event_id: Annotated[str | None, Header(description="Envoyé par le navigateur à la reconnexion.")] = None,
) -> EventStream:
    """Propositions faites et retirées, décisions, envois : ce qui concerne l'appelant, sans rien qui identifie l'autre.

    Le flux commence par l'événement `ready` : ce qui arrive ensuite est dit. Ce qui s'est passé avant, ou pendant une
    coupure, n'est pas redit : après `ready`, lire les listes (`resumed` vaut vrai si `Last-Event-ID` a été envoyé).
    """
    return EventStream(feed, caller, resumed=last_event_id is not None)
