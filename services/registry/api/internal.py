"""`/internal`: what notifications asks before it writes a message; behind the services' own token, in no document."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Body

from services.registry.api.parameters import Desk
from services.registry.briefings import Briefing, BriefingRequest
from services.registry.phones import Owner, PhoneRequest, Phones

SEVERAL: Final = 64
"""Messages of one question, at most."""

router = APIRouter(prefix="/internal", include_in_schema=False)


@router.post("/briefings")
async def brief(desk: Desk, request: BriefingRequest) -> Briefing:
    """Names, contacts and links of one company, for the proposals that it is about to be told of."""
    return await desk.briefings.brief(request)


@router.post("/briefings/batch")
async def brief_several(
    desk: Desk, requests: Annotated[list[BriefingRequest], Body(max_length=SEVERAL)]
) -> list[Briefing | None]:
    """The same for several messages, in their order; null where the company is not known."""
    return await desk.briefings.several(requests)


@router.post("/phones")
async def owners(desk: Desk, request: PhoneRequest) -> list[Owner]:
    """The contacts who ask for text messages at a number: somebody there has answered STOP."""
    return await Phones(desk.office).owners(request)
