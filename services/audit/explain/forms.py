"""What `passerelles audit explain` and `state` do: find, tell, and write in the form asked for."""

from __future__ import annotations

import json
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TextIO
from uuid import UUID

from rich.console import Console

from passerelles.errors import InvalidInputError
from services.audit.explain.entity import explain
from services.audit.explain.page import page, pdf
from services.audit.explain.story import Story, as_json
from services.audit.explain.terminal import show_story
from services.audit.pairs.judging import Judge
from services.audit.reading.port import Archive


class Format(StrEnum):
    """How a story is written."""

    TERMINAL = "terminal"
    JSON = "json"
    HTML = "html"
    PDF = "pdf"


def explain_to(
    archive: Archive,
    id_: UUID,
    *,
    judge: Judge,
    now: datetime,
    against: UUID | None = None,
    at: datetime | None = None,
    form: Format = Format.TERMINAL,
    out: Path | None = None,
    stream: TextIO | None = None,
) -> Story:
    """Tell a story to a file, or to a stream (the terminal by default).

    Raises:
        UnknownEntityError: nothing is named so in the archive.
        InvalidInputError: a file that cannot be written, a PDF without one, or a comparison that makes no sense.
        PdfUnavailableError: WeasyPrint is not installed.
    """
    if form is Format.PDF and out is None:
        raise InvalidInputError("Un PDF s'écrit dans un fichier.", remedy="Ajouter --out FICHIER.pdf.")
    story = explain(archive, id_, judge=judge, against=against, at=at)
    if out is None:
        _write(story, form, stream, now)
        return story
    document = pdf(page(story, made_at=now)) if form is Format.PDF else None
    try:
        if document is not None:
            out.write_bytes(document)
        else:
            with out.open("w", encoding="utf-8") as file:
                _write(story, form, file, now)
    except OSError as error:
        raise InvalidInputError(
            f"Le fichier {out} ne peut pas être écrit : {error.strerror}.", field="--out"
        ) from error
    return story


def _write(story: Story, form: Format, stream: TextIO | None, now: datetime) -> None:
    console = Console(file=stream, highlight=False, width=None if stream is None else 120)
    match form:
        case Format.JSON:
            console.file.write(json.dumps(as_json(story), ensure_ascii=False, indent=2) + "\n")
        case Format.HTML:
            console.file.write(page(story, made_at=now))
        case _:
            show_story(story, console)
