"""Emails a second that one process hands over, beside a bare loop that renders them and commits the same rows.

The way of an alert is the real one, from a batch of events to the answer of a mail server, on SQLite, with a registry
that is asked by HTTP; mail server and registry are other processes, which keep up. Every company has one contact, and a
domain that few others have: each email is a message by itself, and nothing is shared between two. The bare loop asks
nobody: it composes the same letters with the same templates, writes each document of the ledger as often as the ledger
did, in one transaction for each email, and hands the mails over by as many connections.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any, Final, NamedTuple
from uuid import UUID

import uvloop

from passerelles import logging
from passerelles.garbage import collect_seldom, pass_over_what_is_loaded
from passerelles.health import Health
from passerelles.reference.addresses import email_address
from passerelles.settings import Settings
from passerelles.store.sqlite import SqliteStore
from schemas.deliveries import Channel, MessageKind
from schemas.envelope import Event
from schemas.vocabulary import Party
from services.notifications.channels.connection import Envelope, deliver
from services.notifications.channels.email import SECONDS, EmailChannel
from services.notifications.channels.mail import Mailbox, Sender, compose, encoded_words
from services.notifications.channels.pool import Connections, read_server
from services.notifications.letter import Part, compose_parts
from services.notifications.pairs import after
from services.notifications.questions import Contacts
from services.notifications.rendering import Renderer
from services.notifications.verdicts import Limits
from services.notifications.wiring import Alerting
from tests.bench.briefing_server import briefing_server
from tests.integration.notifications.many_alerts import Answers, alert
from tests.mail_server import mail_server, taken

ROUNDS: Final = 10
ALERTS: Final = 400
BATCH: Final = 200
"""Events of one batch: what a consumer is given at once."""

ENCODER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))

ASKED: Final = 300.0
ASKED_SHARE: Final = 0.7
SENDER: Final = Sender("Passerelles industries", "alertes@passerelles.example.org")


class Took(NamedTuple):
    """By the clock, and of processors, every thread of this process counted."""

    seconds: float
    cpu: float


class Watch:
    """Measures from its making on."""

    def __init__(self) -> None:
        self._began = time.perf_counter(), time.process_time()

    def took(self) -> Took:
        began, cpu = self._began
        return Took(time.perf_counter() - began, time.process_time() - cpu)


def now() -> datetime:
    return datetime.now(UTC)


async def ledger(settings: Settings, alerts: Sequence[Event[Any]], file: Path) -> Took:
    """From the first batch until every email was handed over and its delivery has ended."""
    store = SqliteStore(file)
    channel = EmailChannel(settings, clock=now)
    contacts = Contacts(settings.registry_url, "jeton")
    alerting = Alerting(
        store,
        contacts,
        Renderer(),
        {Channel.EMAIL: channel},
        window=timedelta(),
        limits=Limits(),
        check=Health().check("ledger"),
        clock=now,
    )
    alerting.tell(settled=lambda _: None, observe=lambda *_: None)
    await store.open()
    await channel.probe()
    watch = Watch()
    for start in range(0, len(alerts), BATCH):
        await alerting.reaction(alerts[start : start + BATCH])
    await alerting.sender.settle()
    took = watch.took()
    await alerting.sender.stop()
    await channel.stop()
    await contacts.close()
    await store.close()
    return took


class Row:
    """One document of the ledger, and how often it was written."""

    def __init__(self, collection: str, id_: str, revision: int, body: str) -> None:
        self._insert = f'INSERT INTO "{collection}" VALUES (?, 1, ?) ON CONFLICT (id) DO NOTHING'  # noqa: S608 - our name
        self._replace = f'UPDATE "{collection}" SET revision = revision + 1, body = ? WHERE id = ? AND revision = ?'  # noqa: S608
        self._id, self._revision, self._body = id_, revision, json.loads(body)

    def write(self, connection: sqlite3.Connection) -> None:
        connection.execute(self._insert, (self._id, self._text()))
        for revision in range(1, self._revision):
            connection.execute(self._replace, (self._text(), self._id, revision))

    def _text(self) -> str:
        return ENCODER.encode(self._body)


def rows_of(file: Path, copy: Path) -> list[list[Row]]:
    """What the ledger wrote, a share for each email; `copy` becomes a database with the same tables, empty."""
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(copy)) as target:
        schema = source.execute("SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
        for _, _, statement in schema:
            target.execute(statement)
        rows = [
            Row(table, *row)
            for kind, table, _ in schema
            if kind == "table"
            for row in source.execute(f'SELECT id, revision, body FROM "{table}" ORDER BY id')  # noqa: S608
        ]
        (emails,) = source.execute('SELECT count(*) FROM "alert_deliveries"').fetchone()
    return [rows[start::emails] for start in range(emails)]


async def bare_loop(
    settings: Settings, alerts: Sequence[Event[Any]], answers: Answers, rows: list[list[Row]], file: Path
) -> Took:
    """The same without a ledger: compose, render, commit, hand over, by so many connections."""
    renderer = Renderer()
    connections = Connections(
        read_server(settings),
        greeting="passerelles.example.org",
        at_once=settings.smtp_connections,
        clock=now,
        seconds=SECONDS,
    )
    database = sqlite3.connect(file, isolation_level=None, cached_statements=512)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = NORMAL")
    mails = zip(
        [
            (each, party, company)
            for each in alerts
            for party, company in ((Party.BORROWER, each.data.borrower_id), (Party.LENDER, each.data.lender_id))
        ],
        rows,
        strict=True,
    )

    async def work() -> None:
        for (each, party, company), written in mails:
            pair = after(None, each.data, each.time)
            briefing = await answers.briefing(company, party, [pair])
            assert briefing is not None
            (contact,) = briefing.contacts
            part = Part(party, briefing, [(pair, MessageKind.PROPOSED)])
            address = email_address(contact.email)
            assert address is not None
            message = renderer.email(compose_parts([part], contact))
            content = compose(UUID(int=company.int), SENDER, Mailbox(contact.name, address), message, now())
            database.execute("BEGIN IMMEDIATE")
            for row in written:
                row.write(database)
            database.execute("COMMIT")
            async with connections.one() as (smtp, _):
                await deliver(smtp, Envelope(SENDER.ascii, contact.email), content, seconds=SECONDS)

    watch = Watch()
    await asyncio.gather(*(work() for _ in range(settings.smtp_connections)))
    took = watch.took()
    await connections.stop()
    database.close()
    return took


async def round_of(alerts: Sequence[Event[Any]], folder: Path) -> tuple[Took, Took]:
    """What the ledger took for these alerts, and the bare loop."""
    answers, journal = Answers(alerts, lambda _: "rh"), folder / "journal"
    with mail_server(journal) as smtp, briefing_server() as registry:
        settings = Settings(smtp=smtp, registry_url=registry)
        real = await ledger(settings, alerts, folder / "ledger.sqlite")
        sent = taken(journal)
        if len(sent) != 2 * len(alerts) or set(sent.values()) != {1}:
            raise RuntimeError(f"{len(sent)} emails arrived of {2 * len(alerts)}")
        rows = rows_of(folder / "ledger.sqlite", folder / "bare.sqlite")
        # Who is written to was new to the ledger as well.
        email_address.cache_clear()
        encoded_words.cache_clear()
        return real, await bare_loop(settings, alerts, answers, rows, folder / "bare.sqlite")


async def measured(folder: Path) -> dict[str, float]:
    """The middle of some rounds, the two after each other in each: what else the machine does weighs on both."""
    rounds = []
    for number in range(ROUNDS):
        alerts = [alert(number * ALERTS + each, now()) for each in range(ALERTS)]
        (folder / str(number)).mkdir()
        rounds.append(await round_of(alerts, folder / str(number)))
    emails = 2 * ALERTS
    return {
        "notifications.emails_per_s": emails / median(real.seconds for real, _ in rounds),
        "notifications.emails_asked_per_s": ASKED,
        "notifications.bare_loop_emails_per_s": emails / median(bare.seconds for _, bare in rounds),
        "notifications.bare_loop_share": median(bare.seconds / real.seconds for real, bare in rounds),
        "notifications.bare_loop_share_asked": ASKED_SHARE,
        "notifications.email_cpu_ms": 1e3 * median(real.cpu for real, _ in rounds) / emails,
        "notifications.bare_loop_email_cpu_ms": 1e3 * median(bare.cpu for _, bare in rounds) / emails,
    }


def measure() -> dict[str, float]:
    logging.configure(level="warning", json=True)
    # As a service does once it is up.
    collect_seldom()
    pass_over_what_is_loaded()
    with tempfile.TemporaryDirectory() as folder:
        return uvloop.run(measured(Path(folder)))
