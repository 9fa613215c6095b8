"""From a letter to what travels: subject, HTML and plain text of an email, or one text message."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from services.notifications.gsm7 import CONCATENATED_SEGMENT, septets, shorten, transliterate
from services.notifications.letter import Letter, Section
from services.notifications.wording import counted, plain

TEMPLATES: Final = Path(__file__).parent / "templates"

TEXT_MESSAGE_SEPTETS: Final = 2 * CONCATENATED_SEGMENT - 1
"""Two segments, less the septet that is lost when an escaped character does not fit at the end of the first."""

SHORTEST_SENTENCE: Final = 40
"""A link that leaves less than this to the sentence before it does not go into a text message."""

SENDER_NAME: Final = "Passerelles industries"


@dataclass(frozen=True, slots=True)
class Rendered:
    """One message, ready for its channel; a text message has neither subject nor HTML."""

    text: str
    subject: str = ""
    html: str = ""


class Renderer:
    """The templates, compiled once.

    Attributes:
        home: the public address of the service, at the foot of each email.
    """

    def __init__(self, home: str) -> None:
        self._home = home
        environment = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=select_autoescape(enabled_extensions=("html.j2",), default=False),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.filters["plain"] = plain
        environment.filters["counted"] = counted
        self._html = environment.get_template("email.html.j2")
        self._text = environment.get_template("email.txt.j2")

    def email(self, letter: Letter) -> Rendered:
        """The email: what is typed by people is escaped in the HTML, and on one line everywhere."""
        subject = plain(letter.subject, 140)
        preheader = plain(_preheader(letter), 120)
        values = {"letter": letter, "subject": subject, "preheader": preheader, "home": self._home}
        return Rendered(self._text.render(values).strip() + "\n", subject, self._html.render(values))

    def sms(self, letter: Letter) -> Rendered:
        """The text message: GSM alphabet, two segments at most, the link whole or not at all."""
        link = letter.link
        room = TEXT_MESSAGE_SEPTETS
        if link is not None:
            # A link in other letters than the alphabet's could not be followed.
            room = room - septets(link) - 1 if transliterate(link) == link else 0
        if room < SHORTEST_SENTENCE:
            link, room = None, TEXT_MESSAGE_SEPTETS
        sentence = shorten(" ".join(transliterate(_sentence(letter)).split()), room)
        return Rendered(f"{sentence} {link}" if link else sentence)


def _sentence(letter: Letter) -> str:
    first = letter.sections[0]
    said = first.phrases.text if first.count == 1 else f"{first.count} {first.phrases.texts}"
    others = sum(section.count for section in letter.sections[1:])
    more = f" Et {counted(others, 'autre nouvelle', 'autres nouvelles')} par courriel." if others else ""
    return f"{SENDER_NAME} : {said}{_best(first)}.{more}"


def _best(section: Section) -> str:
    if not section.lines:
        return ""
    line = section.lines[0]
    if line.counterpart is not None:
        reached = [person.phone or person.email for person in line.counterpart.contacts[:1]]
        figures = [plain(text, 40) for text in (line.counterpart.company_name, *reached)]
    else:
        score = [] if line.score is None else [f"{line.score}/100"]
        figures = [line.heading, *score, line.terms]
    lead = " : " if section.count == 1 else ", le premier : "
    return lead + ", ".join(figures)


def _preheader(letter: Letter) -> str:
    first = letter.sections[0]
    return (
        f"{first.lines[0].heading}, {first.lines[0].terms}. {first.phrases.lead}" if first.lines else first.phrases.lead
    )
