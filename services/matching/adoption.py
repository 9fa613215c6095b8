"""From the rules that a log adopted to the rules that this build has: the same ones, or none at all."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from passerelles.errors import PasserellesError
from passerelles.reference.rulebook import Rulebook, UnknownRulebookError, rulebook
from schemas.epochs import RulesAdopted
from services.matching.rules import Rules

log = structlog.get_logger(__name__)


class RulesMismatchError(PasserellesError):
    """The log adopted rules that this build does not have: folding on would give other answers than were given."""

    slug, status, title = "regles-inconnues", 500, "Règles de mise en relation inconnues"


def _refused(error: RulesMismatchError) -> RulesMismatchError:
    """Log the refusal with its remedy: whoever stops for it tells only where, as errors may quote data."""
    log.error("matching.rules_refused", why=error.detail, remedy=error.remedy)
    return error


class RuleLibrary:
    """Every version of the rules that ships, ready for use.

    Args:
        rulebooks: the rulebook of a version; raises `UnknownRulebookError`.
    """

    def __init__(self, rulebooks: Callable[[int], Rulebook] = rulebook) -> None:
        self._rulebooks = rulebooks
        self._ready: dict[int, Rules] = {}

    def adopted(self, adopted: RulesAdopted) -> Rules:
        """The rules that an event adopts; the same object each time.

        Raises:
            RulesMismatchError: the version does not ship, or ships with another digest (other figures, reference data
                or territory table).
        """
        version = adopted.rules_version
        try:
            book = self._rulebooks(version)
        except UnknownRulebookError as error:
            refused = RulesMismatchError(
                f"Le journal suit la version {version} des règles, que ce logiciel n'a pas.",
                remedy="Déployer une version du logiciel qui la contient.",
                version=version,
            )
            raise _refused(refused) from error
        digest = book.digest_under(adopted.cut)
        if (digest, book.territory_table) != (adopted.rules_digest, adopted.territory_table):
            refused = RulesMismatchError(
                f"Le journal suit la version {version} des règles avec l'empreinte {adopted.rules_digest}, "
                f"mais celle de ce logiciel est {digest}.",
                remedy="Déployer la version du logiciel qui a ouvert cette époque.",
                version=version,
            )
            raise _refused(refused)
        if version not in self._ready:
            self._ready[version] = Rules(book)
        return self._ready[version]
