"""The sample of the demo: made-up companies of the Lot and Aveyron, what they look for and whom they can lend.

Nobody in it exists: the SIREN begin with five zeros, as no company's does, the addresses are at example.org (RFC 2606),
and the telephone numbers are among those that ARCEP keeps for works of fiction. The communes,
occupations and skills are real.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.resources import files
from typing import Any, Final

COHORT: Final = "aero-segala"
"""The company of the sample whose 220 jobs disappear at once."""

_FILE: Final = "sample.json"
_MODES: Final = {"loan": "prêt", "hire": "embauche"}


@dataclass(frozen=True, slots=True)
class SampleCompany:
    """A company: `body` is that of `POST /v1/companies`."""

    key: str
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SamplePosting:
    """A need or staff available.

    Attributes:
        key: what it is called in the sample.
        company: the key of its company.
        fields: the body of `POST /v1/needs` or `/v1/availabilities`, but for the company's identifier.
    """

    key: str
    company: str
    fields: Mapping[str, Any]

    def body(self, company_id: str) -> dict[str, Any]:
        """The HTTP body, for the identifier that the registry gave to its company."""
        return {"company_id": company_id, **self.fields}


@dataclass(frozen=True, slots=True)
class Sample:
    """Everything that the demo plays, in its order; the same for the same day."""

    companies: tuple[SampleCompany, ...]
    availabilities: tuple[SamplePosting, ...]
    needs: tuple[SamplePosting, ...]

    @property
    def cohort(self) -> tuple[SamplePosting, ...]:
        """The groups of the 220 people of `COHORT`."""
        return tuple(each for each in self.availabilities if each.company == COHORT)


def sample(today: date) -> Sample:
    """The sample with its dates counted from a day."""
    data = json.loads(files("services.demo").joinpath(_FILE).read_text(encoding="utf-8"))
    return Sample(
        companies=tuple(_company(dict(each)) for each in data["companies"]),
        availabilities=tuple(_posting(dict(each), today) for each in data["availabilities"]),
        needs=tuple(_posting(dict(each), today) for each in data["needs"]),
    )


def cohort_rows(today: date) -> list[dict[str, str]]:
    """The same 220 people as the groups of the cohort, one a row, under the titles of the import's model."""
    return [_row(group.fields) for group in sample(today).cohort for _ in range(group.fields["headcount"])]


def cohort_csv(today: date) -> bytes:
    """The rows of the cohort as French spreadsheet programs save them: semicolons, UTF-8 with its mark."""
    rows = cohort_rows(today)
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), delimiter=";")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode("utf-8-sig")


def _company(entry: dict[str, Any]) -> SampleCompany:
    return SampleCompany(key=entry.pop("key"), body=entry)


def _posting(entry: dict[str, Any], today: date) -> SamplePosting:
    """An entry with its days, `start_in` from today and `days` long (both ends included), as dates."""
    key, company = entry.pop("key"), entry.pop("company")
    start = today + timedelta(days=entry.pop("start_in"))
    days: int | None = entry.pop("days")
    end = None if days is None else (start + timedelta(days=days - 1)).isoformat()
    return SamplePosting(key, company, {**entry, "start": start.isoformat(), "end": end})


def _row(fields: Mapping[str, Any]) -> dict[str, str]:
    return {
        "métier": fields["occupation"],
        "effectif": "1",
        "modes": ", ".join(_MODES[mode] for mode in fields["modes"]),
        "début": f"{date.fromisoformat(fields['start']):%d/%m/%Y}",
        "fin": f"{date.fromisoformat(fields['end']):%d/%m/%Y}" if fields["end"] else "",
        "mobilité (km)": str(fields["mobility_km"]),
        "compétences": ", ".join(fields["skills"]),
        "certificats": ", ".join(fields["certificates"]),
        "salaire brut mensuel": str(fields["monthly_gross"]),
        "volontaires": "oui",
    }
