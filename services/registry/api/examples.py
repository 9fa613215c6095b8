"""The bodies shown as examples in the OpenAPI document: made-up companies on real communes and occupations."""

from __future__ import annotations

from typing import Any, Final

_COMPANY: Final = "5f0c6f2e-9a53-5d0e-8f0a-3d2c1b7e4a10"

EXAMPLES: Final[dict[str, dict[str, Any]]] = {
    "CompanyDraft": {
        "siret": "73282932000074",
        "name": "Conserverie du Quercy",
        "branch": "agroalimentaire",
        "commune": "46102",
        "status": "joined",
        "contacts": [
            {
                "name": "Camille Roux",
                "role": "Responsable des ressources humaines",
                "email": "rh@conserverie.example.org",
                "phone": "06 12 34 56 78",
                "sms": True,
            }
        ],
    },
    "ReachableDraft": {"channel": "email"},
    "CoordinatorDraft": {"name": "Anne Roques", "email": "a.roques@mecanic.example.org"},
    "NeedDraft": {
        "company_id": _COMPANY,
        "occupation": "H2102",
        "title": "Conducteur de ligne de conditionnement",
        "mode": "loan",
        "headcount": 2,
        "start": "2027-03-01",
        "end": "2027-06-30",
        "skills": [],
        "certificates": ["CACES R489-3"],
        "monthly_gross_max": 2300,
    },
    "AvailabilityDraft": {
        "company_id": _COMPANY,
        "occupation": "H2906",
        "modes": ["loan", "hire"],
        "headcount": 3,
        "start": "2027-03-01",
        "end": "2027-12-31",
        "mobility_km": 40,
        "skills": [],
        "certificates": ["CACES R489-3"],
        "monthly_gross": 2250,
        "volunteers": True,
    },
    "DecisionDraft": {"party": "borrower", "verdict": "accept"},
    "CancelDraft": {"party": "lender", "reason": "period"},
}
"""By the name of the draft's schema."""
