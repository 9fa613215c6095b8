"""A partition fed fact by fact, with what it answers in short."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from passerelles.reference.rulebook import Rulebook, rulebook
from schemas.vocabulary import Payload
from services.matching.adoption import RuleLibrary
from services.matching.shard import MatchingShard
from tests.unit.matching import scenery

Words = list[tuple[str, int, int, str | int]]
"""(made, need, availability, score) or (withdrawn, need, availability, reason)."""


class Log:
    """A shard fed fact by fact, with what it answered."""

    def __init__(self, book: Rulebook | None = None, *, loaded: Sequence[Payload] = ()) -> None:
        self.book = book or rulebook(1)
        self.shard = MatchingShard(0, 1, RuleLibrary(lambda _: self.book))
        self.offset = 0
        self.say(scenery.adopted(book=self.book))
        for data in loaded:
            assert self.say(data) == []
        self.opening = self.say(scenery.opened())

    def say(self, data: Payload, *, territory: str = "46", epoch: int = 1) -> Words:
        event = scenery.event(data, territory=territory, epoch=epoch, place=self.offset)
        self.events = self.shard.fold(event, self.offset)
        self.offset += 1
        words: Words = []
        for each in self.events:
            said: Any = each.data
            what = said.score if each.type == "proposal.made" else said.reason.value
            words.append((each.type.removeprefix("proposal."), said.need_id.int, said.availability_id.int, what))
        return words
