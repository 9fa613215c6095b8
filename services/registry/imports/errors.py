"""The error of a file that cannot be imported as a whole."""

from __future__ import annotations

from passerelles.errors import InvalidInputError


class UnreadableFileError(InvalidInputError):
    """A file that is no CSV nor XLSX, or whose first line is not a header that is understood; nothing was imported."""

    slug, title = "fichier-illisible", "Fichier illisible"
