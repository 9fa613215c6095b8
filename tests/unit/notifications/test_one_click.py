"""A mailbox offers to unsubscribe by one click where the click ends something of what the mail tells."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from schemas.deliveries import MessageKind
from schemas.preferences import SENT_ANYWAY
from schemas.vocabulary import Party
from services.notifications.letter import Part, compose_parts
from services.notifications.rendering import Rendered, Renderer
from tests.unit.notifications.samples import BORROWER, briefing, contact_json
from tests.unit.notifications.test_mail import UNSUBSCRIBE, mail
from tests.unit.notifications.test_messages_in_french import pair_in

PREFERENCES = "https://passerelles.example.org/r/jeton-_0"
TOLD = [kind for kind in MessageKind if kind is not MessageKind.ESCALATED]


def told(kinds: Collection[MessageKind], *, digest: bool = False) -> Rendered:
    links = {"preferences_url": PREFERENCES, "unsubscribe_url": UNSUBSCRIBE}
    names = {kind: f"a{place}" for place, kind in enumerate(kinds)}
    answer = briefing(BORROWER, list(names.values()), contacts=[{**contact_json("rh"), **links}])
    items = [(pair_in(kind, Party.BORROWER, name), kind) for kind, name in names.items()]
    return Renderer().email(compose_parts([Part(Party.BORROWER, answer, items)], answer.contacts[0], digest=digest))


@pytest.mark.parametrize("kind", TOLD)
def test_a_mail_offers_one_click_unless_what_it_tells_is_sent_anyway(kind: MessageKind) -> None:
    message = told([kind])
    ends = kind not in SENT_ANYWAY
    assert (mail(message)["List-Unsubscribe"], mail(message)["List-Unsubscribe-Post"]) == (
        (f"<{UNSUBSCRIBE}>", "List-Unsubscribe=One-Click") if ends else (None, None)
    )
    for body in (message.text, message.html):
        assert PREFERENCES in body
        assert (UNSUBSCRIBE in body) == ends


@pytest.mark.parametrize("digest", [False, True])
def test_a_mail_that_tells_more_than_that_offers_it(digest: bool) -> None:
    assert mail(told(SENT_ANYWAY, digest=digest))["List-Unsubscribe"] is None
    assert mail(told([*SENT_ANYWAY, MessageKind.DECLINED], digest=digest))["List-Unsubscribe"] == f"<{UNSUBSCRIBE}>"
