"""Compiles the MJML sources of emails into the Jinja templates that are committed beside them: `make templates`.

Only development needs the compiler: what runs reads the compiled files.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import mrml

from services.notifications.rendering import TEMPLATES

SOURCES: Final = TEMPLATES / "mjml"
_INDENTATION: Final = re.compile(r"\n\s*")
_ELEMENT: Final = re.compile(r"<mj[\w-]*")


def compiled(source: Path) -> str:
    """The HTML of an MJML file, its Jinja tags where they were.

    Raises:
        OSError: it cannot be read as MJML.
        ValueError: an element of it is none of MJML's, which the compiler would let through.
    """
    # Without its fonts: a message that loads one from a server elsewhere tells that server when it is read.
    options = mrml.RenderOptions(disable_comments=True, fonts={})
    output = mrml.to_html(source.read_text("utf-8"), render_options=options)
    wrong = [f"{each.kind} at {each.start}" for each in output.warnings] + _ELEMENT.findall(output.content)
    if wrong:
        msg = f"{source.name}: {', '.join(wrong)}"
        raise ValueError(msg)
    # Each proposal would bring its indentation again, and Gmail cuts a message at 102 kB.
    return _INDENTATION.sub("\n", output.content).strip() + "\n"


def target(source: Path) -> Path:
    """Where an MJML file is compiled to."""
    return TEMPLATES / f"{source.stem}.html.j2"


def compile_all() -> None:
    """Write every compiled template."""
    for source in sorted(SOURCES.glob("*.mjml")):
        target(source).write_text(compiled(source), "utf-8")


if __name__ == "__main__":
    compile_all()
