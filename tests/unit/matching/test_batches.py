"""Facts taken many at once: the same state and words as one by one, and each is read as the models read it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passerelles.bus.codec import Record, decode, encode
from passerelles.bus.poison import UndecodableError
from schemas.envelope import Event
from schemas.vocabulary import Payload
from services.matching.adoption import RuleLibrary
from services.matching.columns.buckets import bucket_of
from services.matching.columns.layout import FACT_WIDTH, TAGS, TAGS_AT
from services.matching.shard import MatchingShard
from tests.unit.matching import scenery
from tests.unit.matching.histories import histories, long_history
from tests.unit.matching.scenery import adopted, event, need, small_rulebook, staff

LIBRARY = RuleLibrary(lambda _: small_rulebook())
Words = list[Record]


def shard() -> MatchingShard:
    return MatchingShard(0, 1, LIBRARY)


def state(of: MatchingShard) -> dict[Any, Any]:
    """All that is known of each posting, the open sets, and what was left aside."""
    known: dict[Any, Any] = {"odd": dict(of.odd)}
    for territory, fold in of.folds.items():
        known[territory, "companies"], known[territory, "tags"] = fold.facts.companies.names, fold.facts.tags.names
        for kind, rows in (("staff", fold.facts.staff), ("need", fold.facts.needs)):
            table = rows.table
            for position in (table.slots[table.slots > 0] - 1).tolist():
                row = table.rows[position, :FACT_WIDTH].tolist()
                at, count = row[TAGS_AT], row[TAGS]
                row[TAGS_AT] = bucket_of(table, position)
                known[territory, kind, *row[-4:]] = (row, table.tags[at : at + count].tolist())
        known |= {(territory, need_id): list(fold.open_set(need_id)) for need_id in fold.open_needs()}
    return known


def folded_at_once(of: MatchingShard, records: Sequence[Record], *, silently: bool = False) -> tuple[list[Words], int]:
    """What each record causes, and how many had to be taken alone."""
    batch, words, alone = of.read(records), list[Words](), 0
    while (at := len(words)) < len(records):
        taken, said = of.take(batch, at, len(records), silently=silently)
        words += [[]] * (taken - at)
        if said is not None:
            words[-1] = [encode(word) for word in said(decode(records[taken - 1]), taken - 1)]
        elif taken < len(records):
            alone += 1
            each = decode(records[taken])
            if silently:
                of.load(each, taken)
            words.append([] if silently else [encode(word) for word in of.fold(each, taken)])
    return words, alone


def folded_one_by_one(of: MatchingShard, log: Sequence[Event[Payload]]) -> list[Words]:
    return [[encode(word) for word in of.fold(each, offset)] for offset, each in enumerate(log)]


@given(histories())
def test_a_batch_says_what_its_events_say_one_by_one(log: list[Event[Payload]]) -> None:
    one, other = shard(), shard()
    said, _ = folded_at_once(one, [encode(each) for each in log])
    assert said == folded_one_by_one(other, log)
    assert state(one) == state(other)


@pytest.mark.parametrize("seed", range(3))
def test_much_of_a_long_batch_is_taken_at_once(seed: int) -> None:
    log = long_history(seed, 250)
    one, other = shard(), shard()
    said, alone = folded_at_once(one, [encode(each) for each in log])
    assert said == folded_one_by_one(other, log)
    assert state(one) == state(other)
    assert 0 < alone < 0.7 * len(log)
    assert sum(map(bool, said)) > 0.05 * len(log)


@given(histories(most=40), st.integers(0, 200))
def test_a_batch_is_loaded_as_its_events_are(log: list[Event[Payload]], cut: int) -> None:
    one, other = shard(), shard()
    folded_at_once(one, [encode(each) for each in log[:cut]], silently=True)
    for offset, each in enumerate(log[:cut]):
        other.load(each, offset)
    one.settle()
    other.settle()
    assert state(one) == state(other)
    rest = [encode(each) for each in log[cut:]]
    assert folded_at_once(one, rest)[0] == folded_one_by_one(other, log[cut:])


KNOWN = (staff(1, skills=("100007", "7"), certificates=("0123456789abcdef",)), need(1))
"""What makes the names known that postings below use."""

FIELDS: dict[str, list[str]] = {
    "id": ['"00000000-0000-0000-0000-0000000003e8"', '"00000000-0000-0000-0000-0000000003E8"', '"3e8"', "null"],
    "version": ["1", "2", "0", "-1", "01", "1.0", "2147483647", "999999999", "1e3", '"1"', "true"],
    "siren": ['"732829320"', '"73282932"', '"7328293200"', '"73282932a"', "732829320"],
    "status": ['"open"', '"withdrawn"', '"opened"', '"oben"', '"withdrawing"', '"closed"', "null"],
    "territories": ['["46"]', "[]", '["12","46"]', '["2A"]', '["46-1","31-12"]', '["4"]', '["46-"]', '["461"]', "[46]"],
    "occupation": ['"H2903"', '"H2904"', '"Z2903"', '"H29033"', '"A0000"', '"h2903"', '"N9999"'],
    "headcount": ["1", "1000", "1001", "0", "12345678901"],
    "headcount_left": ["0", "1", "1000", "1001", "00"],
    "start": ['"2026-01-05"', '"2024-02-29"', '"2026-02-29"', '"2026-13-01"', '"2026-04-31"', '"0000-01-01"', "null"],
    "end": ["null", '"2026-12-31"', '"2100-02-29"', '"2000-02-29"', '"9999-12-31"', '"2025-01-01"', '"2026-1-5"'],
    "commune": ['"46102"', '"2A004"', '"2B033"', '"00000"', '"99999"', '"2C004"', '"4610"', '"20004"', '"AA004"'],
    "skills": ["[]", '["100007"]', '["7","100007","7"]', '["007"]', '["12345678"]', '["a"]', '["100007",]', '[""]'],
    "certificates": ["[]", '["0123456789abcdef"]', '["0123456789ABCDEF"]', '["0123456789abcde"]'],
    "proposal_id": ["null", '"00000000-0000-0000-0000-0000000003e8"', "0"],
    "mode": ['"loan"', '"hire"', '"lend"', "[]"],
    "modes": ['["loan"]', '["hire","loan"]', "[]", '["loan","loan"]', '["lend"]', '"loan"', '["loan"'],
    "mobility_km": ["1", "200", "201", "0", "50.0"],
    "monthly_gross": ["null", "2000", "2010", "0", "100000", "100050", "-50"],
    "monthly_gross_max": ["null", "50", "25", "0", "100000", "100050"],
    "later": ["1"],
}


def value_of(fact: Any, changed: dict[str, str]) -> bytes:
    """The JSON of a posting with other texts in some fields."""
    texts = {name: json.dumps(value, separators=(",", ":")) for name, value in fact.model_dump(mode="json").items()}
    texts |= {name: text for name, text in changed.items() if name in texts or name == "later"}
    return ("{" + ",".join(f'"{name}":{text}' for name, text in texts.items()) + "}").encode()


@st.composite
def values(draw: st.DrawFn) -> tuple[Any, bytes]:
    """A posting, and its JSON with some fields changed, or some bytes."""
    fact = draw(st.sampled_from((staff(1000, skills=("7",)), need(1000, skills=("7", "100007")))))
    names = draw(st.lists(st.sampled_from(sorted(FIELDS)), max_size=3, unique=True))
    value = bytearray(value_of(fact, {name: draw(st.sampled_from(FIELDS[name])) for name in names}))
    for _ in range(draw(st.sampled_from((0, 0, 0, 1, 2)))):
        value[draw(st.integers(0, len(value) - 1))] = draw(st.integers(0, 255))
    return fact, bytes(value)


def beginning() -> MatchingShard:
    one = shard()
    facts = (adopted(book=small_rulebook()), scenery.day(scenery.MONDAY), *KNOWN)
    for offset, data in enumerate(facts):
        one.load(event(data), offset)
    return one


@given(values())
def test_what_is_read_at_once_is_what_the_models_read(written: tuple[Any, bytes]) -> None:
    fact, value = written
    as_it_was = encode(event(fact))
    record = Record(as_it_was.key, value, as_it_was.headers)
    one, other = beginning(), beginning()
    taken, _ = one.take(one.read([record]), 0, 1, silently=True)
    if taken:
        other.load(decode(record), 0)
    assert state(one) == state(other)


@pytest.mark.parametrize("name", sorted({*FIELDS} - {"later"}))
def test_every_field_has_a_text_that_is_read_at_once_and_one_that_is_not(name: str) -> None:
    outcomes = set()
    for fact in (staff(1000), need(1000)):
        if name not in type(fact).model_fields:
            continue
        for text in FIELDS[name]:
            as_it_was = encode(event(fact))
            one = beginning()
            record = Record(as_it_was.key, value_of(fact, {name: text}), as_it_was.headers)
            outcomes.add(one.take(one.read([record]), 0, 1, silently=True)[0])
    assert outcomes == {0, 1}


STAMPS = {
    "ce_id": [b"00000000-0000-0000-0000-00000000000A", b"0" * 36, b"00000000-0000-0000-0000-00000000000a"],
    "ce_time": [
        b"2026-01-05T06:00:00.000000Z",
        b"2026-01-05T24:00:00.000000Z",
        b"2026-02-30T06:00:00.000000Z",
        b"2026-01-05T06:60:00.000000Z",
        b"2026-01-05T06:00:60.000000Z",
        b"2026-01-05T06:00:00.000+0100",
        b"2026-01-05 06:00:00.000000Z",
    ],
    "ce_subject": [b"", "é".encode(), b"\xff", b"x"],
    "ce_partitionkey": [b"", b"other"],
    "ce_epoch": [b"1", b"01", b"-1", b"2", b""],
    "ce_territory": [b"46", b"", b"12", b"\xff"],
    "content-type": [b"application/json", b"text/plain"],
    "ce_type": [b"fr.passerelles.need.recorded", b"fr.passerelles.company.recorded", b"x"],
}


@given(st.sampled_from(sorted(STAMPS)), st.data())
def test_no_record_is_taken_at_once_that_is_no_event(name: str, data: st.DataObject) -> None:
    as_it_was = encode(event(staff(1000)))
    other_value = data.draw(st.sampled_from(STAMPS[name]))
    headers = tuple((each, other_value if each == name else value) for each, value in as_it_was.headers)
    record = Record(as_it_was.key, as_it_was.value, headers)
    one, other = beginning(), beginning()
    taken, _ = one.take(one.read([record]), 0, 1, silently=True)
    try:
        read = decode(record)
    except UndecodableError:
        assert taken == 0
    else:
        if taken:
            other.load(read, 0)
            assert state(one) == state(other)


def test_odd_headers_and_values_are_left_to_the_careful_way() -> None:
    good = encode(event(staff(1000)))
    odd = [
        Record(good.key, None, good.headers),
        Record(good.key, good.value, good.headers[1:]),
        Record(good.key, good.value, ((good.headers[0][0], None), *good.headers[1:])),
        Record(good.key, good.value, tuple(reversed(good.headers))),
        Record(None, good.value, good.headers),
    ]
    one = beginning()
    batch = one.read([good, *odd, good])
    assert one.take(batch, 0, 7, silently=True)[0] == 1
    assert [one.take(batch, at, 7, silently=True)[0] for at in range(1, 6)] == [1, 2, 3, 4, 5]


def test_a_value_that_is_cut_does_not_run_into_the_next() -> None:
    good = encode(event(staff(1000)))
    assert good.value is not None
    for cut in range(1, len(good.value), 7):
        halves = [Record(good.key, half, good.headers) for half in (good.value[:cut], good.value[cut:])]
        one = beginning()
        batch = one.read(halves)
        assert [one.take(batch, at, 2, silently=True)[0] for at in range(2)] == [0, 1]


def test_facts_of_an_epoch_that_is_over_are_not_taken() -> None:
    one = beginning()
    records = [
        encode(event(data, epoch=epoch))
        for data, epoch in ((staff(5), 1), (adopted(book=small_rulebook(), epoch=2), 2), (staff(6), 1))
    ]
    _, alone = folded_at_once(one, records)
    assert alone == 2
    assert one.odd == {"other_epoch": 1}
