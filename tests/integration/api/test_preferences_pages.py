"""Pages about one's own messages: a GET changes nothing, a POST does, and each link serves its own purpose only."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import pytest

from schemas.deliveries import Channel, MessageKind
from schemas.preferences import SMS_BY_DEFAULT, DigestTime, Every, Pace, Preferences
from schemas.vocabulary import Party
from services.notifications.verdicts import INFORMS_FOR
from services.registry.domain.company import Company
from services.registry.domain.contact import Contact
from services.registry.link_tokens import Purpose
from services.registry.web.preferences_page import QUESTIONS
from tests.integration.api.conftest import Client, Pair, Rig, company

ASKED = set(MessageKind) - {MessageKind.REMINDED_AGAIN, MessageKind.ESCALATED}
"""What a contact of a company may be told by email: the second reminder is a text message."""
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def visitor(http: Client) -> httpx.AsyncClient:
    """Somebody who has a link and no token."""
    return http(None)


@dataclass
class Reader:
    """A contact and its links."""

    rig: Rig
    company_id: UUID
    contact_id: UUID
    proposal: str
    preferences: str
    unsubscribe: str

    async def now(self) -> Contact:
        stored = await self.rig.office.companies.get(str(self.company_id))
        assert stored is not None
        return Company.model_validate(stored.body).the_contact(self.contact_id)


@pytest.fixture
async def reader(rig: Rig, pair: Pair) -> Reader:
    """The contact of the borrower."""
    company_id = UUID(pair.borrower.id)
    stored = await rig.office.companies.get(pair.borrower.id)
    assert stored is not None
    contact_id = UUID(stored.body["contacts"][0]["id"])
    urls = (
        await rig.links.url(UUID(pair.proposal), Party.BORROWER, contact_id),
        await rig.links.preferences_url(company_id, contact_id),
        await rig.links.unsubscribe_url(company_id, contact_id),
    )
    return Reader(rig, company_id, contact_id, *(url.removeprefix("http://test") for url in urls))


def choices(**fields: str) -> dict[str, str]:
    """What the form sends: everything once a week, and no text message, unless told otherwise."""
    paces = {f"email-{kind}": "digest" for kind in MessageKind} | {f"sms-{kind}": "never" for kind in MessageKind}
    return {**paces, "every": "week", "weekday": "4", "hour": "17"} | fields


async def test_looking_changes_nothing(rig: Rig, reader: Reader, visitor: httpx.AsyncClient) -> None:
    before = await rig.everything()
    for path in (reader.preferences, reader.unsubscribe):
        for _ in range(5):
            shown = await visitor.get(path)
            assert (shown.status_code, (await visitor.head(path)).status_code) == (200, 200)
        assert shown.headers["cache-control"] == "no-store"
        assert "default-src 'none'" in shown.headers["content-security-policy"]
        assert "Camille Roux" in shown.text
        assert "612345678" not in shown.text
    assert await rig.everything() == before


async def test_choices_are_kept_shown_and_outlive_the_company_s_own_changes(
    reader: Reader, pair: Pair, visitor: httpx.AsyncClient
) -> None:
    answered = await visitor.post(reader.preferences, data=choices(**{"email-agreed": "at_once"}))
    assert answered.status_code == 200
    assert "Vos choix sont enregistrés." in answered.text
    contact = await reader.now()
    assert contact.preferences.digest == DigestTime(every=Every.WEEK, weekday=4, hour=17)
    assert contact.preferences.email == {
        kind: Pace.AT_ONCE if kind is MessageKind.AGREED else Pace.DIGEST for kind in ASKED
    }
    at = f"/v1/companies/{pair.borrower.id}"
    read = (await pair.borrower.client.get(at)).json()
    assert read["contacts"][0]["preferences"] == contact.preferences.model_dump(mode="json")
    # The company's own list still says that this person wants text messages; the person said otherwise.
    body = company(81234567, name="Nouveau nom")
    body.pop("status")
    changed = await pair.borrower.client.put(at, json=body, headers={"If-Match": f'"{read["version"]}"'})
    assert changed.status_code == 200, changed.text
    kept = await reader.now()
    assert (kept.preferences, kept.sms) == (contact.preferences, True)
    assert {kept.preferences.pace(kind, Channel.SMS) for kind in MessageKind} == {Pace.NEVER}
    shown = (await visitor.get(reader.preferences)).text
    assert 'name="email-agreed" value="at_once" required checked' in shown
    assert 'name="sms" value="yes" aria' in shown


async def test_text_messages_are_asked_for_and_only_with_a_mobile(
    rig: Rig, reader: Reader, pair: Pair, visitor: httpx.AsyncClient
) -> None:
    await visitor.post(reader.preferences, data=choices())
    assert (await reader.now()).sms is False
    wanted = choices(sms="yes", **{"sms-proposed": "at_once"})
    assert (await visitor.post(reader.preferences, data=wanted)).status_code == 200
    contact = await reader.now()
    assert contact.sms is True
    assert contact.preferences.pace(MessageKind.PROPOSED, Channel.SMS) is Pace.AT_ONCE
    assert contact.preferences.pace(MessageKind.AGREED, Channel.SMS) is Pace.NEVER
    theirs = await rig.office.companies.get(pair.lender.id)
    assert theirs is not None
    lender = Company.model_validate(theirs.body)
    body = company(92345678, name="Aéro du Causse", commune="12052")
    del body["status"]
    body["contacts"][0] |= {"phone": "05 65 34 06 25", "sms": False}
    changed = await pair.lender.client.put(f"/v1/companies/{lender.id}", json=body, headers={"If-Match": '"1"'})
    assert changed.status_code == 200, changed.text
    path = (await rig.links.preferences_url(lender.id, lender.contacts[0].id)).removeprefix("http://test")
    assert 'name="sms"' not in (await visitor.get(path)).text
    refused = await visitor.post(path, data=wanted)
    assert refused.status_code == 422
    assert "un numéro de mobile est attendu" in refused.text


async def test_without_text_messages_their_choices_cannot_be_made_and_asking_for_them_begins_with_the_usual(
    reader: Reader, visitor: httpx.AsyncClient
) -> None:
    """Without a script: the server shows them disabled, and a browser sends nothing of what is disabled."""
    assert shown_by_sms((await visitor.get(reader.preferences)).text) == {False}
    assert shown_by_sms((await visitor.post(reader.preferences, data=choices())).text) == {True}
    sent = {name: value for name, value in choices(sms="yes").items() if not name.startswith("sms-")}
    assert shown_by_sms((await visitor.post(reader.preferences, data=sent)).text) == {False}
    contact = await reader.now()
    assert contact.sms is True
    wanted = {kind for kind in MessageKind if contact.preferences.pace(kind, Channel.SMS) is Pace.AT_ONCE}
    assert wanted == SMS_BY_DEFAULT


def shown_by_sms(text: str) -> set[bool]:
    """Whether the choices by text message are disabled, as far as they differ."""
    frames = re.findall(r"<fieldset([^>]*)>\s*<legend>Par SMS", text)
    assert len(frames) == len(QUESTIONS)
    return {"disabled" in each for each in frames}


async def test_it_says_by_which_rule_a_digest_leaves(reader: Reader, visitor: httpx.AsyncClient) -> None:
    shown = (await visitor.get(reader.preferences)).text
    assert "quand il contient quelque chose à faire, ou une réponse que vous attendez" in shown
    assert f"pendant {INFORMS_FOR.days}&nbsp;jours" in shown
    assert "rien à dire" not in shown


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        choices(hour="25"),
        choices(hour="midi"),
        choices(weekday=""),
        choices(every="month"),
        choices(**{"email-proposed": "yesterday"}),
        choices(**{"sms": "yes", "sms-proposed": "soon"}),
        {name: value for name, value in choices().items() if name != "email-agreed"},
        {f"field-{number}": "x" for number in range(100)},
    ],
)
async def test_a_form_that_is_none_changes_nothing(
    rig: Rig, reader: Reader, visitor: httpx.AsyncClient, wrong: dict[str, str]
) -> None:
    before = await rig.everything()
    refused = await visitor.post(reader.preferences, data=wrong)
    assert refused.status_code == 422
    assert 'role="alert"' in refused.text
    assert await rig.everything() == before


@pytest.mark.parametrize("encoding", ["data", "files"])
async def test_a_mail_program_ends_alerts_by_one_click(
    reader: Reader, visitor: httpx.AsyncClient, encoding: str
) -> None:
    """RFC 8058, section 3: either form encoding, no cookie, no redirect; as often as it likes."""
    sent: dict[str, Any] = (
        {"data": ONE_CLICK} if encoding == "data" else {"files": {"List-Unsubscribe": (None, "One-Click")}}
    )
    for _ in range(3):
        answered = await visitor.post(reader.unsubscribe, **sent)
        assert answered.status_code == 200, answered.text
        assert "set-cookie" not in answered.headers
        assert "Vous ne recevez plus d’alertes par e-mail, sauf pour vos accords et leur annulation" in answered.text
        assert "Plus aucune autre alerte ne part" in answered.text
    contact = await reader.now()
    told = {kind for kind in ASKED if contact.preferences.pace(kind, Channel.EMAIL) is not Pace.NEVER}
    assert told == {MessageKind.AGREED, MessageKind.CANCELLED}
    assert contact.sms is True
    shown = await visitor.get(reader.preferences)
    assert "Vous ne recevez plus d’alertes par e-mail, sauf pour vos accords et leur annulation." in shown.text
    assert "arrivent à" not in shown.text
    answered = await visitor.post(reader.unsubscribe, data={"List-Unsubscribe": "Undo"})
    assert "Elles arrivent de nouveau à" in answered.text
    assert (await reader.now()).preferences == Preferences()


@pytest.mark.parametrize(
    ("turned_off", "heading", "kept"),
    [
        ((), ", sauf pour vos accords et leur annulation</h1>", "et leur annulation&nbsp;: il ne faut pas les manquer"),
        (("cancelled",), ", sauf pour vos accords</h1>", "les coordonnées de l’autre&nbsp;: il ne faut pas"),
        (("agreed",), ", sauf pour les annulations de vos accords</h1>", "votre entreprise&nbsp;: il ne faut pas"),
        (("agreed", "cancelled"), "plus d’alertes par e-mail</h1>", ""),
    ],
)
async def test_it_says_what_ends_and_what_is_sent_all_the_same(
    reader: Reader, visitor: httpx.AsyncClient, turned_off: tuple[str, ...], heading: str, kept: str
) -> None:
    await visitor.post(reader.preferences, data=choices(**{f"email-{kind}": "never" for kind in turned_off}))
    before = (await visitor.get(reader.unsubscribe)).text
    ended = (await visitor.post(reader.unsubscribe, data=ONE_CLICK)).text
    assert heading in ended
    for shown in (before, ended):
        assert "les rappels" in shown
        assert kept in shown
        assert ("Ce qui reste envoyé" in shown) == bool(kept)
        assert ("Plus aucune alerte ne part" in shown) == (shown is ended and not kept)
        assert "STOP" not in shown, "no text message is asked for"


async def test_the_page_that_ends_alerts_leads_to_the_preferences_as_long_as_its_message_does(
    rig: Rig, reader: Reader, visitor: httpx.AsyncClient
) -> None:
    for answered in (
        await visitor.get(reader.unsubscribe),
        await visitor.post(reader.unsubscribe, data=ONE_CLICK),
        await visitor.post(reader.unsubscribe, data={"List-Unsubscribe": "Undo"}),
    ):
        (path,) = set(re.findall(r'href="http://test(/r/[^"]*)">Régler mes alertes</a>', answered.text))
        assert path == reader.preferences
    rig.clock.pass_(seconds=Purpose.PREFERENCES.seconds + 5)
    late = await visitor.post(reader.unsubscribe, data=ONE_CLICK)
    assert "/r/" not in late.text
    assert "au bas d’un message récent" in late.text


async def test_stop_is_spoken_of_only_where_a_reply_arrives(reader: Reader, visitor: httpx.AsyncClient) -> None:
    """A sender that is a name cannot be replied to."""
    wanted = choices(sms="yes", **{"sms-proposed": "at_once"})
    for shown in (await visitor.post(reader.preferences, data=wanted), await visitor.get(reader.unsubscribe)):
        (said,) = re.findall(r"[^.;>]*STOP[^.;<]*", shown.text)
        assert "vient d’un numéro" in said


async def test_any_other_post_ends_nothing(rig: Rig, reader: Reader, visitor: httpx.AsyncClient) -> None:
    before = await rig.everything()
    for data in ({}, {"List-Unsubscribe": "one-click"}, {"x": "One-Click"}, {str(n): "x" for n in range(50)}):
        assert (await visitor.post(reader.unsubscribe, data=data)).status_code == 422
    multipart = {"Content-Type": "multipart/form-data; boundary=x"}
    for content in (b"--y\r\n", b'--x\r\nContent-Disposition: form-data; name="a"; filename="b"\r\n\r\nc\r\n--x--\r\n'):
        refused = await visitor.post(reader.unsubscribe, content=content, headers=multipart)
        assert refused.status_code == 422
        assert "text/html" in refused.headers["content-type"]
    assert (await visitor.post(reader.unsubscribe, json=ONE_CLICK)).status_code == 415
    assert await rig.everything() == before


async def test_a_link_is_useless_for_another_purpose(rig: Rig, reader: Reader, visitor: httpx.AsyncClient) -> None:
    before = await rig.everything()
    own = {"p": reader.proposal, "r": reader.preferences, "u": reader.unsubscribe}
    for path in own.values():
        token = path[3:]
        for other in set(own) - {path[1]}:
            assert (await visitor.get(f"/{other}/{token}")).status_code == 404
            data = ONE_CLICK | choices() | {"verdict": "accept"}
            assert (await visitor.post(f"/{other}/{token}", data=data)).status_code == 404
    assert await rig.everything() == before


async def test_links_of_old_messages_end_but_the_one_that_unsubscribes_lasts(
    rig: Rig, reader: Reader, visitor: httpx.AsyncClient
) -> None:
    rig.clock.pass_(seconds=Purpose.PREFERENCES.seconds + 5)
    late = await visitor.post(reader.preferences, data=choices())
    assert late.status_code == 410
    assert "Ouvrir celui d’un message plus récent." in late.text
    assert (await visitor.post(reader.unsubscribe, data=ONE_CLICK)).status_code == 200
    rig.clock.pass_(days=3 * 365)
    assert (await visitor.get(reader.unsubscribe)).status_code == 410


async def test_the_links_of_an_erased_contact_do_nothing(
    rig: Rig, reader: Reader, pair: Pair, visitor: httpx.AsyncClient
) -> None:
    erased = await pair.borrower.client.delete(f"/v1/companies/{reader.company_id}/contacts/{reader.contact_id}")
    assert erased.status_code == 204
    before = await rig.everything()
    for path in (reader.preferences, reader.unsubscribe):
        assert (await visitor.get(path)).status_code == 404
        assert (await visitor.post(path, data=ONE_CLICK | choices())).status_code == 404
    assert await rig.everything() == before


async def test_a_company_that_left_does_not_keep_its_people_from_unsubscribing(
    reader: Reader, pair: Pair, visitor: httpx.AsyncClient
) -> None:
    await pair.borrower.client.post(f"/v1/companies/{pair.borrower.id}/leave")
    assert (await visitor.post(reader.unsubscribe, data=ONE_CLICK)).status_code == 200


async def test_the_api_refuses_choices_that_are_none(pair: Pair) -> None:
    body = company(81234567)
    del body["status"]
    for wrong in (
        {"email": {"proposed": "soon"}},
        {"email": {"birthday": "never"}},
        {"digest": {"hour": "8"}},
        {"digest": {"hour": 24}},
        {"colour": "red"},
    ):
        body["contacts"][0]["preferences"] = wrong
        at = f"/v1/companies/{pair.borrower.id}"
        refused = await pair.borrower.client.put(at, json=body, headers={"If-Match": '"1"'})
        assert refused.status_code == 422, wrong


async def test_it_says_when_messages_do_not_arrive(rig: Rig, reader: Reader, visitor: httpx.AsyncClient) -> None:
    assert "n’arrivent plus" not in (await visitor.get(reader.preferences)).text
    stored = await rig.office.companies.get(str(reader.company_id))
    assert stored is not None
    missed = (await reader.now()).missed(Channel.EMAIL, "dsn_5_1_1", rig.office.now())
    body = Company.model_validate(stored.body).known(missed).model_dump(mode="json")
    await rig.office.companies.replace(stored.id, stored.body | body, stored.revision)
    shown = (await visitor.get(reader.preferences)).text
    assert "Nos messages n’arrivent plus à cette adresse e-mail." in shown
