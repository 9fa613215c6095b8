"""What an operator does with territories: see how they are cut, and cut a département otherwise."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from passerelles.errors import UnavailableError
from passerelles.settings import Settings
from passerelles.store.address import open_store
from passerelles.store.port import Collection
from schemas.topics import TOPICS, TopicName
from services.registry import reslicing
from services.registry.office import singles_of
from services.registry.reslicing import Slicing

_POLL_SECONDS: Final = 0.3


async def shown(settings: Settings) -> Slicing:
    """The epoch that stands and its table. Raises as `reslicing.slicing` does."""
    async with _singles(settings) as singles:
        return await reslicing.slicing(singles)


async def resliced(settings: Settings, departement: str, into: int, *, wait_seconds: float) -> Slicing:
    """Cut a département in so many slices, and return once a registry has opened the epoch that does.

    Safe to repeat, and to interrupt: what was asked stands, and the next call only waits for it.

    Raises:
        InvalidInputError, NotFoundError: as `reslicing.reslice` does.
        UnavailableError: no registry has opened it in that time; one does, as soon as it runs.
    """
    async with _singles(settings) as singles:
        asked = await reslicing.reslice(singles, departement, into)
        try:
            async with asyncio.timeout(wait_seconds):
                while not asked.open:
                    await asyncio.sleep(_POLL_SECONDS)
                    asked = await reslicing.slicing(singles)
        except TimeoutError:
            raise UnavailableError(
                f"La découpe est demandée, mais aucun registre n'a ouvert d'époque en {wait_seconds:g} secondes.",
                remedy="Démarrer un registre, ou lire ce que son contrôle « epoch » en dit dans /readyz ; "
                "relancer cette commande attend la suite.",
            ) from None
        return asked


def in_words(slicing: Slicing) -> str:
    """The epoch, and each territory with its partition on Apache Kafka, as an operator reads them."""
    state = "ouverte" if slicing.open else "en attente d'un registre qui ouvre la suivante"
    partitions = TOPICS[TopicName.FACTS].partitions
    places = (f"{name}\t{slicing.table.partition(name, partitions)}" for name in slicing.table.names)
    return "\n".join((f"Époque {slicing.epoch}, {state}. Territoires, et leur partition :", *places))


@asynccontextmanager
async def _singles(settings: Settings) -> AsyncIterator[Collection]:
    store = open_store(settings.store)
    singles = singles_of(store)
    await store.open()
    try:
        yield singles
    finally:
        await store.close()
