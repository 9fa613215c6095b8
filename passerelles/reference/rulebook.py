"""The rules of matching as data: every weight and bound, by version, with the digest under which they are adopted.

A version that was ever adopted ships for ever: an old epoch is replayed by the rules of its time. Changing a figure, a
reference file that matching reads, or the territory table is a new version, never an edit.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

from passerelles.reference.communes import EARTH_RADIUS_METRES, ROAD_FACTOR
from passerelles.reference.tables import resource, shipped_bytes
from schemas.proposals import Link
from schemas.territories import TABLES


class UnknownRulebookError(LookupError):
    """No rules of this version are shipped: the software is older than the log that it reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rulebook:
    """One version of the rules (design, "When a pair is eligible"). Integers only, so that every machine agrees.

    Attributes:
        version: 1, 2, 3…, written in each proposal.
        digest: SHA-256 over the rules file, the reference files that matching reads and the territory table.
        territory_table: the version of the territory table under which it is adopted.
        occupation_points: by kind of link from the person's occupation to the need's.
        skills_points: for all of the need's skills; in proportion below.
        distance_points: for no distance; none at the mobility.
        period_points: for all days of the need; in proportion below.
        pay_points: for pay not above the need's maximum; none from `pay_tolerance_percent` of the maximum above it.
        least_shared_days: days that both periods share at least, or all days of a shorter need.
        open_need_days: days that a need without an end counts for, from the later start.
        least_kept: a need keeps at least this many pairs,
        kept_per_head: and this many for each person still looked for.
    """

    version: int
    digest: str
    territory_table: int
    occupation_points: Mapping[Link, int]
    skills_points: int
    distance_points: int
    period_points: int
    pay_points: int
    least_shared_days: int
    open_need_days: int
    pay_tolerance_percent: int
    least_kept: int
    kept_per_head: int

    def kept(self, headcount_left: int) -> int:
        """K: how many pairs that nobody has accepted a need keeps."""
        return max(self.least_kept, self.kept_per_head * headcount_left)

    def digest_under(self, cuts: Mapping[str, int]) -> str:
        """The digest to adopt where these départements are cut otherwise than in the table; `digest` without any.

        So software that knows nothing of cuts refuses an epoch that has some, rather than fold none of their slices.
        """
        if not cuts:
            return self.digest
        stated = json.dumps(sorted(cuts.items()), separators=(",", ":"))
        return hashlib.sha256(f"{self.digest} {stated}".encode()).hexdigest()


RULEBOOK: Rulebook
"""The rules in force: the highest version. Read when first named."""


def __getattr__(name: str) -> Rulebook:
    if name == "RULEBOOK":
        return rulebook(max(versions()))
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)


def versions() -> tuple[int, ...]:
    """Every version that ships, oldest first."""
    names = (file.name for file in resource("rules").iterdir())
    return tuple(sorted(int(name.removesuffix(".json")) for name in names if name.endswith(".json")))


@cache
def rulebook(version: int) -> Rulebook:
    """The rules of a version; the same object each time.

    Raises:
        UnknownRulebookError: no such version ships.
    """
    if version not in versions():
        msg = f"rules of version {version} are not shipped; these are: {versions()}"
        raise UnknownRulebookError(msg)
    text = shipped_bytes("rules", f"{version}.json")
    rules = json.loads(text)
    points = rules["points"]
    return Rulebook(
        version=rules["version"],
        digest=_digest(text, rules),
        territory_table=rules["territory_table"],
        occupation_points=MappingProxyType({Link(link): value for link, value in points["occupation"].items()}),
        skills_points=points["skills"],
        distance_points=points["distance"],
        period_points=points["period"],
        pay_points=points["pay"],
        least_shared_days=rules["period"]["least_shared_days"],
        open_need_days=rules["period"]["open_need_days"],
        pay_tolerance_percent=rules["pay"]["tolerance_percent"],
        least_kept=rules["kept"]["least"],
        kept_per_head=rules["kept"]["per_head"],
    )


def _digest(rules_text: bytes, rules: dict[str, Any]) -> str:
    """SHA-256 over each part with its name and length, so that no two sets of parts read alike."""
    table = TABLES[rules["territory_table"]]
    parts = {
        "rules": rules_text,
        **{name: shipped_bytes("data", name) for name in rules["reference"]},
        "road": f"{ROAD_FACTOR!r} {EARTH_RADIUS_METRES!r}".encode(),
        "territories": json.dumps([table.version, list(table.slices.items())], separators=(",", ":")).encode(),
    }
    digest = hashlib.sha256()
    for name, content in parts.items():
        digest.update(f"{name} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()
