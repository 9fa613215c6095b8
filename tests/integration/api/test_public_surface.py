"""Each call of the public surface does what it says, and answers as it is described."""

from __future__ import annotations

import httpx

from tests.integration.api.conftest import Join, Pair, Rig, availability, company, need


async def test_a_company_goes_from_informed_to_left(operator: httpx.AsyncClient) -> None:
    added = await operator.post("/v1/companies", json=company(status="informed"))
    assert added.status_code == 201
    body = added.json()
    assert added.headers["etag"] == '"1"'
    assert added.headers["location"] == f"/v1/companies/{body['id']}"
    assert (body["status"], body["commune_name"], body["siren"]) == ("informed", "Figeac", body["siret"][:9])

    address = f"/v1/companies/{body['id']}"
    assert (await operator.post(f"{address}/join")).json()["status"] == "joined"
    read = await operator.get(address)
    assert read.headers["etag"] == '"2"'
    changed = await operator.put(address, json=company(name="Autre nom"), headers={"If-Match": '"2"'})
    assert (changed.status_code, changed.json()["name"], changed.headers["etag"]) == (200, "Autre nom", '"3"')
    contact = changed.json()["contacts"][0]["id"]
    assert contact == body["contacts"][0]["id"]
    dropped = await operator.delete(f"{address}/contacts/{contact}")
    assert (dropped.status_code, dropped.content) == (204, b"")
    assert (await operator.get(address)).json()["contacts"] == []
    assert (await operator.post(f"{address}/leave")).json()["status"] in ("leaving", "left")


async def test_lists_are_read_by_pages(operator: httpx.AsyncClient, join: Join) -> None:
    for number in range(81000001, 81000006):
        await join(number)
    seen, cursor = [], None
    while True:
        page = (
            await operator.get("/v1/companies", params={"limit": 2, **({"cursor": cursor} if cursor else {})})
        ).json()
        seen += [each["name"] for each in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 5
    assert len((await operator.get("/v1/companies", params={"text": "81000003"})).json()["items"]) == 1
    assert (await operator.get("/v1/companies", params={"branch": "textile"})).json()["items"] == []


async def test_a_need_and_staff_are_published_changed_and_withdrawn(join: Join) -> None:
    member = await join()
    for address, draft in (("/v1/needs", need(member.id)), ("/v1/availabilities", availability(member.id))):
        made = await member.client.post(address, json=draft)
        assert (made.status_code, made.headers["etag"]) == (201, '"1"')
        at = made.headers["location"]
        assert (await member.client.get(at)).json() == made.json()
        changed = await member.client.put(at, json=draft | {"headcount": 5}, headers={"If-Match": "1"})
        assert (changed.json()["headcount"], changed.headers["etag"]) == (5, '"2"')
        stale = await member.client.put(at, json=draft, headers={"If-Match": '"1"'})
        assert (stale.status_code, stale.json()["version"]) == (412, 2)
        assert (await member.client.post(f"{at}/withdraw", headers={"If-Match": '"1"'})).status_code == 412
        assert (await member.client.post(f"{at}/withdraw")).json()["status"] == "withdrawn"
        listed = await member.client.get(address, params={"status": "withdrawn", "company": member.id})
        assert [each["id"] for each in listed.json()["items"]] == [made.json()["id"]]


async def test_titles_and_v4_codes_become_v3_codes(join: Join) -> None:
    member = await join()
    made = await member.client.post("/v1/needs", json=need(member.id, occupation="h2102"))
    assert made.json()["occupation"] == "H2102"
    wrong = await member.client.post("/v1/needs", json=need(member.id, occupation="H2930"))
    assert wrong.status_code == 422
    assert wrong.json()["field"] == "occupation"
    assert wrong.json()["suggestions"]


async def test_a_proposal_is_accepted_by_both_and_cancelled(pair: Pair) -> None:
    at = f"/v1/proposals/{pair.proposal}"
    first = await pair.borrower.client.post(f"{at}/decisions", json={"party": "borrower", "verdict": "accept"})
    assert (first.status_code, first.json()["status"]) == (200, "open")
    second = await pair.lender.client.post(f"{at}/decisions", json={"party": "lender", "verdict": "accept"})
    assert (second.json()["status"], second.json()["headcount"]) == ("agreed", 2)
    assert second.json()["counterparts"][0]["contacts"][0]["email"] == "rh81234567@exemple.fr"
    below = await pair.borrower.client.put(
        f"/v1/needs/{pair.need}", json=need(pair.borrower.id, headcount=1), headers={"If-Match": '"2"'}
    )
    assert (below.status_code, below.json()["field"]) == (409, "headcount")
    cancelled = await pair.lender.client.post(f"{at}/cancel", json={"party": "lender", "reason": "period"})
    assert cancelled.json()["status"] == "cancelled"
    again = await pair.lender.client.post(f"{at}/cancel", json={"party": "lender"})
    assert again.status_code == 409


async def test_reference_data_completes_a_form(operator: httpx.AsyncClient) -> None:
    found = (await operator.get("/v1/reference/occupations", params={"q": "fraiseu"})).json()
    assert "H2903" in {each["code"] for each in found}
    detail = (await operator.get("/v1/reference/occupations/H2906")).json()
    assert detail["skills"]
    assert {"code": "H2102", "link": "proche"}.items() <= next(
        each for each in detail["leads_to"] if each["code"] == "H2102"
    ).items()
    assert (await operator.get("/v1/reference/occupations/Z9999")).status_code == 404
    communes = (await operator.get("/v1/reference/communes", params={"q": "figea"})).json()
    assert communes[0]["code"] == "46102"
    assert len((await operator.get("/v1/reference/branches")).json()) == 10
    assert (await operator.get("/v1/reference/skills", params={"q": "soudage"})).json()


async def test_health_documents_and_front_page_need_no_token(rig: Rig) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(rig.app), base_url="http://test") as client:
        for path in ("/healthz", "/readyz", "/metrics", "/docs", "/openapi.json", "/", "/p/style.css"):
            assert (await client.get(path)).status_code == 200, path
        document = (await client.get("/openapi.json")).json()
        assert "/internal/briefings" not in document["paths"]
        assert "text/html" in (await client.get("/docs")).headers["content-type"]


async def test_a_service_that_stops_says_so(rig: Rig, operator: httpx.AsyncClient) -> None:
    await rig.app.state.stream.stop()
    answered = await operator.get("/v1/needs")
    assert (answered.status_code, answered.headers["retry-after"]) == (503, "5")
    assert (await operator.get("/healthz")).status_code == 200


async def test_a_coordinator_is_named_and_erased_by_the_operator(operator: httpx.AsyncClient, join: Join) -> None:
    address, person = "/v1/coordinators/46", {"name": "Anne Roques", "email": "a.roques@mecanic.example.org"}
    assert (await operator.get(address)).status_code == 404
    named = await operator.put(address, json=person)
    assert (named.status_code, named.json() | person) == (200, named.json())
    assert (await operator.get(address)).json() == named.json()
    member = await join()
    assert (await member.client.get(address)).status_code == 403
    assert (await operator.put("/v1/coordinators/75", json=person)).json()["field"] == "departement"
    assert (await operator.delete(address)).status_code == 204
    assert (await operator.get(address)).status_code == 404
