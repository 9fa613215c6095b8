"""One archive for all that reads it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.audit.told_archive import write_told


@pytest.fixture(scope="session")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with an archive of two epochs; who changes it takes a copy."""
    folder = tmp_path_factory.mktemp("told")
    write_told(folder)
    return folder
