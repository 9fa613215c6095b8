"""Who has a number, asked of the registry: an answer to a text message names nobody, and only it keeps numbers."""

from __future__ import annotations

import ssl
from uuid import UUID

import httpx
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from passerelles.errors import UnavailableError


class Owner(BaseModel):
    """A contact, by its identifiers."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    company_id: UUID
    contact_id: UUID


_OWNERS = TypeAdapter(tuple[Owner, ...])


class PhoneBook:
    """The registry's internal address, `REGISTRY_URL`, behind `SERVICE_TOKEN`."""

    def __init__(self, url: str, token: str, *, seconds: float = 10.0) -> None:
        self._url = url.rstrip("/") + "/internal/phones"
        self._client = httpx.AsyncClient(
            timeout=seconds,
            headers={"Authorization": f"Bearer {token}"},
            trust_env=False,
            verify=ssl.create_default_context(),  # the system's authorities, as for the registry's other questions
        )

    async def close(self) -> None:
        """Let go of the connections."""
        await self._client.aclose()

    async def owners(self, phone: str) -> tuple[Owner, ...]:
        """The contacts that have this number and ask for text messages.

        Raises:
            UnavailableError: no answer, or one that is not what was agreed.
        """
        try:
            response = await self._client.post(self._url, json={"phone": phone})
            return _OWNERS.validate_json(response.raise_for_status().content)
        except (httpx.HTTPError, ValidationError) as error:
            raise UnavailableError("Le registre ne dit pas à qui est ce numéro.") from error
