"""The errors that only HTTP knows: bodies that cannot be read, headers that are missing, calls that come too fast."""

from __future__ import annotations

from passerelles.errors import ConflictError, PasserellesError


class UnreadableBodyError(PasserellesError):
    """The body is not UTF-8, not JSON, or nested beyond reason."""

    slug, status, title = "corps-illisible", 400, "Corps illisible"


class BodyTooLargeError(PasserellesError):
    """The body is longer than this call takes."""

    slug, status, title = "corps-trop-grand", 413, "Corps trop grand"


class BodyTooSlowError(PasserellesError):
    """The body did not arrive in time."""

    slug, status, title = "corps-trop-lent", 408, "Corps trop lent"


class ContentTypeError(PasserellesError):
    """The body's `Content-Type` is missing, or none that this call reads."""

    slug, status, title = "type-de-contenu", 415, "Type de contenu refusé"


class MethodError(PasserellesError):
    """The address exists, and takes another method."""

    slug, status, title = "methode-refusee", 405, "Méthode refusée"


class VersionRequiredError(PasserellesError):
    """A change needs `If-Match`, so that nobody overwrites what they have not read (RFC 6585, section 3)."""

    slug, status, title = "version-requise", 428, "Version requise"


class KeyReusedError(ConflictError):
    """An `Idempotency-Key` came again with another request."""

    slug, title = "cle-reutilisee", "Clé d'idempotence réutilisée"


class KeyInProgressError(ConflictError):
    """The first request with this `Idempotency-Key` is still being executed."""

    slug, title = "requete-en-cours", "Requête en cours"


class TooManyStreamsError(PasserellesError):
    """More event streams are open than this process serves."""

    slug, status, title = "trop-de-flux", 429, "Trop de flux ouverts"
