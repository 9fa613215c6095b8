"""Where a running demo can be reached: a file in its data folder, for commands in another process."""

from __future__ import annotations

import json
from pathlib import Path

from passerelles.bus.address import Bus
from passerelles.errors import NotFoundError
from passerelles.settings import Settings

STORE_FILE = "passerelles.sqlite"
ADDRESS_FILE = "demo.json"


def store_url(data: Path) -> str:
    """The address of the demo's store."""
    return f"sqlite:///{(data / STORE_FILE).absolute()}"


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
