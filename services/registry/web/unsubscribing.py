"""`/u/{token}`: ends alerts by email, at once and without a page when a mail program asks (RFC 8058).

RFC 8058, section 3: the POST carries `List-Unsubscribe=One-Click`, in either form encoding, without cookies, and is not
redirected. A GET, which scanners make too, only shows a button that sends the same.
"""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.responses import Response

from passerelles.errors import InvalidInputError, PasserellesError
from services.registry.api.parameters import Desk
from services.registry.domain.choices import has_ended_alerts
from services.registry.link_tokens import Purpose
from services.registry.links import Addressee
from services.registry.web.answering import notice, page

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
        return _shown(await desk.links.addressee(Purpose.UNSUBSCRIBE, token))
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
    except PasserellesError as error:
        return notice(error)
    return _shown(Addressee(addressee.company_id, addressee.company_name, contact), done=True)


def _shown(addressee: Addressee, *, done: bool = False) -> Response:
    contact = addressee.contact
    ended = has_ended_alerts(contact.preferences)
    return page("unsubscribe.html", contact=contact, company=addressee.company_name, ended=ended, done=done)


async def _form(request: Request) -> FormData:
    try:
        return await request.form(max_files=0, max_fields=_FIELDS_LIMIT)
    except HTTPException as error:
        raise InvalidInputError("Ce formulaire est illisible.") from error
