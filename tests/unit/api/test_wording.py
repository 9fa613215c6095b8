"""What validation finds is told in French, whatever pydantic calls it."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, field_validator

from services.registry.api.wording import FALLBACK, findings, path, sentence, typographic


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Sample(BaseModel):
    model_config = ConfigDict(extra="forbid")
    count: Annotated[int, Field(ge=1, le=5)] = 1
    name: Annotated[str, Field(min_length=2, max_length=3, pattern="^[a-z]+$")] = "ab"
    day: date = date(2026, 1, 1)
    at: datetime = datetime(2026, 1, 1)  # noqa: DTZ001
    id: UUID = UUID(int=0)
    tags: Annotated[list[str], Field(max_length=1)] = []
    flag: bool = True
    colour: Colour = Colour.RED
    kind: Literal["a", "b"] = "a"
    pay: Annotated[float, Field(gt=0, multiple_of=50)] = 50
    amount: Decimal = Decimal(1)

    @field_validator("name")
    @classmethod
    def _not_zz(cls, value: str) -> str:
        if value == "zz":
            raise ValueError("zz n'est pas un nom")
        return value


@pytest.mark.parametrize(
    ("given", "field", "said"),
    [
        ({"count": 0}, "count", "au moins 1"),
        ({"count": 9}, "count", "au plus 5"),
        ({"count": "x"}, "count", "nombre entier"),
        ({"count": 1.5}, "count", "sans décimale"),
        ({"name": "a"}, "name", "Au moins 2 caractères"),
        ({"name": "abcd"}, "name", "Au plus 3 caractères"),
        ({"name": "A1"}, "name", "forme attendue"),
        ({"name": "zz"}, "name", "zz n’est pas un nom."),
        ({"name": 3}, "name", "texte"),
        ({"day": "2026-02-30"}, "day", "date AAAA-MM-JJ"),
        ({"at": "hier"}, "at", "RFC 3339"),
        ({"id": "7"}, "id", "UUID"),
        ({"tags": "x"}, "tags", "liste"),
        ({"tags": ["a", "b"]}, "tags", "Au plus 1 élément"),
        ({"tags": [1]}, "tags.0", "texte"),
        ({"flag": "peut-être"}, "flag", "true ou false"),
        ({"colour": "green"}, "colour", "red ou blue"),
        ({"kind": "c"}, "kind", "a ou b"),
        ({"pay": 0}, "pay", "supérieure à 0"),
        ({"pay": 75}, "pay", "multiple de 50"),
        ({"amount": "x"}, "amount", "nombre"),
        ({"other": 1}, "other", "n’existe pas"),
    ],
)
def test_each_kind_of_error_names_the_field_and_what_was_expected(given: dict[str, Any], field: str, said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Sample.model_validate(given)
    (found,) = findings(caught.value.errors())
    assert found["field"] == field
    assert said in found["detail"]
    assert found["detail"].endswith(".")


def test_no_english_word_of_pydantic_gets_through() -> None:
    kinds = [
        {"type": kind, "ctx": {}, "msg": "Input should be valid"} for kind in ("made_up", "string_too_long", "enum")
    ]
    for error in kinds:
        assert sentence(error) == FALLBACK
    for adapter, value in ((TypeAdapter(int), []), (TypeAdapter(dict[str, int]), 3), (TypeAdapter(None), 3)):
        with pytest.raises(ValidationError) as caught:
            adapter.validate_python(value)
        for found in findings(caught.value.errors()):
            assert not re.search(r"\b(input|should|valid|value|must)\b", found["detail"], re.IGNORECASE)


def test_paths_are_those_that_callers_know() -> None:
    assert path(("body", "contacts", 0, "email")) == "contacts.0.email"
    assert path(("query", "limit")) == "limit"
    assert path(("header", "if-match")) == "If-Match"
    assert path(("header", "if_match")) == "If-Match"
    assert path(("body",)) == ""


def test_spaces_that_french_does_not_break() -> None:
    assert typographic("If-Match : l'en-tête « x » manque ; 10 Mo au plus.") == (
        "If-Match\u00a0: l\u2019en-tête «\u00a0x\u00a0» manque\u00a0; 10\u00a0Mo au plus."
    )
    assert typographic("GET /v1/needs?q=a :b") == "GET /v1/needs?q=a :b"
