"""From the setting `STORE` to the store that it names."""

from __future__ import annotations

from typing import Final

from passerelles.errors import SettingsError
from passerelles.store.port import Store
from passerelles.store.sqlite import SqliteStore

_SQLITE: Final = "sqlite:///"
_MONGO: Final = ("mongodb://", "mongodb+srv://")


def open_store(url: str) -> Store:
    """The store at this address, to be opened yet.

    `sqlite:///data/file.sqlite` is relative to the working folder, `sqlite:////srv/file.sqlite` absolute.

    Raises:
        SettingsError: no such kind of store, or a malformed address. The address is not repeated: it may hold a secret.
    """
    if url.startswith(_SQLITE) and len(url) > len(_SQLITE):
        return SqliteStore(url.removeprefix(_SQLITE))
    if url.startswith(_MONGO):
        from passerelles.store.mongo import MongoStore  # noqa: PLC0415 - a driver that the embedded stack never loads

        return MongoStore(url)
    raise SettingsError(
        "L'adresse de la base de données n'est pas reconnue.",
        remedy="L'écrire sous la forme sqlite:///chemin/fichier.sqlite ou mongodb://hôte:port/base.",
    )
