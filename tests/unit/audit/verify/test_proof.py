"""Every way to tamper with an archive is found, and named; an archive that is whole holds."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from passerelles.bus.codec import Record, encode, place
from schemas.vocabulary import PostingStatus
from services.audit.archive.chain import read_chain
from services.audit.archive.errors import ArchiveError, NoArchiveError
from services.audit.archive.keys import open_signer
from services.audit.archive.manifest import LogBegun, Segment, digest_of, entry_file, seal
from services.audit.archive.rows import batches
from services.audit.archive.segment import Filed, records_of, to_parquet
from services.audit.verify.findings import Fault
from services.audit.verify.proof import Proof, verify
from services.matching.shard import MatchingShard
from tests.unit.audit.archive_made import EMBEDDED, Quiet, Scribe, history, matched, written
from tests.unit.matching.scenery import adopted, event, need


@pytest.fixture
def scribe(tmp_path: Path) -> Scribe:
    """An archive of two logs, with a fold each, and what matching said."""
    scribe = Scribe(tmp_path)
    for epoch in (1, 2):
        if epoch == 2:
            scribe.new_log()
        log = history(epoch)
        written(scribe, log, matched(log))
    return scribe


def proof_of(scribe: Scribe, **how: Any) -> Proof:
    return verify(scribe.made.address, MatchingShard, Quiet(), **how)


def found(scribe: Scribe, **how: Any) -> dict[Fault, str]:
    return {each.fault: each.where for each in reversed(proof_of(scribe, **how).findings)}


def segments(scribe: Scribe, topic: str = "registry.facts") -> list[Segment]:
    entries = read_chain(scribe.made.files)
    return [each for each in entries if isinstance(each, Segment) and each.topic == topic]


def file_of(scribe: Scribe, segment: Segment) -> Path:
    return scribe.made.files.root / segment.file


def test_a_whole_archive_holds(scribe: Scribe) -> None:
    proof = proof_of(scribe)
    assert proof.findings == []
    assert proof.fold is not None
    assert (proof.fold.facts, proof.fold.unsaid, proof.fold.again) == (2 * len(history()), 0, 0)
    assert proof.fold.words == sum(each.count for each in segments(scribe, "matching.proposals")) > 20
    assert proof.chain.records == sum(each.count for each in proof.chain.segments)
    assert proof.chain.head is not None
    assert proof_of(scribe, anchor=proof.chain.head.digest).holds


def test_the_fold_runs_in_processes_too(scribe: Scribe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.audit.verify.proof.FEW_ROWS", 0)
    alone, together = proof_of(scribe), proof_of(scribe, workers=2)
    assert alone.fold == together.fold


def test_a_flipped_bit_is_found(scribe: Scribe) -> None:
    segment = segments(scribe)[1]
    file = file_of(scribe, segment)
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    assert found(scribe) == {Fault.SEGMENT_ALTERED: segment.file}


def test_a_removed_segment_is_found(scribe: Scribe) -> None:
    segment = segments(scribe)[1]
    file_of(scribe, segment).unlink()
    assert found(scribe) == {Fault.SEGMENT_MISSING: segment.file}


def test_a_segment_removed_with_its_entry_is_found(scribe: Scribe) -> None:
    segment = segments(scribe)[0]
    file_of(scribe, segment).unlink()
    entry = entry_file(segment.sequence)
    (scribe.made.files.root / entry).unlink()
    assert found(scribe)[Fault.ENTRY_MISSING] == entry


def test_the_last_segment_removed_with_its_entry_is_found(scribe: Scribe) -> None:
    last = scribe.writer._chain.entries[-1]
    assert isinstance(last, Segment)
    file_of(scribe, last).unlink()
    (scribe.made.files.root / entry_file(last.sequence)).unlink()
    assert found(scribe) == {Fault.CHAIN_CUT: entry_file(last.sequence)}


def rewritten(scribe: Scribe, segment: Segment, change: Callable[[list[Filed]], list[Filed]]) -> bytes:
    rows = [row for batch in batches(scribe.made.files, segment) for row in records_of(batch)]
    content = to_parquet(change(rows))
    file_of(scribe, segment).write_bytes(content)
    return content


def a_long_one(scribe: Scribe) -> Segment:
    return next(each for each in segments(scribe) if each.count > 2)


def test_a_removed_record_is_found(scribe: Scribe) -> None:
    segment = a_long_one(scribe)
    rewritten(scribe, segment, lambda rows: rows[:1] + rows[2:])
    assert list(found(scribe).values()) == [segment.file]


def test_a_swapped_order_is_found(scribe: Scribe) -> None:
    segment = a_long_one(scribe)
    rewritten(scribe, segment, lambda rows: [rows[1], rows[0], *rows[2:]])
    assert list(found(scribe).values()) == [segment.file]


def test_two_entries_swapped_are_found(scribe: Scribe) -> None:
    one, other = (scribe.made.files.root / entry_file(each.sequence) for each in segments(scribe)[:2])
    content = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(content)
    assert Fault.ENTRY_MISPLACED in found(scribe)


def test_a_truncated_last_file_is_found(scribe: Scribe) -> None:
    last = scribe.writer._chain.entries[-1]
    assert isinstance(last, Segment)
    file = file_of(scribe, last)
    file.write_bytes(file.read_bytes()[:-10])
    assert found(scribe) == {Fault.SEGMENT_TRUNCATED: last.file}


def forged(scribe: Scribe, segment: Segment, content: bytes, key: Path, **more: Any) -> None:
    """Put a changed segment there, with an entry that says so, signed with some key, and all that follows it anew."""
    signer = open_signer(key)
    entries = read_chain(scribe.made.files)
    changed = {"size": len(content), "sha256": digest_of(content)} | more
    entries[segment.sequence] = segment.model_copy(update=changed)
    previous = None
    for entry in entries:
        sealed = seal(entry.model_copy(update={"previous": previous}), signer)
        (scribe.made.files.root / entry_file(entry.sequence)).write_bytes(sealed)
        previous = digest_of(sealed)


def test_a_forged_entry_is_found(scribe: Scribe) -> None:
    segment = a_long_one(scribe)
    file = scribe.made.files.root / entry_file(segment.sequence)
    sealed = json.loads(file.read_bytes())
    sealed["said"]["sha256"] = "0" * 64
    file.write_text(json.dumps(sealed))
    assert found(scribe)[Fault.ENTRY_FORGED] == entry_file(segment.sequence)


def test_a_chain_forged_with_another_key_is_found(scribe: Scribe, tmp_path: Path) -> None:
    segment = a_long_one(scribe)
    content = rewritten(scribe, segment, lambda rows: rows[:-1])
    forged(scribe, segment, content, tmp_path / "other", count=segment.count - 1, last=segment.last - 1)
    faults = found(scribe)
    assert faults[Fault.ENTRY_FORGED] == entry_file(0)
    assert faults[Fault.HEAD_ELSEWHERE] == "head.json"


@pytest.mark.parametrize(
    "forgery", [b'"rules_version":7', b'"rules_version":"7"'], ids=["still a proposal", "no longer one"]
)
@pytest.mark.parametrize("which", [1, -1])
def test_a_chain_forged_with_the_very_key_is_found_by_the_fold_and_by_a_head_noted_before(
    scribe: Scribe, forgery: bytes, which: int
) -> None:
    before = proof_of(scribe).chain.head
    assert before is not None
    segment = next(each for each in reversed(segments(scribe, "matching.proposals")) if each.count > 2)

    def changed_one(rows: list[Filed]) -> list[Filed]:
        row = rows[which]
        value = row.record.value or b""
        record = Record(row.record.key, value.replace(b'"rules_version":1', forgery), row.record.headers)
        rows[which] = Filed(row.offset, row.at, record)
        changed.append(row.offset)
        return rows

    changed: list[int] = []

    content = rewritten(scribe, segment, changed_one)
    forged(scribe, segment, content, scribe.made.data)
    scribe.made.writer().sign_head()
    (finding,) = proof_of(scribe).findings
    assert finding.fault is Fault.FOLD_DIFFERS
    assert f"position {changed[0]}" in finding.where
    assert forgery.decode() in finding.detail.split("\ntrouvé : ")[1]
    told = forgery.decode().partition(":")[2]
    assert finding.detail.startswith(f"rules_version : 1 attendu, {told} trouvé\n")
    assert found(scribe, anchor=before.digest)[Fault.ANCHOR_MISSING] == before.digest


def test_entries_that_leave_a_hole_are_found(tmp_path: Path) -> None:
    scribe = Scribe(tmp_path)
    facts = history()
    scribe.write(facts[:8])
    scribe.end_segment()
    files, signer = scribe.made.files, open_signer(tmp_path)
    entries = read_chain(files)
    cut = next(each for each in entries if isinstance(each, Segment) and each.count > 1)
    content = to_parquet([Filed(cut.last + 3, 0, encode(facts[0]))])
    last = files.read(entry_file(len(entries) - 1))
    at = cut.first_at.fromtimestamp(0, cut.first_at.tzinfo)
    changes = {"first": cut.last + 3, "last": cut.last + 3, "count": 1, "first_at": at, "last_at": at}
    beyond = {"sequence": len(entries), "previous": digest_of(last), "size": len(content), "sha256": digest_of(content)}
    segment = cut.model_copy(update=changes | beyond)
    files.write(segment.file, content)
    files.write(entry_file(segment.sequence), seal(segment, signer))
    scribe.made.writer().sign_head()
    finding, *_ = proof_of(scribe).findings
    assert (finding.fault, finding.where) == (Fault.RECORDS_MISSING, segment.place)
    assert f"{cut.last + 1} à {cut.last + 2}" in finding.detail


def test_a_head_that_is_missing_or_replaced_is_found(scribe: Scribe) -> None:
    head = scribe.made.files.root / "head.json"
    content = head.read_bytes()
    head.unlink()
    assert found(scribe) == {Fault.HEAD_MISSING: "head.json"}
    head.write_bytes(content.replace(b"T", b"t", 1))
    assert found(scribe) == {Fault.HEAD_FORGED: "head.json"}


def test_a_file_that_nobody_wrote_is_found(scribe: Scribe) -> None:
    segment = segments(scribe)[0]
    stranger = segment.file.replace("00001-00001", "00001-00000")
    file_of(scribe, segment).with_name(stranger.rpartition("/")[2]).write_bytes(b"x")
    assert found(scribe) == {Fault.FILE_UNKNOWN: stranger}


def test_words_said_again_after_a_crash_are_dropped(tmp_path: Path) -> None:
    scribe = Scribe(tmp_path)
    log = history()
    said = matched(log)
    place_of_need = next(number for number, words in enumerate(said) if words)
    said[place_of_need + 1] = [*said[place_of_need], *said[place_of_need + 1]]
    written(scribe, log, said)
    proof = proof_of(scribe)
    assert proof.findings == []
    assert proof.fold is not None
    assert proof.fold.again == len(said[place_of_need])


def test_a_word_that_matching_never_had_to_say_is_found(tmp_path: Path) -> None:
    scribe = Scribe(tmp_path)
    log = history()
    said = matched(log)
    other = matched([*log[:-1], event(need(3, 2, status=PostingStatus.WITHDRAWN), place=len(log) - 1)])
    said[-1] = other[-1]
    written(scribe, log, said)
    (finding,) = proof_of(scribe).findings
    assert finding.fault is Fault.FOLD_DIFFERS
    assert str(said[-1][0].id) in finding.where


def test_last_words_not_said_yet_are_told_and_are_no_fault(tmp_path: Path) -> None:
    scribe = Scribe(tmp_path)
    log = history()
    said = matched(log)
    missing = len(said[-1])
    said[-1] = []
    written(scribe, log, said)
    proof = proof_of(scribe)
    assert proof.findings == []
    assert proof.fold is not None
    assert proof.fold.unsaid == missing > 0


def test_words_of_facts_that_are_not_archived_yet_are_told_and_are_no_fault(tmp_path: Path) -> None:
    scribe = Scribe(tmp_path)
    log = history()
    said = matched(log)
    written(scribe, log[:-1], said[:-1])
    scribe.write(said[-1])
    scribe.end_segment()
    proof = proof_of(scribe)
    assert proof.findings == []
    assert proof.fold is not None
    assert proof.fold.ahead == len(said[-1]) > 0


def test_poison_is_skipped_as_matching_does(tmp_path: Path) -> None:
    scribe = Scribe(tmp_path)
    log = history()
    for topic in ("registry.facts", "matching.proposals"):
        scribe.write_record(topic, place(log[0], EMBEDDED)[1], Record(b"k", b"v", ()), 1, 0)
    # Offsets of facts are one higher than those that the fold of `matched` knows.
    scribe.write(log[:3])
    scribe.end_segment()
    proof = proof_of(scribe)
    assert proof.findings == []
    assert proof.fold is not None
    assert (proof.fold.odd, proof.fold.facts) == (1, 4)


def test_rules_that_this_build_lacks_are_told(tmp_path: Path) -> None:
    scribe = Scribe(tmp_path)
    unknown = adopted("46").model_copy(update={"rules_version": 999})
    scribe.write([event(unknown)])
    scribe.end_segment()
    (finding,) = proof_of(scribe).findings
    assert finding.fault is Fault.FOLD_IMPOSSIBLE
    assert "999" in finding.detail


def test_nothing_to_verify_is_told(tmp_path: Path) -> None:
    with pytest.raises(NoArchiveError):
        verify(str(tmp_path / "nowhere"), MatchingShard, Quiet())
    scribe = Scribe(tmp_path)
    with pytest.raises(ArchiveError, match="Ed25519"):
        proof_of(scribe, public_key=b"no key")
    assert found(scribe, public_key=open_signer(tmp_path / "other").verifier.pem)[Fault.ENTRY_FORGED] == entry_file(0)
    assert [type(each) for each in proof_of(scribe).chain.entries][1] is LogBegun
