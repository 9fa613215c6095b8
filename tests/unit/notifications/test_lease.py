"""A lease that is found lapsed means a crash: it outlasts whatever an attempt may take, and the writing of its end."""

from __future__ import annotations

from services.notifications.attempts import SETTLE_SECONDS
from services.notifications.channels import email, pool
from services.notifications.channels.sms import exchange
from services.notifications.ledger.deliveries import LEASE

ANSWERS = 5
"""MAIL, RCPT, DATA, the content, and RSET where that was refused."""


def test_an_email_ends_within_its_lease() -> None:
    probe = pool.LONGEST + email.SECONDS  # it may have the connection first
    attempt = email.PATIENCE.total_seconds() + pool.FAREWELL + pool.LONGEST + ANSWERS * email.SECONDS
    assert probe + attempt + sum(SETTLE_SECONDS) < LEASE.total_seconds()


def test_a_text_ends_within_its_lease() -> None:
    providers = 2
    assert providers * exchange.LONGEST + sum(SETTLE_SECONDS) < LEASE.total_seconds()
