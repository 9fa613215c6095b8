"""Every message and page, laid out by a real Chromium: nothing is cut from 320 pixels on, by day and by night."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, Route

from schemas.vocabulary import Party
from services.previews.gallery import Gallery
from services.previews.letters import Letters
from services.previews.scene import Scene, scene
from tests.real.chromium import browser

ADDRESS: Final = "http://passerelles.test"
SEEN: Final = Path(__file__).parents[3] / "build" / "screenshots"
"""Where what the browser showed is kept, to be looked at."""

LOOK: Final = Path(__file__).with_name("layout.js").read_text("utf-8")
STYLE: Final = "/p/style.css"

VIEWS: Final[tuple[tuple[int, Literal["light", "dark"]], ...]] = ((320, "light"), (600, "dark"), (1280, "light"))
KEPT: Final = VIEWS[:2]
BAD: Final = """
<style>* { font: 16px monospace } div, p { width: 200px }</style>
<p class="fine">Ceci se lit.</p><p class="wide">AnticonstitutionnellementAnticonstitutionnellement</p>
<div class="high" style="height: 20px; overflow: hidden">Un texte qui ne tient pas sur sa seule ligne.</div>
<div class="dots" style="width: 60px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap">Qui finit</div>
<p class="away" style="margin-left: -90px">Un texte qui commence avant</p>
<p class="pale" style="color: #aaa">Un texte pâle</p><input>
<div class="scrolls" style="overflow-x: auto"><span style="white-space: nowrap">Que l’on fait défiler</span></div>
"""

HARD_TITLES: Final = {
    "endless": "Conducteur de ligne de conditionnement " * 257,
    "unbroken": "Conducteur" * 30,
    "markup": '<img src=x onerror="alert(1)"></h1><script src="/x.js"></script><style>*{color:red}</style> {{ 7 * 7 }}',
    "accents": "É̷̡̛̗̟Ĉ̴̪a\u202eretourné\u2067 👩‍🏭👩🏽‍🏭 " * 12,
}
"""Longer and stranger than the registry takes: what stands in the store is shown, whatever let it in."""


async def _everything(folder: Path) -> dict[str, str]:
    """Every message and page, by a name: the gallery's, then those of hard titles and names; and the style sheet."""
    async with scene(folder, ADDRESS) as here:
        gallery = Gallery(here)
        await gallery.fill()
        made = {each.slug: each.html for each in (*gallery.messages, *gallery.pages) if each.html}
        transport = httpx.ASGITransport(app=here.registry.app)
        async with httpx.AsyncClient(transport=transport, base_url=ADDRESS) as client:
            for name, title in HARD_TITLES.items():
                made |= await _hard(here, client, name, title)
            made[STYLE] = (await client.get(STYLE)).text
        return made


async def _hard(here: Scene, client: httpx.AsyncClient, name: str, title: str) -> dict[str, str]:
    posted = await here.post(f"hard-{name}")
    office, id_ = here.registry.office, str(posted.need.id)
    stored = await office.needs.get(id_)
    assert stored is not None
    assert await office.needs.replace(id_, {**stored.body, "title": title}, stored.revision)
    home = await office.companies.get(str(here.borrower.id))
    assert home is not None
    contact = {
        **home.body["contacts"][0],
        "name": title[:300],
        "email": f"{'a' * 64}@{'b' * 60}.{'c' * 60}.example.org",
    }
    assert await office.companies.replace(home.id, {**home.body, "name": title, "contacts": [contact]}, home.revision)
    letter = await Letters(here, posted).about(posted, Party.BORROWER)
    links, reader = here.registry.links, here.borrower.contacts[0].id
    return {
        f"{name}-letter": letter.html,
        f"{name}-p": (await client.get(await here.link(posted, Party.BORROWER))).text,
        f"{name}-r": (await client.get(await links.preferences_url(here.borrower.id, reader))).text,
        f"{name}-u": (await client.get(await links.unsubscribe_url(here.borrower.id, reader))).text,
    }


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    # In a thread of its own: the browser's driver keeps a loop running in this one.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(_everything(tmp_path_factory.mktemp("scene")))).result()


@pytest.fixture(scope="module")
def chromium(chromium_path: str) -> Iterator[Browser]:
    with browser(chromium_path) as started:
        yield started


def test_nothing_is_cut_or_hard_to_read(everything: dict[str, str], chromium: Browser) -> None:
    """One test for all: another page of the browser for each would take minutes."""
    asked: set[str] = set()
    wrong: dict[str, list[str]] = {}

    def answer(route: Route) -> None:
        path = urlsplit(route.request.url).path
        asked.add(path)
        known = everything.get(path if path == STYLE else path[1:])
        content = "text/css" if path == STYLE else "text/html; charset=utf-8"
        route.fulfill(status=200 if known else 404, body=known or "", content_type=content)

    SEEN.mkdir(parents=True, exist_ok=True)
    page = chromium.new_page()
    page.route("**/*", answer)
    for name in everything.keys() - {STYLE}:
        page.set_viewport_size({"width": 600, "height": 900})
        page.goto(f"{ADDRESS}/{name}")
        for width, scheme in VIEWS:
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=scheme)
            found = page.evaluate(LOOK)
            if found:
                wrong[f"{name}, {width} pixels, {scheme}"] = found
            if (width, scheme) in KEPT and not name.startswith(tuple(HARD_TITLES)):
                page.screenshot(path=SEEN / f"{name}-{width}-{scheme}.png", full_page=name != "docs")
    page.close()
    assert wrong == {}
    assert asked - {f"/{name}" for name in everything} == {STYLE, "/p/seen.js"}, "something else is loaded"


def test_the_choices_of_text_messages_grey_as_soon_as_none_is_asked_for(
    everything: dict[str, str], chromium: Browser
) -> None:
    page = chromium.new_page()
    page.set_content(everything["r-mobile"])
    page.add_style_tag(content=everything[STYLE])
    taken = "getComputedStyle(document.querySelector('.by-sms .choice')).pointerEvents"
    assert page.evaluate(taken) == "auto"
    page.uncheck("[name=sms]")
    assert page.evaluate(taken) == "none"
    page.check("[name=sms]")
    assert page.evaluate(taken) == "auto"
    page.set_content(everything["r-no-sms"])
    assert page.is_disabled("[name=sms-proposed]")
    page.close()


def test_what_cannot_be_read_is_found(chromium: Browser) -> None:
    page = chromium.new_page(viewport={"width": 320, "height": 900})
    page.set_content(BAD)
    found = "\n".join(page.evaluate(LOOK))
    page.close()
    for name, complaint in (
        ("wide", "sticks out of p.wide"),
        ("high", "is cut by div.high"),
        ("dots", "ends in dots"),
        ("away", "is out of the window"),
        ("pale", "has a contrast of 2.32"),
        ("", "input. has no label"),
        ("", "the page is"),
    ):
        assert re.search(rf"{name}.*{complaint}", found), (complaint, found)
    assert "scrolls" not in found
    assert "fine" not in found
