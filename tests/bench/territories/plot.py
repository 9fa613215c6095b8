"""The study as one picture: what each shard does today, and what cutting the hottest brings."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tests.bench.territories.load import NEED_MICROSECONDS, STAFF_MICROSECONDS, Load
from tests.bench.territories.study import SCALES, Study

_STAFF, _NEEDS, _USE = "#4c78a8", "#e4912f", "#3a7d44"


def draw(study: Study, file: Path) -> None:
    """Write the picture, in the format of the file's name; as SVG the same to the byte each time."""
    with mpl.rc_context({"svg.hashsalt": "passerelles", "svg.fonttype": "none", "font.size": 9}):
        figure = Figure(figsize=(10, 4.2), layout="constrained")
        left, right = figure.subplots(1, 2, width_ratios=(3, 2))
        _shards(left, study.load(1))
        _cuts(right, study.cuts)
        figure.savefig(file, metadata={"Date": None} if file.suffix == ".svg" else None)


def _shards(axes: Axes, found: Load) -> None:
    names = sorted(found.table.names, key=found.seconds, reverse=True)
    staff = [found.staff[name] * STAFF_MICROSECONDS / 1e6 for name in names]
    needs = [found.needs[name] * NEED_MICROSECONDS / 1e6 for name in names]
    axes.bar(names, needs, color=_NEEDS, label="needs")
    axes.bar(names, staff, bottom=needs, color=_STAFF, label="people available, copies")
    axes.tick_params(axis="x", rotation=90)
    axes.set(
        title="Work by shard, region ×1, as shipped", xlabel="territory", ylabel="seconds of one core, all that is live"
    )
    axes.legend(frameon=False)


def _cuts(axes: Axes, cuts: list[Load]) -> None:
    places = range(len(cuts))
    axes.bar(
        places,
        [each.busiest_seconds for each in cuts],
        color=_STAFF,
        width=0.5,
        label="busiest partition, s of one core",
    )
    axes.set_xticks(places, [_named(each) for each in cuts], rotation=30, ha="right")
    axes.set(title=f"Cutting the hottest, region ×{SCALES[-1]}", ylabel="seconds")
    other = axes.twinx()
    other.plot(places, [each.processes for each in cuts], color=_USE, marker="o", label="processes of use")
    other.plot(places, [each.copies for each in cuts], color=_NEEDS, marker="s", label="copies per person")
    other.set_ylim(bottom=0, top=1.45 * max(each.processes for each in cuts))
    handles = [each.get_legend_handles_labels() for each in (axes, other)]
    axes.set_ylim(top=1.45 * max(each.busiest_seconds for each in cuts))
    axes.legend(
        [one for hs, _ in handles for one in hs],
        [one for _, ls in handles for one in ls],
        loc="upper left",
        frameon=False,
    )


def _named(found: Load) -> str:
    return "\n".join(f"{departement}: {count}" for departement, count in found.table.cuts.items()) or "shipped"
