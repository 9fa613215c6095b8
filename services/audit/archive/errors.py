"""What goes wrong with an archive, told to the person who asked."""

from __future__ import annotations

from passerelles.errors import PasserellesError


class ArchiveError(PasserellesError):
    """The archive cannot be read or written as it stands."""

    slug, status, title = "archive", 500, "Archive inutilisable"


class NoArchiveError(ArchiveError):
    """There is no archive at this address."""

    slug, status, title = "archive-absente", 404, "Archive introuvable"


class OtherLogError(ArchiveError):
    """The bus holds another log than the one that this archive is of."""

    slug, status, title = "archive-autre-journal", 409, "Archive d'un autre journal"
