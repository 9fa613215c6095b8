"""Every setting of every service: environment variables with the prefix `PASSERELLES_`, in one typed class."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from passerelles.errors import SettingsError

PREFIX = "PASSERELLES_"


class Settings(BaseSettings):
    """The settings, with their defaults: those of the embedded stack.

    The table of `docs/operations.md` is generated from the descriptions below.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    bus: Annotated[
        str,
        Field(
            pattern=r"^(embedded:|kafka://[^/\s]+)$",
            description="`embedded:` or `kafka://host:port,host:port`.",
        ),
    ] = "embedded:"
    store: Annotated[
        str,
        Field(
            pattern=r"^(sqlite:///.+|mongodb(\+srv)?://.+)$",
            description="`sqlite:///path` or `mongodb://…/database`; by default a SQLite file in `DATA`.",
        ),
    ] = "sqlite:///data/passerelles.sqlite"
    data: Annotated[
        Path,
        Field(description="Folder of what a process keeps: snapshots, the archive and its key, and SQLite by default."),
    ] = Path("data")
    archive: Annotated[
        str,
        Field(
            description="Where audit keeps its archive: a folder, or a URL of fsspec; by default `archive` in `DATA`."
        ),
    ] = ""
    http_port: Annotated[int, Field(ge=0, le=65535, description="The port of this service's HTTP.")] = 8000
    http_host: Annotated[str, Field(description="The address that HTTP listens on.")] = "127.0.0.1"
    public_url: Annotated[
        str, Field(description="Where users reach the registry: the base of the links in messages.")
    ] = "http://127.0.0.1:8000"
    registry_url: Annotated[
        str, Field(description="Where notifications reaches the registry's internal address, to read contacts.")
    ] = "http://127.0.0.1:8000"
    operator_token: Annotated[SecretStr | None, Field(description="Bootstraps the first operator.")] = None
    service_token: Annotated[SecretStr | None, Field(description="What notifications shows to the registry.")] = None
    smtp: Annotated[
        str,
        Field(pattern=r"^smtps?://.+", description="`smtp://[user:password@]host:port`; `smtps:` for implicit TLS."),
    ] = "smtp://127.0.0.1:1025"
    smtp_from: Annotated[str, Field(description="The sender of every email.")] = (
        "Passerelles industries <alertes@passerelles.example.org>"
    )
    sms: Annotated[str, Field(pattern=r"^(none|http)$", description="SMS provider: `none` or `http`.")] = "none"
    sms_url: Annotated[str, Field(description="The SMS provider's base address.")] = ""
    alert_window_ms: Annotated[
        int, Field(ge=0, le=86_400_000, description="How long the proposals of one need are gathered into one alert.")
    ] = 500
    log_level: Annotated[
        str, Field(pattern=r"^(debug|info|warning|error)$", description="The least grave line logged.")
    ] = "info"

    @property
    def archive_address(self) -> str:
        """The folder or URL of the archive."""
        return self.archive or str(self.data / "archive")


def read_settings() -> Settings:
    """The settings of this process's environment.

    Raises:
        SettingsError: names each variable that is wrong, and what was expected.
    """
    try:
        return Settings()
    except ValidationError as error:
        wrong = "; ".join(
            f"{PREFIX}{'_'.join(map(str, each['loc'])).upper()}: {each['msg']}" for each in error.errors()
        )
        raise SettingsError(
            f"Réglages incorrects : {wrong}.", remedy="Corriger ces variables d'environnement (docs/operations.md)."
        ) from error
