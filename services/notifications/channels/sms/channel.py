"""The channel of text messages: to mobiles only, by the provider of the settings, or by the other while it is out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog

from passerelles.reference.telephones import telephone
from passerelles.telemetry import SMS_SEGMENTS
from services.notifications.channels.port import Attempt, OfAddress, Recipient, Verdict
from services.notifications.channels.sms.message import Provider, TextMessage
from services.notifications.rendering import Rendered
from services.notifications.segments import measure

AT_ONCE: Final = 4

REST: Final = timedelta(seconds=30)
"""How long a provider that was out of order is not asked first."""

NOT_MOBILE: Final = Attempt(Verdict.FAILED, "sms_not_mobile", of_address=OfAddress.UNREACHABLE)

log = structlog.get_logger()


class SmsChannel:
    """One provider, or two: the second is asked only where the first has certainly not taken the message."""

    def __init__(self, providers: Sequence[Provider], *, clock: Callable[[], datetime]) -> None:
        self._providers = providers
        self._clock = clock
        self._resting: dict[str, datetime] = {}

    @property
    def at_once(self) -> int:
        """Few: providers bound what they take a second."""
        return AT_ONCE

    @property
    def via(self) -> str:
        """The provider that is asked first, now."""
        return self._in_order()[0].name

    async def stop(self) -> None:
        """Let go of the connections."""
        for provider in self._providers:
            await provider.stop()

    async def probe(self) -> Attempt:
        """Whether any of the providers answers us."""
        for provider in self._in_order():
            attempt = await provider.probe()
            self._note(provider, attempt)
            if attempt.reachable:
                return attempt
        return attempt

    async def send(self, id_: UUID, recipient: Recipient, message: Rendered) -> Attempt:
        """Hand one text message to a provider."""
        number = telephone(recipient.address)
        if number is None or not number.mobile:
            # Given before the registry's checks were what they are, or a landline since.
            return NOT_MOBILE
        alphabet, segments = measure(message.text)
        text = TextMessage(id_, number.written, message.text, alphabet)
        later: list[Attempt] = []
        for provider in self._in_order():
            attempt = await provider.send(text)
            self._note(provider, attempt)
            if attempt.verdict is Verdict.SENT:
                SMS_SEGMENTS.labels(provider.name).inc(segments)
            if attempt.verdict is not Verdict.RETRY:
                return attempt
            later.append(attempt)
        return next((attempt for attempt in later if attempt.reachable), later[0])

    def _in_order(self) -> list[Provider]:
        now = self._clock()
        return sorted(self._providers, key=lambda each: self._resting.get(each.name, now) > now)

    def _note(self, provider: Provider, attempt: Attempt) -> None:
        if attempt.reachable:
            self._resting.pop(provider.name, None)
            return
        self._resting[provider.name] = self._clock() + REST
        log.warning("sms.provider_out", provider=provider.name, code=attempt.code)
