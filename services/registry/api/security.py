"""Who calls: bearer tokens (RFC 6750), looked up before the body is read; health, documentation and pages are open."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Awaitable, Callable
from typing import Annotated, Final

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import SecretStr
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from passerelles.errors import PasserellesError, UnauthenticatedError
from services.registry.api.problems import answer
from services.registry.domain.caller import OPERATOR, Caller

PUBLIC: Final = "/v1/"
INTERNAL: Final = "/internal/"
TOKEN_LENGTH: Final = 512
"""Characters. Issued tokens are far shorter; a longer one is refused before anything is computed on it."""

CallerOf = Callable[[str], Awaitable[Caller | None]]
"""The company that a token acts for, or none."""


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def same_secret(shown: str, secret: SecretStr | None) -> bool:
    """Whether a token is the secret, in a time that tells nothing; a secret that is not set is matched by nothing."""
    expected = secret.get_secret_value() if secret is not None else ""
    return hmac.compare_digest(_digest(shown), _digest(expected)) and bool(expected)


def bearer(headers: Headers) -> str:
    """The token of the `Authorization` header.

    Raises:
        UnauthenticatedError: there is none, or it is not a bearer token.
    """
    remedy = "Envoyer l'en-tête Authorization: Bearer JETON."
    given = headers.getlist("authorization")
    if not given:
        raise UnauthenticatedError("Cet appel demande un jeton.", remedy=remedy)
    scheme, _, token = given[0].partition(" ")
    token = token.strip()
    if len(given) > 1 or scheme.lower() != "bearer" or not token or len(token) > TOKEN_LENGTH:
        raise UnauthenticatedError("L'en-tête Authorization n'est pas de la forme « Bearer JETON ».", remedy=remedy)
    return token


class Gate:
    """ASGI middleware: no call to `/v1/` or `/internal/` goes further without a token that is known."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        operator_token: SecretStr | None,
        service_token: SecretStr | None,
        caller_of: CallerOf,
    ) -> None:
        self._app = app
        self._operator_token = operator_token
        self._service_token = service_token
        self._caller_of = caller_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Find the caller, and leave it in the scope's state."""
        if scope["type"] == "http" and scope["path"].startswith((PUBLIC, INTERNAL)):
            try:
                token = bearer(Headers(scope=scope))
                if scope["path"].startswith(INTERNAL):
                    if not same_secret(token, self._service_token):
                        raise UnauthenticatedError("Ce jeton n'est pas celui des services.")
                else:
                    scope.setdefault("state", {})["caller"] = await self._caller(token)
            except PasserellesError as error:
                await answer(error, scope)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    async def _caller(self, token: str) -> Caller:
        if same_secret(token, self._operator_token):
            return OPERATOR
        caller = await self._caller_of(token)
        if caller is None:
            raise UnauthenticatedError(
                "Ce jeton n'est pas connu, ou n'est plus valable.", remedy="Demander un jeton à l'opérateur."
            )
        return caller


_scheme = HTTPBearer(
    scheme_name="Jeton",
    description="Le jeton de l'opérateur, ou celui d'une entreprise (`POST /v1/companies/{id}/tokens`).",
    auto_error=False,
)


async def _current(request: Request, _: Annotated[HTTPAuthorizationCredentials | None, Security(_scheme)]) -> Caller:
    caller = getattr(request.state, "caller", None)
    if not isinstance(caller, Caller):
        raise UnauthenticatedError("Cet appel demande un jeton.")
    return caller


Calling = Annotated[Caller, Depends(_current)]
"""Who calls, for an endpoint."""
