"""The pages: a signed link opens a proposal without an account; reading decides nothing, only a POST does."""

from __future__ import annotations

from functools import cache
from http import HTTPStatus
from importlib.resources import files
from typing import Any, Final
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape
from pydantic import ValidationError
from starlette.responses import RedirectResponse, Response

from passerelles.errors import ConflictError, InvalidInputError, NotFoundError, PasserellesError
from schemas.readings import SeenBy
from services.registry.api.parameters import Desk
from services.registry.api.wording import typographic
from services.registry.domain.drafts import DecisionDraft
from services.registry.domain.verdicts import ProposalStatus
from services.registry.links import Visitor
from services.registry.views import ProposalView
from services.registry.web.proposal_page import page_of
from services.registry.web.reference_page import sections_of

router = APIRouter(include_in_schema=False)

SAFE: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
    "script-src 'self'; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow",
    "Cache-Control": "no-store",
}
_ANSWERS_LIMIT: Final = 10
_PACKAGE: Final = "services.registry.web"


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader(_PACKAGE), autoescape=select_autoescape(), undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters.update(typo=typographic, code=_code)
    return environment


def _code(text: str) -> Markup:
    """What stands between backquotes, as code."""
    parts = (
        f"<code>{escape(part)}</code>" if place % 2 else escape(part) for place, part in enumerate(text.split("`"))
    )
    return Markup("").join(Markup(part) for part in parts)  # noqa: S704 - each part is escaped


def _html(name: str, status: int = HTTPStatus.OK, **context: Any) -> Response:
    text = _templates().get_template(name).render(**context)
    return Response(text, status_code=status, media_type="text/html", headers=SAFE)


def _notice(error: PasserellesError) -> Response:
    return _html("notice.html", error.status, title=error.title, detail=error.detail, remedy=error.remedy)


def _shown(view: ProposalView, visitor: Visitor, *, status: int | None = None, problem: str = "") -> Response:
    if status is None:
        status = HTTPStatus.GONE if view.status is ProposalStatus.WITHDRAWN else HTTPStatus.OK
    return _html("proposal.html", status, page=page_of(view, visitor), problem=problem)


@router.get("/p/style.css")
async def style() -> Response:
    """The one style sheet of every page."""
    text = files(_PACKAGE).joinpath("templates", "style.css").read_text("utf-8")
    return Response(text, media_type="text/css", headers={"Cache-Control": "public, max-age=3600"})


@router.get("/p/seen.js")
async def script() -> Response:
    """The one script: it says that a page was seen."""
    text = files(_PACKAGE).joinpath("templates", "seen.js").read_text("utf-8")
    return Response(text, media_type="text/javascript", headers={"Cache-Control": "public, max-age=3600"})


@router.api_route("/p/{token}", methods=["GET", "HEAD"])
async def show(desk: Desk, token: str) -> Response:
    """The proposal; mail scanners may open it as often as they like."""
    try:
        visitor = await desk.links.open(token)
        return _shown(await desk.proposals.get(visitor.caller, visitor.proposal_id), visitor)
    except PasserellesError as error:
        return _notice(error)


@router.post("/p/{token}/seen")
async def seen(desk: Desk, token: str) -> Response:
    """The page's script says that somebody looks at it; it decides nothing."""
    try:
        await desk.readings.note(await desk.links.open(token), SeenBy.PAGE)
    except PasserellesError as error:
        return _notice(error)
    return Response(status_code=HTTPStatus.NO_CONTENT, headers=SAFE)


@router.post("/p/{token}")
async def decide(desk: Desk, token: str, request: Request) -> Response:
    """The visitor's answer; then the page again, which shows what became of it."""
    try:
        visitor = await desk.links.open(token)
        view = await desk.proposals.get(visitor.caller, visitor.proposal_id)
    except PasserellesError as error:
        return _notice(error)
    try:
        draft = _draft(await request.body(), visitor)
        await desk.readings.note(visitor, SeenBy.ANSWER)
        if not _said_already(view, draft):
            await desk.proposals.decide(visitor.caller, visitor.proposal_id, draft)
    except (InvalidInputError, ConflictError) as error:
        view = await desk.proposals.get(visitor.caller, visitor.proposal_id)
        problem = f"{error.detail} {error.remedy}".strip()
        return _shown(view, visitor, status=error.status, problem=problem)
    except PasserellesError as error:
        return _notice(error)
    return RedirectResponse(f"/p/{token}", HTTPStatus.SEE_OTHER, headers=SAFE)


def _draft(body: bytes, visitor: Visitor) -> DecisionDraft:
    """What the form says.

    Raises:
        InvalidInputError: not what the page's forms send.
    """
    try:
        fields = dict(parse_qsl(body.decode("ascii"), errors="strict", max_num_fields=_ANSWERS_LIMIT))
        draft = DecisionDraft.model_validate(
            {"party": visitor.party, "verdict": fields.get("verdict"), "reason": fields.get("reason")}
        )
    except (ValidationError, ValueError) as error:
        raise InvalidInputError("Cette réponse n'est pas comprise.", remedy="Accepter, ou décliner.") from error
    if draft.verdict == "decline" and draft.reason is None:
        raise InvalidInputError("Pour décliner, une raison est attendue.")
    return draft


def _said_already(view: ProposalView, draft: DecisionDraft) -> bool:
    """The same answer twice, from a double click for instance, is no contradiction."""
    mine = view.decisions.get(draft.party)
    return mine is not None and mine.verdict == draft.verdict


@router.get("/")
async def home() -> Response:
    """What this is, and where its documentation stands."""
    return _html("home.html")


@router.get("/docs")
async def docs(request: Request) -> Response:
    """The OpenAPI document, to be read; nothing is loaded from elsewhere."""
    document = request.app.openapi()
    return _html("docs.html", document=document, sections=sections_of(document))


@router.get("/favicon.ico")
async def icon() -> Response:
    """None: pages carry their own."""
    raise NotFoundError("Il n'y a pas d'icône.")
