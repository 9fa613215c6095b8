"""A company acts and sees for itself only, and learns nothing of the other side before both have accepted."""

from __future__ import annotations

import json

import httpx

from tests.integration.api.conftest import SERVICE, Client, Join, Pair, Rig, availability, company, need


async def test_another_company_is_not_seen_and_not_acted_for(rig: Rig, pair: Pair, join: Join) -> None:
    stranger = (await join(93456789)).client
    before = await rig.everything()
    for address in (
        f"/v1/companies/{pair.borrower.id}",
        f"/v1/needs/{pair.need}",
        f"/v1/availabilities/{pair.availability}",
        f"/v1/proposals/{pair.proposal}",
    ):
        assert (await stranger.get(address)).status_code == 404, address
    for method, address, body in (
        ("PUT", f"/v1/needs/{pair.need}", need(pair.borrower.id)),
        ("PUT", f"/v1/availabilities/{pair.availability}", availability(pair.lender.id)),
        ("PUT", f"/v1/companies/{pair.borrower.id}", company()),
        ("POST", f"/v1/needs/{pair.need}/withdraw", None),
        ("POST", f"/v1/companies/{pair.borrower.id}/leave", None),
        ("POST", f"/v1/proposals/{pair.proposal}/decisions", {"party": "borrower", "verdict": "accept"}),
        ("POST", f"/v1/proposals/{pair.proposal}/cancel", {"party": "borrower"}),
    ):
        answered = await stranger.request(method, address, json=body, headers={"If-Match": '"1"'})
        assert answered.status_code == 404, (address, answered.text)
    assert (await stranger.post("/v1/needs", json=need(pair.borrower.id))).status_code == 403
    assert (await stranger.get("/v1/needs", params={"company": pair.borrower.id})).status_code == 403
    assert (await stranger.get("/v1/proposals", params={"company": pair.borrower.id})).status_code == 403
    for address in ("/v1/needs", "/v1/availabilities", "/v1/proposals", "/v1/deliveries"):
        assert (await stranger.get(address)).json()["items"] == []
    assert await rig.everything() == before


async def test_what_is_the_operators_is_refused_to_a_company(join: Join) -> None:
    member = await join()
    assert (await member.client.post("/v1/companies", json=company(94567890))).status_code == 403
    assert (await member.client.post(f"/v1/companies/{member.id}/tokens")).status_code == 403
    assert (await member.client.post(f"/v1/companies/{member.id}/join")).status_code == 403
    listed = (await member.client.get("/v1/companies")).json()["items"]
    assert [each["id"] for each in listed] == [member.id]


async def test_the_other_side_is_a_stranger_until_both_have_accepted(pair: Pair) -> None:
    hidden = {
        "borrower": (pair.lender.id, "Aéro du Causse", "12052", "Capdenac", "rh92345678", "17420", "17.42"),
        "lender": (
            pair.borrower.id,
            "Entreprise 81234567",
            "46102",
            "Figeac",
            "rh81234567",
            "Conducteur de ligne",
            "17420",
        ),
    }
    for party, client in (("borrower", pair.borrower.client), ("lender", pair.lender.client)):
        for answered in (
            await client.get(f"/v1/proposals/{pair.proposal}"),
            await client.get("/v1/proposals"),
        ):
            text = json.dumps(answered.json(), ensure_ascii=False)
            for secret in hidden[party]:
                assert secret not in text, (party, secret)
    for party, client in (("borrower", pair.borrower.client), ("lender", pair.lender.client)):
        accepted = {"party": party, "verdict": "accept"}
        await client.post(f"/v1/proposals/{pair.proposal}/decisions", json=accepted)
    seen = (await pair.borrower.client.get(f"/v1/proposals/{pair.proposal}")).text
    assert "Aéro du Causse" in seen
    assert "rh92345678@exemple.fr" in seen


async def test_the_internal_address_takes_the_services_token_alone(
    http: Client, operator: httpx.AsyncClient, pair: Pair
) -> None:
    request = {
        "company_id": pair.borrower.id,
        "party": "borrower",
        "items": [{"proposal_id": pair.proposal, "need_id": pair.need, "availability_id": pair.availability}],
    }
    for client in (http(None), operator, pair.borrower.client):
        assert (await client.post("/internal/briefings", json=request)).status_code == 401
    services = http(SERVICE)
    answered = await services.post("/internal/briefings", json=request)
    assert answered.status_code == 200
    body = answered.json()
    assert body["company"]["id"] == pair.borrower.id
    (item,) = body["items"]
    assert item["need"]["title"] == "Conducteur de ligne"
    assert item["counterpart"] is None
    (link,) = item["links"].values()
    assert link.startswith("http://test/p/")
    unknown = await services.post("/internal/briefings", json=request | {"company_id": pair.proposal})
    nowhere = await services.post("/internal/brief", json=request)
    types = [each.json()["type"].rpartition(":")[2] for each in (unknown, nowhere)]
    assert ([unknown.status_code, nowhere.status_code], types) == ([404, 404], ["entreprise-inconnue", "introuvable"])
    assert (await services.get("/v1/needs")).status_code == 401
    several = [request, request | {"company_id": pair.proposal}, request]
    assert (await operator.post("/internal/briefings/batch", json=several)).status_code == 401
    told = (await services.post("/internal/briefings/batch", json=several)).json()
    assert [each and each["company"] for each in told] == [body["company"], None, body["company"]]


async def test_the_tokens_of_a_company_are_ended_by_itself_or_the_operator_and_nobody_else(
    operator: httpx.AsyncClient, http: Client, pair: Pair
) -> None:
    address = f"/v1/companies/{pair.borrower.id}/tokens"
    second = http((await operator.post(address)).json()["token"])
    assert (await pair.lender.client.delete(address)).status_code == 404
    assert (await second.get("/v1/needs")).status_code == 200
    ended = await pair.borrower.client.delete(address)
    assert (ended.status_code, ended.content) == (204, b"")
    for client in (pair.borrower.client, second):
        assert (await client.get("/v1/needs")).status_code == 401
    assert (await pair.lender.client.get("/v1/needs")).status_code == 200
    third = http((await operator.post(address)).json()["token"])
    assert (await third.get("/v1/needs")).status_code == 200
    assert (await operator.delete(address)).status_code == 204
    assert (await third.get("/v1/needs")).status_code == 401


async def test_a_company_that_has_left_reads_and_changes_nothing_more(
    rig: Rig, operator: httpx.AsyncClient, pair: Pair
) -> None:
    for party, member in (("borrower", pair.borrower), ("lender", pair.lender)):
        accepted = {"party": party, "verdict": "accept"}
        assert (await member.client.post(f"/v1/proposals/{pair.proposal}/decisions", json=accepted)).status_code == 200
    member, address = pair.borrower, f"/v1/companies/{pair.borrower.id}"
    assert (await member.client.post(f"{address}/leave")).json()["status"] == "left"
    left = (await member.client.get(address)).json()
    before = await rig.everything()
    headers = {"If-Match": str(left["version"])}
    cancelled = {"party": "borrower", "reason": "other"}
    for method, at, body in (
        ("PUT", address, company(name="Autre nom", status=None)),
        ("DELETE", f"{address}/contacts/{left['contacts'][0]['id']}", None),
        ("POST", f"/v1/proposals/{pair.proposal}/cancel", cancelled),
    ):
        answered = await member.client.request(method, at, json=body, headers=headers)
        assert (answered.status_code, answered.json()["type"]) == (403, "urn:passerelles:problem:interdit"), at
    assert (await member.client.post("/v1/needs", json=need(member.id))).status_code == 409
    assert (await member.client.post(f"{address}/leave")).status_code == 200
    assert await rig.everything() == before
    assert (await operator.post(f"/v1/proposals/{pair.proposal}/cancel", json=cancelled)).status_code == 200
