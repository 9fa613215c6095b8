"""What runs is what the sources give: each compiled email is the one that its MJML makes."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.notifications.compiling import SOURCES, compiled, target
from services.notifications.rendering import TEMPLATES

ALL = sorted(SOURCES.glob("*.mjml"))


@pytest.mark.parametrize("source", ALL, ids=lambda source: source.name)
def test_a_compiled_template_is_what_its_source_gives(source: Path) -> None:
    assert target(source).read_text("utf-8") == compiled(source), "make templates"


def test_no_compiled_template_is_without_its_source() -> None:
    assert {target(source) for source in ALL} == set(TEMPLATES.glob("*.html.j2"))


def test_an_element_that_is_none_of_mjml_s_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "wrong.mjml"
    source.write_text("<mjml><mj-body><mj-picture>?</mj-picture></mj-body></mjml>", "utf-8")
    with pytest.raises(ValueError, match=r"wrong\.mjml: <mj-picture"):
        compiled(source)
