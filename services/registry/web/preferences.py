"""`/r/{token}`: a contact chooses what to be told, without an account; a GET changes nothing."""

from __future__ import annotations

from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.responses import Response

from passerelles.errors import InvalidInputError, PasserellesError
from services.registry.api.parameters import Desk
from services.registry.commands.choices import Choice
from services.registry.domain.drafts import PreferencesDraft
from services.registry.link_tokens import Purpose
from services.registry.links import Addressee
from services.registry.web.answering import form, notice, page
from services.registry.web.preferences_page import SMS_ASKED, draft_of, page_of

router = APIRouter(include_in_schema=False)


@router.api_route("/r/{token}", methods=["GET", "HEAD"])
async def show(desk: Desk, token: str) -> Response:
    """What this contact has chosen so far."""
    try:
        return _shown(await desk.links.addressee(Purpose.PREFERENCES, token))
    except PasserellesError as error:
        return notice(error)


@router.post("/r/{token}")
async def choose(desk: Desk, token: str, request: Request) -> Response:
    """Keep what this contact chooses, and show it."""
    try:
        addressee = await desk.links.addressee(Purpose.PREFERENCES, token)
    except PasserellesError as error:
        return notice(error)
    try:
        fields = await form(request)
        choice = Choice(_draft(fields).chosen(), sms=fields.get(SMS_ASKED) == "yes")
        contact = await desk.choices.choose(addressee.company_id, addressee.contact.id, choice)
    except InvalidInputError as error:
        return _shown(addressee, status=error.status, problem=f"{error.detail} {error.remedy}".strip())
    except PasserellesError as error:
        return notice(error)
    return _shown(Addressee(addressee.company_id, addressee.company_name, contact), saved=True)


def _shown(addressee: Addressee, *, status: int = 200, problem: str = "", saved: bool = False) -> Response:
    return page("preferences.html", status, page=page_of(addressee), problem=problem, saved=saved)


def _draft(fields: dict[str, str]) -> PreferencesDraft:
    """What the form says; a text message that is not asked for is of no kind, whatever was ticked.

    Raises:
        InvalidInputError: not what the page's form sends.
    """
    try:
        return PreferencesDraft.model_validate(draft_of(fields))
    except (ValidationError, ValueError) as error:
        raise InvalidInputError("Ces choix ne sont pas compris.", remedy="Recharger la page.") from error
