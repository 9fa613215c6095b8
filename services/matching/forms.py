"""How the registry writes a need and an availability, as arrays: what compiled functions read a posting's JSON by."""

from __future__ import annotations

from functools import cache
from itertools import accumulate
from typing import Final

import numpy as np

from passerelles.reference.communes import COMMUNES
from schemas.facts import AvailabilityRecorded, NeedRecorded
from services.matching.columns import postings as read
from services.matching.columns.layout import GONE, LARGEST, Ints
from services.matching.columns.postings import Form
from services.matching.columns.texts import CORSE
from services.matching.links import rome

_READERS: Final[dict[str, tuple[int, int, int, int]]] = {
    "id": (read.IDENTIFIER, read.ID, 0, 0),
    "version": (read.NATURAL, read.VERSION, 1, LARGEST),
    "company_id": (read.IDENTIFIER, read.COMPANY, 0, 0),
    "siren": (read.DIGITS, read.SIREN, 0, 0),
    "status": (read.WORD, read.STATUS, 0, 0),
    "territories": (read.TERRITORIES, read.HERE, 0, 0),
    "occupation": (read.ROME_CODE, read.OCCUPATION, 0, 0),
    "headcount": (read.NATURAL, read.HEADCOUNT, 1, 1000),
    "headcount_left": (read.NATURAL, read.LEFT, 0, 1000),
    "start": (read.DAY, read.START, 0, 0),
    "end": (read.DAY_OR_NONE, read.END, 0, 0),
    "commune": (read.INSEE_CODE, read.COMMUNE, 0, 0),
    "skills": (read.SKILL_CODES, read.SKILLS, 0, 0),
    "certificates": (read.CERTIFICATE_CODES, read.CERTIFICATES, 0, 0),
    "proposal_id": (read.NOTHING, read.PROPOSAL, 0, 0),
    "mode": (read.MODE, read.MODES, 0, 0),
    "modes": (read.MODE_LIST, read.MODES, 0, 0),
    "mobility_km": (read.NATURAL, read.MOBILITY, 1, 200),
    "monthly_gross": (read.PAYMENT, read.PAY, 1, 100_000),
    "monthly_gross_max": (read.PAYMENT, read.PAY, 1, 100_000),
}
"""By field: how it is read, where to, and the bounds of the contract. A field that is not here cannot be read."""

_OPENS: Final = {
    **dict.fromkeys((read.IDENTIFIER, read.DIGITS, read.ROME_CODE, read.INSEE_CODE), '"'),
    **dict.fromkeys((read.TERRITORIES, read.SKILL_CODES, read.CERTIFICATE_CODES, read.MODE_LIST), "["),
}
"""What stands between the colon and the value."""


@cache
def form() -> Form:
    """Of needs and of availabilities, as their models have them."""
    labels, fields = [], []
    for model in (NeedRecorded, AvailabilityRecorded):
        for place, name in enumerate(model.model_fields):
            reader = _READERS[name]
            labels.append(f'{"," if place else "{"}"{name}":{_OPENS.get(reader[0], "")}')
            fields.append(reader)
    return Form(
        labels=np.frombuffer("".join(labels).encode(), dtype=np.uint8),
        starts=np.array([0, *accumulate(map(len, labels))], dtype=np.int32),
        fields=np.array(fields, dtype=np.int32),
        needs=np.array([len(NeedRecorded.model_fields)], dtype=np.int32),
    )


@cache
def occupations() -> Ints:
    """The bucket of each code of ROME, by letter and number."""
    numbers: Ints = np.full(10_000 * 14, -1, dtype=np.int32)
    for bucket, code in enumerate(rome().names):
        if bucket != GONE:
            numbers[10_000 * (ord(code[0]) - ord("A")) + int(code[1:])] = bucket
    return numbers


@cache
def communes() -> Ints:
    """The place of each commune in the reference, by its INSEE code: `columns.texts` says how."""
    numbers: Ints = np.full(3 * CORSE, -1, dtype=np.int32)
    for number, code in enumerate(COMMUNES):
        corse = CORSE * ("AB".find(code[1]) + 1)
        numbers[int(code.replace("A", "0").replace("B", "0")) + corse] = number
    return numbers
