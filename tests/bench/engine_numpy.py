"""The same by plain numpy: columns in order of occupation, and whole slices compared at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from passerelles.reference.rulebook import RULEBOOK
from schemas.facts import AvailabilityRecorded, NeedRecorded
from services.matching.distances import distances
from tests.bench.engine_sql import MODES, NO_END, RULES


@contextmanager
def numpy_columns(staff: Sequence[AvailabilityRecorded]) -> Iterator[Any]:
    """Arrays of the availabilities by occupation; skills and certificates as rows of bits."""
    ordered = sorted(staff, key=lambda each: each.occupation)
    codes = np.array([each.occupation for each in ordered])
    names = sorted({code for each in ordered for code in (*each.skills, *each.certificates)})
    numbers = {name: number for number, name in enumerate(names)}
    bits = np.zeros((len(names), len(ordered)), dtype=np.bool_)
    for place, each in enumerate(ordered):
        for code in (*each.skills, *each.certificates):
            bits[numbers[code], place] = True
    commune = np.array([distances().number[each.commune] for each in ordered])
    reach = np.array([1000 * each.mobility_km for each in ordered])
    siren = np.array([int(each.siren) for each in ordered])
    modes = np.array([sum(MODES[mode] for mode in each.modes) for each in ordered])
    first = np.array([each.start.toordinal() for each in ordered])
    last = np.array([each.end.toordinal() if each.end else NO_END for each in ordered])
    pay = np.array([each.monthly_gross or 0 for each in ordered])
    ids = [each.id.int for each in ordered]

    def held(wanted: Sequence[str], at: Any) -> Any:
        known = [numbers[code] for code in dict.fromkeys(wanted) if code in numbers]
        return bits[np.ix_(known, at)].sum(axis=0) if known else np.zeros(len(at), dtype=np.int64)

    def ask(need: NeedRecorded) -> list[tuple[int, int, int]]:
        row = distances().row(distances().number[need.commune])
        found: list[tuple[int, int, int]] = []
        for way in RULES.ways(need.occupation).values():
            start, end = np.searchsorted(codes, way.person), np.searchsorted(codes, way.person, side="right")
            metres = row[commune[start:end]]
            fit = (metres <= reach[start:end]) & (siren[start:end] != int(need.siren))
            at = start + np.flatnonzero(fit & (modes[start:end] & MODES[need.mode] != 0))
            begins = np.maximum(first[at], need.start.toordinal())
            asked = (need.end - need.start).days + 1 if need.end else RULEBOOK.open_need_days
            days = np.minimum(last[at], need.end.toordinal() if need.end else begins + asked - 1) - begins + 1
            enough = (days >= 1) & (days >= min(5, asked))
            enough &= held(need.certificates, at) == len(set(need.certificates))
            at, days = at[enough], days[enough]
            metres = row[commune[at]]
            score = way.points + (40 * (reach[at] - metres) + reach[at]) // (2 * reach[at])
            score = score + (30 * days + asked) // (2 * asked)
            count, maximum = len(dict.fromkeys(need.skills)), need.monthly_gross_max
            score += (40 * held(need.skills, at) + count) // (2 * count) if count else 20
            if maximum is None:
                score += 5
            else:
                left = 20 * maximum - 100 * (pay[at] - maximum)
                points = np.where(left > 0, (10 * left + 20 * maximum) // (40 * maximum), 0)
                score += np.where(pay[at] <= maximum, 5, points)
            best = np.lexsort((metres, -score))
            keep = (
                best
                if len(best) <= (kept := RULEBOOK.kept(need.headcount_left))
                else best[score[best] >= score[best[kept - 1]]]
            )
            found += [(ids[at[each]], int(score[each]), int(metres[each])) for each in keep]
        found.sort(key=lambda each: (-each[1], each[2], each[0]))
        return found[: RULEBOOK.kept(need.headcount_left)]

    yield ask
