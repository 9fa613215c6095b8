"""Links open one proposal for one contact, for a while; briefings tell what a message may say, and no more."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from passerelles.errors import NotFoundError
from schemas.vocabulary import Party, certificate_code
from services.registry.briefings import Briefing, BriefingItem, BriefingRequest, Briefings
from services.registry.domain.availability import Availability
from services.registry.domain.caller import OPERATOR, Caller
from services.registry.domain.need import Need
from services.registry.link_tokens import Purpose
from services.registry.links import LinkError, LinkExpiredError, Links
from services.registry.office import Office
from tests.unit.registry.world import CAHORS, World

BASE = "https://passerelles.example.org"


def token_of(url: str) -> str:
    assert url.startswith(f"{BASE}/p/")
    return url.removeprefix(f"{BASE}/p/")


async def link(world: World, *, links: Links | None = None) -> tuple[str, Need, UUID]:
    need, _, id_ = await world.scene()
    (contact,) = (await world.companies.get(OPERATOR, need.company_id)).contacts
    url = await (links or Links(world.office, BASE + "/")).url(id_, Party.BORROWER, contact.id)
    return token_of(url), need, id_


async def test_a_link_stands_for_its_contact_in_every_process(world: World) -> None:
    token, need, id_ = await link(world)
    visitor = await Links(Office(world.store, clock=lambda: world.time), BASE).open(token)
    assert visitor.caller == Caller("company", need.company_id)
    assert (visitor.proposal_id, visitor.party, visitor.contact_name) == (id_, Party.BORROWER, "Claire Delmas")


async def test_a_link_leaves_a_text_message_its_room(world: World) -> None:
    token, _, _ = await link(world)
    assert len(token) == 72


async def test_a_link_that_was_tampered_with_opens_nothing(world: World) -> None:
    token, _, _ = await link(world)
    flipped = [token[:at] + ("B" if char == "A" else "A") + token[at + 1 :] for at, char in enumerate(token)]
    others = ("", "x", token[:-2], token + "a", token + "=", token + "\n", " " + token, token.swapcase(), "é" * 72)
    for wrong in (*flipped, *others, "a" * 72, "a" * 10_000, "é.b.c"):
        with pytest.raises(LinkError) as refused:
            await Links(world.office, BASE).open(wrong)
        assert refused.value.status == 404


async def test_what_the_key_signs_for_another_purpose_or_version_opens_nothing(world: World) -> None:
    token, _, _ = await link(world)
    stored = await world.office.singles.get("link-key")
    assert stored is not None
    key, said = bytes.fromhex(stored.body["key"]), urlsafe_b64decode(token)[:-16]
    later = bytes([said[0] + 1]) + said[1:]
    for purpose, text in ((b"", said), (Purpose.UNSUBSCRIBE.tag, said), (b"proposal-page\0", later)):
        forged = urlsafe_b64encode(text + hmac.digest(key, purpose + text, "sha256")[:16]).decode()
        with pytest.raises(LinkError) as refused:
            await Links(world.office, BASE).open(forged)
        assert refused.value.status == 404


async def test_a_link_ends_after_two_weeks(world: World) -> None:
    token, _, _ = await link(world)
    made = world.time
    world.time = made + timedelta(seconds=Purpose.PROPOSAL.seconds - 5)
    assert (await Links(world.office, BASE).open(token)).party is Party.BORROWER
    world.time = made + timedelta(seconds=Purpose.PROPOSAL.seconds + 5)
    with pytest.raises(LinkExpiredError, match="14 jours"):
        await Links(world.office, BASE).open(token)


async def test_the_link_of_an_erased_contact_opens_nothing(world: World) -> None:
    token, need, _ = await link(world)
    company = await world.companies.get(OPERATOR, need.company_id)
    await world.companies.drop_contact(OPERATOR, company.id, company.contacts[0].id)
    with pytest.raises(LinkError):
        await Links(world.office, BASE).open(token)


async def brief(world: World, need: Need, staff: Availability, party: Party, id_: UUID) -> Briefing:
    company_id = need.company_id if party is Party.BORROWER else staff.company_id
    item = BriefingItem(proposal_id=id_, need_id=need.id, availability_id=staff.id)
    briefings = Briefings(world.office, Links(world.office, BASE))
    return await briefings.brief(BriefingRequest(company_id=company_id, party=party, items=[item]))


async def test_a_briefing_tells_each_side_its_own_and_nothing_of_the_other(world: World) -> None:
    borrower, lender = await world.company(), await world.company(443061841, commune=CAHORS)
    need = await world.need(borrower, certificates=["CACES 3"])
    staff = await world.staff(lender, certificates=["caces  3"])
    id_ = await world.pair(need, staff)
    told = await brief(world, need, staff, Party.BORROWER, id_)
    (item,) = told.items
    assert (item.need.title, item.need.commune, item.status, item.counterpart) == (
        "Conduite de ligne",
        "Figeac",
        "open",
        None,
    )
    assert told.certificates == {certificate_code("CACES 3"): "CACES 3"}
    assert list(item.links) == [borrower.contacts[0].id]
    assert str(lender.id) not in told.model_dump_json()
    (item,) = (await brief(world, need, staff, Party.LENDER, id_)).items
    assert (item.need.title, item.need.commune, item.counterpart) == (None, None, None)


async def test_the_other_side_is_told_once_agreed(world: World) -> None:
    need, staff, id_ = await world.scene()
    await world.accept(id_, "lender")
    await world.accept(id_, "borrower")
    (item,) = (await brief(world, need, staff, Party.LENDER, id_)).items
    assert item.counterpart is not None
    assert (item.counterpart.commune, item.need.title) == ("Figeac", "Conduite de ligne")
    assert item.counterpart.contacts[0].email.startswith("rh@")


async def test_a_pair_not_known_yet_has_no_status_and_another_s_posting_is_left_out(world: World) -> None:
    need, staff, _ = await world.scene()
    (item,) = (await brief(world, need, staff, Party.LENDER, uuid4())).items
    assert item.status is None
    stranger = await world.need(await world.company(552032534))
    briefings = Briefings(world.office, Links(world.office, BASE))
    asked = BriefingItem(proposal_id=uuid4(), need_id=stranger.id, availability_id=staff.id)
    request = BriefingRequest(company_id=need.company_id, party=Party.BORROWER, items=[asked])
    assert (await briefings.brief(request)).items == []
    with pytest.raises(NotFoundError):
        await briefings.brief(request.model_copy(update={"company_id": uuid4()}))
