"""The report as PDF, where WeasyPrint and the libraries that it draws with are installed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.audit.told_archive import PAIR, audit

try:
    import weasyprint
except (ImportError, OSError) as error:  # it looks for Pango when it is imported
    pytest.skip(f"WeasyPrint cannot draw here: {error}", allow_module_level=True)


def test_the_report_is_a_pdf_of_some_pages_on_a4(told: Path, tmp_path: Path) -> None:
    file = tmp_path / "rapport.pdf"
    done = audit(told, "explain", PAIR, "--format", "pdf", "--out", str(file))
    assert done.exit_code == 0, done.output
    content = file.read_bytes()
    assert content.startswith(b"%PDF-")
    page = tmp_path / "rapport.html"
    assert audit(told, "explain", PAIR, "--format", "html", "--out", str(page)).exit_code == 0
    pages = weasyprint.HTML(filename=str(page)).render().pages
    assert 1 < len(pages) < 8
    assert {(round(each.width / 96 * 25.4), round(each.height / 96 * 25.4)) for each in pages} == {(210, 297)}
