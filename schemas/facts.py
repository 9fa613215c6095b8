"""What the registry states: companies, needs and availabilities, each event with the whole state of its aggregate."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from schemas.vocabulary import (
    CertificateCode,
    CommuneCode,
    CompanyStatus,
    Headcount,
    HeadcountLeft,
    MobilityKm,
    Mode,
    MonthlyPay,
    OccupationCode,
    Payload,
    PostingStatus,
    Siren,
    SkillCode,
    Territory,
    Version,
)


class CompanyRecorded(Payload):
    """A company as it stands. Its name and contacts never travel."""

    id: UUID
    version: Version
    siren: Siren
    status: CompanyStatus
    branch: str
    commune: CommuneCode


class Posting(Payload):
    """What a need and an availability share.

    Attributes:
        version: 1, 2, 3… without gaps, by aggregate.
        territories: every territory where this version is live; a shard that is not among them removes the entity.
        headcount: people asked for or offered; `headcount_left` are those that no agreement holds.
        end: the last day, inclusive; none when open-ended.
        proposal_id: the agreement or cancellation that made this version, if one did.
    """

    id: UUID
    version: Version
    company_id: UUID
    siren: Siren
    status: PostingStatus
    territories: tuple[Territory, ...]
    occupation: OccupationCode
    headcount: Headcount
    headcount_left: HeadcountLeft
    start: date
    end: date | None = None
    commune: CommuneCode
    skills: tuple[SkillCode, ...] = ()
    certificates: tuple[CertificateCode, ...] = ()
    proposal_id: UUID | None = None


class NeedRecorded(Posting):
    """A post to fill, as it stands. It lives in exactly one territory."""

    mode: Mode
    monthly_gross_max: MonthlyPay | None = None


class AvailabilityRecorded(Posting):
    """Staff that a company can lend or must redeploy, as it stands: pseudonymous."""

    modes: tuple[Mode, ...]
    mobility_km: MobilityKm
    monthly_gross: MonthlyPay | None = None
