"""Nothing that names a person, a company or what somebody typed is in the archive, of a full run, before or after."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from services.audit.archive_files import FolderFiles
from services.audit.archive_rows import batches
from services.audit.archive_segment import records_of
from services.audit.chain import read_chain
from services.audit.manifest import Segment
from tests.e2e.audit.test_archive_commands import ROOT, passerelles
from tests.e2e.test_demo import AUTHORIZED, Demo

SAMPLE = json.loads((ROOT / "services/demo/sample.json").read_text(encoding="utf-8"))
TYPED = {"name": "Rosalinde Quercynol", "email": "rosalinde@quercynol.example.org", "phone": "06 39 98 77 66"}
TITLE = "Tourneuse pour l'atelier de Zéphirine"


def entered() -> set[str]:
    """Names, addresses, numbers and free texts that the run was given."""
    found = {*TYPED.values(), TITLE}
    for company in SAMPLE["companies"]:
        found.add(company["name"])
        for contact in company["contacts"]:
            found |= {contact["name"], contact["email"], contact["phone"], contact["role"]}
    found |= {each["title"] for each in SAMPLE["needs"]}
    digits = {text.replace(" ", "") for text in found if text[:1] == "0"}
    return (
        found | digits | {f"+33{number[1:]}" for number in digits} | {word for text in found for word in _names(text)}
    )


def _names(text: str) -> Iterator[str]:
    """The words of a person's name, long enough to be nobody else's."""
    return (word for word in text.split() if len(word) > 6 and word[0].isupper() and text.count(" ") == 1)


def archived_bytes(archive: Path) -> bytes:
    """Every byte of the archive: its files as they are, and each record as it comes out of them."""
    files = FolderFiles(archive)
    parts = [file.read_bytes() for file in archive.rglob("*") if file.is_file()]
    for segment in read_chain(files):
        if isinstance(segment, Segment):
            for batch in batches(files, segment):
                for row in records_of(batch):
                    record = row.record
                    headers = (part or b"" for name, value in record.headers for part in (name.encode(), value))
                    parts += [record.key or b"", record.value or b"", *headers]
    return b"\n".join(parts)


def forms(text: str) -> set[bytes]:
    """How a text could have been written, in upper or lower case, plain or as JSON."""
    cases = {text, text.lower(), text.upper()}
    return {form for each in cases for form in (each.encode(), json.dumps(each)[1:-1].encode())}


def test_a_full_run_leaves_nobody_in_the_archive_and_erasing_somebody_leaves_it_whole(tmp_path: Path) -> None:
    demo = Demo("--data", str(tmp_path))
    try:
        demo.until_settled()
        with httpx.Client(base_url=f"http://127.0.0.1:{demo.port}", headers=AUTHORIZED, timeout=20) as api:
            _work_and_erase(api)
    finally:
        assert demo.stop() == 0
    content = archived_bytes(tmp_path / "archive")
    assert len(content) > 100_000
    texts = entered()
    assert len(texts) > 80
    assert [text for text in texts if any(form in content for form in forms(text))] == []
    assert passerelles("audit", "verify", "--data", str(tmp_path)).returncode == 0


def _work_and_erase(api: httpx.Client) -> None:
    """Enter a person and a need, let a proposal be decided on, then erase the person."""
    company: dict[str, Any] = api.get("/v1/companies", params={"status": "joined"}).json()["items"][0]
    version = {"If-Match": str(company["version"])}
    fields = {name: company[name] for name in ("siret", "name", "branch", "commune", "status")}
    contacts = [*company["contacts"], {**TYPED, "role": "assistante", "sms": True}]
    changed = api.put(f"/v1/companies/{company['id']}", headers=version, json={**fields, "contacts": contacts})
    assert changed.status_code == 200, changed.text
    contact: str = next(each["id"] for each in changed.json()["contacts"] if each["name"] == TYPED["name"])
    need = {
        "company_id": company["id"],
        "occupation": "H2903",
        "title": TITLE,
        "mode": "loan",
        "headcount": 1,
        "start": "2031-03-03",
        "end": "2031-05-30",
    }
    assert api.post("/v1/needs", json=need).status_code == 201
    proposal = api.get("/v1/proposals", params={"status": "open"}).json()["items"][0]["id"]
    for party in ("borrower", "lender"):
        body = {"party": party, "verdict": "accept"}
        assert api.post(f"/v1/proposals/{proposal}/decisions", json=body).is_success
    erased = api.delete(f"/v1/companies/{company['id']}/contacts/{contact}")
    assert erased.is_success, erased.text
