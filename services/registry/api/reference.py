"""`/v1/reference`: what a form needs to complete an occupation, its skills, a commune or a branch."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter
from pydantic import BaseModel

from passerelles.errors import NotFoundError
from passerelles.reference.branches import BRANCHES
from passerelles.reference.communes import find
from passerelles.reference.occupations import (
    OCCUPATIONS,
    links_from,
    occupation,
    search,
    skill_label,
    skills_of,
    suggest_skills,
)
from schemas.proposals import Link
from services.registry.api.parameters import Search, SearchLimit
from services.registry.api.security import Calling

router = APIRouter(prefix="/v1/reference", tags=["Référentiels"])


class Labelled(BaseModel):
    """Un code et son libellé."""

    code: str
    label: str


class OccupationFound(Labelled):
    """Un métier, avec l'appellation qui a été reconnue."""

    title: str


class Bridge(Labelled):
    """Un métier vers lequel le ROME va depuis un autre."""

    link: Link


class OccupationDetail(Labelled):
    """Un métier, ses compétences et ses mobilités."""

    skills: list[Labelled]
    leads_to: list[Bridge]


class CommuneFound(BaseModel):
    """Une commune."""

    code: str
    name: str
    departement: str
    postcodes: list[str]
    population: int


@router.get("/occupations", summary="Chercher un métier")
async def occupations(_: Calling, q: Search, limit: SearchLimit = 10) -> list[OccupationFound]:
    """Par le début d'un code ROME (v3 ou 4.0) ou des mots d'une appellation."""
    found = await asyncio.to_thread(search, q, limit)
    return [OccupationFound(code=each.code, label=each.label, title=each.title) for each in found]


@router.get("/occupations/{code}", summary="Lire un métier")
async def occupation_detail(_: Calling, code: str) -> OccupationDetail:
    """Ses compétences (codes OGR) et les métiers vers lesquels il mène (`proche`, `evolution`)."""
    found = code.upper()
    if found not in OCCUPATIONS:
        raise NotFoundError("Ce code ROME n'existe pas.", remedy="GET /v1/reference/occupations?q=…")
    return OccupationDetail(
        code=found,
        label=occupation(found).label,
        skills=[Labelled(code=skill, label=skill_label(skill)) for skill in skills_of(found)],
        leads_to=[
            Bridge(code=other, label=occupation(other).label, link=link)
            for other, link in links_from(found).items()
            if link is not Link.SAME
        ],
    )


@router.get("/skills", summary="Chercher une compétence")
async def skills(_: Calling, q: Search, occupation: str | None = None, limit: SearchLimit = 10) -> list[Labelled]:
    """Par des mots de son libellé ; celles du métier d'abord."""
    wanted_for = occupation.upper() if occupation else None
    found = await asyncio.to_thread(suggest_skills, q, occupation=wanted_for, limit=limit)
    return [Labelled(code=code, label=label) for code, label in found]


@router.get("/communes", summary="Chercher une commune")
async def communes(_: Calling, q: Search, limit: SearchLimit = 10) -> list[CommuneFound]:
    """Par son nom, même inachevé, son code INSEE ou un code postal."""
    return [
        CommuneFound(
            code=each.code,
            name=each.name,
            departement=each.departement,
            postcodes=list(each.postcodes),
            population=each.population,
        )
        for each in await asyncio.to_thread(find, q, limit)
    ]


@router.get("/branches", summary="Lister les branches")
async def branches(_: Calling) -> list[Labelled]:
    """Les branches industrielles du programme."""
    return [Labelled(code=each.code, label=each.label) for each in BRANCHES.values()]
