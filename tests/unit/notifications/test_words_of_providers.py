"""What providers say of deliveries, by the shapes of their documentation, and how Twilio's signature is checked."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from services.notifications.inbound import brevo, ovh, twilio
from services.notifications.inbound.word import Fate, Word, asks_to_stop

ID = UUID("8a1f8a53-6f0e-5b1d-9d62-3f2d0e0b7a11")

BREVO_EMAIL = {
    # developers.brevo.com, "Transactional webhooks"; symfony/symfony keeps one that was received.
    "id": 814119,
    "email": "example@gmail.com",
    "message-id": "<202305311437.85220493321@smtp-relay.mailin.fr>",
    "date": "2023-05-31 16:37:07",
    "tags": ["welcome"],
    "event": "hard_bounce",
    "subject": "Subject Line",
    "X-Mailin-custom": str(ID),
    "sending_ip": "127.0.0.1",
    "ts_event": 1685543827,
    "ts": 1685543827,
    "reason": "550-5.1.1 The email account that you tried to reach does not exist.",
    "ts_epoch": 1685543827372,
}
BREVO_SMS = {
    "id": 26570,
    "to": "33612345678",
    "sms_count": 1,
    "credits_used": 1.5,
    "messageId": 123,
    "remaining_credit": 11488.845,
    "msg_status": "sent",
    "date": "2023-05-31 16:37:07",
    "type": "transactional",
    "reference": "ab1cde2fgh3i4jklmno",
}


@pytest.mark.parametrize(
    ("event", "fate"),
    [
        ("hard_bounce", Fate.BOUNCED),
        ("invalid_email", Fate.BOUNCED),
        ("soft_bounce", Fate.RETURNED),
        ("blocked", Fate.RETURNED),
        ("delivered", Fate.ARRIVED),
        ("request", None),
        ("opened", None),
        ("deferred", None),
        (7, None),
    ],
)
def test_brevo_on_emails(event: Any, fate: Fate | None) -> None:
    expected = Word(ID, fate, f"brevo_{event}") if fate else None
    assert brevo.read_email(BREVO_EMAIL | {"event": event}) == expected


def test_brevo_on_emails_that_are_not_ours() -> None:
    assert brevo.read_email({**BREVO_EMAIL, "X-Mailin-custom": "autre"}) is None
    own = {**BREVO_EMAIL, "X-Mailin-custom": None, "message-id": f"<{ID}@passerelles.example.org>"}
    assert brevo.read_email(own) == Word(ID, Fate.BOUNCED, "brevo_hard_bounce")


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("delivered", Word(ID, Fate.ARRIVED, "brevo_delivered")),
        ("hard_bounce", Word(ID, Fate.BOUNCED, "brevo_hardbounce")),
        ("softBounce", Word(ID, Fate.RETURNED, "brevo_softbounce")),
        ("unsubscribe", Word(ID, Fate.OPTED_OUT, "brevo_unsubscribe")),
        ("sent", None),
        ("accepted", None),
        ("replied", None),
    ],
)
def test_brevo_on_text_messages(status: str, expected: Word | None) -> None:
    assert brevo.read_sms(ID, BREVO_SMS | {"msg_status": status}) == expected


def test_twilios_signature_is_the_one_of_its_sdk() -> None:
    """The vectors of twilio-python's own tests."""
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    form = [
        ("CallSid", "CA1234567890ABCDE"),
        ("Digits", "1234"),
        ("From", "+14158675309"),
        ("To", "+18005551212"),
        ("Caller", "+14158675309"),
    ]
    assert twilio.signature("12345", url, form) == "RSOYDt4T1cUTdK1PDd93/VVr8B8="
    twice = [("Sid", "CA123"), ("SidAccount", "AC123"), ("Digits", "5678"), ("Digits", "1234")]
    assert twilio.signature("12345", url, twice) == "IK+Dwps556ElfBT0I3Rgjkr1wJU="
    assert twilio.is_signed("12345", url, form, "RSOYDt4T1cUTdK1PDd93/VVr8B8=")
    assert not twilio.is_signed("12345", url, form[1:], "RSOYDt4T1cUTdK1PDd93/VVr8B8=")
    assert not twilio.is_signed("54321", url, form, "RSOYDt4T1cUTdK1PDd93/VVr8B8=")
    assert not twilio.is_signed("12345", url, form, "")
    assert not twilio.is_signed("12345", url, form, "é")


@pytest.mark.parametrize(
    ("status", "error", "expected"),
    [
        ("delivered", "", Word(ID, Fate.ARRIVED, "twilio_delivered")),
        ("undelivered", "30003", Word(ID, Fate.RETURNED, "twilio_30003")),
        ("undelivered", "30005", Word(ID, Fate.BOUNCED, "twilio_30005")),
        ("undelivered", "30006", Word(ID, Fate.BOUNCED, "twilio_30006")),
        ("failed", "21610", Word(ID, Fate.OPTED_OUT, "twilio_21610")),
        ("failed", "", Word(ID, Fate.RETURNED, "twilio_failed")),
        ("sent", "", None),
        ("queued", "", None),
    ],
)
def test_twilio_on_text_messages(status: str, error: str, expected: Word | None) -> None:
    assert twilio.read_receipt(ID, {"MessageStatus": status, "ErrorCode": error}) == expected


@pytest.mark.parametrize(
    ("ptt", "expected"),
    [
        ("4", ("ovh:26929925", Fate.ARRIVED, "ovh_ptt_4")),
        ("5", ("ovh:26929925", Fate.RETURNED, "ovh_ptt_5")),
        ("53", ("ovh:26929925", Fate.OPTED_OUT, "ovh_ptt_53")),
        ("1", None),
        ("3", None),
        ("6", None),
        ("x", None),
        ("²", None),
        ("", None),
    ],
)
def test_ovh_on_text_messages(ptt: str, expected: tuple[str, Fate, str] | None) -> None:
    assert ovh.read_receipt({"id": "26929925", "ptt": ptt, "date": "20260302093000"}) == expected


@pytest.mark.parametrize(
    "text",
    [
        "STOP",
        " stop ",
        "Stop.",
        "ARRÊT",
        "arret",
        "« STOP »",
        "STOP SMS",
        "stop s'il vous plaît",
        "Stop, merci",
        "STOP!!",
        "Arre\u0302t",
    ],
)
def test_what_asks_to_stop(text: str) -> None:
    assert asks_to_stop(text)
    assert twilio.stopped({"From": "+33612345678", "Body": text}) == "+33612345678"


@pytest.mark.parametrize("text", ["", "Oui", "Ne vous arrêtez pas", "stopper le poste ?", "Non-stop"])
def test_what_does_not(text: str) -> None:
    assert not asks_to_stop(text)
    assert twilio.stopped({"From": "+33612345678", "Body": text}) is None


def test_twilio_may_have_understood_by_itself() -> None:
    assert twilio.stopped({"From": "+33612345678", "Body": "Basta", "OptOutType": "STOP"}) == "+33612345678"
    assert twilio.stopped({"From": "+33612345678", "Body": "START", "OptOutType": "START"}) is None
