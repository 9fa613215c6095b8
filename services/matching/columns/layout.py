"""How needs and availabilities lie in memory: which column holds what, and the arrays that functions take together.

Rows are int32, so that an availability fills one cache line of 64 bytes. An identifier is two int64, each less 2^63, so
that signed words compare as the unsigned number does; in a row they are its 7th and 8th pair of columns.
"""

from __future__ import annotations

from typing import Final, NamedTuple
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int32]
Longs = NDArray[np.int64]

# Columns of both kinds of rows.
SIREN: Final = 0
COMPANY: Final = 1
COMMUNE: Final = 2
FIRST: Final = 3
LAST: Final = 4
PAY: Final = 5
LIMIT: Final = 6
"""How far an availability's people go, in metres."""
SKILLS: Final = 6
"""How many of a need's tags are skills: they stand before its certificates."""
STATE: Final = 7
"""Modes, status and people left: see the bits below."""
TAGS_AT: Final = 8
TAGS: Final = 9
VERSION: Final = 10
DIGEST: Final = 11
ID_PAIR: Final = 6
"""The first of the two pairs of columns that hold the identifier. Version and digest are the pair before it."""
STAMPED_VERSION: Final = 0xFFFFFFFF
"""The bits of that pair, as one int64, which are the version; those above are the digest."""
FACT_WIDTH: Final = 16
"""Columns that come with a fact: all of an availability's."""

# Columns of needs alone: what matching makes of them.
KEPT: Final = 16
"""How many pairs that nobody accepted stand proposed: K."""
ROOM: Final = 17
COUNT: Final = 18
COMPLETE: Final = 19
"""1 when nobody eligible waits outside the ranking."""
RANKING_AT: Final = 20
FLOOR: Final = 21
"""The score below which a newcomer stays outside the ranking."""
DECISIONS: Final = 22
"""The latest decision on one of its pairs, plus one; 0 for none."""
NEED_WIDTH: Final = 24

# Bits of STATE; the people left stand above them.
LOAN: Final = 1
HIRE: Final = 2
MODES: Final = LOAN | HIRE
WITHDRAWN: Final = 4
ELSEWHERE: Final = 8
LEFT_SHIFT: Final = 4

NO_END: Final = 2**31 - 1
"""The last day of what is open-ended."""
LARGEST: Final = 2**31 - 1

BLOCK: Final = 64
"""Rows that lie together; a bucket is a chain of blocks, all full but the last."""
GONE: Final = 0
"""The bucket of what takes no part: the others are numbered as the occupations."""
# Columns of `Table.chain` and of `Table.buckets`. Blocks are named by their number plus one, 0 for none.
OWNER: Final = 0
PREVIOUS: Final = 1
NEXT: Final = 2
HEAD: Final = 0
TAIL: Final = 1
ROWS: Final = 2
# Of `Table.sizes`.
KNOWN: Final = 0
BLOCKS: Final = 1
FREE: Final = 2
POOLED: Final = 3
POOL_LOST: Final = 4

# Columns of a ranking.
KEY: Final = 0
HIGH: Final = 1
LOW: Final = 2
SPARE: Final = 6
"""Pairs kept beyond K, so that when one leaves the next is known without a search."""
TOP: Final = 100
"""The best score: a key is (TOP - score) << 32 | metres, so that the smallest is the best."""

# Standings, and columns of `Decided.notes`.
OPEN: Final = 0
ACCEPTED: Final = 1
OVER: Final = 2
"""From here on a pair may never be proposed again."""
NOTE_VERSION: Final = 0
NOTE_STANDING: Final = 1
NOTE_DIGEST: Final = 2
NOTE_NEXT: Final = 3

# Weights, in the order of `Links.weights`.
W_SKILLS: Final = 0
W_DISTANCE: Final = 1
W_PERIOD: Final = 2
W_PAY: Final = 3
W_LEAST_DAYS: Final = 4
W_OPEN_DAYS: Final = 5
W_TOLERANCE: Final = 6

_SIGN: Final = 1 << 63
_WORD: Final = (1 << 64) - 1


class Table(NamedTuple):
    """Rows in buckets, found by identifier. `wide` is the same memory as `rows`, by pairs of columns."""

    rows: Ints
    wide: Longs
    chain: Ints
    buckets: Ints
    slots: Ints
    sizes: Longs
    tags: Ints


class Rankings(NamedTuple):
    """The rankings of all needs, one after another: key and identifier of each pair."""

    entries: Longs
    sizes: Longs


class Links(NamedTuple):
    """The rules as arrays: points by (need's occupation, person's), and who may serve whom, the most points first."""

    points: Ints
    persons_from: Ints
    persons: Ints
    needs_from: Ints
    needs: Ints
    weights: Longs


class Decided(NamedTuple):
    """Decisions by pair, agreements that facts told of by (posting, proposal), and both found by their identifiers.

    `scratch` is for computing what was told by a proposal's identifier.
    """

    pairs: Longs
    notes: Ints
    slots: Ints
    told: Longs
    told_slots: Ints
    postings: Ints
    sizes: Longs
    scratch: Longs


def words(id_: UUID) -> tuple[int, int]:
    """An identifier as two words that compare as it does."""
    number = id_.int
    return (number >> 64) - _SIGN, (number & _WORD) - _SIGN


def number_of(high: int, low: int) -> int:
    """The number of the identifier that two words make."""
    return (high + _SIGN) << 64 | (low + _SIGN)
