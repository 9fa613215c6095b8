"""Asks the registry what messages need, in one call for all that ask at once: a call costs more than an email."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

import aiohttp
from pydantic import TypeAdapter, ValidationError

from passerelles.errors import UnavailableError
from schemas.vocabulary import Party
from services.notifications.contacts import Briefing
from services.notifications.pairs import KnownPair

UNKNOWN_COMPANY: Final = "urn:passerelles:problem:entreprise-inconnue"
"""The registry's own word, as the type of its problem. Any other 404 is a wrong address, and must not lose an alert."""

CALLS: Final = 2
"""Calls under way at once."""

TOGETHER: Final = 32
"""Questions of one call, at most."""

KEPT_SECONDS: Final = 4.0
"""How long a connection waits for the next call: less than the registry waits before it closes one."""

_BRIEFINGS: Final = TypeAdapter(list[Briefing | None])


@dataclass(frozen=True, slots=True)
class _Question:
    asked: dict[str, Any]
    answer: asyncio.Future[Briefing | None]


class Contacts:
    """The registry's internal address. Those who ask while calls are under way share the next one.

    Attributes:
        url: the registry's base address, `REGISTRY_URL`.
        token: `SERVICE_TOKEN`.
    """

    def __init__(self, url: str, token: str, *, seconds: float = 10.0) -> None:
        self._url = url.rstrip("/") + "/internal/briefings"
        self._token = token
        self._seconds = seconds
        self._session: aiohttp.ClientSession | None = None
        self._questions: list[_Question] = []
        self._calls: set[asyncio.Task[None]] = set()
        self._under_way = 0

    async def close(self) -> None:
        """Let go of the connections, once nobody asks any more."""
        await asyncio.gather(*self._calls)
        if self._session is not None:
            await self._session.close()

    async def briefing(self, company: UUID, party: Party, pairs: Sequence[KnownPair]) -> Briefing | None:
        """What a message about these pairs needs. None: the registry does not know the company.

        Raises:
            UnavailableError: no answer, or one that is not what was agreed; it may be asked again.
        """
        asked = {
            "company_id": str(company),
            "party": str(party),
            "items": [
                {
                    "proposal_id": str(pair.id),
                    "need_id": str(pair.need_id),
                    "availability_id": str(pair.availability_id),
                }
                for pair in pairs
            ],
        }
        question = _Question(asked, asyncio.get_running_loop().create_future())
        self._questions.append(question)
        if self._under_way < CALLS:
            self._under_way += 1
            call = asyncio.create_task(self._answer(), name="briefings")
            self._calls.add(call)
            call.add_done_callback(self._calls.discard)
        return await question.answer

    async def _answer(self) -> None:
        try:
            while self._questions:
                questions, self._questions = self._questions[:TOGETHER], self._questions[TOGETHER:]
                try:
                    await self._answer_some(questions)
                except Exception as error:  # noqa: BLE001 (whatever it is, those who ask must not wait for ever)
                    for question in questions:
                        _say(question, UnavailableError(f"Le registre est mal interrogé : {type(error).__name__}."))
        finally:
            # At once, and not when the task is found to be done: whoever is woken by an answer may ask before that.
            self._under_way -= 1

    async def _answer_some(self, questions: Sequence[_Question]) -> None:
        if len(questions) > 1 and (answers := await self._together(questions)) is not None:
            for question, answer in zip(questions, answers, strict=True):
                _say(question, answer)
            return
        # One of them may be what is wrong, or the registry older than this.
        for question in questions:
            try:
                _say(question, await self._alone(question))
            except UnavailableError as error:
                _say(question, error)

    async def _together(self, questions: Sequence[_Question]) -> Sequence[Briefing | UnavailableError | None] | None:
        """The answers in one call; none where each has to be asked by itself."""
        try:
            status, content = await self._call(f"{self._url}/batch", [each.asked for each in questions])
        except UnavailableError as error:
            return [error for _ in questions]
        if status == HTTPStatus.SERVICE_UNAVAILABLE:
            return [_refused(status) for _ in questions]
        if status != HTTPStatus.OK:
            return None
        try:
            answers = _BRIEFINGS.validate_json(content)
        except ValidationError:
            return None
        return answers if len(answers) == len(questions) else None

    async def _alone(self, question: _Question) -> Briefing | None:
        status, content = await self._call(self._url, question.asked)
        if status == HTTPStatus.NOT_FOUND and _problem_type(content) == UNKNOWN_COMPANY:
            return None
        if status != HTTPStatus.OK:
            raise _refused(status)
        try:
            return Briefing.model_validate_json(content)
        except ValidationError as error:
            raise UnavailableError("La réponse du registre n'a pas la forme convenue.") from error

    async def _call(self, url: str, asked: object) -> tuple[int, bytes]:
        """The status and the content of the answer. Raises `UnavailableError` where there is none."""
        if self._session is None:  # it belongs to the loop in which it is made
            self._session = aiohttp.ClientSession(
                headers={"Authorization": f"Bearer {self._token}"},
                timeout=aiohttp.ClientTimeout(self._seconds),
                connector=aiohttp.TCPConnector(keepalive_timeout=KEPT_SECONDS),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        try:
            try:
                return await _post(self._session, url, asked)
            except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
                # Most often a connection that was kept, and that the registry closed just before. It was only asked.
                return await _post(self._session, url, asked)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise UnavailableError(f"Le registre ne répond pas : {type(error).__name__}.") from error


async def _post(session: aiohttp.ClientSession, url: str, asked: object) -> tuple[int, bytes]:
    async with session.post(url, json=asked, allow_redirects=False) as response:
        return response.status, await response.read()


def _refused(status: int) -> UnavailableError:
    return UnavailableError(f"Le registre répond {status}.")


def _say(question: _Question, answer: Briefing | UnavailableError | None) -> None:
    if question.answer.done():  # whoever asked was cancelled
        return
    if isinstance(answer, UnavailableError):
        question.answer.set_exception(answer)
    else:
        question.answer.set_result(answer)


def _problem_type(content: bytes) -> object:
    """The `type` of a problem document; none when it is not one."""
    try:
        problem = json.loads(content)
    except ValueError:
        return None
    return problem.get("type") if isinstance(problem, dict) else None
