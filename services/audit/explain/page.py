"""The printable report: one HTML page with its own style, complete by itself; as PDF where WeasyPrint is installed."""

from __future__ import annotations

import importlib
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from passerelles.errors import PasserellesError
from passerelles.reference.calendar import paris_time
from services.audit.explain.story import Story
from services.audit.story.step import StepKind
from services.audit.story.wording import counted, day, instant

TEMPLATES: Final = Path(__file__).parent / "templates"

_KINDS: Final = {
    StepKind.PUBLICATION: "Publication",
    StepKind.ENGINE: "Moteur",
    StepKind.MESSAGE: "Message",
    StepKind.READING: "Lecture",
    StepKind.DECISION: "Décision",
    StepKind.LOG: "Journal",
}


class PdfUnavailableError(PasserellesError):
    """A PDF was asked for, and what makes it is not installed."""

    slug, status, title = "pdf-indisponible", 501, "PDF indisponible"


def page(story: Story, *, made_at: datetime) -> str:
    """The report as one HTML document, without anything to load."""
    return _template().render(story=story, made_at=made_at, kinds=_KINDS)


def pdf(html: str) -> bytes:
    """The report as PDF.

    Raises:
        PdfUnavailableError: WeasyPrint is not installed, or lacks a library of the system.
    """
    try:
        weasyprint = importlib.import_module("weasyprint")
    except (ImportError, OSError) as error:
        raise PdfUnavailableError(
            "Le PDF demande WeasyPrint, qui n'est pas installé.",
            remedy="Installer passerelles-industries[pdf], ou produire le HTML (--format html) et l'imprimer en PDF.",
        ) from error
    made: bytes = weasyprint.HTML(string=html).write_pdf()
    return made


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["instant"] = instant
    environment.filters["counted"] = counted
    environment.filters["hour"] = lambda value: f"{paris_time(value):%H:%M:%S}"
    environment.filters["day"] = lambda value: day(paris_time(value).date())
    return environment.get_template("report.html.j2")
