"""The story of each kind of entity, told from a log that matching's own fold has spoken on."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from passerelles.errors import InvalidInputError
from schemas.decisions import Standing
from schemas.deliveries import AlertRule, AlertVerdict, Channel, DeliveryState
from schemas.readings import SeenBy
from schemas.vocabulary import DeclineReason, Mode, Party, Payload, PostingStatus, proposal_id
from services.audit.explain.entity import explain
from services.audit.explain.story import Story, as_json
from services.audit.pairs.comparison import Verdict
from services.audit.pairs.judging import Rule
from services.audit.story.evidence import UnknownEntityError
from services.audit.story.step import EntityKind, StepKind
from services.audit_bridge import MatchingJudge
from tests.unit.audit.memory_archive import MemoryArchive
from tests.unit.audit.told_log import NUMBER, ToldLog, delivery_id
from tests.unit.matching import scenery

PAIR = proposal_id(NUMBER(1), NUMBER(1000))


@pytest.fixture
def log() -> ToldLog:
    """Need 1 meets 1000 in Figeac; 1001 is too far, 1002 of the same company, 1003 comes from another occupation."""
    told = ToldLog(scenery.small_rulebook())
    told.company(scenery.BORROWER, branch="agroalimentaire")
    told.company(scenery.LENDER, scenery.CAPDENAC, "aeronautique")
    told.say(scenery.staff(1000))
    told.say(scenery.staff(1001, commune=scenery.TOULOUSE, mobility_km=20))
    told.say(scenery.staff(1002, siren=scenery.BORROWER))
    told.say(scenery.staff(1003, occupation=scenery.FOOD))
    told.say(scenery.need(1))
    told.deliver(1, 1, 1000, DeliveryState.RESERVED, DeliveryState.ATTEMPTING, DeliveryState.SENT)
    return told


def story(log: ToldLog, id_: UUID, **options: object) -> Story:
    return explain(log.archive, id_, judge=MatchingJudge(), **options)  # type: ignore[arg-type]


def titles(told: Story) -> list[str]:
    return [step.title for step in told.steps]


def test_a_proposal_is_told_from_publication_to_decision(log: ToldLog) -> None:
    log.decide(1, 1000, Standing.ACCEPTED, Party.BORROWER)
    log.decide(1, 1000, Standing.DECLINED, Party.LENDER, version=2, reason=DeclineReason.PAY)
    told = story(log, PAIR)
    assert told.kind is EntityKind.PROPOSAL
    assert [step.kind for step in told.steps] == [
        StepKind.PUBLICATION,
        StepKind.PUBLICATION,
        StepKind.ENGINE,
        StepKind.MESSAGE,
        StepKind.DECISION,
        StepKind.DECISION,
    ]
    (pair,) = told.pairs
    assert pair.status == "déclinée\u00a0: rémunération"
    assert pair.score == sum(reason.points for reason in pair.reasons) == 100
    assert [reason.most for reason in pair.reasons] == [40, 20, 20, 15, 5, None, None, None]
    assert (pair.rank, pair.proposed) == (1, 1)
    seen = {line.label: line.text for line in pair.seen}
    assert seen["Ce qui l’a déclenché"].startswith(f"besoin {NUMBER(1)}, version 1")
    assert seen["Jour pour le moteur"] == "2\u00a0mars\u00a02026"
    assert "552\u00a0100\u00a0554" in seen["Besoin"]
    assert "Industries alimentaires" in seen["Besoin"]
    message = told.steps[3]
    assert "remis au serveur" in message.title
    assert message.places[0].topic == "notifications.deliveries"
    assert len(message.places) == 3
    last = told.steps[-1]
    assert last.title == "L’entreprise d’origine décline la proposition"
    assert {line.label: line.text for line in last.lines}["Motif"] == "rémunération"


def test_why_somebody_was_not_told_is_told(log: ToldLog) -> None:
    log.hush(7, 1, 1000, AlertVerdict.GATHERED, AlertRule.NEED_LIMIT)
    log.hush(8, 1, 1000, AlertVerdict.SENT, AlertRule.PREFERENCE)
    (step,) = (each for each in story(log, PAIR).steps if each.type == "alert.decided")
    assert step.title == "E-mail à l’entreprise d’accueil\xa0: gardé pour le récapitulatif"
    assert "Une alerte sur le même besoin était partie depuis peu." in step.text
    assert {line.label: line.text for line in step.lines}["Règle"] == "need_limit"


def test_who_saw_a_proposal_is_told_once_for_each_side(log: ToldLog) -> None:
    assert {line.label: line.text for line in story(log, PAIR).summary}["Vue"].startswith("par personne")
    log.see(1, 1000, Party.LENDER)
    log.see(1, 1000, Party.BORROWER, SeenBy.ANSWER)
    log.decide(1, 1000, Standing.ACCEPTED, Party.BORROWER)
    told = story(log, PAIR)
    assert titles(told)[-3:] == [
        "L’entreprise d’origine voit la proposition",
        "L’entreprise d’accueil voit la proposition",
        "L’entreprise d’accueil accepte la proposition",
    ]
    seen = [line.text for line in told.summary if line.label == "Vue"]
    assert len(seen) == 2
    assert seen[0].startswith("l’entreprise d’origine, le 2")
    for other in (NUMBER(1), NUMBER(1000), delivery_id(1)):
        assert [step.kind for step in story(log, other).steps].count(StepKind.READING) == 2


class Hushed(Payload):
    """What a later version of the platform might say about a pair."""

    id: UUID
    proposal_id: UUID
    because: str


def test_an_event_that_has_no_words_is_shown_as_it_is(log: ToldLog) -> None:
    last = max(log.archive.events(), key=lambda each: each.at)
    assert last.event is not None
    hushed = Hushed(id=NUMBER(9), proposal_id=PAIR, because="night")
    event = replace(last.event, id=NUMBER(8), type="message.hushed", data=hushed)
    told = explain(
        MemoryArchive([*log.archive.events(), replace(last, offset=last.offset + 1, event=event)]),
        PAIR,
        judge=MatchingJudge(),
    )
    (step,) = (each for each in told.steps if each.type == "message.hushed")
    assert step.kind is StepKind.LOG
    assert {line.label: line.text for line in step.lines}["because"] == "night"
    assert told.kind is EntityKind.PROPOSAL


def test_a_need_is_told_with_each_of_its_pairs(log: ToldLog) -> None:
    log.say(scenery.staff(1004, headcount=3, commune=scenery.CAPDENAC))
    log.say(scenery.staff(1005))
    told = story(log, NUMBER(1))
    assert told.kind is EntityKind.NEED
    assert [pair.availability_id for pair in told.pairs] == [NUMBER(1000), NUMBER(1005), NUMBER(1004)]
    assert [pair.status for pair in told.pairs] == [
        "ouverte",
        "ouverte",
        "retirée\u00a0: de mieux classées sont arrivées",
    ]
    assert "Le moteur propose 1\u00a0mise en relation et retire 1\u00a0proposition" in titles(told)


def test_an_availability_and_its_changes_are_told(log: ToldLog) -> None:
    log.say(scenery.staff(1000, 2, mobility_km=80))
    log.say(scenery.staff(1000, 3, status=PostingStatus.WITHDRAWN, mobility_km=80))
    told = story(log, NUMBER(1000))
    changed = next(step for step in told.steps if step.title == "Une entreprise modifie la disponibilité")
    assert [(line.label, line.text) for line in changed.lines] == [("Mobilité", "80\u00a0km (avant\u00a0: 50\u00a0km)")]
    assert titles(told)[-2:] == ["Une entreprise retire la disponibilité", "Le moteur retire la proposition"]


def test_a_delivery_and_its_message_are_told(log: ToldLog) -> None:
    log.deliver(2, 1, 1000, DeliveryState.FAILED, channel=Channel.SMS, code="sms_400")
    told = story(log, delivery_id(2))
    assert told.kind is EntityKind.DELIVERY
    messages = [step for step in told.steps if step.kind is StepKind.MESSAGE]
    assert [step.title for step in messages] == ["SMS à l’entreprise d’accueil\u00a0: échec"]
    assert {line.label: line.text for line in told.summary}["Résultat"] == "échec"


def test_an_epoch_that_says_all_again_is_one_step(log: ToldLog) -> None:
    log.begin(scenery.staff(1000), scenery.need(1), scenery.decision(1, 1000, Standing.OPEN, 0))
    told = story(log, PAIR)
    reopened = [step for step in told.steps if step.kind is StepKind.LOG]
    assert [step.title for step in reopened] == ["Le journal est rouvert (époque 2)"]
    assert sum(step.kind is StepKind.ENGINE for step in told.steps) == 1
    assert told.pairs[0].status == "ouverte"


def test_only_what_the_log_held_then_is_told(log: ToldLog) -> None:
    before = log.now + timedelta(milliseconds=50)
    log.decide(1, 1000, Standing.DECLINED, Party.LENDER, reason=DeclineReason.PAY)
    assert story(log, PAIR, at=before).pairs[0].status == "ouverte"
    assert story(log, PAIR).pairs[0].status.startswith("déclinée")


def test_what_the_archive_does_not_name_is_said_so(log: ToldLog) -> None:
    with pytest.raises(UnknownEntityError, match="ne contient rien"):
        story(log, NUMBER(77))
    with pytest.raises(UnknownEntityError, match="entreprise"):
        story(log, scenery.company(scenery.LENDER))
    with pytest.raises(UnknownEntityError, match="aucune disponibilité"):
        story(log, PAIR, against=NUMBER(77))
    with pytest.raises(InvalidInputError):
        story(log, NUMBER(1000), against=NUMBER(1001))
    with pytest.raises(InvalidInputError):
        story(log, PAIR, against=NUMBER(1000))


@pytest.mark.parametrize(
    ("other", "rule", "words"),
    [
        (1001, Rule.DISTANCE, "de trop"),
        (1002, Rule.COMPANIES, "le même SIREN"),
        (1003, Rule.OCCUPATION, "le ROME ne mène pas"),
        (1006, Rule.MODE, "embauche"),
        (1007, Rule.PERIOD, "0\u00a0jour commun sur 30, il en faut 5"),
        (1008, Rule.AVAILABILITY_STATE, "retiré"),
    ],
)
def test_the_first_rule_that_kept_another_out_is_named(log: ToldLog, other: int, rule: Rule, words: str) -> None:
    log.say(scenery.staff(1006, modes=(Mode.HIRE,)))
    later = scenery.MONDAY + timedelta(days=60)
    log.say(scenery.staff(1007, start=later, end=later + timedelta(days=30)))
    log.say(scenery.staff(1008, status=PostingStatus.WITHDRAWN))
    log.say(scenery.need(1, 2, monthly_gross_max=2000))
    comparison = story(log, PAIR, against=NUMBER(other)).comparison
    assert comparison is not None
    assert comparison.verdict is Verdict.REFUSED
    assert comparison.first_failed is rule
    assert words in comparison.sentence


def test_the_rank_of_what_was_eligible_is_told() -> None:
    log = ToldLog()
    log.say(scenery.staff(1000))
    for number in range(1010, 1020):
        log.say(scenery.staff(number, commune=scenery.CAPDENAC))
    log.say(scenery.staff(1020, commune=scenery.DECAZEVILLE))
    log.say(scenery.need(1))
    near = story(log, NUMBER(1), against=NUMBER(1010)).comparison
    far = story(log, PAIR, against=NUMBER(1020)).comparison
    assert near is not None
    assert far is not None
    assert (near.verdict, near.rank) == (Verdict.PROPOSED, 2)
    assert (far.verdict, far.rank, far.eligible, far.kept) == (Verdict.OUTRANKED, 12, 12, 10)
    assert far.chosen is not None
    assert far.chosen.rank == 1
    assert far.last_kept is not None
    assert far.last_kept.availability_id == NUMBER(1018)


def test_what_was_published_later_is_said_so(log: ToldLog) -> None:
    log.say(scenery.staff(1030, commune=scenery.TOULOUSE, mobility_km=10))
    comparison = story(log, PAIR, against=NUMBER(1030)).comparison
    assert comparison is not None
    assert comparison.verdict is Verdict.UNKNOWN_THEN
    assert "n’était pas publiée" in comparison.sentence


def test_a_story_is_plain_json(log: ToldLog) -> None:
    document = as_json(story(log, PAIR, against=NUMBER(1001)))
    assert document["comparison"]["first_failed"] == "distance"
    assert document["pairs"][0]["proposal_id"] == str(PAIR)
