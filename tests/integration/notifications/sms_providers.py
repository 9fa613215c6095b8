"""The providers of text messages on loopback: they check what theirs check, and answer as documented."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from passerelles.channel_settings import SmsSettings
from services.serving import HttpServer, listen

FOLDER = Path(__file__).parent / "providers"
RECORDED: dict[str, dict[str, Any]] = {
    path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.json"))
}
OVH_TIME = 1_800_000_000
"""OVH's clock, far from ours: a signature that was made of our own would not hold."""


class Providers:
    """All three; `case` names the recorded answer that a message gets."""

    def __init__(self) -> None:
        self.case = "taken"
        self.blacklist: set[str] = set()
        self.taken: list[dict[str, Any]] = []
        self.refused: list[str] = []
        routes = [
            Route("/1.0/auth/time", self._ovh_time),
            Route("/1.0/sms/sms-ab12345-1", self._ovh_service),
            Route("/1.0/sms/sms-ab12345-1/jobs", self._ovh_job, methods=["POST"]),
            Route("/1.0/sms/sms-ab12345-1/blacklists/{number}", self._ovh_blacklist),
            Route("/v3/account", self._brevo_account),
            Route("/v3/transactionalSMS/send", self._brevo_send, methods=["POST"]),
            Route("/2010-04-01/Accounts/AC01.json", self._twilio_account),
            Route("/2010-04-01/Accounts/AC01/Messages.json", self._twilio_send, methods=["POST"]),
        ]
        self.server = HttpServer(Starlette(routes=routes), listen("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.server.port}"

    def settings(self, provider: str, **more: Any) -> SmsSettings:
        """The settings by which a channel reaches them."""
        known: dict[str, Any] = {
            "sms": provider,
            "sms_sender": "Passerelles",
            "sms_ovh_url": f"{self.url}/1.0",
            "sms_ovh_service": "sms-ab12345-1",
            "sms_ovh_application_key": "AK",
            "sms_ovh_application_secret": SecretStr("AS"),
            "sms_ovh_consumer_key": SecretStr("CK"),
            "sms_brevo_url": f"{self.url}/v3",
            "sms_brevo_key": SecretStr("xkeysib-1"),
            "sms_twilio_url": f"{self.url}/2010-04-01",
            "sms_twilio_account": "AC01",
            "sms_twilio_token": SecretStr("12345"),
        }
        return SmsSettings(**{**known, **more})

    async def _ovh_time(self, _: Request) -> Response:
        return PlainTextResponse(str(OVH_TIME))

    async def _ovh_service(self, request: Request) -> Response:
        return await self._ovh_checked(request) or JSONResponse({"name": "sms-ab12345-1", "creditsLeft": 12})

    async def _ovh_blacklist(self, request: Request) -> Response:
        wrong = await self._ovh_checked(request)
        known = request.path_params["number"] in self.blacklist
        return wrong or JSONResponse({"number": request.path_params["number"]}, 200 if known else 404)

    async def _ovh_job(self, request: Request) -> Response:
        wrong = await self._ovh_checked(request)
        return wrong or self._answer("ovh", await request.json())

    async def _ovh_checked(self, request: Request) -> Response | None:
        body = (await request.body()).decode()
        time = request.headers["X-Ovh-Timestamp"]
        whole = "+".join(["AS", "CK", request.method, f"{self.url}{request.url.path}", body, time])
        signature = "$1$" + hashlib.sha1(whole.encode()).hexdigest()  # noqa: S324 - OVH's
        given = [request.headers[f"X-Ovh-{name}"] for name in ("Application", "Consumer", "Signature")]
        if given == ["AK", "CK", signature] and abs(int(time) - OVH_TIME) < 60:
            return None
        self.refused.append("ovh")
        return _recorded("ovh", "bad_key")

    async def _brevo_account(self, request: Request) -> Response:
        return self._brevo_checked(request) or JSONResponse({"email": "compte@example.org"})

    async def _brevo_send(self, request: Request) -> Response:
        return self._brevo_checked(request) or self._answer("brevo", await request.json())

    def _brevo_checked(self, request: Request) -> Response | None:
        if request.headers.get("api-key") == "xkeysib-1":
            return None
        self.refused.append("brevo")
        return _recorded("brevo", "bad_key")

    async def _twilio_account(self, request: Request) -> Response:
        return self._twilio_checked(request) or JSONResponse({"sid": "AC01", "status": "active"})

    async def _twilio_send(self, request: Request) -> Response:
        form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        return self._twilio_checked(request) or self._answer("twilio", form)

    def _twilio_checked(self, request: Request) -> Response | None:
        if request.headers.get("Authorization") == "Basic " + base64.b64encode(b"AC01:12345").decode():
            return None
        self.refused.append("twilio")
        return _recorded("twilio", "bad_token")

    def _answer(self, provider: str, asked: dict[str, Any]) -> Response:
        if self.case in {"taken", "broken"}:
            self.taken.append({"provider": provider, **asked})
        return _recorded(provider, self.case)


def _recorded(provider: str, case: str) -> Response:
    return JSONResponse(RECORDED[provider][case]["body"], RECORDED[provider][case]["status"])


@asynccontextmanager
async def serving_providers() -> AsyncIterator[Providers]:
    """The three of them, listening."""
    providers = Providers()
    await providers.server.start()
    try:
        yield providers
    finally:
        await providers.server.stop()
