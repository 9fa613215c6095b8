"""Names are looked up beside the event loop: whoever else is served does not wait for them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from services.registry.api import lookups, reference
from tests.integration.api.conftest import Join, need


def watched(function: Callable[..., Any], threads: set[int]) -> Callable[..., Any]:
    def called(*args: Any, **named: Any) -> Any:
        threads.add(threading.get_ident())
        return function(*args, **named)

    return called


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("search", "/v1/reference/occupations?q=soud"),
        ("suggest_skills", "/v1/reference/skills?q=soudage"),
        ("find", "/v1/reference/communes?q=figeac"),
    ],
)
async def test_a_completion_is_looked_up_in_a_thread(
    operator: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, name: str, address: str
) -> None:
    threads: set[int] = set()
    monkeypatch.setattr(reference, name, watched(getattr(reference, name), threads))
    answered = await operator.get(address)
    assert answered.json()
    assert threads
    assert threading.get_ident() not in threads


@pytest.mark.parametrize("title", ["Soudeur", "Soudeuur de charpentes"])
async def test_a_title_is_looked_up_in_a_thread_and_answered_as_ever(
    join: Join, monkeypatch: pytest.MonkeyPatch, title: str
) -> None:
    member = await join()
    expected = await member.client.post("/v1/needs", json=need(member.id, occupation=title))
    threads: set[int] = set()
    monkeypatch.setattr(lookups, "resolve", watched(lookups.resolve, threads))
    again = await member.client.post("/v1/needs", json=need(member.id, occupation=title))
    assert threads
    assert threading.get_ident() not in threads
    assert again.status_code == expected.status_code


async def test_a_code_needs_no_thread(join: Join, monkeypatch: pytest.MonkeyPatch) -> None:
    member, threads = await join(), set[int]()
    monkeypatch.setattr(lookups, "resolve", watched(lookups.resolve, threads))
    assert (await member.client.post("/v1/needs", json=need(member.id))).status_code == 201
    assert not threads
