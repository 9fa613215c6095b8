"""The same key and request give the same answer and are carried out once, whatever happens in between."""

from __future__ import annotations

import asyncio
import base64
from hashlib import sha256
from typing import Any
from unittest.mock import Mock
from uuid import UUID

import httpx
import pytest

from schemas.envelope import format_time
from services.registry.api import shield
from services.registry.api.idempotency import KEPT, LEASE
from services.registry.api.kept import BATCH, COLLECTION, forget_expired
from tests.integration.api.conftest import Client, Clock, Join, Rig, availability, company, need


def _key(value: str) -> dict[str, str]:
    return {"Idempotency-Key": value}


async def test_the_same_request_again_is_answered_byte_for_byte(rig: Rig, join: Join) -> None:
    member = await join()
    first = await member.client.post("/v1/needs", json=need(member.id), headers=_key("a"))
    before = await rig.everything()
    again = await member.client.post("/v1/needs", json=need(member.id), headers=_key("a"))
    assert (again.status_code, again.content) == (first.status_code, first.content)
    for header in ("etag", "location", "content-type"):
        assert again.headers[header] == first.headers[header]
    assert again.headers["idempotency-replayed"] == "true"
    assert await rig.everything() == before
    assert len((await member.client.get("/v1/needs")).json()["items"]) == 1


async def test_another_request_with_the_key_is_a_conflict(rig: Rig, join: Join) -> None:
    member = await join()
    await member.client.post("/v1/needs", json=need(member.id), headers=_key("a"))
    before = await rig.everything()
    for address, body in (("/v1/needs", need(member.id, headcount=9)), ("/v1/availabilities", availability(member.id))):
        answered = await member.client.post(address, json=body, headers=_key("a"))
        assert answered.status_code == 409
        assert answered.json()["type"] == "urn:passerelles:problem:cle-reutilisee"
    assert await rig.everything() == before


async def test_keys_of_two_callers_are_two_keys(operator: httpx.AsyncClient, join: Join) -> None:
    one, other = await join(81000001), await join(81000002)
    made = [
        (await each.client.post("/v1/needs", json=need(each.id), headers=_key("a"))).json()["id"]
        for each in (one, other)
    ]
    assert len(set(made)) == 2
    assert (await operator.post("/v1/needs", json=need(one.id), headers=_key("a"))).json()["id"] not in made


async def test_a_refusal_is_kept_too(join: Join) -> None:
    member = await join()
    wrong = need(member.id, headcount=0)
    first = await member.client.post("/v1/needs", json=wrong, headers=_key("a"))
    again = await member.client.post("/v1/needs", json=wrong, headers=_key("a"))
    assert (first.status_code, again.content) == (422, first.content)


@pytest.mark.parametrize("key", ["", "é", "a b", "x" * 201])
async def test_a_key_that_is_none(join: Join, key: str) -> None:
    member = await join()
    answered = await member.client.post(
        "/v1/needs", json=need(member.id), headers={"Idempotency-Key": key.encode("utf-8")}
    )
    assert answered.status_code == 422
    assert answered.json()["field"] == "Idempotency-Key"


async def test_of_many_at_once_one_is_carried_out(join: Join) -> None:
    member = await join()
    answers = await asyncio.gather(
        *(member.client.post("/v1/needs", json=need(member.id), headers=_key("a")) for _ in range(12))
    )
    assert {each.status_code for each in answers} == {201}
    assert len({each.content for each in answers}) == 1
    assert len((await member.client.get("/v1/needs")).json()["items"]) == 1


async def test_a_crash_before_the_answer_is_kept_creates_nothing_twice(
    rig: Rig, join: Join, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    member = await join()
    entries = rig.store.collection(COLLECTION)

    class CrashError(BaseException):
        pass

    async def crash(*_: Any) -> bool:
        raise CrashError

    with monkeypatch.context() as crashing:
        crashing.setattr(type(entries), "delete", crash)
        crashing.setattr(
            "services.registry.api.idempotency.Captured.lasting", property(lambda _: (_ for _ in ()).throw(CrashError))
        )
        with pytest.raises(CrashError):
            await member.client.post("/v1/needs", json=need(member.id), headers=_key("a"))
    (made,) = (await member.client.get("/v1/needs")).json()["items"]
    clock.pass_(seconds=LEASE.total_seconds() + 1)
    again = await member.client.post("/v1/needs", json=need(member.id), headers=_key("a"))
    assert (again.status_code, again.json()["id"]) == (201, made["id"])
    assert len((await member.client.get("/v1/needs")).json()["items"]) == 1


async def test_who_comes_while_the_first_is_under_way_is_told_to_wait(
    rig: Rig, join: Join, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.registry.api.idempotency.PATIENCE_SECONDS", 0.05)
    member = await join()
    publish, begun, going = rig.needs.publish, asyncio.Event(), asyncio.Event()

    async def slow(*args: Any, **named: Any) -> Any:
        begun.set()
        await going.wait()
        return await publish(*args, **named)

    monkeypatch.setattr(rig.needs, "publish", slow)
    first = asyncio.create_task(member.client.post("/v1/needs", json=need(member.id), headers=_key("a")))
    await begun.wait()
    second = await member.client.post("/v1/needs", json=need(member.id), headers=_key("a"))
    assert second.status_code == 409
    assert second.json()["type"] == "urn:passerelles:problem:requete-en-cours"
    assert second.headers["retry-after"]
    going.set()
    assert (await first).status_code == 201


async def test_a_failure_is_not_kept(rig: Rig, join: Join, monkeypatch: pytest.MonkeyPatch) -> None:
    member = await join()

    async def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("Camille Roux")

    log = Mock()
    with monkeypatch.context() as failing:
        failing.setattr(shield, "log", log)
        failing.setattr(rig.needs, "publish", broken)
        failed = await member.client.post("/v1/needs", json=need(member.id), headers=_key("a"))
    assert failed.status_code == 500
    log.exception.assert_not_called()
    assert "RuntimeError at " in str(log.error.call_args)
    assert "Camille" not in str(log.mock_calls)
    assert (await member.client.post("/v1/needs", json=need(member.id), headers=_key("a"))).status_code == 201


async def test_answers_are_forgotten_after_their_time(join: Join, clock: Clock) -> None:
    member = await join()
    first = await member.client.post("/v1/needs", json=need(member.id), headers=_key("a"))
    clock.pass_(seconds=KEPT.total_seconds() + 1)
    other = await member.client.post("/v1/needs", json=need(member.id, headcount=7), headers=_key("a"))
    assert other.status_code == 201
    assert other.json()["id"] != first.json()["id"]
    assert UUID(other.json()["id"])


async def test_no_answer_is_kept_in_clear(rig: Rig, operator: httpx.AsyncClient) -> None:
    """A contact that is erased must be so everywhere."""
    body = company()
    first = await operator.post("/v1/companies", json=body, headers=_key("a"))
    assert (await operator.post("/v1/companies", json=body, headers=_key("a"))).content == first.content
    (kept,) = await rig.store.collection(COLLECTION).find()
    shown = f"{kept.body} {base64.b64decode(kept.body['answer']['body'])!r}"
    for secret in ("Camille Roux", "rh81234567", "612345678", sha256(first.request.content).hexdigest()):
        assert secret not in shown


async def test_another_token_of_the_same_company_does_not_read_the_answer(
    operator: httpx.AsyncClient, join: Join, http: Client
) -> None:
    member = await join()
    await member.client.post("/v1/needs", json=need(member.id), headers=_key("a"))
    token = (await operator.post(f"/v1/companies/{member.id}/tokens")).json()["token"]
    answered = await http(token).post("/v1/needs", json=need(member.id), headers=_key("a"))
    assert (answered.status_code, answered.json()["type"]) == (409, "urn:passerelles:problem:cle-reutilisee")


async def test_whatever_has_expired_is_forgotten_without_another_request(rig: Rig, join: Join, clock: Clock) -> None:
    member, entries = await join(), rig.store.collection(COLLECTION)
    for number in range(2 * BATCH + 1):
        await entries.insert(f"left{number}", {"expires_at": format_time(clock())})
    clock.pass_(seconds=1)
    await member.client.post("/v1/needs", json=need(member.id), headers=_key("a"))
    await forget_expired(entries, clock())
    assert len(await entries.find()) == 1
    clock.pass_(seconds=KEPT.total_seconds())
    await forget_expired(entries, clock())
    assert await entries.find() == []


async def test_a_token_is_shown_again_to_the_same_key_and_kept_nowhere_in_clear(
    rig: Rig, operator: httpx.AsyncClient, http: Client
) -> None:
    id_ = (await operator.post("/v1/companies", json=company())).json()["id"]
    first = await operator.post(f"/v1/companies/{id_}/tokens", headers=_key("t"))
    again = await operator.post(f"/v1/companies/{id_}/tokens", headers=_key("t"))
    assert first.json() == again.json()
    token = first.json()["token"]
    assert (await http(token).get("/v1/needs")).status_code == 200
    for name in ("tokens", COLLECTION):
        for stored in await rig.store.collection(name).find():
            assert token not in str(stored)
