"""The archive of a full run of the demo and of its next start: all of it is proved, and nobody is in it.

Nothing that names a person or a company, that was typed, or that opens a door.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.audit.archive.chain import read_chain
from services.audit.archive.files import FolderFiles
from services.audit.archive.manifest import Segment
from services.audit.archive.rows import batches
from services.audit.archive.segment import records_of
from tests.e2e.audit.told_archive import audit
from tests.e2e.processes import passerelles
from tests.e2e.test_demo import AUTHORIZED, Demo

ROOT = Path(__file__).parents[3]
SAMPLE = json.loads((ROOT / "services/demo/sample.json").read_text(encoding="utf-8"))
TYPED = {"name": "Rosalinde Quercynol", "email": "rosalinde@quercynol.example.org", "phone": "06 39 98 77 66"}
TITLE = "Tourneuse pour l'atelier de Zéphirine"
CERTIFICATE = "Habilitation Zéphirine B2V-essai"
KEPT = ("name", "role", "email", "phone", "sms")
"""Of what the registry tells of a contact, what it is given again."""


def entered() -> set[str]:
    """Names, addresses, numbers and free texts that the run was given."""
    found = {*TYPED.values(), TITLE, CERTIFICATE}
    for company in SAMPLE["companies"]:
        found.add(company["name"])
        for contact in company["contacts"]:
            found |= {contact["name"], contact["email"], contact["phone"], contact["role"]}
    found |= {each["title"] for each in SAMPLE["needs"]}
    found |= {text for kind in ("needs", "availabilities") for each in SAMPLE[kind] for text in each["certificates"]}
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


@pytest.mark.timeout(240)  # two demos one after the other, on a machine that does other things too
def test_a_full_run_leaves_nobody_in_the_archive_and_erasing_somebody_leaves_it_whole(tmp_path: Path) -> None:
    demo = Demo("--data", str(tmp_path))
    try:
        demo.until_settled()
        with httpx.Client(base_url=f"http://127.0.0.1:{demo.port}", headers=AUTHORIZED, timeout=20) as api:
            tokens = _work_and_erase(api)
    finally:
        assert demo.stop() == 0
    assert passerelles("demo", "--once", "--port", "0", "--data", str(tmp_path)).returncode == 0
    content = archived_bytes(tmp_path / "archive")
    assert len(content) > 100_000
    texts = entered() | tokens
    assert len(texts) > 90
    for type_ in (b"proposal.seen", b"proposal.declined", b"proposal.agreed", b"delivery.recorded"):
        assert type_ in content, "the run went all the way"
    assert [text for text in texts if any(form in content for form in forms(text))] == []
    proof = passerelles("audit", "verify", "--data", str(tmp_path))
    assert proof.returncode == 0, proof.stdout + proof.stderr
    assert "Tout est exact." in proof.stdout
    _see_two_epochs(tmp_path)


def _see_two_epochs(data: Path) -> None:
    """The second start says again what stands."""
    events = [json.loads(line) for line in audit(data, "replay", "--format", "json").stdout.splitlines()]
    assert {each["epoch"] for each in events} == {1, 2}
    assert 1 in {each["epoch"] for each in events if each["type"] == "fr.passerelles.delivery.recorded"}
    first, again = (
        {each["subject"] for each in events if each["epoch"] == epoch and "proposal.made" in each["type"]}
        for epoch in (1, 2)
    )
    assert again
    assert again <= first


def _work_and_erase(api: httpx.Client) -> set[str]:
    """Enter a person, a need and people; let proposals be seen and decided on; erase the person. Gives the secrets."""
    company: dict[str, Any] = api.get("/v1/companies", params={"status": "joined"}).json()["items"][0]
    version = {"If-Match": str(company["version"])}
    fields = {name: company[name] for name in ("siret", "name", "branch", "commune", "status")}
    told = [{name: each[name] for name in KEPT} for each in company["contacts"]]
    contacts = [*told, {**TYPED, "role": "assistante", "sms": True}]
    changed = api.put(f"/v1/companies/{company['id']}", headers=version, json={**fields, "contacts": contacts})
    assert changed.status_code == 200, changed.text
    contact: str = next(each["id"] for each in changed.json()["contacts"] if each["name"] == TYPED["name"])
    token = api.post(f"/v1/companies/{company['id']}/tokens").json()["token"]
    key = "cle-de-zephirine-0123456789"
    posting = {"company_id": company["id"], "occupation": "H2903", "headcount": 1, "start": "2031-03-03"}
    posting |= {"end": "2031-05-30", "certificates": [CERTIFICATE]}
    need = {**posting, "title": TITLE, "mode": "loan"}
    staff = {**posting, "modes": ["loan"], "mobility_km": 50, "volunteers": True}
    for path, body in (("/v1/needs", need), ("/v1/availabilities", staff)):
        made = api.post(path, json=body, headers={"Idempotency-Key": key + path[4:]})
        assert made.status_code == 201, made.text
    links = {link for each in api.get("/demo/messages").json() for link in each["links"] if "/p/" in link}
    tokens = {link.rpartition("/p/")[2] for link in links}
    assert tokens
    for each in tokens:
        assert api.post(f"/p/{each}/seen", headers={"Authorization": ""}).status_code == 204
    agreed, declined = (each["id"] for each in api.get("/v1/proposals", params={"status": "open"}).json()["items"][:2])
    for party in ("borrower", "lender"):
        body = {"party": party, "verdict": "accept"}
        assert api.post(f"/v1/proposals/{agreed}/decisions", json=body).is_success
    body = {"party": "lender", "verdict": "decline", "reason": "other"}
    assert api.post(f"/v1/proposals/{declined}/decisions", json=body).is_success
    erased = api.delete(f"/v1/companies/{company['id']}/contacts/{contact}")
    assert erased.is_success, erased.text
    return tokens | {token, key, AUTHORIZED["Authorization"].removeprefix("Bearer ")}
