"""`/p/{token}`: a signed link opens a proposal without an account; reading decides nothing, only a POST does."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.responses import RedirectResponse, Response

from passerelles.errors import ConflictError, InvalidInputError, PasserellesError
from schemas.readings import SeenBy
from services.registry.api.desk import Registry
from services.registry.api.parameters import Desk
from services.registry.domain.drafts import DecisionDraft
from services.registry.domain.verdicts import ProposalStatus
from services.registry.links import Visitor
from services.registry.views import ProposalView
from services.registry.web.answering import SAFE, form, notice, page
from services.registry.web.proposal_page import page_of

router = APIRouter(include_in_schema=False)


@router.api_route("/p/{token}", methods=["GET", "HEAD"])
async def show(desk: Desk, token: str) -> Response:
    """The proposal; mail scanners may open it as often as they like."""
    try:
        visitor = await desk.links.open(token)
        view = await desk.proposals.get(visitor.caller, visitor.proposal_id)
        return await _shown(desk, view, visitor)
    except PasserellesError as error:
        return notice(error)


@router.post("/p/{token}/seen")
async def seen(desk: Desk, token: str) -> Response:
    """The page's script says that somebody looks at it; it decides nothing."""
    try:
        await desk.readings.note(await desk.links.open(token), SeenBy.PAGE)
    except PasserellesError as error:
        return notice(error)
    return Response(status_code=HTTPStatus.NO_CONTENT, headers=SAFE)


@router.post("/p/{token}")
async def decide(desk: Desk, token: str, request: Request) -> Response:
    """The visitor's answer; then the page again, which shows what became of it."""
    try:
        visitor = await desk.links.open(token)
        view = await desk.proposals.get(visitor.caller, visitor.proposal_id)
    except PasserellesError as error:
        return notice(error)
    try:
        fields = await form(request)
        draft = _draft(fields, visitor)
        await desk.readings.note(visitor, SeenBy.ANSWER)
        if not _said_already(view, draft):
            await desk.proposals.decide(visitor.caller, visitor.proposal_id, draft, seen=fields.get("seen"))
    except (InvalidInputError, ConflictError) as error:
        view = await desk.proposals.get(visitor.caller, visitor.proposal_id)
        problem = f"{error.detail} {error.remedy}".strip()
        return await _shown(desk, view, visitor, status=error.status, problem=problem)
    except PasserellesError as error:
        return notice(error)
    return RedirectResponse(f"/p/{token}", HTTPStatus.SEE_OTHER, headers=SAFE)


async def _shown(
    desk: Registry, view: ProposalView, visitor: Visitor, *, status: int | None = None, problem: str = ""
) -> Response:
    if status is None:
        status = HTTPStatus.GONE if view.status is ProposalStatus.WITHDRAWN else HTTPStatus.OK
    company_id = visitor.caller.company_id
    # Every message carries both links: whoever opened this one was sent the other. A text message has room for one.
    preferences = await desk.links.preferences_url(company_id, visitor.contact_id) if company_id else ""
    return page("proposal.html", status, page=page_of(view, visitor), problem=problem, preferences=preferences)


def _draft(fields: dict[str, str], visitor: Visitor) -> DecisionDraft:
    """What the form says.

    Raises:
        InvalidInputError: not what the page's forms send.
    """
    try:
        draft = DecisionDraft.model_validate(
            {"party": visitor.party, "verdict": fields.get("verdict"), "reason": fields.get("reason")}
        )
    except ValidationError as error:
        raise InvalidInputError("Cette réponse n'est pas comprise.", remedy="Accepter, ou décliner.") from error
    if draft.verdict == "decline" and draft.reason is None:
        raise InvalidInputError("Pour décliner, une raison est attendue.")
    return draft


def _said_already(view: ProposalView, draft: DecisionDraft) -> bool:
    """The same answer twice, from a double click for instance, is no contradiction."""
    mine = view.decisions.get(draft.party)
    return mine is not None and mine.verdict == draft.verdict
