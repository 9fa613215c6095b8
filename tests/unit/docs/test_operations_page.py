"""The operator's page says what the code has: each setting with its default, each metric by its name."""

from __future__ import annotations

import re
from pathlib import Path

from pydantic_core import PydanticUndefined

from passerelles.settings import PREFIX, Settings

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/operations.md").read_text(encoding="utf-8")


def settings_table() -> str:
    """The table that the page has to hold, groups last; when it differs, this is what to put there."""
    rows = ["| variable | default | what |", "|---|---|---|"]
    fields = sorted(Settings.model_fields.items(), key=lambda each: each[0] not in Settings.__annotations__)
    for name, field in fields:
        assert field.default is not PydanticUndefined, f"{name} needs a default: the embedded stack has none of its own"
        default = f"`{field.default}`" if field.default not in (None, "") else ""
        rows.append(f"| `{PREFIX}{name.upper()}` | {default} | {field.description} |")
    return "\n".join(rows)


def test_the_table_of_settings_is_the_class() -> None:
    assert settings_table() in PAGE, f"docs/operations.md has to hold this table:\n{settings_table()}"


def test_every_metric_is_told() -> None:
    source = (ROOT / "passerelles/telemetry.py").read_text(encoding="utf-8")
    names = re.findall(r'"(passerelles_[a-z_]+)"', source)
    assert names
    assert [name for name in names if f"`{name}`" not in PAGE and f"`{name}_total`" not in PAGE] == []


def test_links_between_pages_lead_somewhere() -> None:
    for page in (ROOT / "docs").rglob("*.md"):
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
