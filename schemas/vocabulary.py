"""The words that events are made of: identifiers, codes, enumerations and bounded numbers."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from enum import StrEnum
from typing import Annotated, Final
from uuid import UUID, uuid5

from pydantic import BaseModel, ConfigDict, Field

PROPOSAL_NAMESPACE: Final = UUID("6f2c7f2e-5f0b-5f7a-9d36-3f2d0e0b7a11")
"""Namespace of the identifiers that are derived from others (RFC 9562, version 5)."""

PAY_STEP: Final = 50
"""Pay travels in steps of this many euros, so that a figure does not single a person out."""

OccupationCode = Annotated[str, Field(pattern=r"^[A-N][0-9]{4}$", examples=["H2903"])]
"""A ROME v3 code."""

CommuneCode = Annotated[str, Field(pattern=r"^(?:[0-9]{2}|2[AB])[0-9]{3}$", examples=["46102"])]
"""A commune's INSEE code (not its post code)."""

SkillCode = Annotated[str, Field(pattern=r"^[0-9]{1,7}$", examples=["100007"])]
"""An OGR code of a ROME skill."""

CertificateCode = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
"""What a certificate's free text becomes on the bus: see `certificate_code`."""

Siren = Annotated[str, Field(pattern=r"^[0-9]{9}$")]
Territory = Annotated[str, Field(pattern=r"^(?:[0-9]{2}|2[AB])(?:-[0-9]{1,2})?$", examples=["46", "31-2"])]
MonthlyPay = Annotated[int, Field(gt=0, le=100_000, multiple_of=PAY_STEP)]
Headcount = Annotated[int, Field(ge=1, le=1000)]
HeadcountLeft = Annotated[int, Field(ge=0, le=1000)]
MobilityKm = Annotated[int, Field(ge=1, le=200)]
Version = Annotated[int, Field(ge=1)]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
"""A SHA-256 in hexadecimal."""


class Mode(StrEnum):
    """How a person goes to the other company."""

    LOAN = "loan"
    HIRE = "hire"


class Party(StrEnum):
    """The side of a proposal on which a company stands."""

    BORROWER = "borrower"
    LENDER = "lender"


class CompanyStatus(StrEnum):
    """Where a company stands in the programme."""

    INFORMED = "informed"
    JOINED = "joined"
    LEAVING = "leaving"
    LEFT = "left"


class PostingStatus(StrEnum):
    """Whether a need or an availability is still offered to the others."""

    OPEN = "open"
    WITHDRAWN = "withdrawn"


class DeclineReason(StrEnum):
    """Why a company declined a proposal or cancelled an agreement."""

    FILLED_OTHERWISE = "filled_otherwise"
    DISTANCE = "distance"
    SKILLS = "skills"
    PAY = "pay"
    PERIOD = "period"
    OTHER = "other"


class Payload(BaseModel):
    """What every event payload is: frozen, strict, and tolerant of fields that a later version adds."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")


def proposal_id(need_id: UUID, availability_id: UUID) -> UUID:
    """The identifier of the pair: the same for ever, whoever computes it (design, decision 7)."""
    return uuid5(PROPOSAL_NAMESPACE, f"{need_id}:{availability_id}")


def event_id(subject: str, revision: int, type_: str) -> UUID:
    """The identifier of an event that is made again to the byte (design, decision 2)."""
    return uuid5(PROPOSAL_NAMESPACE, f"{subject}:{revision}:{type_}")


def certificate_code(text: str) -> str:
    """The code under which a certificate is compared: without case, accents or spaces, as 16 hexadecimal digits.

    A certificate is typed by a person, and free text never travels on the bus; its digest compares as well.
    """
    folded = unicodedata.normalize("NFKD", text).casefold()
    bare = re.sub(r"\s+", "", "".join(char for char in folded if not unicodedata.combining(char)))
    return hashlib.sha256(bare.encode()).hexdigest()[:16]
