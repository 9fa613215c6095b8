"""`If-Match` is read in each of its forms, and in no other."""

from __future__ import annotations

import pytest

from passerelles.errors import InvalidInputError
from services.registry.api.versions import parse_if_match


@pytest.mark.parametrize(("text", "version"), [('"3"', 3), ("3", 3), ('W/"12"', 12), (' "1" ', 1)])
def test_a_version_is_read(text: str, version: int) -> None:
    assert parse_if_match(text) == version


@pytest.mark.parametrize("text", ["", "*", "abc", '"3', "-1", '"1", "2"', "٣", "9" * 30, "1.0", 'w/"3"'])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        parse_if_match(text)
    assert caught.value.field == "If-Match"
