"""`passerelles audit`: all that is done with an archive, one command a file."""

from __future__ import annotations

import typer

from services.audit.commands.explain import explain_command
from services.audit.commands.export import export
from services.audit.commands.replay import replay
from services.audit.commands.state import state
from services.audit.commands.upkeep import index, retention
from services.audit.commands.verify import verify_command
from services.audit.pairs.judging import Judge
from services.audit.verify.fold import MakeShard


def audit_commands(make_shard: MakeShard, judge: Judge) -> typer.Typer:
    """The commands, with matching's fold and rules, which audit does not import."""
    app = typer.Typer(help="L'archive : la prouver, la rejouer, l'expliquer.", no_args_is_help=True)
    app.command("verify")(verify_command(make_shard))
    app.command("replay")(replay)
    app.command("explain")(explain_command(judge))
    app.command("state")(state)
    app.command("export")(export)
    app.command("retention")(retention)
    app.command("index")(index)
    return app
