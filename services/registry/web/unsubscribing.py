"""`/u/{token}`: ends alerts by email, at once and without a page when a mail program asks (RFC 8058).

RFC 8058, section 3: the POST carries `List-Unsubscribe=One-Click`, in either form encoding, without cookies, and is not
redirected. A GET, which scanners make too, only shows a button that sends the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from fastapi import APIRouter, Request
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.responses import Response

from passerelles.errors import InvalidInputError, PasserellesError
from services.registry.api.parameters import Desk
from services.registry.domain.choices import has_ended_alerts
from services.registry.link_tokens import Purpose
from services.registry.links import Addressee, Links
from services.registry.web.answering import notice, page
from services.registry.web.ending import Kept, kept
from services.registry.web.preferences_page import wants_sms

router = APIRouter(include_in_schema=False)

ENDS: Final = ("List-Unsubscribe", "One-Click")
"""What the header `List-Unsubscribe-Post` of a message has mail programs send."""
TAKES_UP: Final = ("List-Unsubscribe", "Undo")
"""What the page's own button sends, to have alerts back."""
_FIELDS_LIMIT: Final = 10


@router.api_route("/u/{token}", methods=["GET", "HEAD"])
async def show(desk: Desk, token: str) -> Response:
    """What would end, and a button that ends it."""
    try:
        return await _shown(desk.links, token, await desk.links.addressee(Purpose.UNSUBSCRIBE, token))
    except PasserellesError as error:
        return notice(error)


@router.post("/u/{token}")
async def end(desk: Desk, token: str, request: Request) -> Response:
    """End alerts, or take them up again; either again changes nothing."""
    try:
        addressee = await desk.links.addressee(Purpose.UNSUBSCRIBE, token)
        fields = (await _form(request)).multi_items()
        if ENDS in fields:
            act = desk.choices.end_alerts
        elif TAKES_UP in fields:
            act = desk.choices.take_up_alerts
        else:
            raise InvalidInputError("Cette demande n'est pas comprise.", remedy="Utiliser le bouton de la page.")
        contact = await act(addressee.company_id, addressee.contact.id)
        now = Addressee(addressee.company_id, addressee.company_name, contact)
        return await _shown(desk.links, token, now, done=True)
    except PasserellesError as error:
        return notice(error)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsubscribePage:
    """The page, ready for its template.

    Attributes:
        kept: what is sent all the same by email; `sms`: whether text messages are.
        preferences: the address where to choose, as long as the link of the same message to it lasts.
    """

    name: str
    company: str
    email: str
    ended: bool
    kept: Kept
    sms: bool
    preferences: str | None


async def _shown(links: Links, token: str, addressee: Addressee, *, done: bool = False) -> Response:
    contact = addressee.contact
    shown = UnsubscribePage(
        name=contact.name,
        company=addressee.company_name,
        email=contact.email,
        ended=has_ended_alerts(contact.preferences),
        kept=kept(contact.preferences),
        sms=wants_sms(contact),
        preferences=await links.preferences_url_beside(token),
    )
    return page("unsubscribe.html", page=shown, done=done)


async def _form(request: Request) -> FormData:
    try:
        return await request.form(max_files=0, max_fields=_FIELDS_LIMIT)
    except HTTPException as error:
        raise InvalidInputError("Ce formulaire est illisible.") from error
