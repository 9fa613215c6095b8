"""Whether this process lives (`/healthz`), can serve (`/readyz`), and what it measures (`/metrics`).

Alive means that the loops move: a loop that has said so once and then stays silent is stuck. Ready means that every
check is up.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from passerelles.telemetry import CHECK_UP

log = structlog.get_logger(__name__)

STUCK_SECONDS: Final = 300.0
"""A loop polls every second or so, and while it waits; a batch handled event by event with retries takes a minute."""


class Check:
    """One thing that has to be well for the process to be ready; down until it says otherwise."""

    def __init__(self, name: str, clock: Callable[[], float]) -> None:
        self.name = name
        self._clock = clock
        self._reason: str | None = "n'a pas encore démarré"
        self._figures: dict[str, Any] = {}
        self._moved: float | None = None
        CHECK_UP.labels(name).set(0)

    @property
    def reason(self) -> str | None:
        """Why it is down, in French; none when it is up."""
        return self._reason

    def up(self) -> None:
        """All is well."""
        if self._reason is not None:
            self._reason = None
            CHECK_UP.labels(self.name).set(1)
            log.info("check.up", check=self.name)

    def down(self, reason: str) -> None:
        """It does not work, for a reason that an operator reads; it holds no personal data."""
        if self._reason != reason:
            self._reason = reason
            CHECK_UP.labels(self.name).set(0)
            log.warning("check.down", check=self.name, reason=reason)

    def figures(self, **figures: Any) -> None:
        """Add to what `/readyz` shows beside the state: JSON values, or functions that give one when it is asked."""
        self._figures.update(figures)

    def moved(self) -> None:
        """The loop behind this check goes round; from the first call on, silence means that it is stuck."""
        self._moved = self._clock()

    def rested(self) -> None:
        """The loop ended as it was told to; silence is well again."""
        self._moved = None

    @property
    def stuck(self) -> bool:
        """Its loop has not moved for too long."""
        return self._moved is not None and self._clock() - self._moved > STUCK_SECONDS

    def report(self) -> dict[str, Any]:
        """The check as JSON data."""
        figures = {name: value() if callable(value) else value for name, value in self._figures.items()}
        return {"up": self._reason is None, "reason": self._reason, **figures}


class Health:
    """The checks of one process or service, by name."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._checks: dict[str, Check] = {}

    def check(self, name: str) -> Check:
        """The check of this name; the same one for the same name."""
        if name not in self._checks:
            self._checks[name] = Check(name, self._clock)
        return self._checks[name]

    @property
    def ready(self) -> bool:
        """Every check is up."""
        return all(check.reason is None for check in self._checks.values())

    @property
    def stuck(self) -> list[str]:
        """The checks whose loop no longer moves."""
        return [name for name, check in self._checks.items() if check.stuck]

    def report(self) -> dict[str, Any]:
        """What `/readyz` answers."""
        checks = {name: check.report() for name, check in sorted(self._checks.items())}
        return {"status": "ready" if self.ready else "not_ready", "checks": checks}


def health_routes(health: Health, registry: CollectorRegistry = REGISTRY) -> list[Route]:
    """The routes `/healthz`, `/readyz` and `/metrics`; none of them asks for a token."""

    async def healthz(_: Request) -> Response:
        stuck = health.stuck
        return JSONResponse({"status": "stuck" if stuck else "ok", "stuck": stuck}, 503 if stuck else 200)

    async def readyz(_: Request) -> Response:
        return JSONResponse(health.report(), 200 if health.ready else 503)

    async def metrics(_: Request) -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return [Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", metrics)]
