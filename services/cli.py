"""The `passerelles` command: the demo, the services, and what an operator does by hand."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar
from uuid import UUID

import httpx
import structlog
import typer
import uvloop

from passerelles import logging
from passerelles.bus.address import Bus
from passerelles.bus.topics import ensure_topics
from passerelles.errors import PasserellesError, UnavailableError
from passerelles.settings import Settings, read_settings, unknown_variables
from services import parked, stack, territories
from services.audit.commands.app import audit_commands
from services.audit_bridge import MatchingJudge
from services.demo import running
from services.demo.show import show
from services.matching.shard import MatchingShard
from services.previews.show import show as show_templates

log = structlog.get_logger(__name__)

app = typer.Typer(
    help="Passerelles industries : prêt de main-d'œuvre et reclassement entre industries d'Occitanie.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
parked_app = typer.Typer(
    help="Les messages mis de côté : les lister, les rejouer, les abandonner.", no_args_is_help=True
)
app.add_typer(parked_app, name="parked")
territories_app = typer.Typer(
    help="Les territoires : voir leur découpe, couper autrement un département.", no_args_is_help=True
)
app.add_typer(territories_app, name="territories")
templates_app = typer.Typer(no_args_is_help=True)
app.add_typer(templates_app, name="templates")
app.add_typer(audit_commands(MatchingShard, MatchingJudge()), name="audit")

DataOption = Annotated[
    Path | None,
    typer.Option("--data", help="Le dossier d'une démonstration en cours, au lieu des réglages.", file_okay=False),
]
T = TypeVar("T")

AllOption = Annotated[bool, typer.Option("--all", help="Tous les messages mis de côté.")]


@app.command()
def demo(
    data: Annotated[Path | None, typer.Option(help="Dossier gardé d'un démarrage à l'autre.", file_okay=False)] = None,
    port: Annotated[
        int, typer.Option(help="Port de l'API et des pages ; 0 en prend un libre.", min=0, max=65535)
    ] = 8000,
    *,
    empty: Annotated[bool, typer.Option("--empty", help="Sans l'exemple du Lot et de l'Aveyron.")] = False,
    once: Annotated[bool, typer.Option("--once", help="Jouer l'exemple, résumer, s'arrêter.")] = False,
) -> None:
    """Tout en un processus, sans rien installer : bus et base embarqués, exemple du Lot et de l'Aveyron."""
    logging.configure(level="error", json=False)
    sys.exit(_run(show(data=data, port=port, empty=empty, once=once)))


@app.command()
def run(services: Annotated[list[stack.ServiceName], typer.Argument(help="Un service ou plusieurs.")]) -> None:
    """Lancer un service contre le bus et la base des réglages, jusqu'à SIGTERM."""
    settings = _settings()
    _run(stack.run(settings, services))


@templates_app.callback()
def templates() -> None:
    """Les messages et les pages : les regarder."""


@templates_app.command("preview")
def templates_preview(
    port: Annotated[int, typer.Option(help="Port de l'aperçu ; 0 en prend un libre.", min=0, max=65535)] = 8010,
    *,
    open_: Annotated[bool, typer.Option("--open", help="Ouvrir le navigateur.")] = False,
) -> None:
    """Tous les e-mails, SMS et pages, avec des données inventées, dans un navigateur, jusqu'à Ctrl-C."""
    logging.configure(level="error", json=False)
    _run(show_templates(port, open_=open_))


@app.command()
def topics() -> None:
    """Créer les topics du contrat sur Apache Kafka, et dire ceux qui en diffèrent."""
    settings = _settings()
    reports = _run(ensure_topics(_bus(settings)))
    for report in reports:
        differences = "".join(f"\n    {each}" for each in report.differences)
        typer.echo(f"{report.name} : {'créé' if report.created else 'existait'}{differences}")
    raise typer.Exit(1 if any(report.differences for report in reports) else 0)


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="CSV ou XLSX.", exists=True, dir_okay=False)],
    kind: Annotated[str, typer.Option(help="`availabilities` ou `needs`.")],
    company: Annotated[UUID, typer.Option(help="L'entreprise pour laquelle importer.")],
    token: Annotated[str, typer.Option(envvar="PASSERELLES_TOKEN", help="Le jeton de l'entreprise ou de l'opérateur.")],
    url: Annotated[str, typer.Option(help="L'adresse de l'API.")] = "http://127.0.0.1:8000",
) -> None:
    """Importer un tableur : chaque ligne est acceptée, ou refusée avec ses raisons."""
    body = _posted(url, token, file, kind, company)
    refused = [row for row in body["rows"] if row["status"] == "refused"]
    for row in refused:
        for error in row["errors"]:
            typer.echo(f"ligne {row['line']}, {error['field']} : {error['detail']}", err=True)
    typer.echo(f"{len(body['rows']) - len(refused)} lignes acceptées, {len(refused)} refusées.")
    raise typer.Exit(1 if refused else 0)


def _posted(url: str, token: str, file: Path, kind: str, company: UUID) -> dict[str, Any]:
    """The API's answer; the same file for the same company is imported once, however often it is sent."""
    content = file.read_bytes()
    key = hashlib.sha256(b"\0".join((company.bytes, kind.encode(), content))).hexdigest()
    try:
        answer = httpx.post(
            f"{url}/v1/imports",
            params={"kind": kind, "company_id": str(company)},
            files={"file": ("import", content)},
            headers={"Authorization": f"Bearer {token}", "Idempotency-Key": key},
            timeout=120,
        )
        body: dict[str, Any] = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        unanswered = UnavailableError(f"L'API ne répond pas à {url}.", remedy="Vérifier l'adresse (--url).")
        _fail(unanswered, error)
    if answer.is_error:
        typer.echo(f"{body.get('title')} : {body.get('detail')}", err=True)
        raise typer.Exit(1)
    return body


@parked_app.command("list")
def parked_list(data: DataOption = None) -> None:
    """Ce qui est mis de côté : identifiant, groupe, topic, partition, position, depuis quand, état, raison, détail."""
    rows = _run(parked.listed(_at(data)))
    if not rows:
        typer.echo("Rien n'est mis de côté.")
    for row in rows:
        typer.echo("\t".join(row))


@parked_app.command("replay")
def parked_replay(
    ids: Annotated[list[str] | None, typer.Argument(help="Identifiants, tels que listés.")] = None,
    data: DataOption = None,
    *,
    every: AllOption = False,
) -> None:
    """Réécrire ces messages à la fin de leur topic : ils seront traités à nouveau."""
    settings = _at(data)
    typer.echo(f"{_run(parked.replayed(settings, _bus(settings, data), _chosen(ids, every=every)))} messages rejoués.")


@parked_app.command("drop")
def parked_drop(
    ids: Annotated[list[str] | None, typer.Argument(help="Identifiants, tels que listés.")] = None,
    data: DataOption = None,
    *,
    every: AllOption = False,
) -> None:
    """Abandonner ces messages, pour de bon."""
    typer.echo(f"{_run(parked.dropped(_at(data), _chosen(ids, every=every)))} messages abandonnés.")


@territories_app.command("show")
def territories_show(data: DataOption = None) -> None:
    """L'époque du journal, et ses territoires : chacun avec sa partition."""
    slicing = _run(territories.shown(_at(data)))
    typer.echo(territories.in_words(slicing))


@territories_app.command("reslice")
def territories_reslice(
    departement: Annotated[str, typer.Argument(help="Le code du département : 12.")],
    into: Annotated[int, typer.Option(help="Le nombre de tranches ; 1 le rend entier.")],
    wait: Annotated[float, typer.Option(help="Secondes d'attente d'un registre qui ouvre l'époque.", min=0)] = 120,
    data: DataOption = None,
) -> None:
    """Couper un département en tranches, par une nouvelle époque : les écritures attendent quelques secondes."""
    slicing = _run(territories.resliced(_at(data), departement, into, wait_seconds=wait))
    typer.echo(territories.in_words(slicing))


def _chosen(ids: list[str] | None, *, every: bool) -> list[str] | None:
    if bool(ids) == every:
        raise typer.BadParameter("indiquer des identifiants, ou --all.")
    return None if every else ids


def _settings() -> Settings:
    try:
        settings = read_settings()
    except PasserellesError as error:
        _fail(error)
    logging.configure(level=settings.log_level, json=not sys.stderr.isatty())
    for name in unknown_variables():
        log.warning("settings.unknown_variable", name=name)
    return settings


def _at(data: Path | None) -> Settings:
    settings = _settings()
    try:
        return running.settings_of(data, settings) if data else settings
    except PasserellesError as error:
        _fail(error)


def _bus(settings: Settings, data: Path | None = None) -> Bus:
    try:
        return running.bus_of(data) if data else stack.bus_of(settings)
    except PasserellesError as error:
        _fail(error)


def _run(work: Coroutine[Any, Any, T]) -> T:
    try:
        return uvloop.run(work)
    except PasserellesError as error:
        _fail(error)


def _fail(error: PasserellesError, cause: BaseException | None = None) -> NoReturn:
    typer.echo(f"{error.title} : {error.detail} {error.remedy}".strip(), err=True)
    raise typer.Exit(1) from cause


def main() -> None:
    """Entry point of the `passerelles` command."""
    app()
