"""The errors that a person can meet: what happened, what to do about it, and an HTTP problem type (RFC 9457)."""

from __future__ import annotations

from typing import Any, ClassVar


class PasserellesError(Exception):
    """Something that a user or an operator has to know of.

    `detail` and `remedy` are French sentences, shown as they are; neither holds personal data that its reader lacks.

    Attributes:
        slug: the stable end of the problem's `type`, `urn:passerelles:problem:` before it.
        status: the HTTP status that it is answered with.
        title: the kind of problem in a few French words, the same for each occurrence.
        field: the input that is wrong, as a path (`contacts.0.email`), when one is.
        figures: further members of the problem document.
    """

    slug: ClassVar[str] = "erreur"
    status: ClassVar[int] = 500
    title: ClassVar[str] = "Erreur"

    def __init__(self, detail: str, *, remedy: str = "", field: str | None = None, **figures: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.remedy = remedy
        self.field = field
        self.figures = figures


class InvalidInputError(PasserellesError):
    """A value that is not acceptable; nothing was changed."""

    slug, status, title = "saisie-invalide", 422, "Saisie invalide"


class NotFoundError(PasserellesError):
    """No such thing, or none that this caller may know of."""

    slug, status, title = "introuvable", 404, "Introuvable"


class UnauthenticatedError(PasserellesError):
    """No bearer token, or one that is not known."""

    slug, status, title = "non-authentifie", 401, "Authentification requise"


class ForbiddenError(PasserellesError):
    """The token is known, and may not do this."""

    slug, status, title = "interdit", 403, "Action interdite"


class ConflictError(PasserellesError):
    """What is asked contradicts what is."""

    slug, status, title = "conflit", 409, "Conflit"


class StaleVersionError(PasserellesError):
    """`If-Match` names a version that is no longer the current one."""

    slug, status, title = "version-perimee", 412, "Version périmée"


class UnavailableError(PasserellesError):
    """A dependency does not answer; the same call may be made again later."""

    slug, status, title = "indisponible", 503, "Service momentanément indisponible"


class SettingsError(PasserellesError):
    """A setting is missing or wrong; the process stops before doing anything."""

    slug, status, title = "reglage", 500, "Réglage incorrect"
