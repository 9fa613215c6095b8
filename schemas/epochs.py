"""What opens an epoch of the log and makes its days pass: everything else that a shard of matching folds."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field

from schemas.territories import MOST_SLICES
from schemas.vocabulary import Digest, Payload, Territory


class Cut(Payload):
    """A département that is cut otherwise than in the table: into so many slices."""

    departement: Annotated[str, Field(pattern=r"^(?:[0-9]{2}|2[AB])$", examples=["12"])]
    slices: Annotated[int, Field(ge=1, le=MOST_SLICES)]


class RulesAdopted(Payload):
    """From here on this territory is matched by these rules; the first event of an epoch in each territory.

    Until `epoch.opened` the facts are loaded and nothing is proposed.

    Attributes:
        rules_version: the version of the rules file.
        rules_digest: SHA-256 over the rules file, the reference data, the territory table and its cuts.
        territory_table: the version of the territory table.
        cuts: the départements that this epoch cuts otherwise than that version; none in records without it.
    """

    territory: Territory
    epoch: int
    rules_version: int
    rules_digest: Digest
    territory_table: int
    cuts: tuple[Cut, ...] = ()

    @property
    def cut(self) -> dict[str, int]:
        """The cuts, by département."""
        return {each.departement: each.slices for each in self.cuts}


class EpochOpened(Payload):
    """Every live fact and decision of this territory has been stated: each open need is matched, once."""

    territory: Territory
    epoch: int


class DayStarted(Payload):
    """A day began in Paris. What ended before it expires; a day not after the last one is ignored."""

    territory: Territory
    day: date
