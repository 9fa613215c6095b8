"""How things were at an instant, and that nothing later shows."""

from __future__ import annotations

from datetime import timedelta

import pytest

from schemas.decisions import Standing
from schemas.deliveries import DeliveryState
from schemas.vocabulary import DeclineReason, Party, PostingStatus, proposal_id
from services.audit.story.evidence import UnknownEntityError
from services.audit.time_travel import StateThen, open_proposals_at, proposals_as_json, state_as_json, state_at
from tests.unit.audit.told_log import NUMBER, ToldLog, delivery_id
from tests.unit.matching import scenery

PAIR = proposal_id(NUMBER(1), NUMBER(1000))
A_MOMENT = timedelta(milliseconds=50)


def line(state: StateThen, label: str) -> str:
    return {each.label: each.text for each in state.lines}[label]


@pytest.fixture
def log() -> ToldLog:
    told = ToldLog()
    told.company(scenery.BORROWER)
    told.say(scenery.staff(1000))
    told.say(scenery.staff(1001, commune=scenery.CAPDENAC))
    told.say(scenery.need(1))
    return told


def test_an_entity_is_given_as_it_was(log: ToldLog) -> None:
    first = log.now + A_MOMENT
    log.say(scenery.need(1, 2, headcount=4))
    second = log.now + A_MOMENT
    log.say(scenery.need(1, 3, headcount=4, status=PostingStatus.WITHDRAWN))
    third = log.now + A_MOMENT
    assert line(state_at(log.archive, NUMBER(1), first), "Effectif").startswith("1\u00a0personne,")
    assert line(state_at(log.archive, NUMBER(1), second), "Effectif").startswith("4\u00a0personnes")
    assert line(state_at(log.archive, NUMBER(1), third), "État") == "retiré par l’entreprise"
    assert len(state_at(log.archive, NUMBER(1), second).open_proposals) == 2
    assert state_at(log.archive, NUMBER(1), third).open_proposals == ()
    later = second + timedelta(days=90)
    assert line(state_at(log.archive, NUMBER(1000), later), "État").startswith("expiré")


def test_open_proposals_are_given_as_they_were(log: ToldLog) -> None:
    both = log.now + A_MOMENT
    log.decide(1, 1000, Standing.DECLINED, Party.LENDER, reason=DeclineReason.DISTANCE)
    one = log.now + A_MOMENT
    assert [each.availability_id for each in open_proposals_at(log.archive, both)] == [NUMBER(1000), NUMBER(1001)]
    assert [each.availability_id for each in open_proposals_at(log.archive, one)] == [NUMBER(1001)]
    assert open_proposals_at(log.archive, both, territory="12") == ()
    assert line(state_at(log.archive, PAIR, both), "État") == "ouverte"
    assert line(state_at(log.archive, PAIR, one), "État") == "déclinée\u00a0: distance"


def test_an_epoch_leaves_open_what_it_says_again(log: ToldLog) -> None:
    log.begin(
        scenery.staff(1000),
        scenery.need(1),
        scenery.decision(1, 1000, Standing.OPEN, 0),
        scenery.decision(1, 1001, Standing.OPEN, 0),
    )
    assert [each.availability_id for each in open_proposals_at(log.archive, log.now + A_MOMENT)] == [NUMBER(1000)]


def test_companies_and_deliveries_have_a_state_too(log: ToldLog) -> None:
    log.deliver(1, 1, 1000, DeliveryState.RESERVED)
    waiting = log.now + A_MOMENT
    log.deliver(1, 1, 1000, DeliveryState.RESERVED, DeliveryState.SENT)
    assert line(state_at(log.archive, delivery_id(1), waiting), "Résultat") == "en attente d’envoi"
    assert "accepté par le serveur" in line(state_at(log.archive, delivery_id(1), log.now + A_MOMENT), "Résultat")
    company = state_at(log.archive, scenery.company(scenery.BORROWER), waiting)
    assert line(company, "Situation") == "adhérente"


def test_what_was_not_yet_named_is_unknown(log: ToldLog) -> None:
    early = log.now - timedelta(hours=1)
    with pytest.raises(UnknownEntityError, match="à cet instant"):
        state_at(log.archive, NUMBER(1), early)
    assert open_proposals_at(log.archive, early) == ()


def test_states_are_plain_json(log: ToldLog) -> None:
    now = log.now + A_MOMENT
    assert state_as_json(state_at(log.archive, NUMBER(1), now))["kind"] == "need"
    assert proposals_as_json(open_proposals_at(log.archive, now))[0]["proposal_id"] == str(PAIR)
