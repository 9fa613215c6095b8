"""What tests stand on: buses and stores, embedded and real, each fresh for the test that asks."""

from __future__ import annotations

import gc
import os
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings

from passerelles.bus.address import Bus
from passerelles.bus.embedded import EmbeddedBroker
from passerelles.bus.topics import ensure_topics
from passerelles.store.address import open_store
from passerelles.store.port import Store
from tests.real import chromium, kafka, mongo
from tests.real.service import MissingServiceError, RealService

T = TypeVar("T")

# Deadlines judge the machine, not the code; and a fixture's store serves all examples of a test, which name what they
# write anew.
settings.register_profile("passerelles", deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
settings.load_profile("passerelles")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what needs a real server; with pytest-xdist, one worker has all of a service's, which they share."""
    for item in items:
        needs = _real_needs(item)
        if needs:
            item.add_marker("real")
        if needs and config.pluginmanager.hasplugin("xdist"):
            item.add_marker(
                pytest.mark.xdist_group(next(name for name in ("kafka", "mongo", "chromium") if name in needs))
            )


def _real_needs(item: pytest.Item) -> set[str]:
    names = set(getattr(item, "fixturenames", ()))
    callspec = getattr(item, "callspec", None)
    variants = {callspec.params.get(name) for name in ("bus", "store_url", "pair_urls")} if callspec else set()
    needs = set()
    if names & {"kafka_broker", "kafka_bus", "restartable_kafka"} or variants & {"kafka", "real"}:
        needs.add("kafka")
    if names & {"mongo_server", "mongo_url", "restartable_mongo"} or variants & {"mongo", "real"}:
        needs.add("mongo")
    if "chromium_path" in names:
        needs.add("chromium")
    return needs


def _obtain(find: Callable[[], T]) -> T:
    try:
        return find()
    except MissingServiceError as missing:
        if os.environ.get("CI") or os.environ.get("PASSERELLES_REQUIRE_REAL") == "1":
            pytest.fail(f"a real service is required here: {missing}")
        pytest.skip(str(missing))


@pytest.fixture
def collector() -> Iterator[None]:
    """Python's garbage collector, as it was before, once the test is over."""
    before = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*before)


@pytest.fixture(scope="session")
def kafka_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealService]:
    """An Apache Kafka; its topics are those that the last test left."""
    service = _obtain(partial(kafka.find, tmp_path_factory.mktemp("kafka")))
    yield service
    service.stop()


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """Where a Chromium stands."""
    return _obtain(chromium.find)


@pytest.fixture(scope="session")
def mongo_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealService]:
    """A MongoDB, or its stand-in."""
    service = _obtain(partial(mongo.find, tmp_path_factory.mktemp("mongo")))
    yield service
    service.stop()


@pytest.fixture
def restartable_kafka(kafka_broker: RealService) -> Iterator[RealService]:
    """The broker of `kafka_bus`, which the test may kill and start again; it runs when the test is over."""
    yield from _restartable(kafka_broker)


@pytest.fixture
def restartable_mongo(mongo_server: RealService) -> Iterator[RealService]:
    """The server of `mongo_url`, which the test may kill and start again; it runs when the test is over."""
    yield from _restartable(mongo_server)


def _restartable(service: RealService) -> Iterator[RealService]:
    if not service.restartable:
        pytest.skip("a server given by its address is not killed")
    yield service
    service.start()


@pytest.fixture
def embedded_bus() -> Iterator[Bus]:
    """A broker in this process, that serves for this test only."""
    with EmbeddedBroker() as broker:
        yield broker.bus


@pytest.fixture
async def kafka_bus(kafka_broker: RealService) -> Bus:
    """Apache Kafka with the contract's topics, empty, and no groups."""
    kafka.reset(kafka_broker.address)
    bus = Bus.parse(f"kafka://{kafka_broker.address}")
    await ensure_topics(bus)
    kafka.wait_for_topics(kafka_broker.address)
    return bus


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The address of a SQLite store that nobody has opened yet."""
    return f"sqlite:///{tmp_path / 'store.sqlite'}"


@pytest.fixture
def mongo_url(mongo_server: RealService) -> Iterator[str]:
    """The address of a MongoDB store that nobody has opened yet."""
    database = f"test-{uuid4().hex}"
    yield mongo.database_url(mongo_server.address, database)
    if mongo_server.restartable:
        mongo_server.start()  # a test may have left it killed
    mongo.drop(mongo_server.address, database)


@pytest.fixture(params=["embedded", "kafka"])
def bus(request: pytest.FixtureRequest) -> Bus:
    """A bus without records, embedded and real."""
    return request.getfixturevalue(f"{request.param}_bus")


@pytest.fixture(params=["sqlite", "mongo"])
def store_url(request: pytest.FixtureRequest) -> str:
    """The address of a store without documents, on SQLite and on MongoDB."""
    return request.getfixturevalue(f"{request.param}_url")


@pytest.fixture
async def store(store_url: str) -> AsyncIterator[Store]:
    """The store of `store_url`, opened."""
    async for opened in _opened(store_url):
        yield opened


@pytest.fixture(params=["embedded", "real"])
def pair_urls(request: pytest.FixtureRequest) -> tuple[Bus, str]:
    """A bus and the address of a store: embedded and SQLite, then Apache Kafka and MongoDB."""
    bus, url = ("embedded_bus", "sqlite_url") if request.param == "embedded" else ("kafka_bus", "mongo_url")
    return request.getfixturevalue(bus), request.getfixturevalue(url)


@pytest.fixture
async def pair(pair_urls: tuple[Bus, str]) -> AsyncIterator[tuple[Bus, Store]]:
    """The bus and the store of `pair_urls`, the store opened."""
    bus, url = pair_urls
    async for opened in _opened(url):
        yield bus, opened


async def _opened(url: str) -> AsyncIterator[Store]:
    store = open_store(url)
    await store.open()
    try:
        yield store
    finally:
        await store.close()
