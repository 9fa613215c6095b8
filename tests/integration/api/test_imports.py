"""A spreadsheet goes in by one request, every row is answered, and the same file again changes nothing."""

from __future__ import annotations

import io
from datetime import date, datetime
from typing import Any

import httpx
import pytest
from openpyxl import Workbook, load_workbook

from tests.integration.api.conftest import Join, Member, Rig, company

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
HEADER = [
    "Métier",
    "Effectif",
    "Modes",
    "Début",
    "Fin",
    "Commune",
    "Mobilité (km)",
    "Certificats",
    "Salaire brut mensuel",
    "Volontaires",
    "Atelier",
]
JOBS = ["H2903", "H2906", "H2909", "H2914", "H1203", "N1103", "I1304", "H2902", "H3203", "H2913"]


def _row(place: int) -> list[Any]:
    start = date(2026, 12, 1) if place % 2 else datetime(2026, 12, 1)  # noqa: DTZ001
    return [
        JOBS[place % 10],
        1,
        "prêt, embauche",
        start,
        "31/03/2027",
        "Figeac",
        45,
        "CACES R489-3",
        2180 + place,
        "oui",
        "A",
    ]


def _xlsx(rows: list[list[Any]]) -> bytes:
    book = Workbook()
    sheet = book.active
    for row in [HEADER, *rows]:
        sheet.append(row)
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


def _csv(rows: list[list[Any]], separator: str = ";", encoding: str = "utf-8-sig") -> bytes:
    def cell(value: Any) -> str:
        text = value.strftime("%d/%m/%Y") if isinstance(value, date) else str(value)
        return f'"{text}"' if separator in text else text

    lines = [separator.join(map(cell, row)) for row in [HEADER, *rows]]
    return "\r\n".join(lines).encode(encoding)


async def _send(member: Member, content: bytes, content_type: str, **headers: str) -> httpx.Response:
    return await member.client.post(
        "/v1/imports?kind=availabilities", content=content, headers={"Content-Type": content_type, **headers}
    )


@pytest.mark.parametrize("form", ["xlsx", "csv"])
async def test_220_people_go_in_by_one_request(rig: Rig, join: Join, form: str) -> None:
    member = await join()
    rows = [_row(place) for place in range(220)]
    content, content_type = (_xlsx(rows), XLSX) if form == "xlsx" else (_csv(rows), "text/csv")
    answered = await _send(member, content, content_type, **{"Idempotency-Key": "plan-2027"})
    assert answered.status_code == 200, answered.text
    body = answered.json()
    assert (body["accepted"], body["refused"], body["ignored_columns"]) == (220, 0, ["Atelier"])
    assert [row["line"] for row in body["rows"]] == list(range(2, 222))
    assert await rig.office.availabilities.count() == 220
    one = (await member.client.get(f"/v1/availabilities/{body['rows'][10]['id']}")).json()
    assert one["commune"] == "46102"
    assert (one["start"], one["end"]) == ("2026-12-01", "2027-03-31")
    assert one["monthly_gross"] % 50 == 0

    before = await rig.everything()
    again = await _send(member, content, content_type, **{"Idempotency-Key": "plan-2027"})
    assert again.content == answered.content
    assert await rig.everything() == before


async def test_every_bad_row_is_told_with_its_line_and_column(rig: Rig, join: Join) -> None:
    member = await join()
    rows = [_row(place) for place in range(8)]
    rows[0][0] = "H9999"
    rows[1][1] = "beaucoup"
    rows[2][2] = "vente"
    rows[3][3], rows[3][4] = "01/03/2027", "01/02/2027"
    rows[4][5] = "Figeacc"
    rows[5][6] = 900
    rows[6][9] = "non"
    answered = await _send(member, _csv(rows), "text/csv")
    body = answered.json()
    assert (body["accepted"], body["refused"]) == (1, 7)
    wrong = {row["line"]: row["errors"][0] for row in body["rows"] if row["status"] == "refused"}
    assert {line: each["field"] for line, each in wrong.items()} == {
        2: "Métier",
        3: "Effectif",
        4: "Modes",
        5: "Fin",
        6: "Commune",
        7: "Mobilité (km)",
        8: "Volontaires",
    }
    assert "Figeac (46102)" in wrong[6]["detail"]
    assert await rig.office.availabilities.count() == 1


async def test_a_row_is_told_all_that_is_wrong_with_it(rig: Rig, join: Join) -> None:
    member = await join()
    text = (
        "métier;effectif;modes;début;fin;mobilité;volontaires;salaire;compétences\n"
        "H2903;-1;prêt;31/12/2026;01/12/2026;400;non;abc;\n"
        "H29O3;1;;hier;01/12/2020;20;oui;2000;1OOOO7, 100007, 999999\n"
        "H2903;1;prêt;31/12/2026;;20;oui;2000;100007, 1OOOO7\n"
    )
    body = (await _send(member, text.encode(), "text/csv")).json()
    assert (body["accepted"], body["refused"]) == (0, 3)
    first, second, third = (
        [(each["field"], each["detail"].replace("\u00a0", " ")) for each in row["errors"]] for row in body["rows"]
    )
    assert {field for field, _ in first} == {"effectif", "fin", "mobilité", "volontaires", "salaire"}
    assert len(first) == 5
    assert [field for field, _ in second] == ["métier", "modes", "début", "fin", "compétences", "compétences"]
    assert "H2903 (" in second[0][1]
    assert "« 1OOOO7 » : le code OGR" in second[4][1]
    assert "Proches" not in second[4][1], "the skills of another occupation"
    assert "« 999999 »" in second[5][1]
    assert len(third) == 1
    assert "Proches : 100007 (Techniques de soudage)" in third[0][1]
    assert await rig.office.availabilities.count() == 0


async def test_a_need_is_told_all_that_is_wrong_with_it(rig: Rig, join: Join) -> None:
    member = await join()
    text = "intitulé,ROME,mode,nombre,du,au,salaire\n\u202e,Soudur,don,0,2026-12-01,2020-01-31,999999\n"
    answered = await member.client.post(
        "/v1/imports?kind=needs", content=text.encode(), headers={"Content-Type": "text/csv"}
    )
    errors = answered.json()["rows"][0]["errors"]
    assert {each["field"] for each in errors} >= {"ROME", "mode", "nombre", "au", "salaire"}
    assert all("expected" not in each["detail"] for each in errors)
    assert await rig.office.needs.count() == 0


async def test_a_form_carries_the_file_and_the_same_form_again_changes_nothing(
    rig: Rig, operator: httpx.AsyncClient, join: Join
) -> None:
    member = await join()
    content = "intitulé,ROME,mode,nombre,du,au\nSoudeur,H2913,prêt,2,2026-12-01,2027-01-31\n".encode("cp1252")
    answers = [
        await operator.post(
            "/v1/imports",
            data={"kind": "needs", "company_id": member.id},
            files={"file": ("besoins.csv", content, "text/csv")},
            headers={"Idempotency-Key": "b"},
        )
        for _ in range(2)
    ]
    assert answers[0].json()["accepted"] == 1, answers[0].text
    assert answers[0].content == answers[1].content
    assert await rig.office.needs.count() == 1


async def test_the_template_is_filled_in_and_comes_back(rig: Rig, join: Join) -> None:
    member = await join()
    for kind in ("availabilities", "needs"):
        model = await member.client.get("/v1/imports/template", params={"kind": kind})
        assert model.headers["content-type"] == XLSX
        assert "attachment" in model.headers["content-disposition"]
        assert load_workbook(io.BytesIO(model.content)).sheetnames == ["Saisie", "Aide"]
        back = await member.client.post(
            f"/v1/imports?kind={kind}", content=model.content, headers={"Content-Type": XLSX}
        )
        assert back.json()["accepted"] == 1, back.text
    assert (await member.client.get("/v1/imports/template")).status_code == 422
    assert rig.clock


@pytest.mark.parametrize(
    ("content", "content_type", "status", "slug"),
    [
        (b"", "text/csv", 422, "fichier-illisible"),
        (b"a;b\n1;2\n", "text/csv", 422, "fichier-illisible"),
        (b"PK\x03\x04 broken", XLSX, 422, "fichier-illisible"),
        (b"\x00\x01\x02", "text/csv", 422, "fichier-illisible"),
        (b"{}", "application/json", 415, "type-de-contenu"),
        (b"x" * 11_000_000, "text/csv", 413, "corps-trop-grand"),
        (b"--x\r\n", "multipart/form-data; boundary=x", 422, None),
        (b"--x", "multipart/form-data", 400, None),
        (
            b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--x--\r\n',
            "multipart/form-data; boundary=x",
            422,
            "saisie-invalide",
        ),
    ],
)
async def test_files_that_cannot_be_imported(  # noqa: PLR0917 - fixtures and cases
    rig: Rig, join: Join, content: bytes, content_type: str, status: int, slug: str | None
) -> None:
    member = await join()
    before = await rig.everything()
    answered = await _send(member, content, content_type)
    assert answered.status_code in (status, 422 if status == 400 else status), answered.text
    if slug:
        assert answered.json()["type"] == f"urn:passerelles:problem:{slug}"
    assert await rig.everything() == before


async def test_too_many_rows_are_refused_as_a_whole(rig: Rig, join: Join) -> None:
    member = await join()
    answered = await _send(member, _csv([_row(0)] * 2001), "text/csv")
    assert answered.status_code == 422
    assert await rig.office.availabilities.count() == 0


async def test_for_whom_a_file_is_imported(operator: httpx.AsyncClient, join: Join) -> None:
    one, other = await join(81000001), await join(81000002)
    content = _csv([_row(0)])
    headers = {"Content-Type": "text/csv"}
    address = "/v1/imports?kind=availabilities"
    assert (await operator.post(address, content=content, headers=headers)).status_code == 422
    assert (await operator.post("/v1/imports", content=content, headers=headers)).status_code == 422
    stolen = await one.client.post(f"{address}&company_id={other.id}", content=content, headers=headers)
    assert stolen.status_code == 403
    informed = (await operator.post("/v1/companies", json=company(81000003, status="informed"))).json()["id"]
    refused = await operator.post(f"{address}&company_id={informed}", content=content, headers=headers)
    assert refused.status_code == 409
