"""A real server for tests, wherever it comes from: an address given, a container, or a process started from jars."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import socket
import subprocess
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, Protocol

ROOT: Final = Path(__file__).parents[2]
JARS: Final = ROOT / "build" / "jars"
START_SECONDS: Final = 60.0
STOP_SECONDS: Final = 20.0


class MissingServiceError(Exception):
    """This source has no such server; the text says why."""


class RealService(Protocol):
    """A server that answers at `address` from its making on.

    `kill` ends it as a crash would and returns once it is gone; `start` brings it back at the same address with every
    write that it acknowledged, and returns once it answers. Where `restartable` is false, neither may be called.
    """

    address: str
    restartable: bool

    def start(self) -> None: ...
    def kill(self) -> None: ...
    def stop(self) -> None: ...


class GivenService:
    """A server whose address the environment gives: its life is not ours."""

    restartable = False

    def __init__(self, address: str) -> None:
        self.address = address

    def start(self) -> None:
        raise AssertionError("a server given by its address is not started by tests")

    def kill(self) -> None:
        raise AssertionError("a server given by its address is not killed by tests")

    def stop(self) -> None:
        """Leave it as it is."""


class ProcessService:
    """A process of this machine, listening on loopback.

    `crash` is the signal of `kill`. `answers` is asked until it is true once the port is open.
    """

    restartable = True

    def __init__(
        self,
        command: Sequence[str],
        *,
        port: int,
        address: str,
        log: Path,
        answers: Callable[[], bool],
        crash: signal.Signals = signal.SIGKILL,
    ) -> None:
        self.address = address
        self._command = command
        self._port = port
        self._log = log
        self._answers = answers
        self._crash = crash
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Of the process, while it runs."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        if self._process is not None:
            return
        with self._log.open("ab") as log:
            # A session of its own: Ctrl-C reaches the tests, which then stop it in order.
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log, start_new_session=True)
        deadline = time.monotonic() + START_SECONDS
        while not (is_open(self._port) and self._answers()):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise AssertionError(f"{self._command[0]} did not start:\n{self._log.read_text()[-4000:]}")
            time.sleep(0.1)

    def kill(self) -> None:
        if self._process is not None:
            self._end(self._process, self._crash)

    def stop(self) -> None:
        """End it for good: its data are in a temporary folder."""
        if self._process is not None:
            self._end(self._process, signal.SIGKILL)

    def _end(self, process: subprocess.Popen[bytes], how: signal.Signals) -> None:
        self._process = None
        process.send_signal(how)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class ContainerService:
    """A testcontainers container, already started, whose port is bound to a fixed port of loopback."""

    restartable = True

    def __init__(self, container: Any, *, port: int, address: str, answers: Callable[[], bool]) -> None:
        self.address = address
        self._container = container
        self._port = port
        self._answers = answers
        self.start()

    def start(self) -> None:
        self._container.get_wrapped_container().start()
        deadline = time.monotonic() + START_SECONDS
        while not (is_open(self._port) and self._answers()):
            if time.monotonic() > deadline:
                self.stop()
                raise MissingServiceError("the container does not answer")
            time.sleep(0.1)

    def kill(self) -> None:
        wrapped = self._container.get_wrapped_container()
        wrapped.kill()
        wrapped.wait()

    def stop(self) -> None:
        self._container.stop()


def given(variable: str) -> GivenService:
    """The server that the environment names."""
    address = os.environ.get(variable)
    if not address:
        raise MissingServiceError(f"{variable} is not set")
    return GivenService(address)


def new_container(image: str) -> Any:
    """A container to be configured and started, if a Docker engine answers."""
    from testcontainers.core.config import testcontainers_config  # noqa: PLC0415 - slow, and rarely needed
    from testcontainers.core.container import DockerContainer  # noqa: PLC0415 - idem

    testcontainers_config.ryuk_disabled = True  # the fixture stops what it started; no second image to pull
    return _by_docker(lambda: DockerContainer(image), "no Docker engine answers")


def run_container(container: Any) -> None:
    """Start a container, pulling its image."""
    try:
        _by_docker(container.start, f"Docker cannot run {container.image}")
    except MissingServiceError:
        with contextlib.suppress(Exception):
            container.stop()
        raise


def _by_docker(act: Callable[[], Any], failure: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # Docker's client leaves its socket open when it fails
        try:
            return act()
        except Exception as error:  # noqa: BLE001 - whatever goes wrong, another source is tried
            failure = f"{failure} ({type(error).__name__})"
        gc.collect()
    raise MissingServiceError(failure)


def java(jars: str, *options: str) -> list[str]:
    """The beginning of a command that runs Java on the jars of `build/jars`."""
    folder = JARS / jars
    if not (folder / ".copied").exists():  # the mark of a copy that went to its end
        raise MissingServiceError(f"no jars in build/jars/{jars} (run `make jars`)")
    return ["java", *options, "-cp", f"{folder}/*"]


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def is_open(port: int) -> bool:
    """Whether somebody listens on this port of loopback."""
    with socket.socket() as knocking:
        knocking.settimeout(1)
        return knocking.connect_ex(("127.0.0.1", port)) == 0
