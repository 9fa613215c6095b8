"""Serves the gallery on loopback, until told to stop."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

import typer

from services.previews.gallery import PREFIX, Gallery
from services.previews.scene import scene
from services.serving import HttpServer, listen
from services.stack import until_told_to_stop


async def show(port: int, *, open_: bool) -> None:
    """Set the scene, say where it is seen, and show it in the browser if asked to.

    Raises:
        SettingsError: the port cannot be had.
    """
    told = until_told_to_stop()
    listener = listen("127.0.0.1", port)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with tempfile.TemporaryDirectory(prefix="passerelles-") as folder:
        async with scene(Path(folder), url) as here:
            gallery = Gallery(here)
            await gallery.fill()
            here.registry.app.include_router(gallery.router())
            server = HttpServer(here.registry.app, listener)
            await server.start()
            typer.echo(f"{len(gallery.messages)} messages et {len(gallery.pages)} pages : {url}{PREFIX}/")
            typer.echo("Ctrl-C pour arrêter.")
            if open_:
                await asyncio.to_thread(typer.launch, f"{url}{PREFIX}/")
            await told.wait()
            await server.stop()
