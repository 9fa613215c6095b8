"""The services as they run for real: one process each, that a test starts, stops and kills."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from passerelles.bus.address import Bus
from tests.e2e.platform import OPERATOR, SERVICE, Box, Platform, free_port

START_SECONDS = 90
COMMAND = (sys.executable, "-c", "from services.cli import main; main()")


def passerelles(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """The command, run to its end."""
    environment = os.environ | settings
    return subprocess.run(
        [*COMMAND, *arguments], env=environment, capture_output=True, text=True, timeout=100, check=False
    )


class Process:
    """One service in a process of its own."""

    def __init__(self, name: str, environment: dict[str, str], folder: Path, port: int | None = None) -> None:
        self.name, self.port = name, port or free_port()
        self._environment = environment | {"PASSERELLES_HTTP_PORT": str(self.port)}
        self._log = folder / f"{name}-{self.port}.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*COMMAND, "run", self.name], env=self._environment, stdout=log, stderr=log
            )

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            assert self._running().poll() is None, self.log()
            try:
                if httpx.get(f"http://127.0.0.1:{self.port}/readyz", timeout=2).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.05)
        raise AssertionError(f"{self.name} is not ready: {self.log()}")

    @property
    def pid(self) -> int:
        return self._running().pid

    def kill(self) -> None:
        """End it as a crash would."""
        self._running().kill()
        self._running().wait()

    def stop(self) -> int:
        """Ask it to end, and give its exit code."""
        process = self._running()
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        return process.wait(timeout=30)

    def log(self) -> str:
        return self._log.read_text()[-4000:]

    def _running(self) -> subprocess.Popen[bytes]:
        assert self._process is not None
        return self._process


class Cluster:
    """Processes of the three services on one bus and one store."""

    def __init__(self, environment: dict[str, str], folder: Path, registry_port: int) -> None:
        self._environment, self._folder = environment, folder
        self.registry = Process("registry", environment, folder, registry_port)
        self.all = [self.registry]
        self.matching = self.more("matching")
        self.notifications = self.more("notifications")

    def more(self, name: str) -> Process:
        """Another process of a service, not started."""
        self.all.append(Process(name, self._environment, self._folder))
        return self.all[-1]


def environment_of(
    bus: str, store_url: str, mails: Box, folder: Path, registry_port: int, *, window_ms: int
) -> dict[str, str]:
    """The environment of every process of a platform whose registry listens on this port."""
    url = f"http://127.0.0.1:{registry_port}"
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("PASSERELLES_")}
    return inherited | {
        "PASSERELLES_BUS": bus,
        "PASSERELLES_STORE": store_url,
        "PASSERELLES_DATA": str(folder),
        "PASSERELLES_PUBLIC_URL": url,
        "PASSERELLES_REGISTRY_URL": url,
        "PASSERELLES_OPERATOR_TOKEN": OPERATOR,
        "PASSERELLES_SERVICE_TOKEN": SERVICE,
        "PASSERELLES_SMTP": f"smtp://127.0.0.1:{mails.smtp_port}",
        "PASSERELLES_SMS": "http" if mails.sms_url else "none",
        "PASSERELLES_SMS_URL": mails.sms_url,
        "PASSERELLES_ALERT_WINDOW_MS": str(window_ms),
        # Each need is waited for, however many a company has.
        "PASSERELLES_ALERT_CONTACT_MOST": "0",
        # These tests run at any hour.
        "PASSERELLES_SMS_HOURS": "0-24",
        "PASSERELLES_SMS_DAYS": "1234567",
        "PASSERELLES_SMS_HOLIDAYS": "true",
    }


@asynccontextmanager
async def cluster(
    bus: Bus, store_url: str, mails: Box, folder: Path, *, window_ms: int = 100
) -> AsyncIterator[Cluster]:
    """The three services, started and ready; whatever still runs at the end is killed.

    The box lives in the caller's loop, which is left free to answer.
    """
    port = free_port()
    environment = environment_of(
        f"kafka://{bus.bootstrap_servers}", store_url, mails, folder, port, window_ms=window_ms
    )
    processes = Cluster(environment, folder, port)
    try:
        for process in processes.all:
            process.start()
        for process in processes.all:
            await asyncio.to_thread(process.wait_until_ready)
        yield processes
    finally:
        for process in processes.all:
            if process._process is not None:
                process.kill()


@asynccontextmanager
async def site_of(processes: Cluster, mails: Box, numbers: Iterator[int]) -> AsyncIterator[Platform]:
    """The platform that these processes are, for the test's own calls."""
    headers = {"Authorization": f"Bearer {OPERATOR}"}
    url = f"http://127.0.0.1:{processes.registry.port}"
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=30) as api:
        yield Platform(mails.sink, api, numbers)
