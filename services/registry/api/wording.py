"""What validation found wrong, in French: one sentence for each kind of error of pydantic."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

_HEADERS: Final = {
    "if-match": "If-Match",
    "idempotency-key": "Idempotency-Key",
    "last-event-id": "Last-Event-ID",
    "content-type": "Content-Type",
}

_FIXED: Final[Mapping[str, str]] = {
    "missing": "Ce champ est requis.",
    "extra_forbidden": "Ce champ n'existe pas ; il n'est pas accepté.",
    "string_type": "Un texte est attendu.",
    "string_unicode": "Un texte en UTF-8 est attendu.",
    "int_type": "Un nombre entier est attendu.",
    "int_parsing": "Un nombre entier est attendu.",
    "int_parsing_size": "Ce nombre est trop grand.",
    "int_from_float": "Un nombre entier, sans décimale, est attendu.",
    "float_type": "Un nombre est attendu.",
    "float_parsing": "Un nombre est attendu.",
    "finite_number": "Un nombre fini est attendu.",
    "bool_type": "Vrai ou faux (true ou false) est attendu.",
    "bool_parsing": "Vrai ou faux (true ou false) est attendu.",
    "date_type": "Une date AAAA-MM-JJ est attendue.",
    "date_parsing": "Une date AAAA-MM-JJ qui existe est attendue.",
    "date_from_datetime_parsing": "Une date AAAA-MM-JJ qui existe est attendue.",
    "date_from_datetime_inexact": "Une date AAAA-MM-JJ, sans heure, est attendue.",
    "datetime_type": "Une date et une heure (RFC 3339) sont attendues.",
    "datetime_from_date_parsing": "Une date et une heure (RFC 3339) sont attendues.",
    "datetime_parsing": "Une date et une heure (RFC 3339) sont attendues.",
    "uuid_type": "Un identifiant (UUID) est attendu.",
    "uuid_parsing": "Un identifiant (UUID) est attendu.",
    "uuid_version": "Un identifiant (UUID) est attendu.",
    "list_type": "Une liste est attendue.",
    "tuple_type": "Une liste est attendue.",
    "set_type": "Une liste est attendue.",
    "frozen_set_type": "Une liste est attendue.",
    "iterable_type": "Une liste est attendue.",
    "dict_type": "Un objet JSON est attendu.",
    "model_type": "Un objet JSON est attendu.",
    "model_attributes_type": "Un objet JSON est attendu.",
    "none_required": "Aucune valeur (null) n'est attendue.",
    "json_invalid": "Un corps JSON bien formé est attendu.",
    "union_tag_not_found": "Le champ qui dit de quelle sorte il s'agit manque.",
    "decimal_parsing": "Un nombre est attendu.",
    "decimal_type": "Un nombre est attendu.",
}

FALLBACK: Final = "Cette valeur n'est pas acceptée."


_BEFORE: Final = re.compile(r" (?=[:;?!»%€](?:\s|$|[.,)]))|(?<=«) |(?<=\d) (?=(?:Mo|km|secondes|jours)\b)")


def typographic(text: str) -> str:
    """The text with typographic apostrophes, and with the spaces that French does not break."""
    return _BEFORE.sub("\u00a0", text).replace("'", "\u2019")


def _items(count: Any) -> str:
    return f"{count} élément" if count in (0, 1) else f"{count} éléments"


def _characters(count: Any) -> str:
    return f"{count} caractère" if count in (0, 1) else f"{count} caractères"


_FIGURED: Final[Mapping[str, Callable[[Mapping[str, Any]], str]]] = {
    "greater_than": lambda ctx: f"Une valeur supérieure à {ctx['gt']} est attendue.",
    "greater_than_equal": lambda ctx: f"Une valeur d'au moins {ctx['ge']} est attendue.",
    "less_than": lambda ctx: f"Une valeur inférieure à {ctx['lt']} est attendue.",
    "less_than_equal": lambda ctx: f"Une valeur d'au plus {ctx['le']} est attendue.",
    "multiple_of": lambda ctx: f"Un multiple de {ctx['multiple_of']} est attendu.",
    "string_too_short": lambda ctx: f"Au moins {_characters(ctx['min_length'])} : c'est trop court.",
    "string_too_long": lambda ctx: f"Au plus {_characters(ctx['max_length'])} : c'est trop long.",
    "string_pattern_mismatch": lambda ctx: f"Ce texte n'a pas la forme attendue ({ctx['pattern']}).",
    "too_short": lambda ctx: f"Au moins {_items(ctx['min_length'])} : la liste est trop courte.",
    "too_long": lambda ctx: f"Au plus {_items(ctx['max_length'])} : la liste est trop longue.",
    "literal_error": lambda ctx: f"Une de ces valeurs est attendue : {_choices(ctx['expected'])}.",
    "enum": lambda ctx: f"Une de ces valeurs est attendue : {_choices(ctx['expected'])}.",
    "union_tag_invalid": lambda ctx: f"Une de ces valeurs est attendue : {_choices(ctx['expected_tags'])}.",
    "date_future": lambda _: "Une date à venir est attendue.",
    "date_past": lambda _: "Une date passée est attendue.",
}


def _choices(expected: Any) -> str:
    return str(expected).replace("'", "").replace(" or ", " ou ")


def sentence(error: Mapping[str, Any]) -> str:
    """The French sentence for one entry of `ValidationError.errors()`.

    A validator's own `ValueError` is shown as it is: the project writes those in French.
    """
    kind, ctx = str(error.get("type", "")), error.get("ctx") or {}
    if kind in ("value_error", "assertion_error"):
        own = str(ctx.get("error", "")).strip()
        return (own if own.endswith((".", "?", "!")) else f"{own}.") if own else FALLBACK
    if kind in _FIXED:
        return _FIXED[kind]
    figured = _FIGURED.get(kind)
    try:
        return figured(ctx) if figured else FALLBACK
    except KeyError:
        return FALLBACK


def path(loc: Sequence[str | int]) -> str:
    """Where an error lies, as callers name it: `contacts.0.email`, `limit`, `If-Match`; empty for the whole body."""
    places = list(loc)
    if places and places[0] == "header":
        name = str(places[-1]).replace("_", "-").lower()
        return _HEADERS.get(name, name)
    if places and places[0] in ("body", "query", "path", "form"):
        places = places[1:]
    return ".".join(str(place) for place in places)


def findings(errors: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Each error as `field` and `detail`, as the problem document lists them; the same one is said once."""
    said = {(path(error.get("loc", ())), sentence(error)): None for error in errors}
    return [{"field": field, "detail": typographic(detail)} for field, detail in said]
