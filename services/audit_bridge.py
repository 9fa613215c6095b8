"""Lends matching's rules to audit, which may not import them: a pair is judged again as the engine judged it."""

from __future__ import annotations

from passerelles.errors import PasserellesError
from passerelles.reference.communes import UnknownCommuneError
from passerelles.reference.rulebook import UnknownRulebookError, rulebook
from schemas.facts import AvailabilityRecorded, NeedRecorded, Posting
from services.audit.pairs.judging import Check, Figure, Judgement, Rank, Rule, Setting
from services.matching.rules import Rules, metres_between
from services.matching.terms import gone


class RulesGoneError(PasserellesError):
    """The log followed rules that this build does not have."""

    slug, status, title = "regles-inconnues", 500, "Règles de mise en relation inconnues"


class UnplacedError(PasserellesError):
    """A fact stands in a commune that the reference of this build does not have."""

    slug, status, title = "commune-inconnue", 500, "Commune inconnue"


_RULES: dict[int, Rules] = {}


def rules_of(version: int) -> Rules:
    """The rules of a version, ready for use; the same object each time.

    Raises:
        RulesGoneError: the version does not ship.
    """
    if version not in _RULES:
        try:
            _RULES[version] = Rules(rulebook(version))
        except UnknownRulebookError as error:
            raise RulesGoneError(
                f"Le journal suit la version {version} des règles, que ce logiciel n'a pas.",
                remedy="Relire avec une version du logiciel qui la contient.",
            ) from error
    return _RULES[version]


class MatchingJudge:
    """Matching's rules, as `services.audit.pairs.judging.Judge` asks for them.

    Raises:
        RulesGoneError: from either method, the version of the rules does not ship.
        UnplacedError: a commune is not in the reference data.
    """

    def judge(self, need: NeedRecorded, staff: AvailabilityRecorded, setting: Setting) -> Judgement:
        """What the rules say of a pair; the verdict is matching's own, the checks only give each rule its figures."""
        rules = rules_of(setting.rules_version)
        metres, limit_metres = _metres(need, staff), 1000 * staff.mobility_km
        required = set(need.certificates)
        missing = required.difference(staff.certificates)
        checks = (
            Check(Rule.COMPANIES, need.siren != staff.siren, {"need": need.siren, "availability": staff.siren}),
            Check(
                Rule.MODE,
                need.mode in staff.modes,
                {"need": need.mode.value, "availability": tuple(mode.value for mode in staff.modes)},
            ),
            _occupation(rules, need, staff),
            Check(Rule.DISTANCE, metres <= limit_metres, {"metres": metres, "limit_metres": limit_metres}),
            _period(rules, need, staff),
            Check(Rule.CERTIFICATES, not missing, {"required": len(required), "missing": len(missing)}),
            _state(Rule.NEED_STATE, need, setting),
            _state(Rule.AVAILABILITY_STATE, staff, setting),
            Check(Rule.STANDING, not setting.is_over, {}),
        )
        return Judgement(checks, self.rank(need, staff, setting))

    def rank(self, need: NeedRecorded, staff: AvailabilityRecorded, setting: Setting) -> Rank | None:
        """The pair's place among those of the need, by matching's own comparison; none when it is not eligible."""
        from services.matching.pairs import compare  # noqa: PLC0415 - compiled functions: audit serves without them

        rules = rules_of(setting.rules_version)
        if setting.is_over or staff.occupation not in rules.ways(need.occupation):
            return None
        _metres(need, staff)
        place = compare(rules, need, staff, setting.territory, setting.today)
        return None if place is None else place.key


def _metres(need: NeedRecorded, staff: AvailabilityRecorded) -> int:
    try:
        return metres_between(need.commune, staff.commune)
    except UnknownCommuneError as error:
        raise UnplacedError(f"La commune {error.code} n'est pas dans le référentiel.") from error


def _occupation(rules: Rules, need: NeedRecorded, staff: AvailabilityRecorded) -> Check:
    way = rules.ways(need.occupation).get(staff.occupation)
    figures: dict[str, Figure] = {"person": staff.occupation, "need": need.occupation}
    return Check(Rule.OCCUPATION, way is not None, figures | {"link": way.link.value if way else None})


def _period(rules: Rules, need: NeedRecorded, staff: AvailabilityRecorded) -> Check:
    """The days that both share, also when they are too few: the rules then have no figure."""
    first = max(need.start, staff.start).toordinal()
    asked = (need.end - need.start).days + 1 if need.end else rules.book.open_need_days
    last_of_need = need.end.toordinal() if need.end else first + asked - 1
    shared = max(0, (min(staff.end.toordinal(), last_of_need) if staff.end else last_of_need) - first + 1)
    least = min(rules.book.least_shared_days, asked)
    return Check(Rule.PERIOD, shared >= max(1, least), {"shared_days": shared, "need_days": asked, "least_days": least})


def _state(rule: Rule, posting: Posting, setting: Setting) -> Check:
    why = gone(posting, setting.territory, setting.today)
    return Check(
        rule,
        why is None,
        {"why": why.value if why else None, "left": posting.headcount_left, "version": posting.version},
    )
