"""A small archive of two epochs, written without a platform, and the commands run on it in this process."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

from click.testing import Result
from typer.testing import CliRunner

from schemas.decisions import Standing
from schemas.deliveries import DeliveryState
from schemas.vocabulary import Party, proposal_id
from services.cli import app
from tests.unit.audit.archive_made import Scribe
from tests.unit.audit.told_log import NUMBER, ToldLog
from tests.unit.matching import scenery

PAIR = str(proposal_id(NUMBER(1), NUMBER(1000)))


def write_told(folder: Path) -> None:
    """A pair is proposed, told and agreed, then the log is opened again."""
    log = ToldLog()
    log.company(scenery.BORROWER, branch="agroalimentaire")
    log.company(scenery.LENDER, scenery.CAPDENAC, "aeronautique")
    log.say(scenery.staff(1000))
    log.say(scenery.staff(1001, commune=scenery.TOULOUSE, mobility_km=20))
    log.say(scenery.need(1))
    log.deliver(1, 1, 1000, DeliveryState.SENT)
    log.decide(1, 1000, Standing.ACCEPTED, Party.BORROWER)
    log.begin(scenery.staff(1000), scenery.need(1), scenery.decision(1, 1000, Standing.ACCEPTED))
    log.decide(1, 1000, Standing.AGREED, Party.LENDER, version=2)
    scribe = Scribe(folder)
    for epoch, records in groupby(log.archive.events(), key=lambda each: each.epoch):
        if epoch > 1:
            scribe.new_log()
        for each in records:
            assert each.event is not None
            scribe.write([each.event])
        scribe.end_segment()


def audit(data: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["audit", *arguments, "--data", str(data)])
