"""The page behind a signed link: reading decides nothing, an answer decides once, and dead links say so."""

from __future__ import annotations

import asyncio
from uuid import UUID

import httpx
import pytest

from schemas.proposals import WithdrawalReason
from schemas.vocabulary import Party
from services.registry.link_tokens import Purpose
from services.registry.web import proposal_page
from services.registry.web.french import NB
from tests.integration.api.conftest import Client, Pair, Rig, need

ACCEPT, DECLINE = {"verdict": "accept"}, {"verdict": "decline", "reason": "distance"}


@pytest.fixture
def visitor(http: Client) -> httpx.AsyncClient:
    """Somebody who has a link and no token."""
    return http(None)


async def _path(rig: Rig, pair: Pair, party: Party) -> str:
    company = pair.borrower.id if party is Party.BORROWER else pair.lender.id
    stored = await rig.office.companies.get(company)
    assert stored is not None
    url = await rig.links.url(UUID(pair.proposal), party, UUID(stored.body["contacts"][0]["id"]))
    return url.removeprefix("http://test")


async def test_reading_shows_the_reasons_and_changes_nothing(rig: Rig, pair: Pair, visitor: httpx.AsyncClient) -> None:
    path = await _path(rig, pair, Party.BORROWER)
    before = await rig.everything()
    for _ in range(5):
        shown = await visitor.get(path)
        assert (await visitor.head(path)).status_code == 200
    assert shown.status_code == 200
    for text in (
        "Conducteur de ligne",
        "73",
        f"17{NB}km",
        "métiers proches selon le ROME",
        f"72{NB}jours communs",
        f"2\u202f450{NB}€ bruts par mois",
        "Accepter cette proposition",
        "Trop loin",
        "Rémunération",
        "ne décide rien",
        "Que vous l’ayez vue est noté",
    ):
        assert text in shown.text, text
    for secret in ("Aéro du Causse", "Capdenac", "rh92345678"):
        assert secret not in shown.text
    assert await rig.everything() == before


async def test_what_a_page_may_load_and_tell(rig: Rig, pair: Pair, visitor: httpx.AsyncClient) -> None:
    headers = (await visitor.get(await _path(rig, pair, Party.LENDER))).headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert "noindex" in headers["x-robots-tag"]
    assert headers["x-content-type-options"] == "nosniff"


async def _told_seen(rig: Rig, pair: Pair) -> list[tuple[str, str]]:
    stored = await rig.office.proposals.get(pair.proposal)
    assert stored is not None
    owed = [each for each in stored.body["pending"] if each["type"] == "proposal.seen"]
    assert len({each["id"] for each in owed}) == len(owed)
    return [(each["data"]["party"], each["data"]["seen_by"]) for each in owed]


async def test_a_page_is_seen_once_by_each_contact_and_nothing_else_changes(
    rig: Rig, pair: Pair, visitor: httpx.AsyncClient
) -> None:
    ours, theirs = await _path(rig, pair, Party.BORROWER), await _path(rig, pair, Party.LENDER)
    before = await rig.everything()
    assert (await visitor.get(f"{ours}/seen")).status_code == 405
    assert await rig.everything() == before
    for _ in range(3):
        assert (await visitor.post(f"{ours}/seen")).status_code == 204
    assert await _told_seen(rig, pair) == [("borrower", "page")]
    assert (await visitor.post(f"{theirs}/seen")).status_code == 204
    assert await _told_seen(rig, pair) == [("borrower", "page"), ("lender", "page")]
    stored = await rig.office.proposals.get(pair.proposal)
    assert stored is not None
    changed = {name for name, value in stored.body.items() if before["proposals"][pair.proposal][1].get(name) != value}
    assert changed == {"seen", "pending", "pending_since"}
    assert (await visitor.post("/p/abc/seen")).status_code == 404


async def test_who_answers_has_seen_it_first(rig: Rig, pair: Pair, visitor: httpx.AsyncClient) -> None:
    path = await _path(rig, pair, Party.LENDER)
    assert (await visitor.post(path, data=DECLINE)).status_code == 303
    assert (await visitor.post(f"{path}/seen")).status_code == 204
    stored = await rig.office.proposals.get(pair.proposal)
    assert stored is not None
    types = [each["type"] for each in stored.body["pending"]]
    assert types == ["proposal.seen", "proposal.declined", "decision.recorded"]
    assert await _told_seen(rig, pair) == [("lender", "answer")]


async def test_the_page_loads_its_one_script_from_here(rig: Rig, pair: Pair, visitor: httpx.AsyncClient) -> None:
    shown = await visitor.get(await _path(rig, pair, Party.LENDER))
    assert shown.text.count("<script") == 1
    assert '<script src="/p/seen.js" defer></script>' in shown.text
    assert "script-src 'self'; connect-src 'self'" in shown.headers["content-security-policy"]
    script = await visitor.get("/p/seen.js")
    assert script.headers["content-type"].startswith("text/javascript")


async def test_both_accept_from_their_mail_and_see_each_other(rig: Rig, pair: Pair, visitor: httpx.AsyncClient) -> None:
    ours, theirs = await _path(rig, pair, Party.BORROWER), await _path(rig, pair, Party.LENDER)
    answered = await visitor.post(ours, data=ACCEPT)
    assert (answered.status_code, answered.headers["location"]) == (303, ours)
    assert "Vous avez accepté." in (await visitor.get(ours)).text
    assert "L’autre entreprise a accepté." in (await visitor.get(theirs)).text
    assert (await visitor.post(ours, data=ACCEPT)).status_code == 303
    assert (await visitor.post(theirs, data=ACCEPT)).status_code == 303
    shown = (await visitor.get(ours)).text
    assert f"Accord conclu pour 2{NB}personnes." in shown
    assert "Aéro du Causse, à Capdenac-Gare" in shown
    assert "rh92345678@exemple.fr" in shown
    assert "Accepter cette proposition" not in shown


async def test_a_refusal_takes_a_reason_and_is_final(rig: Rig, pair: Pair, visitor: httpx.AsyncClient) -> None:
    path = await _path(rig, pair, Party.LENDER)
    before = await rig.everything()
    for form in ({"verdict": "decline"}, {"verdict": "decline", "reason": "humeur"}, {"verdict": "x"}, {}):
        assert (await visitor.post(path, data=form)).status_code == 422
    assert await rig.everything() == before
    assert (await visitor.post(path, data=DECLINE)).status_code == 303
    assert (await visitor.post(path, data=DECLINE)).status_code == 303
    shown = await visitor.get(path)
    assert shown.status_code == 200
    assert "Vous avez décliné." in shown.text
    contradicted = await visitor.post(path, data=ACCEPT)
    assert contradicted.status_code == 409
    assert "elle n’est plus ouverte" in contradicted.text
    other = await visitor.get(await _path(rig, pair, Party.BORROWER))
    assert "L’autre entreprise a décliné." in other.text
    assert "trop loin" in other.text


async def test_forms_that_are_none(rig: Rig, pair: Pair, visitor: httpx.AsyncClient) -> None:
    path = await _path(rig, pair, Party.LENDER)
    before = await rig.everything()
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for content, status in ((b"\xff\xfe=1", 422), (b"verdict=%ff", 422), (b"&" * 500, 422), (b"x" * 2_000_000, 413)):
        assert (await visitor.post(path, content=content, headers=form)).status_code == status
    assert (await visitor.post(path, json=ACCEPT)).status_code == 415
    assert await rig.everything() == before


async def test_dead_links_say_so(rig: Rig, pair: Pair, visitor: httpx.AsyncClient) -> None:
    path = await _path(rig, pair, Party.BORROWER)
    for wrong in (path[:-1] + ("y" if path[-1] == "x" else "x"), "/p/abc", "/p/" + "a" * 3000, "/p/é", path + ".x"):
        for method in ("GET", "POST"):
            answered = await visitor.request(method, wrong, data=ACCEPT if method == "POST" else None)
            assert answered.status_code == 404, answered.text
            assert "text/html" in answered.headers["content-type"]
            assert "Le copier en entier" in answered.text
    rig.clock.pass_(seconds=Purpose.PROPOSAL.seconds + 5)
    late = await visitor.get(path)
    assert late.status_code == 410
    assert f"plus de 14{NB}jours" in late.text
    assert (await visitor.post(path, data=ACCEPT)).status_code == 410


async def test_a_contact_that_was_erased_decides_no_more(rig: Rig, pair: Pair, visitor: httpx.AsyncClient) -> None:
    path = await _path(rig, pair, Party.BORROWER)
    at = f"/v1/companies/{pair.borrower.id}"
    contact = (await pair.borrower.client.get(at)).json()["contacts"][0]["id"]
    assert (await pair.borrower.client.delete(f"{at}/contacts/{contact}")).status_code == 204
    assert (await visitor.post(path, data=ACCEPT)).status_code == 404


async def test_what_was_withdrawn_is_gone(rig: Rig, pair: Pair, visitor: httpx.AsyncClient) -> None:
    path = await _path(rig, pair, Party.BORROWER)
    await rig.withdraw(UUID(pair.proposal), WithdrawalReason.AVAILABILITY_FILLED)
    shown = await visitor.get(path)
    assert shown.status_code == 410
    assert "ont toutes trouvé une place" in shown.text
    assert (await visitor.post(path, data=ACCEPT)).status_code == 409


async def test_nobody_left_is_told_and_the_proposal_stays(rig: Rig, pair: Pair, visitor: httpx.AsyncClient) -> None:
    ours, theirs = await _path(rig, pair, Party.BORROWER), await _path(rig, pair, Party.LENDER)
    assert (await visitor.post(ours, data=ACCEPT)).status_code == 303
    await pair.borrower.client.post(f"/v1/needs/{pair.need}/withdraw")
    answered = await visitor.post(theirs, data=ACCEPT)
    assert answered.status_code == 409
    assert 'role="alert"' in answered.text


async def test_free_text_is_escaped(rig: Rig, pair: Pair, visitor: httpx.AsyncClient) -> None:
    renamed = need(pair.borrower.id, title="<script>alert(1)</script>")
    changed = await pair.borrower.client.put(f"/v1/needs/{pair.need}", json=renamed, headers={"If-Match": '"1"'})
    assert changed.status_code == 200
    shown = await visitor.get(await _path(rig, pair, Party.BORROWER))
    assert "<script>" not in shown.text
    assert "&lt;script&gt;" in shown.text


def test_every_reason_of_a_withdrawal_is_worded() -> None:
    assert set(proposal_page._WITHDRAWN) == set(WithdrawalReason)


async def test_a_page_that_was_opened_before_does_not_undo_a_colleague_s_answer(
    rig: Rig, pair: Pair, visitor: httpx.AsyncClient
) -> None:
    path = await _path(rig, pair, Party.BORROWER)
    assert 'name="seen" value="nothing"' in (await visitor.get(path)).text
    stale = {"seen": "nothing"}
    assert (await visitor.post(path, data=ACCEPT | stale)).status_code == 303
    before = await rig.everything()
    refused = await visitor.post(path, data=DECLINE | stale)
    assert refused.status_code == 409
    assert "a répondu depuis que cette page est ouverte" in refused.text
    assert "Vous avez accepté." in refused.text
    assert await rig.everything() == before
    assert (await visitor.post(path, data=ACCEPT | stale)).status_code == 303  # a double click, or the same answer
    assert 'name="seen" value="accept"' in (await visitor.get(path)).text
    assert (await visitor.post(path, data=DECLINE | {"seen": "accept"})).status_code == 303


@pytest.mark.parametrize(
    ("forms", "answered"),
    [((ACCEPT, DECLINE), [303, 409]), ((ACCEPT, ACCEPT), [303, 303]), ((DECLINE, DECLINE), [303, 303])],
)
async def test_two_colleagues_or_two_clicks_at_once(
    rig: Rig, pair: Pair, visitor: httpx.AsyncClient, forms: tuple[dict[str, str], ...], answered: list[int]
) -> None:
    path = await _path(rig, pair, Party.BORROWER)
    stale = {"seen": "nothing"}
    answers = await asyncio.gather(*(visitor.post(path, data=form | stale) for form in forms))
    assert sorted(each.status_code for each in answers) == answered


async def test_a_proposal_s_page_leads_to_the_reader_s_own_alerts(
    rig: Rig, pair: Pair, visitor: httpx.AsyncClient
) -> None:
    shown = (await visitor.get(await _path(rig, pair, Party.LENDER))).text
    path = shown.partition('href="http://test/r/')[2].partition('"')[0]
    assert "Aéro du Causse" in (await visitor.get(f"/r/{path}")).text
