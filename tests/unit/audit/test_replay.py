"""A replay shows what was archived as it was, publishes it where it is told to, and reaches nothing else."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from passerelles.bus.address import Bus
from passerelles.bus.codec import Record, encode
from schemas.envelope import format_time
from services.audit.reading.segments import SegmentArchive
from services.audit.replay import Wanted, chosen, lines, publish, row
from tests.integration.bus.conversation import everything
from tests.unit.audit.archive_made import NOON, Scribe, history, matched, written
from tests.unit.matching.scenery import BORROWER, company

LOG = history()
POISON = Record(b"\xff", None, (("ce_type", b"\xfe"), ("odd", None)))
REORDERED = Record(encode(LOG[0]).key, encode(LOG[0]).value, tuple(reversed(encode(LOG[0]).headers)))


@pytest.fixture
def archive(tmp_path: Path) -> SegmentArchive:
    scribe = Scribe(tmp_path)
    written(scribe, LOG, matched(LOG))
    scribe.write_record("registry.outcomes", 1, POISON, 1, 5)
    scribe.write_record("registry.outcomes", 1, REORDERED, 1, 5)
    scribe.end_segment()
    return scribe.made.reader()


def shown(archive: SegmentArchive, wanted: Wanted) -> list[Any]:
    return [json.loads(line) for line in lines(archive, wanted)]


def test_each_line_says_place_attributes_and_payload(archive: SegmentArchive) -> None:
    told = {each["id"]: each for each in shown(archive, Wanted()) if "id" in each}
    for each in LOG:
        line = told[str(each.id)]
        assert line["data"] == json.loads(each.data.model_dump_json())
        assert (line["type"], line["subject"]) == (f"fr.passerelles.{each.type}", each.subject)
        assert (line["time"], line["territory"]) == (format_time(each.time), each.territory)
        assert line["causation_id"] is None
    word = next(word for words in matched(LOG) for word in words)
    assert told[str(word.id)]["causation_id"] == str(word.causation_id)


def test_what_is_no_event_is_shown_with_its_bytes(archive: SegmentArchive) -> None:
    poison, reordered = (each for each in shown(archive, Wanted()) if "headers_base64" in each)
    assert (poison["key_base64"], poison["value_base64"]) == ("/w==", None)
    assert poison["headers_base64"] == [["ce_type", "/g=="], ["odd", None]]
    assert len(reordered["headers_base64"]) == len(REORDERED.headers)


def test_filters(archive: SegmentArchive) -> None:
    made = shown(archive, Wanted(types=["proposal.made"]))
    assert {each["type"] for each in made} == {"fr.passerelles.proposal.made"}
    assert len(made) == sum(word.type == "proposal.made" for words in matched(LOG) for word in words)
    of_borrower = shown(archive, Wanted(company=company(BORROWER)))
    assert 0 < len(of_borrower) < len(LOG) * 4
    assert all(str(company(BORROWER)) in json.dumps(each) for each in of_borrower)
    cut = LOG[7].time
    early, late = shown(archive, Wanted(until=cut)), shown(archive, Wanted(since=cut))
    assert len(early) + len(late) == len(shown(archive, Wanted()))
    assert shown(archive, Wanted(since=NOON + timedelta(days=1))) == []
    adopted = list(chosen(archive, Wanted(types=["rules.adopted"])))
    assert [row(each)[3] for each in adopted] == ["rules.adopted"] * 3


async def test_it_publishes_to_a_bus_that_is_given(archive: SegmentArchive, embedded_bus: Bus) -> None:
    records = chosen(archive, Wanted(types=["need.recorded", "proposal.made"]))
    counts = [count async for count in publish(archive, records, embedded_bus)]
    needs = [encode(each) for each in LOG if each.type == "need.recorded"]
    assert sorted(map(repr, await everything(embedded_bus, "registry.facts"))) == sorted(map(repr, needs))
    said = [encode(word) for words in matched(LOG) for word in words if word.type == "proposal.made"]
    assert sorted(map(repr, await everything(embedded_bus, "matching.proposals"))) == sorted(map(repr, said))
    assert counts[-1] == len(needs) + len(said)
