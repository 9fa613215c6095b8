"""MongoDB for tests, or the server that stands in for it, from whichever source has one."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from tests.real.service import (
    ContainerService,
    MissingServiceError,
    ProcessService,
    RealService,
    free_port,
    given,
    java,
    new_container,
    run_container,
)

VARIABLE: Final = "PASSERELLES_TEST_MONGO"
"""`mongodb://…` of a server where tests may make databases of their own, which they drop."""

IMAGE: Final = "mongo:8.0"
STAND_IN: Final = Path(__file__).parent / "jars" / "mongo" / "StandIn.java"


def find(folder: Path) -> RealService:
    """A started server, whose file goes to `folder` if it is ours.

    Raises:
        MissingServiceError: no source has one; says why, source by source.
    """
    sources: tuple[Callable[[], RealService], ...] = (
        lambda: given(VARIABLE),
        _from_docker,
        lambda: _from_jars(folder),
    )
    reasons = []
    for source in sources:
        try:
            return source()
        except MissingServiceError as error:
            reasons.append(str(error))
    raise MissingServiceError(f"no MongoDB: {'; '.join(reasons)}")


def database_url(address: str, database: str) -> str:
    """The address of one database of this server."""
    parts = urlsplit(address)
    return urlunsplit(parts._replace(path=f"/{database}"))


def answers(address: str) -> bool:
    """Whether the server answers a ping."""
    with _client(address) as client:
        try:
            client.admin.command("ping")
        except PyMongoError:
            return False
        return True


def drop(address: str, database: str) -> None:
    """Remove a test's database."""
    with _client(address) as client:
        client.drop_database(database)


def _client(address: str) -> MongoClient[dict[str, Any]]:
    return MongoClient(address, serverSelectionTimeoutMS=2000, connectTimeoutMS=2000, socketTimeoutMS=10000)


def _from_docker() -> RealService:
    container, port = new_container(IMAGE), free_port()
    container.with_bind_ports(27017, port)
    run_container(container)
    address = f"mongodb://127.0.0.1:{port}"
    return ContainerService(container, port=port, address=address, answers=lambda: answers(address))


def _from_jars(folder: Path) -> RealService:
    run = java("mongo", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
    port = free_port()
    address = f"mongodb://127.0.0.1:{port}"
    service = ProcessService(
        [*run, str(STAND_IN), str(port), str(folder / "mongo.mv")],
        port=port,
        address=address,
        log=folder / "mongo.log",
        answers=lambda: answers(address),
        # H2 writes in the background: killed outright it would lose what it acknowledged, as mongod does not. It is
        # told to leave, and clients see their connections break all the same.
        crash=signal.SIGTERM,
    )
    service.start()
    return service
