"""The engine of matching at full size, beside its limits, the machine's, and what one would otherwise use.

One core is measured: times are of the thread's processor, since others share the machine, but for the ratios, as peers
may work in processes of their own. No need is asked twice of the engine. What it answers is compared with the brute
force of the tests, and every peer has to return the same pairs.
"""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any
from uuid import UUID

from passerelles.reference.rulebook import RULEBOOK
from schemas.epochs import EpochOpened
from schemas.facts import AvailabilityRecorded, NeedRecorded
from schemas.vocabulary import PostingStatus
from services.matching.adoption import RuleLibrary
from services.matching.distances import distances
from services.matching.engine import TerritoryFold
from services.matching.odd import Oddities
from services.matching.rules import Rules
from services.matching.state import columns, from_columns
from services.matching.warming import warm_up
from tests.bench.engine_land import TERRITORY, Land
from tests.bench.engine_limits import limits
from tests.bench.engine_peers import Answer, ratios
from tests.bench.relay import percentile
from tests.unit.matching import oracle
from tests.unit.matching.scenery import event

STAFF = int(os.environ.get("ENGINE_BENCH_STAFF", "100000"))
OPEN_NEEDS = STAFF // 5
SAMPLE = 3000
CHECKED = 12


def measure() -> dict[str, float]:
    figures = limits()
    warm_up()
    land = Land(7)
    staff = list(islice(land.staff(), STAFF))
    fold = TerritoryFold(TERRITORY, 1, Rules(RULEBOOK), library=RuleLibrary(), odd=Oddities())
    gc.collect()
    gc.freeze()
    gc.disable()
    figures |= _grown(fold, staff)
    fold.load(event(EpochOpened(territory=TERRITORY, epoch=1)))
    fold.settle()
    asked = list(islice(land.needs(), SAMPLE))
    _reach_all(asked)
    answers, clocked = _answered(fold, asked, figures)
    for need in asked[:CHECKED]:
        assert answers[need.id] == brute_force(need, staff), need
    figures |= ratios(staff, asked, answers, clocked)
    said = [_timed(lambda e=e: fold.fold(e, 0)) for e in map(event, _later(asked))]
    figures |= _percentiles("engine.need_said", said, None)
    figures |= _met(fold, land, staff)
    figures |= _copied(fold)
    gc.enable()
    gc.unfreeze()
    return figures


def _grown(fold: TerritoryFold, staff: Sequence[AvailabilityRecorded]) -> dict[str, float]:
    """Add all, then update and remove some, with no need open: the rows alone."""
    facts = fold.facts
    added = [_timed(lambda each=each: facts.record_staff(each)) for each in staff]
    figures = _percentiles("engine.add", added, 0.03)
    figures["engine.add.longest_ms"] = max(added)
    figures["engine.add.longest_limit_ms"] = 10
    figures["engine.bytes_per_availability"] = facts.staff.nbytes / len(staff)
    figures["engine.bytes_per_availability.limit"] = 128
    some = staff[:: max(1, len(staff) // SAMPLE)]
    edited = [each.model_copy(update={"version": 2, "mobility_km": 25}) for each in some]
    figures |= _percentiles("engine.update", [_timed(lambda e=e: facts.record_staff(e)) for e in edited], 0.03)
    gone = [each.model_copy(update={"version": 3, "status": PostingStatus.WITHDRAWN}) for each in some]
    figures |= _percentiles("engine.remove", [_timed(lambda e=e: facts.record_staff(e)) for e in gone], 0.03)
    for each in some:
        facts.record_staff(each.model_copy(update={"version": 4}))
    return figures


def _reach_all(needs: Iterable[NeedRecorded]) -> None:
    """Let the distances from every commune be known: a first need there costs a row of them, which is told apart."""
    for need in needs:
        distances().row(distances().number[need.commune])


def _asking(fold: TerritoryFold) -> Callable[[NeedRecorded], list[Any]]:
    """From the fact of a need to its best pairs, with identifiers, scores and the figures of the reasons."""
    facts, ranker = fold.facts, fold.ranker

    def ask(need: NeedRecorded) -> list[Any]:
        facts.record_need(need)
        at = facts.needs.find(need.id)
        ranker.rank(at)
        pairs = ranker.shown(at)
        return [pairs, ranker.figures(pairs)]

    return ask


def _answered(
    fold: TerritoryFold, asked: Sequence[NeedRecorded], figures: dict[str, float]
) -> tuple[dict[UUID, Answer], list[float]]:
    """Time each need by itself: what it was answered, and milliseconds by the clock."""
    ask, times, clocked, scanned, answers = _asking(fold), [], [], [], {}
    for need in asked:
        began = time.perf_counter()
        times.append(_timed(lambda need=need: ask(need)))
        clocked.append(1000 * (time.perf_counter() - began))
        answers[need.id] = [
            (place.staff.id.int, place.appraisal.score, place.appraisal.metres) for place in fold.open_set(need.id)
        ]
        persons = fold.rules.ways(need.occupation)
        scanned.append(sum(int(fold.facts.staff.table.buckets[fold.facts.occupations.number(p), 2]) for p in persons))
        fold.facts.record_need(need.model_copy(update={"version": 2, "status": PostingStatus.WITHDRAWN}))
        fold.ranker.rank(fold.facts.needs.find(need.id))
    figures |= _percentiles("engine.need", times, 0.1, 0.3)
    rows = percentile(scanned, 0.5)
    figures["engine.need.rows_p50"] = rows
    figures["engine.need.memory_bound_p50_ms"] = rows * 64 / figures["engine.limit.read_gb_per_s"] / 1e6
    return answers, clocked


def brute_force(need: NeedRecorded, staff: Sequence[AvailabilityRecorded]) -> Answer:
    """The same by the oracle, over every availability."""
    found = ((each, oracle.appraise(need, each)) for each in staff)
    fit = [(-pair["score"], pair["distance_metres"], each.id.int) for each, pair in found if pair]
    return [(id_, -score, metres) for score, metres, id_ in sorted(fit)[: RULEBOOK.kept(need.headcount_left)]]


def _later(needs: Iterable[NeedRecorded]) -> Iterable[NeedRecorded]:
    return [need.model_copy(update={"version": 3}) for need in needs]


def _met(fold: TerritoryFold, land: Land, staff: Sequence[AvailabilityRecorded]) -> dict[str, float]:
    """Newcomers and departures, beside so many open needs."""
    for need in islice(land.needs(), OPEN_NEEDS - SAMPLE):
        fold.facts.record_need(need)
    fold.settle()
    figures: dict[str, float] = {"engine.open_needs": float(len(fold.facts.needs.live()))}

    def meet(fact: AvailabilityRecorded) -> None:
        fold.facts.record_staff(fact)
        fold.ranker.meet(fact.id, fold.facts.former_bucket)

    newcomers = list(islice(land.staff(), SAMPLE))
    for fact in newcomers:
        distances().row(distances().number[fact.commune])
    figures |= _percentiles("engine.newcomer", [_timed(lambda f=f: meet(f)) for f in newcomers], 0.05, 0.15)
    gone = [
        fact.model_copy(update={"version": 9, "status": PostingStatus.WITHDRAWN})
        for fact in staff[1 :: max(1, len(staff) // SAMPLE)]
    ]
    figures |= _percentiles("engine.departure", [_timed(lambda f=f: meet(f)) for f in gone], None, 0.4)
    return figures


def _copied(fold: TerritoryFold) -> dict[str, float]:
    """The pause of a snapshot, and the way back."""
    copies = [_timed(lambda: columns(fold)) for _ in range(5)]
    copy = columns(fold)
    taken = sum(value.nbytes if not isinstance(value, bytes) else len(value) for value in copy.values())
    back = _timed(lambda: from_columns(copy, library=RuleLibrary(), odd=Oddities()))
    return {
        "engine.copy.longest_ms": max(copies),
        "engine.copy.limit_ms": 20,
        "engine.copy.mb": taken / 1e6,
        "engine.restored_ms": back,
    }


def _timed(act: Callable[[], object]) -> float:
    """Milliseconds of this thread's processor."""
    began = time.thread_time_ns()
    act()
    return (time.thread_time_ns() - began) / 1e6


def _percentiles(name: str, times: Sequence[float], p50: float | None, p99: float | None = None) -> dict[str, float]:
    figures = {f"{name}.p50_ms": percentile(times, 0.5), f"{name}.p99_ms": percentile(times, 0.99)}
    if p50 is not None and p99 is not None:
        figures[f"{name}.p50_limit_ms"] = p50
    limit = p99 if p99 is not None else p50
    return figures | ({f"{name}.p99_limit_ms": limit} if limit is not None else {})
