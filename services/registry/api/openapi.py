"""The OpenAPI document: what FastAPI derives, with the problems that each call may answer."""

from __future__ import annotations

from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from services.registry.api.examples import EXAMPLES
from services.registry.api.problems import MEDIA_TYPE, Problem

DESCRIPTION: Final = """
Prêt de main-d'œuvre et reclassement entre industries d'Occitanie : une entreprise publie un **besoin** ou une
**disponibilité**, les paires qui conviennent deviennent des **propositions**, chaque partie accepte ou décline.

- Chaque appel porte `Authorization: Bearer JETON` : le jeton de l'opérateur, ou celui d'une entreprise, qui n'agit et
  ne voit que pour elle-même. Rien n'identifie l'autre partie avant l'accord des deux.
- Une erreur est un problème (RFC 9457, `application/problem+json`) au `type` stable, qui nomme le champ en cause.
- `POST` accepte `Idempotency-Key` : la même clé avec la même requête donne la même réponse, sans rien refaire ; avec
  une autre requête, 409. Les réponses sont gardées 48 heures.
- `PUT` demande `If-Match`, avec la version lue dans `ETag` : 428 si elle manque, 412 si elle n'est plus la bonne.
- Les listes se lisent par pages : `limit` (200 au plus) et `cursor`.
"""

TAGS: Final = [
    {"name": "Entreprises", "description": "Informées, puis membres ; leurs contacts et leurs jetons."},
    {"name": "Coordinateurs", "description": "Qui suit chaque département, et qui est prévenu quand rien ne répond."},
    {"name": "Besoins", "description": "Les postes à pourvoir."},
    {"name": "Disponibilités", "description": "Les personnes à prêter ou à reclasser, sans jamais les nommer."},
    {"name": "Propositions", "description": "Un besoin et une disponibilité qui conviennent, et ce qu'on en décide."},
    {"name": "Envois", "description": "Qui a été averti de quoi, quand, et avec quel résultat."},
    {"name": "Imports", "description": "Un tableur entre en une requête."},
    {"name": "Flux", "description": "Ce qui se passe, au moment où cela se passe."},
    {"name": "Référentiels", "description": "Métiers, compétences, communes et branches, pour compléter une saisie."},
]

_SAID: Final = {
    "400": "Le corps ne peut pas être lu.",
    "401": "Le jeton manque, ou n'est pas connu.",
    "403": "Ce jeton ne permet pas cela.",
    "404": "Cela n'existe pas, ou pas pour cet appelant.",
    "408": "Le corps n'est pas arrivé à temps.",
    "409": "Ce qui est demandé contredit ce qui est.",
    "412": "`If-Match` nomme une version périmée.",
    "413": "Le corps est trop grand.",
    "415": "Le type de contenu n'est pas lu par cet appel.",
    "422": "Une valeur n'est pas acceptable.",
    "428": "`If-Match` manque.",
    "429": "Trop de flux sont ouverts.",
    "503": "Une dépendance ne répond pas, ou le service démarre.",
}
_ALWAYS: Final = ("401", "403", "404", "422", "503")
_BODY: Final = ("400", "408", "409", "413", "415")

_KEY: Final = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "La même clé avec la même requête donne la même réponse.",
    "schema": {"type": "string", "pattern": r"^[\x21-\x7e]{1,200}$"},
    "example": "5b1f0f0e-besoin-42",
}
_FILE: Final = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["file"],
                "properties": {
                    "file": {"type": "string", "format": "binary", "description": "CSV ou XLSX."},
                    "kind": {"type": "string", "enum": ["availabilities", "needs"]},
                    "company_id": {"type": "string", "format": "uuid"},
                },
            }
        },
        "text/csv": {"schema": {"type": "string"}},
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": {
            "schema": {"type": "string", "format": "binary"}
        },
    },
}


def _problems(path: str, method: str) -> list[str]:
    codes = list(_ALWAYS)
    if method != "get":
        codes += _BODY
    if method == "put":
        codes += ["412", "428"]
    elif path.endswith("/withdraw"):
        codes += ["412"]
    elif path == "/v1/stream":
        codes += ["429"]
    return codes


def _amend(path: str, method: str, operation: dict[str, Any]) -> None:
    responses = operation.setdefault("responses", {})
    responses.pop("422", None)
    for code in sorted(_problems(path, method)):
        responses[code] = {
            "description": _SAID[code],
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
    if method == "post":
        operation.setdefault("parameters", []).append(_KEY)
    body = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if body:
        body["example"] = EXAMPLES[body["schema"]["$ref"].rpartition("/")[2]]
    if path == "/v1/imports" and method == "post":
        operation["requestBody"] = _FILE


def describe(app: FastAPI) -> dict[str, Any]:
    """The document of an app, made once."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title,
            version=app.version,
            description=DESCRIPTION,
            routes=app.routes,
            tags=TAGS,
        )
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(problem.pop("$defs", {}))
        schemas["Problem"] = problem
        for path, operations in document["paths"].items():
            if path.startswith("/v1/"):
                for method, operation in operations.items():
                    _amend(path, method, operation)
        app.openapi_schema = document
    return app.openapi_schema
