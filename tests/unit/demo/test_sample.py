"""The demo's sample is made up, well formed, and has work for matching."""

from __future__ import annotations

import json
import re
from datetime import date

import pytest

from passerelles.reference.branches import BRANCHES
from passerelles.reference.communes import commune, distance_metres
from passerelles.reference.occupations import OCCUPATIONS, links_to, skills_of
from passerelles.reference.rulebook import RULEBOOK
from schemas.vocabulary import PAY_STEP, certificate_code
from services.demo.sample import COHORT, SamplePosting, cohort_csv, cohort_rows, sample
from services.registry.domain import checks
from services.registry.domain.drafts import AvailabilityDraft, CompanyDraft, NeedDraft
from services.registry.imports.columns import Kind, understand

TODAY = date(2026, 11, 23)
SAMPLE = sample(TODAY)
COMPANIES = {company.key: company.body for company in SAMPLE.companies}
POSTINGS = (*SAMPLE.availabilities, *SAMPLE.needs)
COMPANY_ID = "11111111-1111-4111-8111-111111111111"


def luhn(digits: str) -> bool:
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits)))
    return sum(number - 9 if number > 9 else number for number in doubled) % 10 == 0


@pytest.mark.parametrize("key", COMPANIES)
def test_companies_are_well_formed_and_made_up(key: str) -> None:
    company = COMPANIES[key]
    CompanyDraft.model_validate(company)
    assert checks.siret(company["siret"]) == company["siret"]
    assert luhn(company["siret"][:9])
    assert company["siret"].startswith("00000")
    assert company["name"].endswith("(exemple)")
    assert company["branch"] in BRANCHES
    assert commune(company["commune"]).departement in {"12", "46"}
    for contact in company["contacts"]:
        assert contact["email"].endswith("@example.org")
        assert re.fullmatch(r"06 39 98 \d\d \d\d|05 36 49 \d\d \d\d", contact["phone"])
        assert contact["phone"].startswith("06") or not contact["sms"]


def test_companies_differ_and_are_of_several_branches() -> None:
    assert len({company["siret"][:9] for company in COMPANIES.values()}) == len(COMPANIES) == len(SAMPLE.companies)
    emails = [contact["email"] for company in COMPANIES.values() for contact in company["contacts"]]
    assert len(emails) == len(set(emails))
    assert len({company["branch"] for company in COMPANIES.values()}) >= 6
    assert {company["status"] for company in COMPANIES.values()} == {"joined", "informed"}


@pytest.mark.parametrize("posting", POSTINGS, ids=lambda posting: posting.key)
def test_postings_are_well_formed(posting: SamplePosting) -> None:
    model = AvailabilityDraft if posting in SAMPLE.availabilities else NeedDraft
    body = posting.body(COMPANY_ID)
    model.model_validate_json(json.dumps(body))
    assert body["company_id"] == COMPANY_ID
    assert COMPANIES[posting.company]["status"] == "joined"
    assert body["occupation"] in OCCUPATIONS
    assert set(body["skills"]) <= set(skills_of(body["occupation"]))
    assert date.fromisoformat(body["start"]) > TODAY
    assert body["end"] is None or body["end"] >= body["start"]
    pay = [body[field] for field in ("monthly_gross", "monthly_gross_max") if field in body]
    assert [euros % PAY_STEP for euros in pay] == [0]


def test_keys_are_unique() -> None:
    assert len({posting.key for posting in POSTINGS}) == len(POSTINGS)


def test_the_cohort_is_220_people_of_figeac_in_several_occupations() -> None:
    assert COMPANIES[COHORT]["commune"] == "46102"
    assert sum(group.fields["headcount"] for group in SAMPLE.cohort) == 220
    occupations = {group.fields["occupation"] for group in SAMPLE.cohort}
    assert occupations >= {"H2903", "H2906", "H2909", "H1404", "N1103", "I1304", "I1310", "H3301"}


def test_the_cohort_is_also_a_spreadsheet_of_220_rows() -> None:
    rows = cohort_rows(TODAY)
    assert len(rows) == 220
    assert {row["effectif"] for row in rows} == {"1"}
    header = understand(Kind.AVAILABILITIES, list(rows[0]))
    assert header.ignored == ()
    assert len(header.places) == len(rows[0])
    lines = cohort_csv(TODAY).decode("utf-8-sig").splitlines()
    assert len(lines) == 221
    assert lines[0].split(";") == list(rows[0])


def test_the_sample_is_the_same_each_time_and_follows_the_day() -> None:
    assert sample(TODAY) == SAMPLE
    later = sample(date(2027, 2, 27))
    assert [each.key for each in later.needs] == [each.key for each in SAMPLE.needs]
    first = later.needs[0].fields
    assert (first["start"], first["end"]) == ("2027-03-20", None)


def eligible(need: SamplePosting, staff: SamplePosting) -> bool:
    """The rules of the design, written once more."""
    asked, offered = need.fields, staff.fields
    metres = distance_metres(commune(COMPANIES[need.company]["commune"]), commune(COMPANIES[staff.company]["commune"]))
    far = "9999-12-31"
    first = max(asked["start"], offered["start"])
    last = min(asked["end"] or far, offered["end"] or far)
    shared = (date.fromisoformat(last) - date.fromisoformat(first)).days + 1
    held = {certificate_code(text) for text in offered["certificates"]}
    return (
        need.company != staff.company
        and asked["mode"] in offered["modes"]
        and offered["occupation"] in links_to(asked["occupation"])
        and metres <= offered["mobility_km"] * 1000
        and shared >= RULEBOOK.least_shared_days
        and {certificate_code(text) for text in asked["certificates"]} <= held
    )


def test_most_needs_have_staff_and_most_staff_have_needs() -> None:
    pairs = [(need, staff) for need in SAMPLE.needs for staff in SAMPLE.availabilities if eligible(need, staff)]
    served = {need.key for need, _ in pairs}
    assert {need.key for need in SAMPLE.needs} - served == {"salaisons-decoupe"}
    assert len({staff.key for _, staff in pairs}) >= 0.8 * len(SAMPLE.availabilities)
    branches = {COMPANIES[need.company]["branch"] for need, staff in pairs if staff.company == COHORT}
    assert branches >= {"agroalimentaire", "bois", "textile", "metal"}
    assert any(asked.fields["certificates"] for asked, _ in pairs)
