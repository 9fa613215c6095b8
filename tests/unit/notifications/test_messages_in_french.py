"""What a contact reads: each kind for each party, as email and as text message."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.decisions import ProposalAccepted, ProposalAgreed, ProposalCancelled, ProposalDeclined
from schemas.deliveries import MessageKind
from schemas.vocabulary import DeclineReason, Party
from services.notifications.audience import coordinator_of
from services.notifications.gsm7 import segments, transliterate
from services.notifications.letter import LISTED, SHOWN, Item, Letter, Part, choose, compose, compose_parts
from services.notifications.pairs import KnownPair, after
from services.notifications.policy import LADDER, other
from services.notifications.rendering import EMAIL_BYTES, Rendered, Renderer
from services.notifications.wording import capital, counted, distance, period, plain, telephone
from tests.unit.notifications.samples import (
    BORROWER,
    COORDINATOR,
    COUNTERPART,
    LENDER,
    NOW,
    briefing,
    contact_json,
    made,
    outcome,
    some_id,
    withdrawn,
)

RENDERER = Renderer()
OUTCOMES = {
    MessageKind.ACCEPTED: ProposalAccepted,
    MessageKind.AGREED: ProposalAgreed,
    MessageKind.DECLINED: ProposalDeclined,
    MessageKind.CANCELLED: ProposalCancelled,
}
EVERY = [(kind, party) for kind in MessageKind for party in Party]


def pair_in(kind: MessageKind, party: Party, name: str = "a1", score: int = 87) -> KnownPair:
    pair = after(None, made(1, name, score=score), NOW)
    if kind is MessageKind.WITHDRAWN:
        return after(pair, withdrawn(2, name), NOW)
    if kind is MessageKind.PROPOSED or kind in LADDER:
        return pair
    ended = kind in {MessageKind.DECLINED, MessageKind.CANCELLED}
    return after(
        pair,
        outcome(
            OUTCOMES[kind],
            1,
            other(party),
            name,
            reason=DeclineReason.PAY if ended else None,
            headcount=3 if kind is MessageKind.AGREED else None,
        ),
        NOW,
    )


def letter(
    items: list[tuple[KnownPair, MessageKind]], party: Party, names: list[str], title: str | None = None
) -> Letter:
    borrower = party is Party.BORROWER
    answer = briefing(
        BORROWER if borrower else LENDER,
        names,
        contacts=[contact_json("rh", sms=True)],
        title=(title or "Opérateur de conditionnement") if borrower else None,
        counterpart=COUNTERPART,
    )
    return compose(items, answer, answer.contacts[0], party)


def one(kind: MessageKind, party: Party, title: str | None = None) -> Letter:
    return letter([(pair_in(kind, party), kind)], party, ["a1"], title)


@pytest.mark.parametrize(("kind", "party"), EVERY)
def test_every_kind_is_written_for_every_party(kind: MessageKind, party: Party) -> None:
    message = RENDERER.email(one(kind, party))
    link = next(iter(briefing(BORROWER, ["a1"]).items[0].links.values()))
    assert message.subject
    assert "\n" not in message.subject
    for body in (message.text, message.html):
        assert "Claire Vidal" in body
        assert link in body
        assert "None" not in body
        assert ("m.delmas@aero.example.org" in body) == (kind is MessageKind.AGREED)
    if party is Party.LENDER:
        assert "Opérateur de conditionnement" not in message.text + message.html + message.subject
    assert not re.search(r"\w [:;?!»]", message.html.partition("<body")[2]), "a French sign after an ordinary space"


@pytest.mark.parametrize(("kind", "party"), EVERY)
def test_every_text_message_is_one_or_two_segments_with_its_link(kind: MessageKind, party: Party) -> None:
    text = RENDERER.sms(one(kind, party)).text
    assert transliterate(text) == text
    assert segments(text) <= 2
    assert text.split()[-1].startswith("http://127.0.0.1:8000/p/")


def test_a_proposal_says_its_reasons_with_their_figures() -> None:
    text = RENDERER.email(one(MessageKind.PROPOSED, Party.BORROWER)).text
    for said in (
        "87 sur 100",
        "Conduite d’équipement d’usinage\xa0→ Conduite d’équipement de production alimentaire (proches selon le ROME)",
        "5 sur 6\xa0demandées, 1\xa0manquante",
        "environ 12\xa0km par la route (estimation), pour 30\xa0km au plus",
        "85\xa0jours communs sur 90",
        "150\xa0€",
        "CACES R489 catégorie 3",
        "12\xa0personnes disponibles pour 3\xa0postes ouverts",
    ):
        assert said in text


def test_several_proposals_come_best_first_each_with_its_link() -> None:
    names = ["a1", "a2", "a3"]
    items = [
        (pair_in(MessageKind.PROPOSED, Party.BORROWER, name, score), MessageKind.PROPOSED)
        for name, score in zip(names, (61, 87, 74), strict=True)
    ]
    message = RENDERER.email(letter(items, Party.BORROWER, names))
    assert message.subject == "3\xa0profils pour votre besoin «\xa0Opérateur de conditionnement\xa0»"
    assert [int(score) for score in re.findall(r"(\d+) sur 100", message.text)] == [87, 74, 61]
    assert message.html.count("Voir et répondre") == 3


def digest(party: Party, kind: MessageKind = MessageKind.PROPOSED) -> Rendered:
    """A digest of one pair."""
    answer = briefing(
        BORROWER if party is Party.BORROWER else LENDER,
        ["a1"],
        title="Opérateur de conditionnement" if party is Party.BORROWER else None,
    )
    parts = [Part(party, answer, [(pair_in(kind, party), kind)])]
    return RENDERER.email(compose_parts(parts, answer.contacts[0], digest=True))


def test_a_digest_shows_its_best_line_first_and_is_true_of_the_first_one_too() -> None:
    message = digest(Party.BORROWER)
    lead_in = "Voici, en un seul message, ce qui a été gardé pour votre récapitulatif."
    before, _, body = message.html.partition('role="article"')
    assert "Conduite d’équipement d’usinage, 12\xa0personnes, à partir du" in before
    assert "récapitulatif" not in before.partition("<body")[2]
    assert lead_in in body
    assert lead_in in message.text
    assert "depuis votre dernier" not in message.text


@pytest.mark.parametrize("kind", [MessageKind.REMINDED, MessageKind.REMINDED_AGAIN])
@pytest.mark.parametrize("party", Party)
def test_a_reminder_says_nothing_of_the_other_company(kind: MessageKind, party: Party) -> None:
    """It may be as silent."""
    text = RENDERER.email(one(kind, party)).text
    assert "Nous n’avons pas encore votre réponse." in text
    assert "l’autre entreprise" not in text


@pytest.mark.parametrize(("kind", "party"), EVERY)
def test_a_subject_and_a_text_message_have_one_colon_at_most(kind: MessageKind, party: Party) -> None:
    names = ["a1", "a2", "a3"]
    for some in (names[:1], names):
        written = letter([(pair_in(kind, party, name), kind) for name in some], party, some)
        assert RENDERER.email(written).subject.count(":") <= 1
        said = RENDERER.sms(written).text.partition("http")[0]
        assert said.startswith("Passerelles industries. ")
        assert said.count(":") <= 1
    subject = digest(party, kind).subject
    assert subject.startswith("Récapitulatif\xa0– ")
    assert subject.count(":") <= 1


def test_a_message_of_several_kinds_says_first_what_calls_for_an_action() -> None:
    items = [
        (pair_in(MessageKind.WITHDRAWN, Party.LENDER, "a2"), MessageKind.WITHDRAWN),
        (pair_in(MessageKind.AGREED, Party.LENDER, "a1"), MessageKind.AGREED),
    ]
    message = RENDERER.email(letter(items, Party.LENDER, ["a1", "a2"]))
    assert message.subject.startswith("Accord conclu")
    assert message.subject.endswith("(et 1\xa0autre nouvelle)")
    assert message.text.index("ACCORD CONCLU") < message.text.index("PROPOSITION RETIRÉE")


def proposed(count: int, needs: int, party: Party) -> tuple[list[Item], Letter]:
    """So many pairs, of so many needs."""
    names = [f"a{number}" for number in range(count)]
    posts = [f"n{number % needs}" for number in range(count)]
    items = [
        (after(None, made(1, name, need=post, score=60 + at % 30), NOW), MessageKind.PROPOSED)
        for at, (name, post) in enumerate(zip(names, posts, strict=True))
    ]
    asked = {pair.availability_id for pair, _ in choose(items)}
    told = [(name, post) for name, post in zip(names, posts, strict=True) if some_id(name) in asked]
    answer = briefing(
        BORROWER if party is Party.BORROWER else LENDER,
        [name for name, _ in told],
        needs=[post for _, post in told],
        contacts=[contact_json("rh", sms=True)],
        title="Opérateur de conditionnement" if party is Party.BORROWER else None,
    )
    return items, compose(items, answer, answer.contacts[0], party)


@pytest.mark.parametrize("party", Party)
def test_what_is_told_of_one_need_is_one_conversation_on_either_side(party: Party) -> None:
    items, several = proposed(3, 1, party)
    assert several.thread == proposed(1, 1, party)[1].thread == str(items[0][0].need_id)
    assert RENDERER.email(several).thread == several.thread
    assert proposed(4, 2, party)[1].thread == ""
    assert one(MessageKind.ESCALATED, party).thread == ""


def test_what_is_counted_is_the_needs_for_the_lender() -> None:
    _, written = proposed(18, 5, Party.LENDER)
    message = RENDERER.email(written)
    assert message.subject == "5\xa0besoins pour vos équipes\xa0: Conduite d’équipement de production alimentaire"
    for body in (message.html, message.text.replace("5\xa0BESOINS POUR VOS ÉQUIPES", "5\xa0besoins pour vos équipes")):
        assert "5\xa0besoins pour vos équipes" in body
        assert "18\xa0propositions en tout, une par équipe et besoin." in body
    assert "5 besoins pour vos équipes. Le premier : " in RENDERER.sms(written).text


def test_what_is_counted_is_the_profiles_for_the_borrower() -> None:
    _, written = proposed(4, 1, Party.BORROWER)
    message = RENDERER.email(written)
    assert message.subject == "4\xa0profils pour votre besoin «\xa0Opérateur de conditionnement\xa0»"
    assert "en tout" not in message.text


def test_every_proposal_beyond_those_in_full_has_a_line_and_its_link() -> None:
    items, written = proposed(25, 5, Party.LENDER)
    assert len(choose(items)) == 25
    message = RENDERER.email(written)
    assert message.html.count("Voir et répondre") == message.text.count("Voir et répondre") == SHOWN
    assert f"{25 - SHOWN}\xa0autres propositions" in message.text
    for pair, _ in items:
        assert message.text.count(f"/p/{pair.id}.") == message.html.count(f"/p/{pair.id}.") == 1
    assert "moins bien classée" not in message.text
    assert not re.search(r"http://127\.0\.0\.1:8000(?!/p/)", message.text + message.html), "an address without a page"
    assert not re.search(r"\w [:;?!»]", message.html.partition("<body")[2])


def test_a_message_counts_what_it_tells_and_says_what_it_leaves_out() -> None:
    items, written = proposed(220, 220, Party.LENDER)
    assert len(choose(items)) == LISTED
    message = RENDERER.email(written)
    assert message.subject.startswith(f"{LISTED}\xa0besoins pour vos équipes")
    assert "120\xa0propositions moins bien classées ne sont pas détaillées dans ce message." in message.text
    assert segments(RENDERER.sms(written).text) <= 2
    assert len(message.html.encode()) < 102_000, "Gmail cuts an email there"


def test_agreements_all_say_whom_to_call() -> None:
    names = [f"a{number}" for number in range(SHOWN + 3)]
    items = [(pair_in(MessageKind.AGREED, Party.LENDER, name), MessageKind.AGREED) for name in names]
    message = RENDERER.email(letter(items, Party.LENDER, names))
    assert message.text.count("m.delmas@aero.example.org") == len(names)
    assert message.html.count("mailto:m.delmas@aero.example.org") == len(names)


def test_a_message_of_every_kind_with_long_names_is_not_cut_either() -> None:
    names = [f"a{number}" for number in range(LISTED)]
    kinds = list(MessageKind)
    items = [
        (pair_in(kinds[number % len(kinds)], Party.BORROWER, name), kinds[number % len(kinds)])
        for number, name in enumerate(names)
    ]
    written = letter(items, Party.BORROWER, names, "Conducteur‑régleur " * 20)
    message = RENDERER.email(written)
    assert len(message.html.encode()) <= EMAIL_BYTES
    left_out = sum(f"/p/{pair.id}." not in message.html for pair, _ in items)
    assert left_out
    assert f"{left_out}\xa0propositions moins bien classées ne sont pas détaillées" in message.text
    assert "Passerelles industries, prêt de main-d’œuvre" in message.html


def test_the_digest_says_what_it_is_first_and_the_footer_leads_to_the_reader_s_choices() -> None:
    written = replace(
        one(MessageKind.PROPOSED, Party.BORROWER),
        lead_in="Votre récapitulatif du lundi 2\xa0mars.",
        preferences_url="https://passerelles.example/r/abc",
        unsubscribe_url="https://passerelles.example/u/abc",
    )
    message = RENDERER.email(written)
    assert (message.preferences_url, message.unsubscribe_url) == (written.preferences_url, written.unsubscribe_url)
    for body in (message.text, message.html.partition('role="article"')[2]):
        assert body.index("Claire Vidal") < body.index("récapitulatif") < body.rindex("Conduite d’équipement")
        assert "https://passerelles.example/r/abc" in body
        assert "https://passerelles.example/u/abc" in body
    assert "contact de" in message.text


@pytest.mark.parametrize(("kind", "party"), EVERY)
def test_only_a_coordinator_is_told_whom_to_call_at_the_reader_s_own_company(kind: MessageKind, party: Party) -> None:
    message = RENDERER.email(one(kind, party))
    own = contact_json("rh")["email"]
    for body in (message.text, message.html):
        assert (own in body) == (kind is MessageKind.ESCALATED)
        until = "Les liens vers les propositions sont personnels et expirent au bout de 14"
        assert (until in body) == (kind is not MessageKind.ESCALATED)


def escalated(*contacts: dict[str, Any], party: Party = Party.BORROWER) -> Rendered:
    """What the coordinator is told of a company of these contacts."""
    company = BORROWER if party is Party.BORROWER else LENDER
    answer = briefing(company, ["a1"], contacts=list(contacts), coordinator=COORDINATOR)
    reader = coordinator_of(answer)
    assert reader is not None
    kind = MessageKind.ESCALATED
    return RENDERER.email(compose([(pair_in(kind, party), kind)], answer, reader, party))


def bodies(message: Rendered) -> tuple[str, str]:
    """What is read of it, in HTML and in plain text."""
    html = re.sub(r"<!--.*?-->|<[^>]+>", "", message.html.partition("<body")[2], flags=re.DOTALL)
    return html.replace("&nbsp;", "\xa0"), message.text


LOST = "dsn_5_1_1"
UNTOLD = "n’a peut-être pas été prévenue"
NO_MAIL, NO_TEXTS = "(les e-mails n’y arrivent plus)", "(les SMS n’y arrivent plus)"


@pytest.mark.parametrize("party", Party)
@pytest.mark.parametrize(
    ("contacts", "told"),
    [
        ([{}], True),
        ([{"unreachable": {"email": LOST}}], False),
        ([{"unreachable": {"email": LOST}}, {}], True),
        ([{"unreachable": {"email": LOST}, "sms": True, "phone": "+33612345678"}], True),
        ([{"unreachable": {"email": LOST}, "sms": False, "phone": "+33612345678"}], False),
        ([{"unreachable": {"email": LOST, "sms": LOST}, "sms": True, "phone": "+33612345678"}], False),
        ([{"unreachable": {"sms": LOST}, "sms": True, "phone": "+33612345678"}], True),
        ([], False),
    ],
)
def test_a_coordinator_is_told_whether_the_company_could_be_told(
    contacts: list[dict[str, Any]], told: bool, party: Party
) -> None:
    people = [{**contact_json(f"rh{at}"), **each} for at, each in enumerate(contacts)]
    message = escalated(*people, party=party)
    for body in bodies(message):
        assert ("n’a pas encore répondu" in body) == ("Depuis plusieurs jours" in body) == told
        assert (UNTOLD in body) == ("Un appel permet de la prévenir" in body) == (not told)
        assert body.count(NO_MAIL) == sum("email" in each.get("unreachable", {}) for each in contacts)
        assert body.count(NO_TEXTS) == sum("sms" in each.get("unreachable", {}) for each in contacts)
    for each in people:
        dead = "email" in each.get("unreachable", {})
        assert (f"{each['email']} {NO_MAIL}" in message.text) == dead
        assert (f"mailto:{each['email']}" in message.html) == (not dead)


def test_a_coordinator_reads_why_it_is_written_to_and_who_changes_that() -> None:
    for body in bodies(escalated(contact_json("rh"))):
        footer = body.partition("Vous recevez ce message")[2]
        assert "vous suivez les entreprises du département\xa046, dont Conserverie des Causses." in footer
        assert "demandez à l’opérateur de la plateforme de désigner quelqu’un d’autre" in footer
    for body in bodies(RENDERER.email(one(MessageKind.PROPOSED, Party.BORROWER))):
        assert "contact de Conserverie des Causses." in body
        assert "opérateur de la plateforme" not in body


def test_the_links_of_a_contact_go_with_its_message() -> None:
    urls = {
        "preferences_url": "https://passerelles.example/r/abc",
        "unsubscribe_url": "https://passerelles.example/u/abc",
    }
    answer = briefing(BORROWER, ["a1"], contacts=[{**contact_json("rh"), **urls}])
    items = [(pair_in(MessageKind.PROPOSED, Party.BORROWER), MessageKind.PROPOSED)]
    written = compose(items, answer, answer.contacts[0], Party.BORROWER)
    assert (written.preferences_url, written.unsubscribe_url) == tuple(urls.values())


def test_a_message_of_which_the_registry_knows_nothing_is_not_written() -> None:
    with pytest.raises(ValueError, match="none of these"):
        letter([(pair_in(MessageKind.PROPOSED, Party.LENDER), MessageKind.PROPOSED)], Party.LENDER, [])


@pytest.mark.parametrize(("kind", "party"), EVERY)
@pytest.mark.parametrize("length", [60, 110, 150, 170, 190, 200, 210, 230])
def test_a_text_message_leaves_out_whole_phrases(kind: MessageKind, party: Party, length: int) -> None:
    names = ["a1", "a2", "a3"]
    for some in (names[:1], names):
        items = [(pair_in(kind, party, name), kind) for name in some]
        written = letter(items, party, some)
        link = "http://127.0.0.1:8000/p/".ljust(length, "x")
        first, *others = written.sections
        lines = tuple(replace(line, link=link) for line in first.lines)
        text = RENDERER.sms(replace(written, sections=(replace(first, lines=lines), *others))).text
        said = text.removesuffix(link).rstrip()
        assert segments(text) <= 2
        assert "..." not in text
        assert said.endswith(".")
        last = re.split(r", | : |^Passerelles industries\. ", said.removesuffix("."))[-1]
        line = first.lines[0]
        ends = [line.heading, f"{line.score}/100", *line.terms, capital(first.phrases.text), f"3 {first.phrases.texts}"]
        if line.counterpart:
            ends += [line.counterpart.company_name, "+33565000000"]
        assert any(transliterate(end).endswith(last) for end in ends), last


def test_a_text_message_promises_no_email() -> None:
    """Its reader may have ended those, or have an address where none arrives."""
    kinds = (MessageKind.AGREED, MessageKind.WITHDRAWN)
    items = [(pair_in(kind, Party.BORROWER, name), kind) for kind, name in zip(kinds, ("a1", "a2"), strict=True)]
    text = RENDERER.sms(letter(items, Party.BORROWER, ["a1", "a2"])).text
    assert "Et 1 autre nouvelle. http" in text
    assert "mail" not in text


def test_a_text_message_agrees_in_gender() -> None:
    names = ["a1", "a2", "a3"]
    for kind, said in (
        (MessageKind.WITHDRAWN, "3 propositions retirées, rien à faire. La première : "),
        (MessageKind.PROPOSED, "3 profils pour votre besoin. Le premier : "),
        (MessageKind.AGREED, "3 accords conclus, vos interlocuteurs. Le premier : "),
    ):
        items = [(pair_in(kind, Party.BORROWER, name), kind) for name in names]
        assert said in RENDERER.sms(letter(items, Party.BORROWER, names)).text


@pytest.mark.parametrize(("kind", "party"), EVERY)
def test_messages_have_one_apostrophe_and_one_word_for_e_mail(kind: MessageKind, party: Party) -> None:
    items = [(pair_in(kind, party), kind), (pair_in(MessageKind.WITHDRAWN, party, "a2"), MessageKind.WITHDRAWN)]
    written = letter(items, party, ["a1", "a2"], "Chef d'atelier")
    message = RENDERER.email(written)
    shown = re.sub(r"<!--.*?-->|<[^>]+>", "", message.html.partition("<body")[2], flags=re.DOTALL)
    for text in (message.subject, message.text, shown):
        assert not re.search(r"\w'\w|&#39;", text)
    assert "courriel" not in message.text + message.html + RENDERER.sms(written).text


def test_addresses_are_told_as_they_are_written() -> None:
    someone = {**COUNTERPART["contacts"][0], "email": "o'brien@aero.example.org"}
    answer = briefing(LENDER, ["a1"], counterpart={**COUNTERPART, "contacts": [someone]})
    kind = MessageKind.AGREED
    message = RENDERER.email(compose([(pair_in(kind, Party.LENDER), kind)], answer, answer.contacts[0], Party.LENDER))
    assert "o'brien@aero.example.org" in message.text
    assert "mailto:o&#39;brien@aero.example.org" in message.html


@pytest.mark.parametrize(
    "title",
    [
        "Opérateur\r\nBcc: autre@example.org",
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "{{ 7 * 7 }}",
        "très long " * 100,
        "\u202eretourné",
    ],
)
def test_a_title_cannot_break_out_of_its_place(title: str) -> None:
    message = RENDERER.email(one(MessageKind.PROPOSED, Party.BORROWER, title))
    assert not re.search(r"[\r\n\u202e]", message.subject)
    assert len(message.subject) <= 140
    assert "<script" not in message.html
    assert "<img" not in message.html
    assert "49" not in message.subject
    assert "\nBcc" not in message.text


@given(st.text(max_size=200), st.text(max_size=60))
def test_any_title_and_name_make_messages(title: str, name: str) -> None:
    answer = briefing(BORROWER, ["a1"], title=title, contacts=[{**contact_json("rh", sms=True), "name": name}])
    written = compose(
        [(pair_in(MessageKind.PROPOSED, Party.BORROWER), MessageKind.PROPOSED)],
        answer,
        answer.contacts[0],
        Party.BORROWER,
    )
    message = RENDERER.email(written)
    assert "\n" not in message.subject
    message.html.encode()
    assert segments(RENDERER.sms(written).text) <= 2


def test_a_link_too_long_for_a_text_message_is_left_out_whole() -> None:
    answer = briefing(BORROWER, ["a1"], contacts=[contact_json("rh", sms=True)])
    contact = answer.contacts[0]
    for link in ("https://passerelles.example.org/p/" + "x" * 300, "https://passerelles.example.org/p/ç"):
        item = answer.items[0].model_copy(update={"links": {contact.id: link}})
        written = compose(
            [(pair_in(MessageKind.PROPOSED, Party.BORROWER), MessageKind.PROPOSED)],
            answer.model_copy(update={"items": (item,)}),
            contact,
            Party.BORROWER,
        )
        text = RENDERER.sms(written).text
        assert "http" not in text
        assert segments(text) <= 2


def test_figures_and_dates_are_french() -> None:
    assert telephone("+33565340625") == "05\xa065\xa034\xa006\xa025"
    assert telephone("+32470123456") == "+32470123456"
    assert distance(12_499) == "environ 12\xa0km"
    assert distance(12_500) == "environ 13\xa0km"
    assert distance(500) == "environ 1\xa0km"
    assert distance(499) == distance(0) == "sur place"
    assert counted(0, "jour", "jours") == "0\xa0jour"
    assert counted(1_200, "jour", "jours") == "1\u202f200\xa0jours"
    assert period(date(2026, 3, 1), None) == "à partir du 1er\xa0mars\xa02026"
    assert period(date(2026, 3, 1), date(2026, 3, 1)) == "le 1er\xa0mars\xa02026"
    assert plain("  deux\t\nlignes  ") == "deux lignes"
    assert plain("l'atelier d'usinage de l'Aveyron", 25) == "l’atelier d’usinage de…"
    assert plain("formage des plastiques et caoutchoucs", 33) == "formage des plastiques et…"
    assert plain("x" * 50, 20) == "x" * 19 + "…"
