"""The odd things that a log may hold: each is left aside and counted (design, decision 10)."""

from __future__ import annotations

from enum import StrEnum


class Odd(StrEnum):
    """Why an event, or a part of it, was left aside.

    `elsewhere`: of a territory that is not laid out in this partition. `not_adopted`: before the first `rules.adopted`
    of its territory. `other_epoch`: of an epoch that is over, or that never began here. `older_version`: at or below
    what is known, with the same content where it is equal. `other_content`: the same version with another content; the
    first stays. `earlier_day`: a day not after the current one. `unknown_commune`: a fact at a commune that is not in
    the reference data. `opened_again`: an epoch that is open already.
    """

    ELSEWHERE = "elsewhere"
    NOT_ADOPTED = "not_adopted"
    OTHER_EPOCH = "other_epoch"
    OLDER_VERSION = "older_version"
    OTHER_CONTENT = "other_content"
    EARLIER_DAY = "earlier_day"
    UNKNOWN_COMMUNE = "unknown_commune"
    OPENED_AGAIN = "opened_again"
