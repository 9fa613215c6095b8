"""The pages that need no link: the front page and the documentation; what all pages load."""

from __future__ import annotations

from importlib.resources import files

from fastapi import APIRouter, Request
from starlette.responses import Response

from passerelles.errors import NotFoundError
from services.registry.web.answering import PACKAGE, page
from services.registry.web.reference_page import sections_of

router = APIRouter(include_in_schema=False)


@router.get("/p/style.css")
async def style() -> Response:
    """The one style sheet of every page."""
    return _loaded("style.css", "text/css")


@router.get("/p/seen.js")
async def script() -> Response:
    """The one script: it says that a page was seen."""
    return _loaded("seen.js", "text/javascript")


@router.get("/")
async def home() -> Response:
    """What this is, and where its documentation stands."""
    return page("home.html")


@router.get("/docs")
async def docs(request: Request) -> Response:
    """The OpenAPI document, to be read; nothing is loaded from elsewhere."""
    document = request.app.openapi()
    return page("docs.html", document=document, sections=sections_of(document))


@router.get("/favicon.ico")
async def icon() -> Response:
    """None: pages carry their own."""
    raise NotFoundError("Il n'y a pas d'icône.")


def _loaded(name: str, media_type: str) -> Response:
    text = files(PACKAGE).joinpath("templates", name).read_text("utf-8")
    return Response(text, media_type=media_type, headers={"Cache-Control": "public, max-age=3600"})
