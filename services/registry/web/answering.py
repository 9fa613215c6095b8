"""A page as an answer: templates in French, headers that let it load and tell nothing, and the forms that it sends."""

from __future__ import annotations

from functools import cache
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import parse_qsl

from fastapi import Request
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape
from starlette.responses import Response

from passerelles.errors import InvalidInputError, PasserellesError
from services.registry.api.wording import typographic

SAFE: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
    "script-src 'self'; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow",
    "Cache-Control": "no-store",
}
PACKAGE: Final = "services.registry.web"
_FIELDS_LIMIT: Final = 40


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader(PACKAGE), autoescape=select_autoescape(), undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters.update(typo=typographic, code=_code)
    return environment


def _code(text: str) -> Markup:
    """What stands between backquotes, as code."""
    parts = (
        f"<code>{escape(part)}</code>" if place % 2 else escape(part) for place, part in enumerate(text.split("`"))
    )
    return Markup("").join(Markup(part) for part in parts)  # noqa: S704 - each part is escaped


def page(name: str, status: int = HTTPStatus.OK, **context: Any) -> Response:
    """A template as an answer."""
    text = _templates().get_template(name).render(**context)
    return Response(text, status_code=status, media_type="text/html", headers=SAFE)


def notice(error: PasserellesError) -> Response:
    """An error, told to somebody who followed a link."""
    return page("notice.html", error.status, title=error.title, detail=error.detail, remedy=error.remedy)


async def form(request: Request) -> dict[str, str]:
    """The fields of a form that one of these pages sent.

    Raises:
        InvalidInputError: it is none, or gives a field twice.
    """
    try:
        text = (await request.body()).decode("ascii")
        fields = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_FIELDS_LIMIT)
    except ValueError as error:
        raise InvalidInputError("Cette réponse n'est pas comprise.", remedy="Recharger la page.") from error
    if len(dict(fields)) != len(fields):
        raise InvalidInputError("Cette réponse se contredit.", remedy="Recharger la page.")
    return dict(fields)
