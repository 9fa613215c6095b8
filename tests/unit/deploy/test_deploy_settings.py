"""What deploy/ hands to the services are settings that exist, and it names no place that packages come from."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from passerelles.settings import PREFIX, Settings

DEPLOY = Path(__file__).parents[3] / "deploy"
FILES = [DEPLOY / name for name in ("Dockerfile", "compose.yaml", ".env.example", "channels.env.example")]
OURS = {f"{PREFIX}IMAGE"}
"""Variables of Compose itself."""


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_variable_is_a_setting(path: Path) -> None:
    named = set(re.findall(rf"{PREFIX}[A-Z_]+", path.read_text(encoding="utf-8")))
    assert named
    assert named - OURS <= {PREFIX + name.upper() for name in Settings.model_fields}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_secret_and_no_package_index_is_written_down(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(
        r"index[-_]url|find-links|trusted-host|https?://(?!127\.0\.0\.1|registry:8000|[a-z]+\.example\.org)",
        text,
        re.IGNORECASE,
    )
    assert re.findall(r"(?:TOKEN|PASSWORD)=(.*)", text) == [""] * len(re.findall(r"(?:TOKEN|PASSWORD)=", text))
