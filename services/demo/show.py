"""Plays the demo: brokers, services, box and sample, until Ctrl-C, or once and with a summary."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from statistics import median
from typing import Final, cast

import httpx
from pydantic import SecretStr
from rich.console import Console
from rich.panel import Panel

from passerelles.bus.embedded import EmbeddedBroker
from passerelles.garbage import collect_seldom, pass_over_what_is_loaded
from passerelles.settings import Settings
from passerelles.store.address import open_store
from schemas.deliveries import Channel
from services.demo import loading, running
from services.demo.narrator import Narrator, Totals
from services.demo.sink import Sink
from services.registry.service import RegistryService
from services.serving import listen
from services.stack import ServiceName, Stack, until_told_to_stop

OPERATOR_TOKEN: Final = "demo-operateur"  # noqa: S105 - of a stack that listens on loopback only
SERVICE_TOKEN: Final = "demo-service"  # noqa: S105 - idem
SETTLED_SECONDS: Final = 1.2
"""Nothing more comes when nothing came for this long: the alert window and some."""

PATIENCE_SECONDS: Final = 60


async def show(*, data: Path | None, port: int, empty: bool, once: bool) -> int:
    """Run the demo; the exit code is 0 when all it sent has arrived."""
    collect_seldom()
    console = Console(highlight=False)
    told = until_told_to_stop()
    began = time.perf_counter()
    async with _folder(data) as folder, AsyncExitStack() as closing:
        broker = closing.enter_context(EmbeddedBroker())
        sink = Sink()
        smtp_port = await sink.start()
        closing.push_async_callback(sink.stop)
        settings = _settings(folder, _free_port(port), smtp_port)
        # Audit starts first, so that it stops last: it archives what the others say while they stop.
        ports = {
            ServiceName.AUDIT: 0,
            ServiceName.REGISTRY: settings.http_port,
            ServiceName.MATCHING: 0,
            ServiceName.NOTIFICATIONS: 0,
        }
        stack = Stack(settings, broker.bus, open_store(settings.store), ports)
        registry = cast("RegistryService", stack.service(ServiceName.REGISTRY))
        registry.app.include_router(sink.router())
        await closing.enter_async_context(stack)
        async with asyncio.timeout(PATIENCE_SECONDS):
            await stack.ready()
        pass_over_what_is_loaded()
        address = running.write_address(folder, broker.bus)
        closing.callback(address.unlink, missing_ok=True)
        narrator = Narrator(broker.bus, console)
        await narrator.start()
        closing.push_async_callback(narrator.stop)
        url = settings.public_url
        console.print(_welcome(url, folder if data else None))
        async with httpx.AsyncClient(
            base_url=url, headers={"Authorization": f"Bearer {OPERATOR_TOKEN}"}, timeout=60
        ) as client:
            known = await loading.found(client)
            await _settle(sink, narrator)
            narrator.speak()
            if known.companies:
                console.print(_kept(known))
            elif not empty:
                await loading.load(client)
                await _settle(sink, narrator)
                console.print(_summary(narrator.totals, time.perf_counter() - began))
        if not once:
            console.print("Ctrl-C pour arrêter.\n")
            await told.wait()
        return 1 if narrator.totals.undelivered else 0


@asynccontextmanager
async def _folder(data: Path | None) -> AsyncIterator[Path]:
    if data is not None:
        with running.held(data):
            yield data
        return
    with tempfile.TemporaryDirectory(prefix="passerelles-") as folder:
        yield Path(folder)


def _free_port(port: int) -> int:
    """The port asked for, made sure of; 0 becomes a free one, since links have to name it."""
    with listen("127.0.0.1", port) as listener:
        return int(listener.getsockname()[1])


def _settings(folder: Path, port: int, smtp_port: int) -> Settings:
    url = f"http://127.0.0.1:{port}"
    return Settings(
        bus="embedded:",
        store=running.store_url(folder),
        data=folder,
        http_host="127.0.0.1",
        http_port=port,
        public_url=url,
        registry_url=url,
        operator_token=SecretStr(OPERATOR_TOKEN),
        service_token=SecretStr(SERVICE_TOKEN),
        smtp=f"smtp://127.0.0.1:{smtp_port}",
        sms="http",
        sms_url=f"{url}/demo/sms",
        # Looked at for minutes: what a day would gather arrives at once. Its telephone is a page, and wakes nobody.
        alert_need_hours=0,
        alert_pair_days=0,
        sms_hours="0-24",
        sms_days="1234567",
        sms_holidays=True,
    )


async def _settle(sink: Sink, narrator: Narrator) -> None:
    """Wait until nothing more comes out."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    seen, since = (-1, -1), time.monotonic()
    while time.monotonic() < deadline:
        now = (len(sink.messages), narrator.heard)
        if now != seen:
            seen, since = now, time.monotonic()
        elif time.monotonic() - since >= SETTLED_SECONDS:
            return
        await asyncio.sleep(0.05)


def _kept(known: loading.Found) -> str:
    return (
        f"Le dossier contient {known.companies} entreprises, {known.needs} besoins et {known.availabilities} "
        f"disponibilités, avec {known.proposals} propositions ouvertes : rien n'est chargé ni envoyé à nouveau.\n"
    )


def _welcome(url: str, folder: Path | None) -> Panel:
    return Panel(
        f"[bold]Passerelles industries[/], en démonstration sur cette machine\n\n"
        f"  L'API et sa documentation    {url}/docs\n"
        f"  Les e-mails et les SMS       {url}/demo/\n"
        f"  Le jeton de l'opérateur      {OPERATOR_TOKEN}\n"
        + (f"  Le dossier gardé             {folder}" if folder else "  Rien n'est gardé : --data DOSSIER pour garder")
        + "\n\nSans les limites d'un vrai service : une alerte par besoin et par jour,\n"
        "7 jours entre deux sur une proposition, pas de SMS la nuit ni le dimanche.",
        expand=False,
    )


def _summary(totals: Totals, seconds: float) -> Panel:
    def middle(values: list[int]) -> str:
        return f"{median(values):.0f} ms (au plus {max(values)} ms)" if values else "—"

    emails, sms = totals.messages[Channel.EMAIL], totals.messages[Channel.SMS]
    return Panel(
        f"{totals.needs} besoins et {totals.availabilities} disponibilités publiés\n"
        f"{totals.proposals} propositions, {totals.withdrawn} retirées\n"
        f"Messages remis : {emails} e-mails, {sms} SMS ; non remis : {totals.undelivered}\n"
        f"Du fait à ses propositions : {middle(totals.matched_ms)}\n"
        f"Du fait à la première alerte : {middle(totals.alerted_ms)}, regroupement compris\n"
        f"En tout : {seconds:.1f} s".replace(".", ","),
        title="Bilan",
        expand=False,
    )
