"""The store on MongoDB: the one module that knows motor and pymongo, so that the driver is replaced in one file."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from bson.errors import BSONError
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorCollection
from pymongo import IndexModel
from pymongo.errors import (
    BulkWriteError,
    ConfigurationError,
    ConnectionFailure,
    DocumentTooLarge,
    DuplicateKeyError,
    InvalidOperation,
    OperationFailure,
    ProtocolError,
)
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from passerelles.errors import SettingsError, UnavailableError
from passerelles.store.fields import collection_name
from passerelles.store.mongo_codes import MISTAKES, REFUSED, TOO_LARGE, duplicates
from passerelles.store.mongo_documents import (
    BODY,
    REVISION,
    Document,
    condition,
    decode,
    document,
    index_keys,
    sorting,
)
from passerelles.store.port import ANY, Body, Order, Scalar, Stored, Where

DEFAULT_DATABASE: Final = "passerelles"

OPTIONS: Final[dict[str, Any]] = {
    # A server that is gone is told in seconds, to whoever waits and to /readyz; the address's own options prevail.
    "serverSelectionTimeoutMS": 2_000,
    "connectTimeoutMS": 2_000,
    "socketTimeoutMS": 5_000,
    "waitQueueTimeoutMS": 5_000,
    "appname": "passerelles",
}

MAJORITY: Final = WriteConcern("majority", wtimeout=5_000)
"""A document that was written, and published from, must not be rolled back with a primary that fell."""


class MongoStore:
    """Documents `{_id, revision, body}`; needs only atomic updates of one document (no sessions, no replica set).

    `url` is a MongoDB address, whose path names the database (`passerelles` when it names none).
    """

    def __init__(self, url: str) -> None:
        self._url = url
        chosen = {name.lower() for name, _ in parse_qsl(urlsplit(url).query)}
        self._options = {name: value for name, value in OPTIONS.items() if name.lower() not in chosen}
        self._client: AsyncIOMotorClient[Document] | None = None
        self._collections: dict[str, MongoCollection] = {}

    async def open(self) -> None:
        """Connect, and make the indexes declared so far.

        Raises:
            UnavailableError: the server does not answer; `open` may be called again.
            SettingsError: the address is malformed. It is not repeated: it may hold a secret.
        """
        if self._client is None:
            self._client = self._connect()
        try:
            await self.ping()
            # One that is declared meanwhile prepares itself.
            for collection in list(self._collections.values()):
                await collection.prepare()
        except BaseException:
            await self.close()
            raise

    def _connect(self) -> AsyncIOMotorClient[Document]:
        try:
            return AsyncIOMotorClient(self._url, **self._options)
        except (ValueError, ConfigurationError):  # whose words may quote the address
            raise SettingsError(
                "L'adresse de MongoDB n'est pas correcte.",
                remedy="L'écrire sous la forme mongodb://[utilisateur:secret@]hôte:port/base.",
            ) from None

    async def close(self) -> None:
        """Let go of the connections. What is still under way raises `UnavailableError`."""
        client, self._client = self._client, None
        if client is not None:
            client.close()

    async def ping(self) -> None:
        """Return when the server answers. Raises `UnavailableError`."""
        with _answering():
            await self.connected().admin.command("ping")

    def collection(self, name: str, *, indexes: Sequence[Sequence[str]] = ()) -> MongoCollection:
        """Declare and get a collection; its indexes are made by `open`, or by its first use."""
        collection = self._collections.get(name)
        if collection is None:
            collection = self._collections[name] = MongoCollection(self, collection_name(name))
        collection.declare(indexes)
        return collection

    def connected(self) -> AsyncIOMotorClient[Document]:
        """The client. Raises `UnavailableError` outside `open` … `close`."""
        if self._client is None:
            raise UnavailableError("La base de données n'est pas ouverte.")
        return self._client

    def documents(self, name: str) -> AsyncIOMotorCollection[Document]:
        """The driver's collection: written by majority, read from what a majority has."""
        database = self.connected().get_default_database(DEFAULT_DATABASE)
        return database.get_collection(name, write_concern=MAJORITY, read_concern=ReadConcern("majority"))


class MongoCollection:
    """One collection. See `passerelles.store.port.Collection`."""

    def __init__(self, store: MongoStore, name: str) -> None:
        self._store = store
        self._name = name
        self._missing: dict[tuple[str, ...], None] = {}
        self._made: set[tuple[str, ...]] = set()
        self._making = asyncio.Lock()

    def declare(self, indexes: Sequence[Sequence[str]]) -> None:
        """Add indexes to those that the collection has."""
        self._missing.update(
            {tuple(fields): None for fields in indexes if tuple(fields) not in self._made}  # keys keep their order
        )

    async def prepare(self) -> None:
        """Make the indexes; those that exist stay as they are. Raises `UnavailableError`."""
        async with self._making:
            missing = list(self._missing)
            if missing:
                models = [IndexModel(index_keys(fields), name="+".join(fields)) for fields in missing]
                with _answering():
                    await self._store.documents(self._name).create_indexes(models)
            for fields in missing:
                self._made.add(fields)
                del self._missing[fields]

    async def get(self, id_: str) -> Stored | None:
        """The document, or none."""
        documents = await self._documents()
        with _answering():
            found = await documents.find_one({"_id": id_})
        return _stored(found) if found else None

    async def get_many(self, ids: Iterable[str]) -> dict[str, Stored]:
        """Those that exist, by identifier."""
        documents = await self._documents()
        with _answering():
            found = await documents.find({"_id": {"$in": list(ids)}}).to_list(None)
        return {each["_id"]: _stored(each) for each in found}

    async def revisions(self, ids: Iterable[str]) -> dict[str, int]:
        """The revisions of those that exist, by identifier."""
        documents = await self._documents()
        with _answering():
            found = await documents.find({"_id": {"$in": list(ids)}}, {REVISION: 1}).to_list(None)
        return {each["_id"]: each[REVISION] for each in found}

    async def insert(self, id_: str, body: Body) -> bool:
        """Write a document that does not exist yet."""
        documents = await self._documents()
        with _answering():
            try:
                await documents.insert_one(document(id_, 1, body))
            except DuplicateKeyError:
                return False
        return True

    async def insert_many(self, bodies: Mapping[str, Body]) -> set[str]:
        """Write those that do not exist yet."""
        if not bodies:
            return set()
        documents = await self._documents()
        with _answering():
            try:
                await documents.insert_many([document(id_, 1, body) for id_, body in bodies.items()], ordered=False)
            except BulkWriteError as error:
                there = duplicates(error)
                return {id_ for place, id_ in enumerate(bodies) if place not in there}
        return set(bodies)

    async def replace(self, id_: str, body: Body, revision: int) -> bool:
        """Write the document if it still has this revision."""
        documents = await self._documents()
        with _answering():
            result = await documents.replace_one({"_id": id_, REVISION: revision}, document(id_, revision + 1, body))
        return result.matched_count == 1

    async def delete(self, id_: str, revision: int | None = None) -> bool:
        """Remove the document, if it still has this revision where one is given."""
        documents = await self._documents()
        with _answering():
            result = await documents.delete_one({"_id": id_} if revision is None else {"_id": id_, REVISION: revision})
        return result.deleted_count == 1

    async def find(
        self,
        where: Where = ANY,
        *,
        order: Order | None = None,
        after: tuple[Scalar | None, str] | None = None,
        limit: int | None = None,
    ) -> list[Stored]:
        """The matching documents, in order."""
        documents = await self._documents()
        if limit is not None and limit < 1:
            return []  # to MongoDB, zero is no limit
        with _answering():
            cursor = documents.find(condition(where, order, after), sort=sorting(order), limit=limit or 0)
            return [_stored(each) for each in await cursor.to_list(None)]

    async def count(self, where: Where = ANY) -> int:
        """How many documents match."""
        documents = await self._documents()
        with _answering():
            return await documents.count_documents(condition(where))

    async def _documents(self) -> AsyncIOMotorCollection[Document]:
        if self._missing:
            await self.prepare()
        return self._store.documents(self._name)


def _stored(found: Document) -> Stored:
    return Stored(found["_id"], int(found[REVISION]), decode(found[BODY]))


@contextmanager
def _answering() -> Iterator[None]:
    """Turn the driver's errors into the port's. What the driver says, addresses included, stays in the cause."""
    try:
        yield
    except (ConnectionFailure, InvalidOperation, ProtocolError) as error:
        raise _away() from error
    except OperationFailure as error:
        if error.code in REFUSED:
            raise UnavailableError(
                "MongoDB refuse l'accès.", remedy="Vérifier l'utilisateur et le secret de l'adresse de la base."
            ) from error
        if error.code in TOO_LARGE:
            raise _not_a_document(error) from error
        if error.code in MISTAKES:
            raise
        raise _away() from error
    except (BSONError, DocumentTooLarge) as error:
        raise _not_a_document(error) from error


def _away() -> UnavailableError:
    return UnavailableError(
        "MongoDB ne répond pas.", remedy="Vérifier que le serveur est en marche et joignable, puis réessayer."
    )


def _not_a_document(error: Exception) -> ValueError:
    return ValueError(f"not a document that MongoDB takes: {type(error).__name__}")
