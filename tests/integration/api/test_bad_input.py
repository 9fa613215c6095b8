"""Bad input is answered with a problem that names the field, and changes nothing in the store nor on the bus.

What the bus is owed lies in the documents themselves (`pending`): a store that did not change owes nothing new.
"""

from __future__ import annotations

import re
from typing import Any
from unittest.mock import Mock
from uuid import uuid4

import httpx
import pytest

from services.registry.api import shield
from tests.integration.api.conftest import (
    OPERATOR,
    Client,
    Join,
    Pair,
    Rig,
    availability,
    company,
    need,
    siret,
)

ENGLISH = re.compile(r"\b(input|should|valid|value|field required|must|error)\b", re.IGNORECASE)


def _problem(response: httpx.Response, status: int, slug: str, field: str | None = None) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert body["type"] == f"urn:passerelles:problem:{slug}"
    assert body["status"] == status
    assert body["instance"] == response.request.url.path
    assert body["title"]
    assert not ENGLISH.search(body["detail"]), body["detail"]
    if field is not None:
        assert field in {each["field"] for each in body["errors"]}, body
    return body


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"siret": siret(81234567)[:-1] + str((int(siret(81234567)[-1]) + 1) % 10)}, "siret"),
        ({"siret": "12345"}, "siret"),
        ({"siret": 73282932000074}, "siret"),
        ({"commune": "99999"}, "commune"),
        ({"commune": "75056"}, "commune"),
        ({"branch": "finance"}, "branch"),
        ({"name": ""}, "name"),
        ({"name": "  "}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"name": "a\nBcc: b"}, "name"),
        ({"status": "left"}, "status"),
        ({"contacts": [{"name": "A", "email": "pas une adresse"}]}, "contacts.0.email"),
        ({"contacts": [{"name": "A", "email": "a@exemple.fr", "sms": True}]}, "contacts.0.phone"),
        ({"contacts": [{"name": "A", "email": "a@exemple.fr", "phone": "12"}]}, "contacts.0.phone"),
        ({"contacts": {}}, "contacts"),
        ({"unknown": 1}, "unknown"),
    ],
)
async def test_a_wrong_company(rig: Rig, operator: httpx.AsyncClient, fields: dict[str, Any], field: str) -> None:
    before = await rig.everything()
    _problem(await operator.post("/v1/companies", json=company() | fields), 422, "saisie-invalide", field)
    assert await rig.everything() == before


NEEDS = [
    ({"occupation": "H9999"}, "occupation"),
    ({"occupation": "soudeur de lune"}, "occupation"),
    ({"skills": ["999999999"]}, "skills.0"),
    ({"skills": "100007"}, "skills"),
    ({"commune": "99999"}, "commune"),
    ({"start": "2027-03-01", "end": "2027-02-01"}, "end"),
    ({"start": "2020-01-01", "end": "2020-02-01"}, "end"),
    ({"start": "2027-02-30"}, "start"),
    ({"start": "bientôt"}, "start"),
    ({"start": "9999-01-01"}, "start"),
    ({"headcount": -1}, "headcount"),
    ({"headcount": 0}, "headcount"),
    ({"headcount": 1001}, "headcount"),
    ({"headcount": 10**30}, "headcount"),
    ({"headcount": "2"}, "headcount"),
    ({"headcount": 1.5}, "headcount"),
    ({"headcount": True}, "headcount"),
    ({"mode": "rent"}, "mode"),
    ({"title": "x\u0000"}, "title"),
    ({"monthly_gross_max": -5}, "monthly_gross_max"),
    ({"monthly_gross_max": 10**9}, "monthly_gross_max"),
    ({"certificates": ["x"] * 21}, "certificates"),
    ({"company_id": "7"}, "company_id"),
    ({"company_id": str(uuid4())}, "company_id"),
    ({"unknown": None}, "unknown"),
]


@pytest.mark.parametrize(("fields", "field"), NEEDS)
async def test_a_wrong_need(
    rig: Rig, operator: httpx.AsyncClient, join: Join, fields: dict[str, Any], field: str
) -> None:
    member = await join()
    before = await rig.everything()
    _problem(await operator.post("/v1/needs", json=need(member.id) | fields), 422, "saisie-invalide", field)
    assert await rig.everything() == before


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"volunteers": False}, "volunteers"),
        ({"volunteers": "oui"}, "volunteers"),
        ({"modes": []}, "modes"),
        ({"modes": ["loan", "gift"]}, "modes.1"),
        ({"mobility_km": 0}, "mobility_km"),
        ({"mobility_km": 201}, "mobility_km"),
        ({"monthly_gross": 1}, "monthly_gross"),
    ],
)
async def test_a_wrong_availability(rig: Rig, join: Join, fields: dict[str, Any], field: str) -> None:
    member = await join()
    before = await rig.everything()
    answered = await member.client.post("/v1/availabilities", json=availability(member.id) | fields)
    _problem(answered, 422, "saisie-invalide", field)
    assert await rig.everything() == before


async def test_a_company_that_has_not_joined_does_not_publish(rig: Rig, operator: httpx.AsyncClient) -> None:
    id_ = (await operator.post("/v1/companies", json=company(status="informed"))).json()["id"]
    before = await rig.everything()
    body = _problem(await operator.post("/v1/needs", json=need(id_)), 409, "conflit", "company_id")
    assert body["remedy"]
    assert await rig.everything() == before


async def test_versions_of_a_change(rig: Rig, join: Join) -> None:
    member = await join()
    at = (await member.client.post("/v1/needs", json=need(member.id))).headers["location"]
    before = await rig.everything()
    put = member.client.put
    _problem(await put(at, json=need(member.id)), 428, "version-requise", "If-Match")
    _problem(await put(at, json=need(member.id), headers={"If-Match": '"7"'}), 412, "version-perimee", "If-Match")
    _problem(await put(at, json=need(member.id), headers={"If-Match": "*"}), 422, "saisie-invalide", "If-Match")
    assert await rig.everything() == before


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"[" * 200_000, 400),
        (b'{"company_id": "\xff"}', 400),
        (b'{"title": ' * 500, 400),
        (b" " * 2_000_000, 413),
        (b'{"title": "' + b"x" * 2_000_000 + b'"}', 413),
        (b"", 422),
        (b"null", 422),
        (b"[]", 422),
        (b'"texte"', 422),
    ],
)
async def test_bodies_that_are_none(rig: Rig, operator: httpx.AsyncClient, content: bytes, status: int) -> None:
    before = await rig.everything()
    answered = await operator.post("/v1/needs", content=content, headers={"Content-Type": "application/json"})
    assert answered.status_code == status
    assert answered.headers["content-type"] == "application/problem+json"
    assert not ENGLISH.search(answered.json()["detail"])
    assert await rig.everything() == before


async def test_addresses_and_methods_that_do_not_exist(operator: httpx.AsyncClient) -> None:
    _problem(await operator.get("/v1/nothing"), 404, "introuvable")
    _problem(await operator.get("/nothing"), 404, "introuvable")
    answered = await operator.patch("/v1/needs", json={})
    _problem(answered, 405, "methode-refusee")
    assert set(answered.headers["allow"].split(", ")) == {"GET", "POST"}
    _problem(await operator.get("/v1/needs/7"), 422, "saisie-invalide", "need_id")
    _problem(await operator.get(f"/v1/needs/{uuid4()}"), 404, "introuvable")


@pytest.mark.parametrize(
    "params",
    [
        {"limit": 0},
        {"limit": 201},
        {"limit": "x"},
        {"status": "maybe"},
        {"company": "x"},
        {"occupation": "h1"},
        {"departement": "461"},
        {"cursor": "x"},
        {"cursor": "W10"},
        {"cursor": "é"},
        {"cursor": "WyJhIiwgIlx1ZDgwMCJd"},
        {"cursor": "Wzk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTksICJ4Il0"},
        {"cursor": "W05hTiwgIngiXQ"},
        {"cursor": "W3t9LCAieCJd"},
        {"cursor": "x" * 5000},
    ],
)
async def test_filters_and_cursors_that_were_never_given(operator: httpx.AsyncClient, params: dict[str, Any]) -> None:
    for address in ("/v1/needs", "/v1/companies", "/v1/proposals", "/v1/deliveries", "/v1/alerts"):
        answered = await operator.get(address, params=params)
        assert answered.status_code in (200, 422), answered.text
        if next(iter(params)) in ("limit", "cursor"):
            _problem(answered, 422, "saisie-invalide", next(iter(params)))


async def test_a_filter_with_a_slip_in_its_name_is_told(operator: httpx.AsyncClient) -> None:
    _problem(await operator.get("/v1/needs", params={"compagny": "x"}), 422, "saisie-invalide", "compagny")
    _problem(await operator.get("/v1/needs?limit=1&limit=2"), 422, "saisie-invalide", "limit")


async def test_decisions_that_make_no_sense(rig: Rig, pair: Pair) -> None:
    at = f"/v1/proposals/{pair.proposal}"
    before = await rig.everything()
    ours = pair.borrower.client
    for body, field in (
        ({"party": "borrower", "verdict": "maybe"}, "verdict"),
        ({"party": "both", "verdict": "accept"}, "party"),
        ({"party": "borrower", "verdict": "decline", "reason": "humeur"}, "reason"),
        ({}, "party"),
    ):
        _problem(await ours.post(f"{at}/decisions", json=body), 422, "saisie-invalide", field)
    _problem(await ours.post(f"{at}/decisions", json={"party": "lender", "verdict": "accept"}), 403, "interdit")
    _problem(await ours.post(f"{at}/cancel", json={"party": "borrower"}), 409, "conflit")
    _problem(
        await ours.post(f"/v1/proposals/{uuid4()}/decisions", json={"party": "borrower", "verdict": "accept"}),
        404,
        "introuvable",
    )
    assert await rig.everything() == before


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Basic abc",
        f"bearer{OPERATOR}",
        "Bearer faux",
        "Bearer " + "x" * 5000,
        "Bearer é",
    ],
)
async def test_without_a_known_token_nothing_is_answered(http: Client, authorization: str | None) -> None:
    client = http(None)
    headers = {} if authorization is None else {"Authorization": authorization.encode("latin-1")}
    for method, address in (("GET", "/v1/needs"), ("POST", "/v1/companies"), ("GET", "/v1/stream"), ("GET", "/v1/x")):
        answered = await client.request(method, address, headers=headers)
        _problem(answered, 401, "non-authentifie")
        assert answered.headers["www-authenticate"].startswith("Bearer")


async def test_a_broken_dependency_is_no_internal_error(rig: Rig, operator: httpx.AsyncClient, join: Join) -> None:
    member = await join()
    await rig.store.close()
    for answered in (
        await operator.get("/v1/needs"),
        await operator.post("/v1/needs", json=need(member.id)),
        await member.client.get("/v1/needs"),
        await operator.get("/p/" + 72 * "a"),
    ):
        assert answered.status_code == 503, answered.text
    await rig.store.open()


async def test_what_nobody_foresaw_says_nothing_of_the_inside(
    rig: Rig, operator: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise KeyError("secret interne")

    monkeypatch.setattr(rig.needs, "list", broken)
    log = Mock()
    monkeypatch.setattr(shield, "log", log)
    answered = await operator.get("/v1/needs")
    log.error.assert_called_once()
    assert "secret" not in str(log.mock_calls)
    assert answered.status_code == 500
    assert answered.json()["type"] == "urn:passerelles:problem:erreur"
    assert "secret" not in answered.text
