"""The contract with each provider: what it is asked, and what each of its documented answers makes certain."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from pydantic import SecretStr

from passerelles.channel_settings import SmsSettings
from passerelles.errors import SettingsError
from services.notifications.channels.port import Attempt, OfAddress, Recipient, Verdict
from services.notifications.channels.receipt_urls import ReceiptUrls
from services.notifications.channels.sms.channel import REST, SmsChannel
from services.notifications.channels.sms.provider import read_providers
from services.notifications.rendering import Rendered
from tests.integration.notifications.sms_providers import RECORDED, Providers, serving_providers

ID = UUID("8a1f8a53-6f0e-5b1d-9d62-3f2d0e0b7a11")
TO = Recipient("Claire Vidal", "+33612345678")
TEXT = Rendered("Passerelles industries : un profil pour votre besoin.")
RECEIPTS = ReceiptUrls("https://notifications.example.org", "secret")
NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


@pytest.fixture
async def providers() -> AsyncIterator[Providers]:
    async with serving_providers() as found:
        yield found


class Clock:
    now = NOW

    def __call__(self) -> datetime:
        return self.now


async def send(
    settings: SmsSettings,
    *,
    recipient: Recipient = TO,
    text: Rendered = TEXT,
    times: int = 1,
    clock: Clock | None = None,
) -> list[Attempt]:
    clock = clock or Clock()
    channel = SmsChannel(read_providers(settings, RECEIPTS, clock=clock, seconds=5), clock=clock)
    try:
        return [await channel.send(ID, recipient, text) for _ in range(times)]
    finally:
        await channel.stop()


def out(code: str) -> Attempt:
    return Attempt(Verdict.RETRY, code, reachable=False)


def failed(code: str, of_address: OfAddress | None = None) -> Attempt:
    return Attempt(Verdict.FAILED, code, of_address=of_address)


ANSWERS = {
    ("ovh", "taken"): Attempt(Verdict.SENT, "ovh_200", reference="ovh:26929925"),
    ("ovh", "invalid"): failed("ovh_invalid_receiver", OfAddress.UNREACHABLE),
    ("ovh", "bad_parameter"): failed("ovh_400"),
    ("ovh", "bad_key"): out("ovh_403"),
    ("ovh", "no_right"): out("ovh_403"),
    ("ovh", "no_service"): out("ovh_404"),
    ("ovh", "busy"): Attempt(Verdict.RETRY, "ovh_503"),
    ("ovh", "broken"): Attempt(Verdict.UNKNOWN, "ovh_500"),
    ("brevo", "taken"): Attempt(Verdict.SENT, "brevo_201"),
    ("brevo", "bad_parameter"): failed("brevo_400"),
    ("brevo", "no_credit"): out("brevo_402"),
    ("brevo", "no_credit_400"): out("brevo_no_credit"),
    ("brevo", "bad_key"): out("brevo_401"),
    ("brevo", "too_many"): Attempt(Verdict.RETRY, "brevo_429"),
    ("brevo", "broken"): Attempt(Verdict.UNKNOWN, "brevo_502"),
    ("twilio", "taken"): Attempt(Verdict.SENT, "twilio_201"),
    ("twilio", "invalid"): failed("twilio_21211", OfAddress.UNREACHABLE),
    ("twilio", "landline"): failed("twilio_21614", OfAddress.UNREACHABLE),
    ("twilio", "stopped"): failed("twilio_21610", OfAddress.OPTED_OUT),
    ("twilio", "bad_sender"): failed("twilio_21212"),
    ("twilio", "bad_token"): out("twilio_401"),
    ("twilio", "too_many"): Attempt(Verdict.RETRY, "twilio_429"),
    ("twilio", "broken"): Attempt(Verdict.UNKNOWN, "twilio_500"),
}


def test_every_recorded_answer_is_judged() -> None:
    recorded = {(name, case) for name, cases in RECORDED.items() for case in cases if case != "source"}
    assert recorded == set(ANSWERS)


@pytest.mark.parametrize(("provider", "case"), ANSWERS)
async def test_what_each_answer_makes_certain(providers: Providers, provider: str, case: str) -> None:
    providers.case = case
    assert await send(providers.settings(provider)) == [ANSWERS[provider, case]]
    assert providers.refused == []


ASKED: dict[str, dict[str, Any]] = {
    "ovh": {
        "charset": "UTF-8",
        "class": "phoneDisplay",
        "coding": "7bit",
        "message": TEXT.text,
        "noStopClause": True,
        "priority": "high",
        "receivers": ["+33612345678"],
        "sender": "Passerelles",
        "validityPeriod": 1440,
    },
    "brevo": {
        "sender": "Passerelles",
        "recipient": "33612345678",
        "content": TEXT.text,
        "type": "transactional",
        "unicodeEnabled": False,
        "webUrl": f"https://notifications.example.org/webhooks/brevo/sms/{ID}/{RECEIPTS.mark(ID)}",
    },
    "twilio": {
        "To": "+33612345678",
        "From": "Passerelles",
        "Body": TEXT.text,
        "StatusCallback": f"https://notifications.example.org/webhooks/twilio/receipts/{ID}",
    },
}


@pytest.mark.parametrize("provider", ASKED)
async def test_what_a_provider_is_asked(providers: Providers, provider: str) -> None:
    await send(providers.settings(provider))
    assert providers.taken == [{"provider": provider, **ASKED[provider]}]


async def test_senders_and_letters_of_other_kinds(providers: Providers) -> None:
    await send(providers.settings("ovh", sms_sender=""), text=Rendered("日本"))
    assert providers.taken[-1]["senderForResponse"] is True
    assert "sender" not in providers.taken[-1]
    assert providers.taken[-1]["coding"] == "8bit"
    await send(providers.settings("brevo"), text=Rendered("日本"))
    assert providers.taken[-1]["unicodeEnabled"] is True
    await send(providers.settings("twilio", sms_sender="MG01"))
    assert providers.taken[-1]["MessagingServiceSid"] == "MG01"


async def test_a_number_that_ovh_holds_for_stopped_is_told_apart(providers: Providers) -> None:
    providers.case = "invalid"
    providers.blacklist.add(TO.address)
    assert await send(providers.settings("ovh")) == [failed("ovh_blacklisted", OfAddress.OPTED_OUT)]


@pytest.mark.parametrize("provider", ASKED)
async def test_wrong_keys_turn_the_channel_red(providers: Providers, provider: str) -> None:
    wrong = SecretStr("autre")
    settings = providers.settings(
        provider, sms_ovh_application_secret=wrong, sms_brevo_key=wrong, sms_twilio_token=wrong
    )
    clock = Clock()
    for each, reachable in ((settings, False), (providers.settings(provider), True)):
        channel = SmsChannel(read_providers(each, None, clock=clock, seconds=5), clock=clock)
        assert (await channel.probe()).reachable is reachable
        await channel.stop()
    assert set(providers.refused) == {provider}


@pytest.mark.parametrize("address", ["+33565000000", "pas un numéro", "+3361234567890123", "+33 5 65 00 00 00"])
async def test_a_landline_is_written_to_by_nobody(providers: Providers, address: str) -> None:
    (attempt,) = await send(providers.settings("twilio"), recipient=Recipient("RH", address))
    assert attempt == failed("sms_not_mobile", OfAddress.UNREACHABLE)
    assert providers.taken == []


def dead() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


async def test_the_other_provider_takes_over_when_the_first_is_dead(providers: Providers) -> None:
    settings = providers.settings("ovh", sms_fallback="brevo", sms_ovh_url=dead())
    assert await send(settings, times=2) == [Attempt(Verdict.SENT, "brevo_201")] * 2
    assert [each["provider"] for each in providers.taken] == ["brevo"] * 2


async def test_the_other_provider_takes_over_when_our_account_is_closed(providers: Providers) -> None:
    settings = providers.settings("twilio", sms_fallback="brevo", sms_twilio_token=SecretStr("autre"))
    assert await send(settings) == [Attempt(Verdict.SENT, "brevo_201")]


async def test_the_first_is_asked_again_after_a_rest(providers: Providers) -> None:
    clock = Clock()
    settings = providers.settings("twilio", sms_fallback="brevo", sms_twilio_token=SecretStr("autre"))
    channel = SmsChannel(read_providers(settings, None, clock=clock, seconds=5), clock=clock)
    assert channel.via == "twilio"
    for _ in range(3):
        await channel.send(ID, TO, TEXT)
    assert (channel.via, providers.refused) == ("brevo", ["twilio"])
    clock.now = NOW + REST + timedelta(seconds=1)
    assert channel.via == "twilio"
    await channel.send(ID, TO, TEXT)
    assert providers.refused == ["twilio"] * 2
    await channel.stop()


@pytest.mark.parametrize("case", ["broken", "stopped", "bad_sender"])
async def test_nobody_else_is_asked_where_the_first_may_have_taken_it_or_refuses_it(
    providers: Providers, case: str
) -> None:
    providers.case = case
    settings = providers.settings("twilio", sms_fallback="brevo")
    assert await send(settings) == [ANSWERS["twilio", case]]
    assert [each["provider"] for each in providers.taken] == (["twilio"] if case == "broken" else [])


async def test_silence_of_the_first_leaves_the_outcome_unknown(providers: Providers) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        settings = providers.settings("twilio", sms_fallback="brevo", sms_twilio_url=url)
        clock = Clock()
        channel = SmsChannel(read_providers(settings, None, clock=clock, seconds=0.3), clock=clock)
        assert await channel.send(ID, TO, TEXT) == Attempt(Verdict.UNKNOWN, "sms_no_answer")
        await channel.stop()
    assert providers.taken == []


async def test_when_both_are_out_it_is_later_and_red(providers: Providers) -> None:
    settings = providers.settings("ovh", sms_fallback="brevo", sms_ovh_url=dead(), sms_brevo_url=dead())
    assert await send(settings) == [replace(out("sms_unreachable"))]


def test_what_a_provider_needs_is_named() -> None:
    with pytest.raises(SettingsError, match=r"SMS_OVH_SERVICE, .*SMS_OVH_CONSUMER_KEY, PASSERELLES_SMS_BREVO_KEY"):
        read_providers(SmsSettings(sms="ovh", sms_fallback="brevo"), None, clock=Clock())
    with pytest.raises(SettingsError, match="SMS_URL"):
        read_providers(SmsSettings(sms="http", sms_url="ftp://x"), None, clock=Clock())
    assert read_providers(SmsSettings(), None, clock=Clock()) == []
