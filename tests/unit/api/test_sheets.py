"""Files are read as people write them, and within bounds whatever they claim to be."""

from __future__ import annotations

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from services.registry.imports.columns import Kind
from services.registry.imports.errors import UnreadableFileError
from services.registry.imports.rows import understand_rows
from services.registry.imports.sheets import COLUMN_LIMIT, read


def _book(rows: list[list[object]]) -> bytes:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


@pytest.mark.parametrize("separator", [";", ",", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_csv_in_each_separator_and_encoding(separator: str, encoding: str) -> None:
    text = f"métier{separator}début\r\n\r\nH2903{separator}été\r\n"
    lines = read(text.encode(encoding))
    assert [(line.number, line.cells) for line in lines] == [(1, ("métier", "début")), (3, ("H2903", "été"))]


def test_a_quoted_cell_may_hold_lines_and_lines_keep_their_number() -> None:
    lines = read(b'a;b\n"x\ny";1\nz;2\n')
    assert [line.number for line in lines] == [1, 2, 4]


def test_a_bomb_is_not_unpacked() -> None:
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 100_000_000)
    with pytest.raises(UnreadableFileError, match="trop grand"):
        read(kept.getvalue())


def test_entities_in_a_workbook_are_refused() -> None:
    source, kept = zipfile.ZipFile(io.BytesIO(_book([["a"]]))), io.BytesIO()
    with source, zipfile.ZipFile(kept, "w") as archive:
        for name in source.namelist():
            content = source.read(name)
            if name.endswith("sheet1.xml"):
                content = b'<!DOCTYPE x [<!ENTITY a "aaaa">]>' + content
            archive.writestr(name, content)
    with pytest.raises(UnreadableFileError, match="XML"):
        read(kept.getvalue())


def test_a_sheet_of_a_million_empty_rows_is_read_within_bounds() -> None:
    book = Workbook()
    book.active["A1"] = "a"
    book.active.cell(row=1_048_576, column=16_384, value="x")
    kept = io.BytesIO()
    book.save(kept)
    assert [line.cells[0] for line in read(kept.getvalue())] == ["a"]


def test_too_many_columns_are_refused() -> None:
    with pytest.raises(UnreadableFileError):
        read((";".join(["a"] * (COLUMN_LIMIT + 1))).encode())


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for content in (data, b"PK\x03\x04" + data):
        try:
            lines = read(content)
            understand_rows(Kind.NEEDS, lines)
        except UnreadableFileError as error:
            assert error.detail  # noqa: PT017 - either outcome is right


HEADER = "métier;effectif;modes;début;fin;commune;mobilité;salaire;volontaires;compétences\n"


def _one(cells: str) -> tuple[dict[str, object], dict[str, str]]:
    row = understand_rows(Kind.AVAILABILITIES, read((HEADER + cells).encode())).rows[0]
    return dict(row.fields), {each.field: each.detail for each in row.mistakes}


def test_cells_are_read_as_people_mean_them() -> None:
    fields, mistakes = _one("h2903;2,0;Prêt et embauche;1/12/2026;46387;figeac;40 km;2 350,40 €;OUI;100007, 100008")
    assert mistakes == {}
    assert fields == {
        "occupation": "H2903",
        "headcount": 2,
        "modes": ["loan", "hire"],
        "start": "2026-12-01",
        "end": "2026-12-31",
        "commune": "46102",
        "mobility_km": 40,
        "monthly_gross": 2350,
        "volunteers": True,
        "skills": ["100007", "100008"],
    }


def test_a_code_that_lost_its_zero_and_an_empty_end() -> None:
    fields, mistakes = _one("H2903;1;les deux;2026-12-01;;9122;40;;x;")
    assert mistakes == {}
    assert fields["commune"] == "09122"
    assert "end" not in fields


def test_each_wrong_cell_is_told() -> None:
    _, mistakes = _one("H2903;1,5;don;31/02/2027;demain;Sainte-Colombe;loin;cher;peut-être;")
    assert set(mistakes) == {"effectif", "modes", "début", "fin", "commune", "mobilité", "salaire", "volontaires"}
    assert "oui ou non" in mistakes["volontaires"]
    assert mistakes["commune"].count("(") >= 2


def test_columns_that_are_missing_or_doubled_are_named() -> None:
    with pytest.raises(UnreadableFileError) as caught:
        understand_rows(Kind.NEEDS, read(b"ROME;mode\nH2903;pret\n"))
    assert caught.value.figures["missing_columns"] == ["intitulé", "effectif", "début"]
    with pytest.raises(UnreadableFileError, match="même chose"):
        understand_rows(Kind.NEEDS, read(b"ROME;emploi\nH2903;x\n"))
