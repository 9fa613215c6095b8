"""What may be published of a table: small cells are masked, and no total lets one of them be worked out.

Every masked count stands for 1, 2, 3 or 4. A total over n masked counts whose sum is S is published only when
n + 3 ≤ S ≤ 4n − 3: then each of them, taken alone, can still be any of the four. Otherwise the total is masked too.
Sums of people are masked when fewer than five needs, availabilities or agreements are behind them, and their total is
published only when none is. There is one total, over all rows: margins by département or by branch would be more
equations about the same cells.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from services.audit.export.figures import Cell

LEAST: Final = 5
"""Smaller counts, other than 0, are masked."""

MASKED: Final = "< 5"
HIDDEN: Final = "masqué"
"""What a masked total, a sum of people or a duration shows: its size is not said either."""

Shown = int | str


def count_shown(cell: Cell | None) -> Shown:
    """A count: itself, or masked from 1 to 4."""
    value = cell.value if cell else 0
    return MASKED if 0 < value < LEAST else value


def sum_shown(cell: Cell | None) -> Shown:
    """A sum of people: masked when few are behind it, whatever its size."""
    if cell is None or cell.behind == 0:
        return 0
    return HIDDEN if cell.behind < LEAST else cell.value


def total_of_counts(cells: Collection[Cell]) -> Shown:
    """The total of a column of counts, when no masked one can be worked out from it."""
    masked = [cell.value for cell in cells if 0 < cell.value < LEAST]
    total = sum(cell.value for cell in cells)
    hidden, least, most = sum(masked), len(masked) + LEAST - 2, (LEAST - 1) * len(masked) - (LEAST - 2)
    if masked and not least <= hidden <= most:
        return HIDDEN
    return count_shown(Cell(total, total))


def total_of_sums(cells: Collection[Cell]) -> Shown:
    """The total of a column of people, when nothing in it is masked."""
    if any(0 < cell.behind < LEAST for cell in cells):
        return HIDDEN
    return sum(cell.value for cell in cells)
