"""What an export publishes lets nobody work a small count out: shown by trying every table that would look the same."""

from __future__ import annotations

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from services.audit.export.figures import Cell
from services.audit.export.masking import HIDDEN, MASKED, count_shown, sum_shown, total_of_counts, total_of_sums

counts = st.lists(st.integers(0, 9), max_size=6)


def published(column: list[int]) -> tuple[object, ...]:
    cells = [Cell(value, value) for value in column]
    return (*(count_shown(cell) for cell in cells), total_of_counts(cells))


@given(counts)
def test_each_masked_count_may_still_be_any_of_one_to_four(column: list[int]) -> None:
    seen = published(column)
    masked = [place for place, value in enumerate(column) if seen[place] == MASKED]
    possible: list[set[int]] = [set() for _ in masked]
    for guess in product(range(1, 5), repeat=len(masked)):
        other = list(column)
        for place, value in zip(masked, guess, strict=True):
            other[place] = value
        if published(other) == seen:
            for place, value in enumerate(guess):
                possible[place].add(value)
    assert all(values == {1, 2, 3, 4} for values in possible)


def test_small_counts_are_masked_and_others_are_not() -> None:
    assert [count_shown(Cell(value, value)) for value in (0, 1, 4, 5, 12)] == [0, MASKED, MASKED, 5, 12]
    assert count_shown(None) == 0


def test_a_total_is_exact_where_nothing_is_masked() -> None:
    assert total_of_counts([Cell(5, 5), Cell(0, 0), Cell(7, 7)]) == 12
    assert total_of_counts([Cell(5, 5), Cell(2, 2)]) == HIDDEN
    assert total_of_counts([Cell(2, 2), Cell(2, 2), Cell(3, 3), Cell(9, 9)]) == 16


def test_people_are_masked_by_how_few_are_behind_them() -> None:
    assert sum_shown(Cell(220, 1)) == HIDDEN
    assert sum_shown(Cell(220, 5)) == 220
    assert sum_shown(None) == 0
    assert total_of_sums([Cell(220, 5), Cell(30, 6)]) == 250
    assert total_of_sums([Cell(220, 5), Cell(30, 1)]) == HIDDEN
