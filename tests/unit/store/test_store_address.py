"""The setting `STORE` names its store, or is refused without being repeated."""

from __future__ import annotations

from pathlib import Path

import pytest

from passerelles.errors import SettingsError
from passerelles.store.address import open_store
from passerelles.store.mongo import MongoStore
from passerelles.store.sqlite import SqliteStore


@pytest.mark.parametrize(
    ("url", "path"), [("sqlite:///data/x.sqlite", "data/x.sqlite"), ("sqlite:////srv/x.sqlite", "/srv/x.sqlite")]
)
def test_sqlite_paths(url: str, path: str) -> None:
    store = open_store(url)
    assert isinstance(store, SqliteStore)
    assert store._thread._path == Path(path)


@pytest.mark.parametrize("url", ["mongodb://h:27017/x", "mongodb+srv://h.example.org/x"])
def test_mongodb_addresses(url: str) -> None:
    assert isinstance(open_store(url), MongoStore)


@pytest.mark.parametrize("url", ["", "sqlite://", "sqlite:///", "postgres://u:s3cr3t@h/x", "s3cr3t"])
def test_anything_else_is_refused(url: str) -> None:
    with pytest.raises(SettingsError) as raised:
        open_store(url)
    assert "s3cr3t" not in f"{raised.value.detail} {raised.value.remedy}"


def test_the_options_of_the_address_prevail() -> None:
    store = open_store("mongodb://h/x?sockettimeoutms=1234&appName=mine")
    assert isinstance(store, MongoStore)
    assert set(store._options) == {"serverSelectionTimeoutMS", "connectTimeoutMS", "waitQueueTimeoutMS"}
