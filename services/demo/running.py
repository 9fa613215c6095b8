"""Where a running demo can be reached: a file in its data folder, for commands in another process."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from passerelles.bus.address import Bus
from passerelles.errors import ConflictError, InvalidInputError, NotFoundError
from passerelles.settings import Settings

STORE_FILE = "passerelles.sqlite"
ADDRESS_FILE = "demo.json"
LOCK_FILE = "demo.lock"


def store_url(data: Path) -> str:
    """The address of the demo's store."""
    return f"sqlite:///{(data / STORE_FILE).absolute()}"


@contextmanager
def held(data: Path) -> Iterator[None]:
    """Make the folder if need be, and keep it from other demos until the end.

    Raises:
        ConflictError: another demo runs on it.
        InvalidInputError: it cannot be made or written to.
    """
    try:
        data.mkdir(parents=True, exist_ok=True)
        lock = (data / LOCK_FILE).open("w")
    except OSError as error:
        raise InvalidInputError(
            f"Le dossier {data} ne peut pas servir ({error.strerror}).",
            remedy="Choisir un dossier accessible en écriture.",
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ConflictError(
                f"Une démonstration tourne déjà sur le dossier {data}.",
                remedy="L'arrêter, ou choisir un autre dossier.",
            ) from error
        yield


def write_address(data: Path, bus: Bus) -> Path:
    """Say where the demo's brokers are; the file lives as long as they do."""
    file = data / ADDRESS_FILE
    file.write_text(json.dumps({"bootstrap_servers": bus.bootstrap_servers}), encoding="utf-8")
    return file


def bus_of(data: Path) -> Bus:
    """The brokers of the demo that runs on this folder.

    Raises:
        NotFoundError: none runs there.
    """
    try:
        address = json.loads((data / ADDRESS_FILE).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise NotFoundError(
            f"Aucune démonstration ne tourne sur le dossier {data}.",
            remedy="La lancer : passerelles demo --data DOSSIER.",
        ) from error
    return Bus(address["bootstrap_servers"], embedded=True)


def settings_of(data: Path, settings: Settings) -> Settings:
    """The settings of a process that works on the demo's store.

    Raises:
        NotFoundError: the folder holds no store.
    """
    if not (data / STORE_FILE).exists():
        raise NotFoundError(
            f"Le dossier {data} ne contient pas de base de démonstration.", remedy="Vérifier le chemin."
        )
    return settings.model_copy(update={"store": store_url(data), "data": data})
