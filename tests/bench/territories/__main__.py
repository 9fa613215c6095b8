"""Writes the tables and the picture of `docs/scaling.md` again: `make scaling`."""

from __future__ import annotations

import re
import time
from pathlib import Path

from tests.bench.territories import plot, tables
from tests.bench.territories.study import Study

PAGE = Path("docs/scaling.md")
PICTURE = Path("docs/scaling.svg")


def written(page: str, made: dict[str, str]) -> str:
    """The page with each of these tables between its marks."""
    for name, table in made.items():
        marks = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        page, count = marks.subn(lambda found: f"{found[1]}{table}\n{found[2]}", page)  # noqa: B023
        if count != 1:
            raise LookupError(f"{PAGE} has {count} places for {name}")
    return page


def main() -> None:
    began = time.perf_counter()
    study = Study()
    made = {
        "assumptions": tables.assumptions(),
        "scales": tables.scales(study),
        "territories": tables.territories(study),
        "copies": tables.copies(study),
        "cuts": tables.cuts(study),
    }
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), made), encoding="utf-8")
    plot.draw(study, PICTURE)
    print(f"{PAGE} and {PICTURE} are written ({time.perf_counter() - began:.0f} s)")


if __name__ == "__main__":
    main()
