"""What the tests of killed notifiers share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Each kill is logged with its traceback, which takes longer to draw than the whole life."""
    with capture_logs():
        yield
