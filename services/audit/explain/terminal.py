"""A story in the terminal: the answer first, then what happened, in order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from services.audit.explain.story import Story
from services.audit.pairs.comparison import Comparison
from services.audit.pairs.shown import PairShown
from services.audit.story.step import Line, StepKind
from services.audit.story.wording import COLON, counted, instant

SHOWN_PAIRS: Final = 3
"""More would bury the story; JSON and HTML have them all."""

_STYLES: Final = {
    StepKind.PUBLICATION: "blue",
    StepKind.ENGINE: "green",
    StepKind.MESSAGE: "magenta",
    StepKind.READING: "cyan",
    StepKind.DECISION: "yellow",
    StepKind.LOG: "bright_black",
}


def show_story(story: Story, console: Console) -> None:
    """Print a story."""
    head = Text(f"{story.title}\n{story.id}", style="bold")
    if story.at:
        head.append(f"\nTel que le journal le contenait le {instant(story.at)}", style="yellow")
    console.print(Panel(Group(head, _lines(story.summary)), expand=False))
    if story.comparison:
        _show_comparison(story.comparison, console)
    for pair in story.pairs[:SHOWN_PAIRS]:
        _show_pair(pair, console)
    if len(story.pairs) > SHOWN_PAIRS:
        rest = counted(len(story.pairs) - SHOWN_PAIRS, "autre mise en relation", "autres mises en relation")
        console.print(f"… et {rest}, en détail avec --format html ou json.\n")
    console.print(Text("Ce qui s’est passé, dans l’ordre", style="bold underline"))
    for step in story.steps:
        title = Text(f"{instant(step.time)}  ")
        title.append(step.title, style=f"bold {_STYLES[step.kind]}")
        console.print(title)
        told = Group(Text(step.text), _lines(step.lines)) if step.lines else Text(step.text)
        console.print(Padding(told, (0, 0, 1, 4)))
    for note in story.notes:
        console.print(Text(note, style="bright_black"))


def _show_comparison(comparison: Comparison, console: Console) -> None:
    checks = ((each.label, each.text, "oui" if each.holds else "non") for each in comparison.checks)
    around = (
        f"{counted(comparison.candidates, 'disponibilité connue', 'disponibilités connues')} dans ce territoire, "
        f"dont {counted(comparison.eligible, 'éligible', 'éligibles')}, le {instant(comparison.at)}."
    )
    body: list[RenderableType] = [Text(comparison.sentence, style="bold"), Text(around)]
    if comparison.checks:
        body.append(_table(("Règle", "Chiffres", "Respectée"), checks))
    console.print(Panel(Group(*body), title=f"Pourquoi pas {comparison.other_id}", expand=False))


def _show_pair(pair: PairShown, console: Console) -> None:
    rows = (
        (each.label, each.text, "condition" if each.most is None else f"{each.points} / {each.most}")
        for each in pair.reasons
    )
    head = Text(f"{pair.score} sur 100{COLON}{pair.status}", style="bold")
    body = Group(head, _table(("Règle", "Chiffres", "Points"), rows), _lines(pair.seen))
    console.print(Panel(body, title=f"Proposition {pair.proposal_id}", expand=False))


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    table = Table(*heads, box=None, padding=(0, 2, 0, 0), header_style="bright_black")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    return table


def _lines(lines: Sequence[Line]) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    for line in lines:
        table.add_row(Text(line.label, style="bright_black"), Text(line.text))
    return table
