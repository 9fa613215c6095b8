"""ROME's links are directed and typed, and its skills are known by their codes."""

from __future__ import annotations

import pytest

from passerelles.reference import mobilities
from passerelles.reference.occupations import (
    OCCUPATIONS,
    UnknownSkillError,
    is_skill,
    links_from,
    links_to,
    skill_label,
    skills_of,
    suggest_skills,
)
from passerelles.reference.tables import rows
from schemas.proposals import Link


def test_an_occupation_leads_to_itself_first_of_all() -> None:
    for code in OCCUPATIONS:
        assert links_to(code)[code] is links_from(code)[code] is Link.SAME


def test_the_known_bridges_from_aeronautics_to_food_exist() -> None:
    assert links_to("H2102")["H2906"] is Link.CLOSE
    assert links_to("H2906")["H2903"] in {Link.CLOSE, Link.EVOLUTION}
    assert "H3301" in links_from("H2909")
    assert "H2102" in links_from("H3301")
    assert "H2102" not in links_from("H2903")


def test_links_are_directed() -> None:
    pairs = {(source, target) for source in OCCUPATIONS for target in links_from(source)}
    assert any((target, source) not in pairs for source, target in pairs)


def test_both_ends_say_the_same_as_the_file() -> None:
    read: dict[tuple[str, str], set[str]] = {}
    for source, target, kind, _, _ in rows("mobilities.csv"):
        read.setdefault((source, target), set()).add(kind)
    for (source, target), kinds in read.items():
        nearest = Link.CLOSE if Link.CLOSE.value in kinds else Link.EVOLUTION
        assert links_to(target)[source] is links_from(source)[target] is nearest
    own = len(OCCUPATIONS)
    assert sum(len(links_to(code)) for code in OCCUPATIONS) == len(read) + own
    assert sum(len(links_from(code)) for code in OCCUPATIONS) == len(read) + own


def test_a_link_between_job_titles_counts_for_the_codes() -> None:
    assert links_to("K2111")["A1203"] is Link.EVOLUTION


def test_proche_wins_over_evolution(monkeypatch: pytest.MonkeyPatch) -> None:
    for kinds in (["proche", "evolution"], ["evolution", "proche"]):
        monkeypatch.setattr(mobilities, "rows", lambda _, kinds=kinds: [["A1101", "A1201", k, "", ""] for k in kinds])
        mobilities._links.cache_clear()
        assert links_to("A1201")["A1101"] is Link.CLOSE
    monkeypatch.undo()
    mobilities._links.cache_clear()


def test_an_unheard_of_code_leads_to_itself_only() -> None:
    assert links_to("N9999") == links_from("N9999") == {"N9999": Link.SAME}


def test_skills_have_labels() -> None:
    assert is_skill("100007")
    assert skill_label("100007") == "Techniques de soudage"
    assert not is_skill("1")
    with pytest.raises(UnknownSkillError):
        skill_label("1")


def test_skills_of_an_occupation_are_known_and_listed_once() -> None:
    for code in OCCUPATIONS:
        skills = skills_of(code)
        assert skills
        assert len(skills) == len(set(skills))
        assert all(is_skill(skill) for skill in skills)
    assert skills_of("Z0000") == ()


def test_skills_are_suggested_by_their_words_those_of_the_occupation_first() -> None:
    assert suggest_skills("metrologie")[0][1] == "Métrologie"
    assert suggest_skills("metrolgie")[0][1] == "Métrologie"
    own = set(skills_of("H2903"))
    assert suggest_skills("contr", occupation="H2903", limit=1)[0][0] in own
    assert {code for code, _ in suggest_skills("999999", occupation="H2102")} <= set(skills_of("H2102"))
    assert suggest_skills("souduge")[0][1] == "Procédés de soudage"
    assert len(suggest_skills("e", limit=7)) == 7


def test_the_nearest_codes_are_suggested_for_a_wrong_one() -> None:
    assert suggest_skills("1OOOO7")[0] == ("100007", "Techniques de soudage")
    assert "100007" in {code for code, _ in suggest_skills("10007")}
    assert len(suggest_skills("999999")) == len(suggest_skills("1")) == 5
    assert suggest_skills("") == suggest_skills("?") == []
