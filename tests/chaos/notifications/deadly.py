"""A store and a mail conversation whose every step is one at which the process may kill itself, with SIGKILL."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import aiosmtplib
from aiosmtplib.protocol import SMTPProtocol

from passerelles.store.port import Body, Collection, Store
from tests.chaos.passing_collection import PassingCollection

T = TypeVar("T")

CONTENT_END: Final = b"\r\n.\r\n"


@dataclass(frozen=True, slots=True)
class Kill:
    """At which step a life ends: before it takes effect, or just after; `nth` counts its occurrences in this life."""

    step: str
    after: bool
    nth: int


class Fate:
    """Dies at one step, without a word, as by `kill -9`."""

    def __init__(self, kill: Kill | None) -> None:
        self._kill = kill
        self._seen: Counter[str] = Counter()

    async def step(self, name: str, effect: Callable[[], Awaitable[T]]) -> T:
        fatal = self.is_now(name)
        if fatal and not self.after:
            die()
        try:
            return await effect()
        finally:
            # Whatever came of it: a word may have found the connection closed.
            if fatal:
                die()

    def is_now(self, name: str) -> bool:
        """Count an occurrence of a step: whether it is the fatal one."""
        self._seen[name] += 1
        return self._kill is not None and self._kill.step == name and self._seen[name] == self._kill.nth

    @property
    def after(self) -> bool:
        return self._kill is not None and self._kill.after


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class DeadlyCollection(PassingCollection):
    """Every write is a step, named by the operation, the collection and the state that is written."""

    def __init__(self, inner: Collection, name: str, fate: Fate) -> None:
        super().__init__(inner)
        self._name, self._fate = name, fate

    async def _write(self, operation: str, body: Body | None, call: Callable[[], Awaitable[bool]]) -> bool:
        if body is None:
            raise NotImplementedError  # nothing is deleted
        state = f" {body['state']}" if operation == "replace" and self._name == "alert_deliveries" else ""
        return await self._fate.step(f"{operation} {self._name}{state}", call)


class DeadlyStore:
    def __init__(self, inner: Store, fate: Fate) -> None:
        self._inner, self._fate = inner, fate

    async def open(self) -> None:
        await self._inner.open()

    async def close(self) -> None:
        await self._inner.close()

    async def ping(self) -> None:
        await self._inner.ping()

    def collection(self, name: str, *, indexes: Sequence[Sequence[str]] = ()) -> Collection:
        return DeadlyCollection(self._inner.collection(name, indexes=indexes), name, self._fate)


class DeadlyMail:
    """Every word to the mail server is a step, and so are half of the content, all of it, and the answer to it."""

    def __init__(self, fate: Fate) -> None:
        self._fate = fate
        self._connect, self._say = aiosmtplib.SMTP.connect, aiosmtplib.SMTP.execute_command
        self._write, self._hear = SMTPProtocol.write, SMTPProtocol.read_response
        self._written: set[int] = set()

    def install(self) -> None:
        """From here on, in this process."""
        for owner, name, deadly in (
            (aiosmtplib.SMTP, "connect", self.connect),
            (aiosmtplib.SMTP, "execute_command", self.say),
            (SMTPProtocol, "write", self.write),
            (SMTPProtocol, "read_response", self.hear),
        ):
            setattr(owner, name, _method(deadly))

    async def connect(self, smtp: aiosmtplib.SMTP, **options: Any) -> Any:
        return await self._fate.step("connect", lambda: self._connect(smtp, **options))

    async def say(self, smtp: aiosmtplib.SMTP, *words: bytes, **options: Any) -> Any:
        return await self._fate.step(f"say {words[0].decode()}", lambda: self._say(smtp, *words, **options))

    def write(self, protocol: SMTPProtocol, data: bytes) -> None:
        if not data.endswith(CONTENT_END):
            self._write(protocol, data)
            return
        if self._fate.is_now("write half"):
            try:
                self._write(protocol, data[: len(data) // 2])
            finally:
                die()
        fatal = self._fate.is_now("write content")
        if fatal and not self._fate.after:
            die()
        try:
            self._write(protocol, data)
            self._written.add(id(protocol))
        finally:
            if fatal:
                die()

    async def hear(self, protocol: SMTPProtocol, **options: Any) -> Any:
        if id(protocol) not in self._written:
            return await self._hear(protocol, **options)
        self._written.discard(id(protocol))
        return await self._fate.step("hear answer", lambda: self._hear(protocol, **options))


def _method(function: Callable[..., Any]) -> Callable[..., Any]:
    # A bound method in a class would not be given the object.
    return lambda self, *words, **options: function(self, *words, **options)  # noqa: PLW0108
