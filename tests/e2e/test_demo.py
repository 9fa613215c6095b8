"""The demo as a newcomer starts it: a command, its output, its exit code, and a second start on the same folder."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import httpx
import pytest

from tests.e2e.platform import free_port
from tests.e2e.processes import COMMAND, passerelles

AUTHORIZED = {"Authorization": "Bearer demo-operateur"}


class Demo:
    """A demo that runs until the test is over."""

    def __init__(self, *arguments: str) -> None:
        self.port = free_port()
        command = [*COMMAND, "demo", "--port", str(self.port), *arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def until_settled(self) -> str:
        """What it printed up to its summary."""
        assert self.process.stdout is not None
        printed = []
        for line in self.process.stdout:
            printed.append(line)
            if "Ctrl-C" in line:
                return "".join(printed)
        raise AssertionError("".join(printed))

    def get(self, path: str) -> list[dict[str, object]]:
        answer = httpx.get(f"http://127.0.0.1:{self.port}{path}", headers=AUTHORIZED, timeout=20)
        answer.raise_for_status()
        body = answer.json()
        return list(body if isinstance(body, list) else body["items"])

    def stop(self) -> int:
        self.process.send_signal(signal.SIGINT)
        self.process.communicate(timeout=30)
        return self.process.returncode


def test_once_plays_the_sample_and_says_how_it_went() -> None:
    run = passerelles("demo", "--once", "--port", "0")
    assert run.returncode == 0, run.stdout + run.stderr
    for word in ("Bilan", "besoin", "proposition", "e-mail", "SMS", "/docs", "/demo/"):
        assert word in run.stdout
    assert "Sans les limites d'un vrai service" in run.stdout
    assert run.stderr == ""


@pytest.mark.timeout(180)
def test_a_second_start_on_the_folder_finds_everything_and_sends_nothing(tmp_path: Path) -> None:
    first = Demo("--data", str(tmp_path))
    try:
        assert "220" in first.until_settled() or first.get("/v1/availabilities?limit=200")
        before = {kind: first.get(f"/v1/{kind}?limit=200") for kind in ("companies", "needs", "availabilities")}
        open_before = {each["id"] for each in first.get("/v1/proposals?limit=200&status=open")}
        declined = min(open_before)
        answer = httpx.post(
            f"http://127.0.0.1:{first.port}/v1/proposals/{declined}/decisions",
            json={"party": "borrower", "verdict": "decline", "reason": "distance"},
            headers=AUTHORIZED,
            timeout=20,
        )
        assert answer.is_success
        assert first.get("/demo/messages")
        time.sleep(2)
        open_before = {each["id"] for each in first.get("/v1/proposals?limit=200&status=open")}
    finally:
        assert first.stop() == 0
    second = Demo("--data", str(tmp_path))
    try:
        second.until_settled()
        assert second.get("/demo/messages") == []
        for kind, items in before.items():
            assert {each["id"] for each in second.get(f"/v1/{kind}?limit=200")} == {each["id"] for each in items}
        assert {each["id"] for each in second.get("/v1/proposals?limit=200&status=open")} == open_before
        assert declined in {each["id"] for each in second.get("/v1/proposals?status=declined")}
    finally:
        assert second.stop() == 0


def test_an_empty_demo_starts_without_the_sample_and_its_parked_messages_can_be_listed(tmp_path: Path) -> None:
    demo = Demo("--empty", "--data", str(tmp_path))
    try:
        demo.until_settled()
        assert demo.get("/v1/companies") == []
        listed = passerelles("parked", "list", "--data", str(tmp_path))
        assert listed.returncode == 0, listed.stderr
        assert "Rien" in listed.stdout
        assert json.loads((tmp_path / "demo.json").read_text())["bootstrap_servers"]
        second = passerelles("demo", "--empty", "--once", "--port", "0", "--data", str(tmp_path))
        assert second.returncode == 1
        assert "tourne déjà" in second.stderr
    finally:
        assert demo.stop() == 0
    assert passerelles("parked", "replay", "--all", "--data", str(tmp_path)).returncode == 1


@pytest.mark.parametrize("service", ["registry", "notifications"])
def test_a_service_without_its_tokens_says_which_and_does_not_start(service: str) -> None:
    environment = {"PASSERELLES_BUS": "kafka://127.0.0.1:1", "PASSERELLES_STORE": "mongodb://127.0.0.1:1/none"}
    run = subprocess.run(
        [*COMMAND, "run", service],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 1
    assert "PASSERELLES_SERVICE_TOKEN" in run.stderr
    assert "Traceback" not in run.stderr


def test_a_port_that_is_taken_is_said_in_a_sentence() -> None:
    demo = Demo("--empty")
    try:
        demo.until_settled()
        run = passerelles("demo", "--empty", "--once", "--port", str(demo.port))
        assert run.returncode == 1
        assert f"Le port {demo.port}" in run.stderr
        assert "Traceback" not in run.stderr
    finally:
        assert demo.stop() == 0
