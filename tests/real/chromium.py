"""A real Chromium, where this machine has one: it lays out what is sent, as a reader's would."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from playwright.sync_api import Browser, sync_playwright

from tests.real.service import MissingServiceError

_NAMES: Final = ("chromium", "chromium-browser", "google-chrome")
_QUIET: Final = (
    "--no-sandbox",  # root in a container has none; nothing is loaded but what the test gives
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def find() -> str:
    """The path of the browser: `PASSERELLES_TEST_CHROMIUM`, or one that is installed.

    Raises:
        MissingServiceError: there is none.
    """
    given = os.environ.get("PASSERELLES_TEST_CHROMIUM")
    found = given or next((path for path in map(shutil.which, _NAMES) if path), None)
    if found is None:
        raise MissingServiceError(
            "no Chromium on this machine (PASSERELLES_TEST_CHROMIUM, or apt-get install chromium)"
        )
    return found


@contextmanager
def browser(path: str) -> Iterator[Browser]:
    """The browser, started once for all that a test looks at."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=list(_QUIET))
        try:
            yield started
        finally:
            started.close()
