"""All messages and pages, each at an address, and an index that shows them as wide as a phone and as a mailbox."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
from fastapi import APIRouter, HTTPException
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from schemas.deliveries import Channel
from schemas.vocabulary import Party
from services.notifications.gsm7 import segments
from services.previews.letters import AGREED, PARTIES, Letters, Message
from services.previews.scene import STATES, Posted, Scene, State, later

PREFIX: Final = "/apercu"
WIDTHS: Final = (320, 600)
_STATES: Final[dict[State, str]] = {
    "open": "à vous de répondre",
    "ours": "vous avez accepté",
    "theirs": "l’autre a accepté",
    "agreed": "accord conclu",
    "declined": "déclinée",
    "cancelled": "annulée",
    "withdrawn": "retirée",
}
_ONE_CLICK: Final = {"List-Unsubscribe": "One-Click"}


@dataclass(frozen=True, slots=True)
class Shown:
    """One thing to look at.

    Attributes:
        path: where it is really served, for pages; what is shown here is a copy, since pages refuse to be framed.
    """

    slug: str
    title: str
    html: str
    message: Message | None = None
    path: str = ""

    @property
    def note(self) -> str:
        """Its weight, and what a text message costs."""
        parts = []
        if self.message and self.message.email:
            parts.append(f"{len(self.html.encode()) / 1000:.0f} ko")
        if self.message and self.message.sms:
            count = segments(self.message.sms.text)
            parts.append(f"SMS : {count} segment{'s' if count > 1 else ''}")
        return ", ".join(parts)


class Gallery:
    """Everything to look at, by its slug; made once the scene is set."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self.messages: list[Shown] = []
        self.pages: list[Shown] = []

    async def fill(self) -> None:
        """Write every message, and read every page from the registry's own app."""
        posted = {state: await self._scene.post_in(state) for state in STATES}
        letters = Letters(self._scene, posted[AGREED])
        for message in await letters.every():
            self._keep(message)
        transport = httpx.ASGITransport(app=self._scene.registry.app)
        async with httpx.AsyncClient(transport=transport, base_url=self._scene.registry.settings.public_url) as client:
            await self._read(client, posted)
        # Its contact's addresses were lost meanwhile, for a page that says so.
        self._keep(await letters.unreached(posted["open"], Party.BORROWER))

    def _keep(self, message: Message) -> None:
        html = message.email.html if message.email else ""
        self.messages.append(Shown(message.slug, message.title, html, message))

    async def _read(self, client: httpx.AsyncClient, posted: dict[State, Posted]) -> None:
        async def keep(slug: str, title: str, path: str, **form: str) -> None:
            answer = await (client.post(path, data=form) if form else client.get(path))
            self.pages.append(Shown(slug, title, answer.text, path=path))

        scene, links = self._scene, self._scene.registry.links
        for state in STATES:
            path = await scene.link(posted[state], Party.BORROWER)
            await keep(f"p-{state}", f"Proposition, {_STATES[state]}", path)
        path = await scene.link(posted["open"], Party.LENDER)
        await keep("p-lender", f"Proposition, {PARTIES[Party.LENDER]}", path)
        await keep("p-refused", "Proposition, réponse incomplète", path, verdict="decline")
        stale = await scene.link(posted["ours"], Party.BORROWER)
        await keep(
            "p-stale", "Proposition, un collègue a répondu", stale, verdict="decline", reason="pay", seen="nothing"
        )
        ours, theirs = scene.borrower, scene.lender
        mobile = await links.preferences_url(ours.id, ours.contacts[0].id)
        await keep("r-mobile", "Mes alertes, avec un mobile", mobile)
        landline = await links.preferences_url(theirs.id, theirs.contacts[0].id)
        await keep("r-landline", "Mes alertes, sans mobile", landline)
        await keep("r-saved", "Mes alertes, enregistrées", landline, **_CHOICES)
        await keep("r-wrong", "Mes alertes, formulaire abîmé", landline, hour="midi")
        end = await links.unsubscribe_url(ours.id, ours.contacts[0].id)
        await keep("u-before", "Ne plus recevoir d’alertes", end)
        await keep("u-done", "Alertes arrêtées", end, **_ONE_CLICK)
        await keep("r-ended", "Mes alertes, après les avoir arrêtées", mobile)
        await keep("u-undone", "Alertes reprises", end, **{"List-Unsubscribe": "Undo"})
        await keep("r-no-sms", "Mes alertes, sans SMS", mobile, **_CHOICES)
        await scene.lose(ours, Channel.EMAIL, Channel.SMS)
        await keep("r-lost", "Mes alertes, quand les messages n’arrivent plus", mobile)
        await keep("dead", "Lien non reconnu", "/p/" + "A" * 72)
        scene.now = later(days=30)
        await keep("expired", "Lien périmé", path)
        scene.now = later(days=0)
        for slug, title, at in (("home", "Accueil", "/"), ("docs", "Documentation de l’API", "/docs")):
            await keep(slug, title, at)

    def router(self) -> APIRouter:
        """The index, and each thing by its slug."""
        templates = Environment(
            loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True, undefined=StrictUndefined
        )
        router = APIRouter(prefix=PREFIX, include_in_schema=False)

        @router.get("/", response_class=HTMLResponse)
        async def index(vue: str = "") -> str:
            shown = self._find(vue) if vue else self.messages[0]
            values: dict[str, Any] = {"shown": shown, "messages": self.messages, "pages": self.pages, "widths": WIDTHS}
            return templates.get_template("index.html.j2").render(values)

        @router.get("/{slug}/html", response_class=HTMLResponse)
        async def html(slug: str) -> str:
            # A link opens beside: pages refuse to be framed.
            return self._find(slug).html.replace("<head>", '<head><base target="_blank">', 1)

        return router

    def _find(self, slug: str) -> Shown:
        everything: Sequence[Shown] = [*self.messages, *self.pages]
        found = next((each for each in everything if each.slug == slug), None)
        if found is None:
            raise HTTPException(404)
        return found


_CHOICES: Final = {
    **{f"email-{kind}": "digest" for kind in ("proposed", "accepted", "reminded", "declined", "withdrawn")},
    "email-agreed": "at_once",
    "email-cancelled": "at_once",
    "every": "week",
    "weekday": "4",
    "hour": "17",
}
