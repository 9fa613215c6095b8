"""`passerelles templates preview`: everything is at the address that it prints, and a page there can be answered."""

from __future__ import annotations

import re
import signal
import subprocess
from collections.abc import Iterator

import httpx
import pytest

from tests.e2e.processes import COMMAND


@pytest.fixture
def url() -> Iterator[str]:
    with subprocess.Popen(
        [*COMMAND, "templates", "preview", "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        said = process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+/apercu/", said)
        if found is None:
            process.kill()
            pytest.fail(said + process.stdout.read())
        yield found[0]
        process.send_signal(signal.SIGTERM)
        process.stdout.read()
        assert process.wait(timeout=30) == 0


def test_everything_is_there_to_be_looked_at(url: str) -> None:
    with httpx.Client(base_url=url, timeout=30) as client:
        index = client.get("").text
        slugs = re.findall(r'href="\?vue=([\w-]+)"', index)
        assert {"proposed-borrower", "digest", "escalated-lender", "p-open", "r-mobile", "u-done", "expired"} <= set(
            slugs
        )
        for slug in slugs:
            assert client.get("", params={"vue": slug}).status_code == 200
        letter = client.get("proposed-borrower/html").text
        path = re.search(r'href="(http://127\.0\.0\.1:\d+/p/[\w-]{72})"', letter)
        assert path is not None
        assert client.post(path[1], data={"verdict": "accept"}).status_code == 303
        assert "Vous avez accepté." in client.get(path[1]).text
        assert client.get("", params={"vue": "nothing"}).status_code == 404
