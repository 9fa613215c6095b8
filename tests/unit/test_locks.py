"""The lock files pin what is installed by hash, and leave to each machine where it comes from."""

from __future__ import annotations

from pathlib import Path

import pytest

LOCKS = sorted((Path(__file__).parents[2] / "requirements").glob("*.txt"))


@pytest.mark.parametrize("lock", LOCKS, ids=lambda each: each.name)
def test_a_lock_names_no_place_and_pins_all_by_hash(lock: Path) -> None:
    text = lock.read_text()
    assert "://" not in text
    assert "index" not in text
    pins = [part for part in text.replace("\\\n", " ").splitlines() if part and not part.startswith("#")]
    assert pins
    assert all("==" in pin and "--hash=sha256:" in pin for pin in pins)
