"""Logs: one event a line, as JSON or for a terminal, ours and those of the libraries alike."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable
from typing import Final, TextIO

import structlog
from structlog.typing import Processor

_SHARED: Final[tuple[Processor, ...]] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
)
_QUIET_SECONDS: Final = 30.0
# They tell of each attempt to reach a broker that is away, several times a second; our own checks tell it once.
_CHATTY: Final = ("aiokafka", "faststream")


def configure(level: str, json: bool, stream: TextIO = sys.stderr) -> None:
    """Send every log of the process to a stream.

    Args:
        level: the least grave level that is written (`debug`, `info`, `warning` or `error`).
        json: one JSON object a line; else coloured text where the stream is a terminal.
        stream: where to.
    """
    renderer: Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if json
        else structlog.dev.ConsoleRenderer(
            colors=stream.isatty(),
            # The default one shows local variables, personal data among them.
            exception_formatter=structlog.dev.plain_traceback,
        )
    )
    last: list[Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if json:
        last.append(structlog.processors.format_exc_info)
    handler = logging.StreamHandler(stream)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=_SHARED, processors=[*last, renderer]))
    handler.addFilter(Seldom(_CHATTY))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in _CHATTY:
        logging.getLogger(name).setLevel(max(root.level, logging.WARNING))
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


class Seldom(logging.Filter):
    """Lets the same message of some libraries through once in a while only."""

    def __init__(
        self,
        names: tuple[str, ...],
        seconds: float = _QUIET_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self._names = names
        self._seconds = seconds
        self._clock = clock
        self._told: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is written; its template, not its figures, tells it from others."""
        if record.name.partition(".")[0] not in self._names:
            return True
        message = (record.name, str(record.msg))
        now = self._clock()
        if now - self._told.get(message, -self._seconds) < self._seconds:
            return False
        self._told[message] = now
        return True
