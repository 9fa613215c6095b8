"""What makes a page seen, in a real Chromium: a hand that moves on it, and nothing that a machine does by itself."""

from __future__ import annotations

from importlib.resources import files
from typing import Final
from urllib.parse import urlsplit

from playwright.sync_api import Route

from tests.real.chromium import browser

ADDRESS: Final = "http://passerelles.test/p/token"
PAGE: Final = '<!DOCTYPE html><title>Page</title><p>Une proposition</p><script src="/p/seen.js" defer></script>'
SCRIPT: Final = files("services.registry.web").joinpath("templates", "seen.js").read_text("utf-8")
BY_ITSELF: Final = """() => {
  for (const name of ["pointermove", "keydown", "wheel"]) dispatchEvent(new Event(name, { bubbles: true }));
  scrollTo(0, 100);
}"""


def test_a_hand_makes_it_seen_once_and_a_machine_never(chromium_path: str) -> None:
    told: list[str] = []
    answers = iter((503, 204))

    def answer(route: Route) -> None:
        request = route.request
        match request.method, urlsplit(request.url).path:
            case "POST", path:
                told.append(path)
                route.fulfill(status=next(answers))
            case _, "/p/seen.js":
                route.fulfill(body=SCRIPT, content_type="text/javascript")
            case _:
                route.fulfill(body=PAGE, content_type="text/html")

    with browser(chromium_path) as chromium:
        page = chromium.new_page()
        page.route("**/*", answer)
        page.goto(ADDRESS, wait_until="load")
        page.evaluate(BY_ITSELF)
        page.wait_for_timeout(300)
        assert told == []
        for place, expected in ((10, 1), (20, 2)):
            with page.expect_response("**/seen"):
                page.mouse.move(place, place)
            page.wait_for_timeout(200)
            assert told == ["/p/token/seen"] * expected, "after an answer 503 the next sign tells again"
        page.mouse.move(30, 30)
        page.wait_for_timeout(300)
        assert len(told) == 2
