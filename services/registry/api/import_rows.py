"""Everything that is wrong in a row of a spreadsheet, found at once: a person corrects it once, and sends it again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from pydantic import ValidationError

from passerelles.errors import InvalidInputError
from passerelles.reference.calendar import paris_day
from services.registry.api.problems import Finding
from services.registry.api.wording import findings, typographic
from services.registry.domain.availability import new_availability
from services.registry.domain.company import Company
from services.registry.domain.drafts import FIRST_DAY, AvailabilityDraft, NeedDraft
from services.registry.domain.need import new_need
from services.registry.imports.columns import Header, Kind
from services.registry.imports.rows import Row

_OFFERED: Final = 3

_SOUND: Final[Mapping[Kind, Mapping[str, Any]]] = MappingProxyType(
    {
        Kind.NEEDS: {"occupation": "H2903", "headcount": 1, "start": FIRST_DAY, "title": "?", "mode": "loan"},
        Kind.AVAILABILITIES: {
            "occupation": "H2903",
            "headcount": 1,
            "start": FIRST_DAY,
            "modes": ["loan"],
            "mobility_km": 1,
            "volunteers": True,
        },
    }
)
"""What takes the place of a required value that is wrong, so that the others can be looked at; never published.

The first day of all lets any end be compared with today alone.
"""


@dataclass(frozen=True, slots=True)
class Checked:
    """A row as it would be published.

    Attributes:
        line: its number in the file, from 1.
        draft: what to publish; none when something is wrong.
        faults: all that is wrong, each under its column's name.
    """

    line: int
    draft: NeedDraft | AvailabilityDraft | None
    faults: tuple[Finding, ...]


def checked(kind: Kind, row: Row, header: Header, company: Company, now: datetime) -> Checked:
    """The draft of a row, or every fault of it: cells that could not be read, then values that are not accepted.

    The rules are those of a publication: a value that they refuse is replaced, and they are asked again.
    """
    faults = [Finding(field=each.field, detail=typographic(each.detail)) for each in row.mistakes]
    read: dict[str, Any] = {**_SOUND[kind], **row.fields, "company_id": company.id}
    while True:
        draft, refused = _refused(kind, read, company, now)
        if draft is not None:
            return Checked(row.line, None if faults else draft, tuple(faults))
        told = [_told(each, read, header, by_occupation="occupation" in row.fields) for each in refused]
        faults += [each for each in told if each not in faults]
        read = _mended(read, [each.field for each in refused], _SOUND[kind])


@dataclass(frozen=True, slots=True)
class _Refusal:
    field: str
    detail: str
    offered: Sequence[Mapping[str, str]] = ()


def _refused(
    kind: Kind, read: Mapping[str, Any], company: Company, now: datetime
) -> tuple[NeedDraft | AvailabilityDraft | None, list[_Refusal]]:
    """The draft if it may be published, or what the rules refuse first: every bound, or one rule."""
    try:
        if kind is Kind.NEEDS:
            need = NeedDraft.model_validate(read)
            new_need(need, company, company.id, paris_day(now), now)
            return need, []
        staff = AvailabilityDraft.model_validate(read)
        new_availability(staff, company, company.id, paris_day(now), now)
    except ValidationError as error:
        return None, [_Refusal(each["field"], each["detail"]) for each in findings(error.errors())]
    except InvalidInputError as error:
        return None, [_Refusal(error.field or "", error.detail, error.figures.get("suggestions") or ())]
    else:
        return staff, []


def _told(refusal: _Refusal, read: Mapping[str, Any], header: Header, *, by_occupation: bool) -> Finding:
    """The refusal under the name that the file gives to its column; an element of a list is quoted."""
    name, _, place = refusal.field.partition(".")
    detail = refusal.detail
    if place:
        detail = f"« {str(read[name][int(place)])[:60]} » : {detail[:1].lower()}{detail[1:]}"
    # What goes with an occupation is not offered for the one that stands in for a wrong one.
    if refusal.offered and by_occupation:
        near = ", ".join(f"{each['code']} ({each['label']})" for each in refusal.offered[:_OFFERED])
        detail = f"{detail} Proches : {near}."
    return Finding(field=header.titles.get(name, name), detail=typographic(detail))


def _mended(read: Mapping[str, Any], refused: Sequence[str], sound: Mapping[str, Any]) -> dict[str, Any]:
    """The values without those refused.

    Raises:
        ValueError: a refusal of no value of the row, which no other value would mend.
    """
    mended = dict(read)
    for name in {field.partition(".")[0] for field in refused}:
        if name not in mended or (name in sound and mended[name] == sound[name]):
            raise ValueError(f"{name or 'a row'} cannot be mended")
        places = {
            int(place) for field in refused for each, _, place in [field.partition(".")] if each == name and place
        }
        kept = [each for place, each in enumerate(mended[name]) if place not in places] if places else None
        if kept:
            mended[name] = kept
        elif name in sound:
            mended[name] = sound[name]
        else:
            del mended[name]
    return mended
