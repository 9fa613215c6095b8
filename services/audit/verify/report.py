"""What a proof gave, in French, line by line."""

from __future__ import annotations

from collections.abc import Iterator

from services.audit.verify.fold import FoldReport
from services.audit.verify.proof import Proof


def told(proof: Proof, *, has_trusted_key: bool) -> Iterator[str]:
    """The lines of a proof: what was looked at, what to note, each anomaly, the verdict."""
    for name, value in _figures(proof, has_trusted_key=has_trusted_key):
        yield f"{name:<24}{value}"
    for each in proof.findings:
        yield f"\n{each.fault.value}  {each.where}\n{each.detail}"
    count = len(proof.findings)
    yield "\nTout est exact." if proof.holds else f"\n{count} anomalie{'s' if count > 1 else ''}."


def _figures(proof: Proof, *, has_trusted_key: bool) -> Iterator[tuple[str, str]]:
    chain = proof.chain
    yield "Entrées de la chaîne", str(len(chain.entries))
    yield "Segments", f"{len(chain.segments)}, {chain.records} enregistrements exacts"
    if chain.dropped:
        yield "Retirés (conservation)", f"{len(chain.dropped)} segments, sous point de contrôle signé"
    if proof.fold is not None:
        yield from _fold(proof.fold)
    elif chain.findings:
        yield "Propositions", "non rejouées : l'archive n'est pas celle qui a été écrite"
    if chain.head is not None:
        yield "Tête", f"entrée {chain.head.sequence}, {chain.head.digest}"
    if not has_trusted_key:
        yield "À noter", "la clé publique est celle de l'archive elle-même : en donner une sûre par --public-key"


def _fold(fold: FoldReport) -> Iterator[tuple[str, str]]:
    yield "Faits rejoués", str(fold.facts)
    yield "Propositions exactes", f"{fold.words}, et {fold.again} redites après une reprise"
    for count, what in (
        (fold.unsaid, "propositions des derniers faits ne sont pas dans l'archive : pas dites à la fin du journal"),
        (fold.ahead, "propositions viennent de faits qui ne sont pas encore archivés"),
        (fold.beyond, "propositions, d'époques dont le début n'est plus conservé, ne sont pas rejouées"),
        (fold.odd, "enregistrements du topic des propositions n'en sont pas, et sont mis de côté"),
    ):
        if count:
            yield "À noter", f"{count} {what}"
