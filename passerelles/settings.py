"""Every setting of every service: environment variables with the prefix `PASSERELLES_`, in one typed class."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Final

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from rapidfuzz import process
from rapidfuzz.distance import OSA

from passerelles.alert_settings import AlertSettings
from passerelles.channel_settings import MailSettings, SmsSettings, WebhookSettings
from passerelles.errors import SettingsError

PREFIX = "PASSERELLES_"

EXPECTED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "bus": "« embedded: » ou kafka://hôte:port,hôte:port",
        "store": "sqlite:///chemin ou mongodb://hôte:port/base",
        "data": "le chemin d'un dossier",
        "http_port": "un nombre entier de 0 à 65535",
        "smtp": "smtp://hôte:port ou smtps://hôte:port",
        "smtp_tls": "« opportunistic », « required » ou « off »",
        "smtp_connections": "un nombre entier de 1 à 100",
        "smtp_domain_rate": "un nombre d'e-mails par seconde, de plus de 0 à 10000,",
        "dkim_keys": "sélecteur:chemin, ou plusieurs séparés par des virgules,",
        "soft_bounces": "un nombre entier de 1 à 100",
        "sms": "« none », « http », « ovh », « brevo » ou « twilio »",
        "sms_fallback": "« none », « http », « ovh », « brevo » ou « twilio »",
        "alert_window_ms": "un nombre entier de millisecondes, de 0 à 86400000 (un jour),",
        "alert_need_hours": "un nombre entier d'heures, de 0 à 720,",
        "alert_contact_most": "un nombre entier, de 0 (sans limite) à 1000,",
        "alert_pair_days": "un nombre entier de jours, de 0 à 90,",
        "sms_hours": "deux heures, « 8-20 » par exemple,",
        "sms_days": "des jours de 1 (lundi) à 7, « 123456 » par exemple,",
        "sms_holidays": "« true » ou « false »",
        "log_level": "« debug », « info », « warning » ou « error »",
    }
)
"""What a setting that may be wrong has to be, in French; the others are any text."""

_OTHERS: Final = re.compile(rf"{PREFIX}(?:TOKEN|IMAGE|REQUIRE_REAL|TEST_.*)")
"""Variables of `passerelles import`, of Compose and of the tests."""
_LONG: Final = 8
"""From so many letters on a name has two slips: `OPRATOR_TOKN`; in a short one, `PORT` would be `STORE`."""


class Settings(SmsSettings, WebhookSettings, MailSettings, AlertSettings, BaseSettings):
    """The settings, with their defaults: those of the embedded stack.

    The table of `docs/operations.md` is generated from the descriptions below, and from those of the groups.
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
    alert_window_ms: Annotated[
        int, Field(ge=0, le=86_400_000, description="How long the proposals of one need are gathered into one alert.")
    ] = 500
    log_level: Annotated[
        str, Field(pattern=r"^(debug|info|warning|error)$", description="The least grave line logged.")
    ] = "info"

    @field_validator("operator_token", "service_token", "webhook_secret")
    @classmethod
    def _given(cls, secret: SecretStr | None) -> SecretStr | None:
        """A variable that stands empty in a file of settings gives no secret: nothing at all would match it."""
        return secret if secret is not None and secret.get_secret_value() else None

    @property
    def archive_address(self) -> str:
        """The folder or URL of the archive."""
        return self.archive or str(self.data / "archive")


def read_settings() -> Settings:
    """The settings of this process's environment.

    Raises:
        SettingsError: names each variable that is wrong, and what was expected; or that is misspelt, and the setting
            that was meant. No value is shown: some are secrets.
    """
    wrong = [f"{name} n'existe pas, {meant} est sans doute voulu" for name, meant in _misspelt().items()]
    try:
        settings = Settings()
    except ValidationError as error:
        names = dict.fromkeys(str(each["loc"][0]) for each in error.errors())
        wrong += [f"{PREFIX}{name.upper()} : {EXPECTED.get(name, 'une autre valeur')} est attendu" for name in names]
        raise _refused(wrong) from None
    if wrong:
        raise _refused(wrong)
    return settings


def unknown_variables() -> list[str]:
    """The variables with the prefix that name no setting, nor are another program's: they have no effect.

    They are not refused: Kubernetes sets some of its own for a service that is called `passerelles-…`.
    """
    settings = {PREFIX + name.upper() for name in Settings.model_fields}
    named = {name.upper(): name for name in os.environ if name.upper().startswith(PREFIX)}
    return sorted(name for upper, name in named.items() if upper not in settings and not _OTHERS.fullmatch(upper))


def _misspelt() -> dict[str, str]:
    """The unknown variables that are a slip of the finger away from a setting, which is what each was meant to be."""
    settings = [name.upper() for name in Settings.model_fields]
    meant = {}
    for variable in unknown_variables():
        name = variable[len(PREFIX) :].upper()
        slips = 2 if len(name) >= _LONG else 1
        near = process.extractOne(name, settings, scorer=OSA.distance, score_cutoff=slips)
        if near:
            meant[variable] = PREFIX + near[0]
    return meant


def _refused(wrong: list[str]) -> SettingsError:
    return SettingsError(
        f"{' ; '.join(wrong)}.", remedy="Corriger les variables d'environnement nommées (docs/operations.md)."
    )
