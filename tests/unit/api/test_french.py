"""Figures and reasons read as French is written."""

from __future__ import annotations

import re
from datetime import date
from importlib.resources import files

from schemas.vocabulary import DeclineReason
from services.audit.pairs.reasons import reasons_shown as reasons_audited
from services.notifications.wording import DECLINES, facts
from services.registry.web.answering import PACKAGE
from services.registry.web.french import NB, NNB, count, day, euros, kilometres, listed, period, phone
from services.registry.web.proposal_page import DECLINE_REASONS
from services.registry.web.reasons import reasons_shown
from tests.unit.notifications.samples import BORROWER, briefing, made


def test_figures() -> None:
    assert euros(12_450) == f"12{NNB}450{NB}€"
    assert (count(0, "jour", "jours"), count(1, "jour", "jours"), count(2, "jour", "jours")) == (
        f"0{NB}jour",
        f"1{NB}jour",
        f"2{NB}jours",
    )
    assert (kilometres(400), kilometres(500), kilometres(17_420)) == (f"moins de 1{NB}km", f"1{NB}km", f"17{NB}km")
    assert (listed([]), listed(["a"]), listed(["a", "b", "c"])) == ("", "a", "a, b et c")


def test_days() -> None:
    assert day(date(2027, 3, 1)) == f"1er{NB}mars{NB}2027"
    assert period(date(2027, 3, 2), None) == f"à partir du 2{NB}mars{NB}2027"
    assert period(date(2027, 3, 2), date(2027, 3, 2)) == f"le 2{NB}mars{NB}2027"


def test_phones() -> None:
    assert phone("+33612345678") == NB.join(("06", "12", "34", "56", "78"))
    assert phone("+3225551234") == "+3225551234"


def test_reasons_carry_their_figures() -> None:
    shown = reasons_shown(
        [
            {"rule": "occupation", "points": 40, "link": "same", "person": "H2102", "need": "H2102"},
            {"rule": "occupation", "points": 20, "link": "evolution", "person": "H2906", "need": "H2102"},
            {"rule": "skills", "points": 10, "held": ["100007"], "missing": ["100008"]},
            {"rule": "skills", "points": 20, "held": ["100007"], "missing": []},
            {"rule": "pay", "points": 5, "current": None, "maximum": 2000},
            {"rule": "mode", "points": 0, "mode": "hire"},
            {"rule": "certificates", "points": 0, "required": ["0" * 16]},
            {"rule": "certificates", "points": 0, "required": ["0" * 16, "1" * 16]},
            {"rule": "pay", "points": 5, "current": 2350, "maximum": 2000},
            {"rule": "of a later version", "points": 1},
        ]
    )
    texts = [each.text for each in shown]
    assert len(shown) == 9
    assert "Même métier" in texts[0]
    assert "avec une formation" in texts[1]
    assert f"1 sur 2{NB}compétences demandées" in texts[2]
    assert texts[3].startswith("Toutes les compétences demandées")
    assert "pas indiqué" in texts[4]
    assert "Embauche" in texts[5]
    assert texts[6] == f"1{NB}habilitation demandée, détenue."
    assert texts[7] == f"2{NB}habilitations demandées, toutes détenues."
    assert texts[8].startswith(f"2{NNB}350{NB}€ bruts par mois")
    assert [each.out_of for each in shown[:3]] == [40, 40, 20]
    assert shown[5].out_of is None


def test_pages_write_email_one_way() -> None:
    pages = "".join(each.read_text("utf-8") for each in (files(PACKAGE) / "templates").iterdir())
    assert set(re.findall(r"\be\W+mails?\b", pages)) == {"e-mail"}


def test_a_page_a_mail_and_the_audit_give_a_reason_the_same_name() -> None:
    reasons = made(1).reasons
    page = [each.name for each in reasons_shown([each.model_dump(mode="json") for each in reasons])]
    assert page == [each.label for each in reasons_audited(reasons, 1)]
    answer = briefing(BORROWER, ["a1"])
    mail = [fact.label for fact in facts(reasons, answer.items[0], answer.certificates)]
    assert mail == [name for name in page if name != "Mode"], "a mail says the mode above its reasons"
    assert dict(DECLINE_REASONS)[DeclineReason.PAY].lower() == DECLINES[DeclineReason.PAY]
