"""One event a line, whoever logs it; libraries do not repeat themselves."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from passerelles.logging import Seldom, configure


@pytest.fixture(autouse=True)
def untouched() -> Iterator[None]:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield
    root.handlers[:], _ = before
    root.setLevel(before[1])
    for name in ("aiokafka", "faststream"):
        logging.getLogger(name).setLevel(logging.NOTSET)
    structlog.reset_defaults()


def test_ours_and_theirs_are_json_lines() -> None:
    stream = io.StringIO()
    configure("info", json=True, stream=stream)
    structlog.get_logger("passerelles.test").info("bus.batch_handled", records=3)
    structlog.get_logger("passerelles.test").debug("bus.detail")
    logging.getLogger("uvicorn").warning("Ça arrive %s", "parfois")
    ours, theirs = (json.loads(line) for line in stream.getvalue().splitlines())
    assert ours.pop("timestamp").endswith("Z")
    assert ours == {"event": "bus.batch_handled", "records": 3, "level": "info", "logger": "passerelles.test"}
    assert theirs["event"] == "Ça arrive parfois"
    assert theirs["level"] == "warning"


def test_an_error_is_one_line_too() -> None:
    stream = io.StringIO()
    configure("error", json=True, stream=stream)
    try:
        {}["missing"]
    except KeyError:
        structlog.get_logger("passerelles.test").exception("it.failed")
    (line,) = stream.getvalue().splitlines()
    assert "KeyError" in json.loads(line)["exception"]


def test_a_terminal_gets_text() -> None:
    stream = io.StringIO()
    configure("info", json=False, stream=stream)
    structlog.get_logger("passerelles.test").info("bus.batch_handled", records=3)
    assert "bus.batch_handled" in stream.getvalue()
    assert "records=3" in stream.getvalue()


def test_a_library_says_the_same_once_in_a_while() -> None:
    now = 0.0
    seldom = Seldom(("aiokafka",), 30, lambda: now)

    def through(name: str, message: str, *figures: object) -> bool:
        return seldom.filter(logging.LogRecord(name, logging.ERROR, "", 0, message, figures, None))

    assert through("aiokafka.client", "Unable to connect to %s", 1)
    assert not through("aiokafka.client", "Unable to connect to %s", 2)
    assert through("aiokafka.client", "Something else")
    assert through("passerelles.bus", "Unable to connect to %s", 1)
    assert through("passerelles.bus", "Unable to connect to %s", 1)
    now = 30.0
    assert through("aiokafka.client", "Unable to connect to %s", 3)
