"""What matching said about a pair in one territory: the same whatever the order in which its words come."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from schemas.proposals import ProposalMade, ProposalWithdrawn, WithdrawalReason


class Word(BaseModel):
    """The last word of matching about the pair in one territory.

    Revisions compare within a territory only: a need that moves to another is spoken of by another shard.

    Attributes:
        revision: of the last word.
        withdrawal: why the pair is no longer proposed; none while it is.
        content: the last `proposal.made`, as JSON; none when only a withdrawal came.
        said_at: the time of the last word.
    """

    model_config = ConfigDict(frozen=True)

    revision: int
    withdrawal: WithdrawalReason | None
    content: Mapping[str, Any] | None
    said_at: datetime


def heard(event: ProposalMade | ProposalWithdrawn, time: datetime, held: Word | None) -> Word:
    """The word held in a territory after one more; the content is that of the last `proposal.made`."""
    content = event.model_dump(mode="json") if isinstance(event, ProposalMade) else None
    withdrawal = event.reason if isinstance(event, ProposalWithdrawn) else None
    if held is None:
        return Word(revision=event.revision, withdrawal=withdrawal, content=content, said_at=time)
    if event.revision > held.revision:
        return Word(revision=event.revision, withdrawal=withdrawal, content=content or held.content, said_at=time)
    if content is not None and (held.content is None or event.revision > int(held.content["revision"])):
        return held.model_copy(update={"content": content})
    return held
