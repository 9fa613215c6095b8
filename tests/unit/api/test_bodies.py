"""A body is read whole, bounded and sound, or the app inside is not called."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Receive, Scope, Send

from passerelles.errors import PasserellesError
from services.registry.api import bodies
from services.registry.api.bodies import BODY_LIMIT, DEPTH_LIMIT, IMPORT_LIMIT, Bodies, check_json

JSON = {"content-type": "application/json"}


class Inside:
    """Says how many bytes it got."""

    def __init__(self) -> None:
        self.calls = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.calls += 1
        body = (await receive())["body"] if scope["method"] != "GET" else b""
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": str(len(body)).encode()})


async def _post(
    content: bytes | AsyncIterator[bytes], *, path: str = "/v1/needs", headers: dict[str, str] | None = None
) -> tuple[httpx.Response, int]:
    inside = Inside()
    transport = httpx.ASGITransport(Bodies(inside))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        response = await client.post(path, content=content, headers=JSON if headers is None else headers)
    return response, inside.calls


async def _chunks(count: int, size: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield b" " * size


async def test_a_sound_body_goes_through_whole() -> None:
    body = json.dumps({"title": "Soudeur à l’arc", "n": [1, 2.5, None, True]}).encode()
    response, calls = await _post(body)
    assert (response.status_code, response.text, calls) == (200, str(len(body)), 1)


@pytest.mark.parametrize(
    ("body", "status", "slug"),
    [
        (b"{", 400, "corps-illisible"),
        (b'{"a":1}x', 400, "corps-illisible"),
        (b'{"a": NaN}', 400, "corps-illisible"),
        (b'{"a": -Infinity}', 400, "corps-illisible"),
        (b'{"a": ' + b"9" * 5000 + b"}", 400, "corps-illisible"),
        (b'{"a": "\xff\xfe"}', 400, "corps-illisible"),
        ('{"a": "é"}'.encode("latin-1"), 400, "corps-illisible"),
        ('{"a": 1}'.encode("utf-16"), 400, "corps-illisible"),
        (b"[" * 100_000, 400, "corps-illisible"),
        (b'{"a":' * 900 + b"1" + b"}" * 900, 400, "corps-illisible"),
        (b"[" * (DEPTH_LIMIT + 1) + b"]" * (DEPTH_LIMIT + 1), 400, "corps-illisible"),
        (b'{"a": 1e999}', 422, "saisie-invalide"),
        (b'{"a": "\\u0000"}', 422, "saisie-invalide"),
        (b'{"a": "\\ud800"}', 422, "saisie-invalide"),
        (b'{"\\ud800": 1}', 422, "saisie-invalide"),
        (b'{"a": {"b": ["x", "\\u001b[31m"]}}', 422, "saisie-invalide"),
        (b'{"a": 1, "a": 2}', 422, "saisie-invalide"),
    ],
)
async def test_an_unsound_body_is_a_problem_and_stops_there(body: bytes, status: int, slug: str) -> None:
    response, calls = await _post(body)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["type"] == f"urn:passerelles:problem:{slug}"
    assert calls == 0


async def test_the_field_that_is_unsound_is_named() -> None:
    response, _ = await _post(b'{"contacts": [{"name": "a\\u0000"}]}')
    assert response.json()["field"] == "contacts.0.name"


async def test_two_megabytes_are_too_many_declared_or_not() -> None:
    for content in (b" " * 2_000_000, _chunks(200, 10_000)):
        response, calls = await _post(content)
        assert (response.status_code, calls) == (413, 0)
        assert response.json()["limit_bytes"] == BODY_LIMIT


async def test_a_length_beyond_reason_is_refused_without_reading_it() -> None:
    response, calls = await _post(_chunks(1, 10), headers={**JSON, "content-length": "99999999999"})
    assert (response.status_code, calls) == (413, 0)


async def test_an_endless_body_is_cut() -> None:
    given = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal given
        while True:
            given += 1
            yield b" " * 1_000_000

    response, _ = await _post(endless())
    assert response.status_code == 413
    assert given < 20


async def test_an_import_takes_ten_megabytes_and_no_more() -> None:
    headers = {"content-type": "text/csv"}
    response, _ = await _post(b"x" * (IMPORT_LIMIT - 1), path="/v1/imports", headers=headers)
    assert response.status_code == 200
    response, _ = await _post(b"x" * (IMPORT_LIMIT + 1), path="/v1/imports", headers=headers)
    assert response.status_code == 413


@pytest.mark.parametrize(
    "content_type", ["", "text/plain", "application/xml", "multipart/form-data", "application/jsonx"]
)
async def test_another_type_of_content_is_refused(content_type: str) -> None:
    response, calls = await _post(b"{}", headers={"content-type": content_type} if content_type else {})
    assert (response.status_code, calls) == (415, 0)


@pytest.mark.parametrize("content_type", ["application/json", "Application/JSON; charset=utf-8", "application/ld+json"])
async def test_json_under_its_names_is_read(content_type: str) -> None:
    response, _ = await _post(b"{}", headers={"content-type": content_type})
    assert response.status_code == 200


async def test_a_body_that_does_not_come_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "BODY_SECONDS", 0.01)

    async def stalled() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    response, calls = await _post(stalled())
    assert (response.status_code, calls) == (408, 0)


async def test_nobody_is_answered_who_left() -> None:
    inside, sent = Inside(), []

    async def gone() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/v1/needs", "query_string": b"", "headers": []}
    await Bodies(inside)(scope, gone, send)
    assert (inside.calls, sent) == (0, [])


async def test_control_characters_in_the_address_are_refused() -> None:
    inside = Inside()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(Bodies(inside)), base_url="http://test") as client:
        assert (await client.get("/v1/needs?text=a%00b")).status_code == 422
        assert (await client.get("/v1/needs?text=a%20b")).status_code == 200
    assert inside.calls == 1


_json: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(st.binary() | _json.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_read_or_are_a_problem(body: bytes) -> None:
    try:
        check_json(body)
    except PasserellesError as error:
        status = error.status
    else:
        json.loads(body)
        status = 200
    assert status in (200, 400, 422)
