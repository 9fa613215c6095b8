"""What people write for an occupation becomes its ROME v3 code, or a refusal with the nearest ones."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passerelles.reference.occupations import (
    OCCUPATIONS,
    UnknownOccupationError,
    occupation,
    resolve,
    search,
)
from passerelles.reference.tables import rows
from passerelles.reference.wording import fold, genders


def answer(text: str) -> tuple[str | None, list[tuple[str, str]], bool]:
    """The code, or the suggestions and whether the title is shared."""
    try:
        return resolve(text), [], False
    except UnknownOccupationError as error:
        return None, error.suggestions, error.ambiguous


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("H2903", "H2903"),
        (" h2903 ", "H2903"),
        ("H2916", "H2913"),
        ("Soudeur / Soudeuse", "H2913"),
        ("soudeur/soudeuse", "H2913"),
        ("SOUDEUSE", "H2913"),
        ("chaudronniere", "H2902"),
        ("Conducteur  de  tête d'abattage", "A1101"),
        ("Mécanicien d’entretien industriel", "I1310"),
        ("Conduite d'équipement d'usinage", "H2903"),
        ("Souscripteur/Souscriptrice IARD", "C1110"),
        ("Fraiseuse d’outillages", "H2903"),
    ],
)
def test_codes_and_titles_are_resolved(text: str, code: str) -> None:
    assert resolve(text) == code


def test_every_code_and_label_of_v3_resolves_to_itself() -> None:
    for code, each in OCCUPATIONS.items():
        assert resolve(code) == code
        assert resolve(each.label) == code


def test_every_code_of_v4_resolves_to_its_parent() -> None:
    assert all(resolve(code) == parent for code, _, parent in rows("occupations_v4.csv"))


def test_every_job_title_of_v3_resolves_or_says_that_it_is_shared() -> None:
    shared = 0
    for code, long, short in rows("job_titles.csv"):
        for title in filter(None, (long, short)):
            meant, suggestions, ambiguous = answer(title)
            assert meant == code or (ambiguous and code in {each for each, _ in suggestions})
            shared += ambiguous
    assert shared < 40


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("H2930", "H2903"),
        ("Z2903", "H2903"),
        ("H29O3", "H2903"),
        ("H29 03", "H2903"),
        ("2903", "H2903"),
        ("HH2903", "H2903"),
        ("Tourneur sur métaux", "H2903"),
        ("Tourneur fraiseur P3", "H2903"),
        ("fraisseur", "H2903"),
        ("soudeuse TIG", "H2913"),
        ("Opérateur commande numérique", "H2903"),
        ("ouvrier abattoir", "H2101"),
    ],
)
def test_a_wrong_one_gets_the_nearest(text: str, first: str) -> None:
    with pytest.raises(UnknownOccupationError) as refused:
        resolve(text)
    code, label = refused.value.suggestions[0]
    assert (code, label) == (first, occupation(first).label)
    assert not refused.value.ambiguous
    assert refused.value.text == text


def test_a_title_of_several_codes_is_refused_with_each() -> None:
    for title in ("Énergéticien / Énergéticienne", "energeticienne"):
        with pytest.raises(UnknownOccupationError) as refused:
            resolve(title)
        assert refused.value.ambiguous
        assert {code for code, _ in refused.value.suggestions} == {"I1308", "K1103"}


@pytest.mark.parametrize("text", ["ZZZ", "q", "xqzw", "9", "99999999999999", "x" * 5000, "H2903 et H2906"])
def test_whatever_is_written_something_is_suggested(text: str) -> None:
    meant, suggestions, ambiguous = answer(text)
    assert meant is None
    assert not ambiguous
    assert suggestions
    assert len({code for code, _ in suggestions}) == len(suggestions)


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=300))
def test_any_text_is_answered(text: str) -> None:
    meant, suggestions, ambiguous = answer(text)
    assert ambiguous or meant or not fold(text) or suggestions
    assert (meant in OCCUPATIONS) == (meant is not None)
    assert len(suggestions) <= 5
    assert all(OCCUPATIONS[code].label == label for code, label in suggestions)
    assert all(each.code in OCCUPATIONS for each in search(text, 3))


def test_nothing_is_suggested_for_nothing() -> None:
    for text in ("", "  ", "\x00", "?!"):
        with pytest.raises(UnknownOccupationError) as refused:
            resolve(text)
        assert refused.value.suggestions == []


@pytest.mark.parametrize(
    ("typed", "code", "title"),
    [
        ("soud", "H2913", "Soudage manuel"),
        ("soudeur", "H2913", "Soudeur / Soudeuse"),
        ("h290", "H2901", "Ajustement et montage de fabrication"),
        ("H2916", "H2913", "Soudage manuel"),
        ("mainten méca indus", "I1310", "Maintenance mécanique industrielle"),
        ("préparateur de com", "N1103", "Préparateur / Préparatrice de commandes"),
    ],
)
def test_search_completes_what_is_typed(typed: str, code: str, title: str) -> None:
    first = search(typed, 6)[0]
    assert (first.code, first.title, first.label) == (code, title, occupation(code).label)


def test_search_gives_one_line_an_occupation_and_not_more_than_asked() -> None:
    found = [each.code for each in search("conducteur", 8)]
    assert len(found) == len(set(found)) == 8
    assert search("", 5) == search("/", 5) == []


@pytest.mark.parametrize(
    ("title", "halves"),
    [
        ("Soudeur / Soudeuse", ("soudeur", "soudeuse")),
        ("Agent chargé / Agente chargée de tri", ("agent charge de tri", "agente chargee de tri")),
        ("Garde national / nationale de la chasse", ("garde national de la chasse", "garde nationale de la chasse")),
        ("Hôte / Hôtesse d'accueil", ("hote d accueil", "hotesse d accueil")),
        ("Chef de rayon boucherie / charcuterie", ()),
        ("Steward / Hôtesse de train", ()),
        ("Employé / Employée de rayon boucherie / charcuterie", ()),
        ("Orthoptiste", ()),
    ],
)
def test_a_title_in_both_genders_is_read_in_one(title: str, halves: tuple[str, ...]) -> None:
    assert genders(fold(title)) == halves


def test_fold_forgets_how_a_text_was_typed() -> None:
    assert fold("  Chef  d’œuvre\u202f/ÉTUDES ") == "chef d oeuvre / etudes"
