"""What opens an epoch of the log and makes its days pass: everything else that a shard of matching folds."""

from __future__ import annotations

from datetime import date

from schemas.vocabulary import Digest, Payload, Territory


class RulesAdopted(Payload):
    """From here on this territory is matched by these rules; the first event of an epoch in each territory.

    Until `epoch.opened` the facts are loaded and nothing is proposed.

    Attributes:
        rules_version: the version of the rules file.
        rules_digest: SHA-256 over the rules file, the reference data and the territory table.
        territory_table: the version of the territory table.
    """

    territory: Territory
    epoch: int
    rules_version: int
    rules_digest: Digest
    territory_table: int


class EpochOpened(Payload):
    """Every live fact and decision of this territory has been stated: each open need is matched, once."""

    territory: Territory
    epoch: int


class DayStarted(Payload):
    """A day began in Paris. What ended before it expires; a day not after the last one is ignored."""

    territory: Territory
    day: date
