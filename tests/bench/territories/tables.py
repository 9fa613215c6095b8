"""The study as the tables of `docs/scaling.md`: Markdown, the same to the byte each time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from schemas.territories import CURRENT, departement_of
from tests.bench.territories.demand import ASSUMED, AT_RISK, COMPANIES, MOBILITY, PLANS, SEED
from tests.bench.territories.industry import population, weights
from tests.bench.territories.load import ENOUGH_STAFF, NEED_MICROSECONDS, STAFF_MICROSECONDS, UNCUT, Load, mean_copies
from tests.bench.territories.study import SCALES, Study

PEAK_NEEDS = 2000
MINUTE = 60


def assumptions() -> str:
    """What stands behind the figures."""
    mobility = ", ".join(f"{km} km {share} %" for km, share in MOBILITY)
    return _table(
        ("figure", "value", "from"),
        [
            ("industrial companies, plans, people at risk", f"{COMPANIES:,}, {PLANS}, {AT_RISK:,}", "the programme"),
            ("companies that take part", f"{ASSUMED.joined:.0%}", "62 of 130 informed by Mecanic Vallée"),
            ("of these, seek people at once", f"{ASSUMED.seeking:.0%}", "**assumed**"),
            ("posts for each that seeks", f"{ASSUMED.posts:.1f}", "133 for 38 companies in a comparable platform"),
            ("people on loan for a post", f"{ASSUMED.loans:g}", "**assumed**"),
            ("life of a posting, facts in it", f"{ASSUMED.days} days, {ASSUMED.facts}", "the same; **assumed**"),
            ("mobility", mobility, '**assumed**: "only neighbours work"'),
            (
                "core for a fact",
                f"staff {STAFF_MICROSECONDS} µs, need {NEED_MICROSECONDS} µs",
                "**assumed**, about what `make bench` finds",
            ),
            ("seed", str(SEED), ""),
        ],
    )


def scales(study: Study, times: Sequence[int] = SCALES) -> str:
    """One row for each scale, on the shipped table."""
    return _table(
        (
            "region",
            "people available",
            "needs",
            "copies per person",
            "facts a day",
            "fullest shard: people",
            f"{PEAK_NEEDS:,} needs a minute × scale, busiest shard",
        ),
        [_scale(each, study.load(each)) for each in times],
    )


def _scale(times: int, found: Load) -> Sequence[str]:
    peak = found.peak_seconds(PEAK_NEEDS * times)
    return (
        f"×{times}",
        f"{found.people:,}",
        f"{sum(found.needs.values()):,}",
        f"{found.copies:.2f}",
        f"{found.facts_a_day:,.0f}",
        f"{found.fullest}: {found.staff[found.fullest]:,}",
        f"{peak:.1f} s of {MINUTE}",
    )


def territories(study: Study) -> str:
    """One row for each territory, today."""
    found, people, by_weight = study.load(1), population(), weights()

    def row(name: str) -> Sequence[str]:
        departement = departement_of(name)
        slices = len(CURRENT.of_departement(departement))
        staff = found.staff[name]
        return (
            name,
            f"{people[departement] // slices:,}",
            f"{by_weight[departement] / slices:.1%}",
            f"{staff:,}",
            f"{found.needs[name]:,}",
            f"{found.seconds(name) / found.total_seconds:.1%}",
            f"×{ENOUGH_STAFF // staff if staff else 0}",
        )

    head = ("territory", "inhabitants", "industry", "people held", "needs", "share of the work", "100,000 people at")
    return _table(head, map(row, CURRENT.names))


def copies(study: Study) -> str:
    """Copies per person by mobility, on three tables."""
    tables = (UNCUT, CURRENT, study.best.table)
    rows = []
    for km, share in MOBILITY:
        means = (mean_copies(study.demand(1), table, km) for table in tables)
        rows.append((f"{km} km", f"{share} %", *(f"{mean:.2f}" for mean in means)))
    everybody = (f"{study.load(1, table).copies:.2f}" for table in tables)
    rows.append(("all", "100 %", *everybody))
    return _table(("mobility", "people", "départements whole", "as shipped", "best cut"), rows)


def cuts(study: Study) -> str:
    """One row for each cut, at the largest scale."""

    def row(found: Load) -> Sequence[str]:
        cut = ", ".join(f"{departement} in {count}" for departement, count in found.table.cuts.items()) or "as shipped"
        best = "**" if found is study.best else ""
        return (
            f"{best}{cut}{best}",
            str(len(found.table.names)),
            f"{found.copies:.2f}",
            f"{found.total_seconds:,.0f} s",
            f"{found.busiest_seconds:.1f} s",
            f"{found.processes:.1f}",
        )

    head = ("cut", "territories", "copies per person", "all work", "busiest partition", "processes of use")
    return _table(head, map(row, study.cuts))


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = (head, ("---",) * len(head), *rows)
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
