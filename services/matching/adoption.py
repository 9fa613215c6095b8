"""From the rules that a log adopted to the rules that this build has: the same ones, or none at all."""

from __future__ import annotations

from collections.abc import Callable

from passerelles.errors import PasserellesError
from passerelles.reference.rulebook import Rulebook, UnknownRulebookError, rulebook
from schemas.epochs import RulesAdopted
from services.matching.rules import Rules


class RulesMismatchError(PasserellesError):
    """The log adopted rules that this build does not have: folding on would give other answers than were given."""

    slug, status, title = "regles-inconnues", 500, "Règles de mise en relation inconnues"


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
            raise RulesMismatchError(
                f"Le journal suit la version {version} des règles, que ce logiciel n'a pas.",
                remedy="Déployer une version du logiciel qui la contient.",
                version=version,
            ) from error
        if (book.digest, book.territory_table) != (adopted.rules_digest, adopted.territory_table):
            raise RulesMismatchError(
                f"Le journal suit la version {version} des règles avec l'empreinte {adopted.rules_digest}, "
                f"mais celle de ce logiciel est {book.digest}.",
                remedy="Déployer le logiciel qui a ouvert cette époque, ou ouvrir une nouvelle époque.",
                version=version,
            )
        if version not in self._ready:
            self._ready[version] = Rules(book)
        return self._ready[version]
