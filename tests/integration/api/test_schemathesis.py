"""The OpenAPI document against the app: whatever it is sent, never a 500, and answers that are as described."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.python import asgi
from schemathesis.specs.openapi.checks import (
    allow_header_conformance,
    content_type_conformance,
    ignored_auth,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.types import Receive, Scope, Send

from passerelles.bus.address import Bus
from tests.integration.api.conftest import CAPDENAC, OPERATOR, Clock, Rig, availability, company, need

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
    allow_header_conformance,
    ignored_auth,
]
EXAMPLES = 20
"""By operation."""
OPERATIONS = 36
"""All but the stream, which has no end and needs a broker."""


class Seeded:
    """The app with a few companies in it, opened in whatever loop it is served by."""

    def __init__(self, folder: Path) -> None:
        self.ids: dict[str, str] = {}
        self._folder = folder
        self._rig: Rig | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            assert self._rig is not None
            await self._rig.app(scope, receive, send)
            return
        await receive()
        self._rig = Rig(f"sqlite:///{self._folder / 'store.sqlite'}", Clock(), Bus("127.0.0.1:9"))
        await self._rig.store.open()
        await self._seed(self._rig)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._rig.app.state.stream.stop()
        await self._rig.store.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _seed(self, rig: Rig) -> None:
        headers = {"Authorization": f"Bearer {OPERATOR}"}
        transport = httpx.ASGITransport(rig.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers) as client:
            ours = (await client.post("/v1/companies", json=company())).json()
            theirs = (await client.post("/v1/companies", json=company(92345678, commune=CAPDENAC))).json()
            needed = (await client.post("/v1/needs", json=need(ours["id"]))).json()
            staff = (await client.post("/v1/availabilities", json=availability(theirs["id"]))).json()
        proposal = await rig.propose(UUID(needed["id"]), UUID(staff["id"]))
        self.ids = {
            "company_id": ours["id"],
            "need_id": needed["id"],
            "availability_id": staff["id"],
            "proposal_id": str(proposal),
            "contact_id": ours["contacts"][0]["id"],
        }


@pytest.fixture
def seeded(tmp_path: Path) -> Iterator[Seeded]:
    yield Seeded(tmp_path)
    asgi.shutdown_lifespans()


@pytest.mark.timeout(60)
def test_the_app_does_what_its_document_says(seeded: Seeded) -> None:
    document = schemathesis.openapi.from_asgi("/openapi.json", seeded)
    operations = [found.ok() for found in document.exclude(path="/v1/stream").get_all_operations()]
    assert len(operations) == OPERATIONS
    for operation in operations:
        _examine(operation, seeded)


def _examine(operation: schemathesis.APIOperation[Any, Any, Any, Any], seeded: Seeded) -> None:
    modes = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    cases = st.one_of(*(operation.as_strategy(generation_mode=mode) for mode in modes))

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases)
    def examine(case: schemathesis.Case) -> None:
        _aim(case, seeded)
        case.call_and_validate(headers={"Authorization": f"Bearer {OPERATOR}"}, checks=CHECKS)

    examine()


def _aim(case: schemathesis.Case, seeded: Seeded) -> None:
    """Let well-formed identifiers be those of something that exists: there is more to go wrong behind them."""
    for place in (case.path_parameters, case.body if isinstance(case.body, dict) else {}):
        for name, value in list(place.items()):
            if name in seeded.ids and _is_uuid(value):
                place[name] = seeded.ids[name]


def _is_uuid(value: object) -> bool:
    try:
        return isinstance(value, str) and bool(UUID(value))
    except ValueError:
        return False
