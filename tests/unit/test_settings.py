"""A wrong setting is named with what was expected, in French, and a misspelt one with what was meant."""

from __future__ import annotations

import os

import pytest

from passerelles.errors import SettingsError
from passerelles.settings import EXPECTED, PREFIX, Settings, read_settings, unknown_variables


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """None but those of a test."""
    for name in os.environ:
        if name.startswith(PREFIX):
            monkeypatch.delenv(name)


def test_the_defaults_are_right() -> None:
    assert read_settings() == Settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("bus", "kafka:9092"),
        ("store", "postgres://secret@x/y"),
        ("http_port", "80800"),
        ("http_port", "huit mille"),
        ("smtp", "127.0.0.1:25"),
        ("sms", "orange"),
        ("alert_window_ms", "-1"),
        ("alert_contact_most", "1001"),
        ("log_level", "verbose"),
    ],
)
def test_a_wrong_one_is_named_with_what_was_expected(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(PREFIX + name.upper(), value)
    with pytest.raises(SettingsError) as refused:
        read_settings()
    assert refused.value.detail == f"{PREFIX}{name.upper()} : {EXPECTED[name]} est attendu."
    assert value not in refused.value.detail


@pytest.mark.parametrize("name", ["operator_token", "service_token", "webhook_secret"])
def test_an_empty_secret_is_none(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Whoever shows nothing must not match it."""
    monkeypatch.setenv(PREFIX + name.upper(), "")
    assert getattr(read_settings(), name) is None


def test_every_setting_that_may_be_wrong_says_what_was_expected() -> None:
    bounded = {name for name, field in Settings.model_fields.items() if field.metadata or field.annotation is int}
    assert bounded <= set(EXPECTED)


def test_all_that_is_wrong_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("SMS", "x"), ("LOG_LEVEL", "x"), ("BUSS", "x")):
        monkeypatch.setenv(PREFIX + name, value)
    with pytest.raises(SettingsError) as refused:
        read_settings()
    assert refused.value.detail.count(" ; ") == 2


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [
        ("BUSS", "BUS"),
        ("STORES", "STORE"),
        ("SMTP_FORM", "SMTP_FROM"),
        ("LOGLEVEL", "LOG_LEVEL"),
        ("SERVICE_TOKN", "SERVICE_TOKEN"),
        ("OPRATOR_TOKN", "OPERATOR_TOKEN"),
        ("PORT", None),
        ("REGISTRY_SERVICE_HOST", None),
        ("REGISTRY_PORT", None),
    ],
)
def test_a_misspelt_one_is_refused_with_what_was_meant(
    monkeypatch: pytest.MonkeyPatch, wrong: str, meant: str | None
) -> None:
    monkeypatch.setenv(PREFIX + wrong, "x")
    assert unknown_variables() == [PREFIX + wrong]
    if meant is None:
        read_settings()
        return
    with pytest.raises(SettingsError, match=f"{PREFIX}{wrong} n'existe pas, {PREFIX}{meant} est"):
        read_settings()


def test_variables_of_other_programs_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TOKEN", "TEST_KAFKA", "TEST_MONGO", "REQUIRE_REAL", "IMAGE"):
        monkeypatch.setenv(PREFIX + name, "x")
    read_settings()
    assert unknown_variables() == []
