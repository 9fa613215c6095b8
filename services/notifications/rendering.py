"""From a letter to what travels: subject, HTML and plain text of an email, or one text message."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from services.notifications.gsm7 import CONCATENATED_SEGMENT, septets, transliterate
from services.notifications.letter import Letter
from services.notifications.lines import Line
from services.notifications.wording import capital, counted, exact, plain, telephone

TEMPLATES: Final = Path(__file__).parent / "templates"

TEXT_MESSAGE_SEPTETS: Final = 2 * CONCATENATED_SEGMENT - 1
"""Two segments, less the septet that is lost when an escaped character does not fit at the end of the first."""

EMAIL_BYTES: Final = 100_000
"""Of HTML. Gmail cuts what goes beyond 102 kB, and with it the footer; headers and encoding come on top of ours."""

SENDER_NAME: Final = "Passerelles industries"


@dataclass(frozen=True, slots=True)
class Rendered:
    """One message, ready for its channel; a text message has neither subject nor HTML.

    Attributes:
        preferences_url: the page where the recipient chooses what to be told.
        unsubscribe_url: what a mailbox posts to for its one-click unsubscription (RFC 8058).
        thread: a stable name of the conversation that the message belongs to, the need's for instance.
    """

    text: str
    subject: str = ""
    html: str = ""
    preferences_url: str = ""
    unsubscribe_url: str = ""
    thread: str = ""


class Renderer:
    """The templates, compiled once."""

    def __init__(self) -> None:
        environment = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=select_autoescape(enabled_extensions=("html.j2",), default=False),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.filters["plain"] = plain
        environment.filters["exact"] = exact
        environment.filters["counted"] = counted
        environment.filters["telephone"] = telephone
        self._html = environment.get_template("letter.html.j2")
        self._text = environment.get_template("letter.txt.j2")

    def email(self, letter: Letter) -> Rendered:
        """The email: what is typed by people is escaped in the HTML, and on one line everywhere."""
        subject = plain(letter.subject, 140)
        values = {"letter": letter, "subject": subject, "preheader": plain(_preheader(letter), 120)}
        html = self._html.render(values)
        if len(html.encode()) > EMAIL_BYTES and (shorter := letter.shortened()) is not None:
            return self.email(shorter)
        return Rendered(
            self._text.render(values).strip() + "\n",
            subject,
            html,
            preferences_url=letter.preferences_url,
            unsubscribe_url=letter.unsubscribe_url,
            thread=letter.thread,
        )

    def sms(self, letter: Letter) -> Rendered:
        """The text message: GSM alphabet, two segments at most; what does not fit is left out by whole phrases."""
        opening, details, closing = _phrases(letter)
        bare = _telephone(opening + closing)
        link, room = "", TEXT_MESSAGE_SEPTETS
        # A link in other letters than the alphabet's could not be followed.
        if letter.link is not None and transliterate(letter.link) == letter.link:
            left = room - septets(letter.link) - 1
            if septets(bare) <= left:
                link, room = f" {letter.link}", left
        said, kept = bare, ""
        for detail in details:
            kept += detail
            longer = _telephone(opening + kept + closing)
            if septets(longer) > room:
                break
            said = longer
        return Rendered(said + link)


def _phrases(letter: Letter) -> tuple[str, list[str], str]:
    """How it begins, what may be added in this order, and how it ends."""
    first = letter.sections[0]
    said = capital(first.phrases.text) if first.count == 1 else f"{first.count} {first.phrases.texts}"
    others = sum(section.count for section in letter.sections[1:])
    more = f" Et {counted(others, 'autre nouvelle', 'autres nouvelles')}." if others else ""
    heading, *rest = _best(first.lines[0])
    lead = " : " if len(first.lines) == 1 else f". {first.phrases.first} : "
    return f"{SENDER_NAME}. {said}", [lead + heading, *(f", {each}" for each in rest)], f".{more}"


def _best(line: Line) -> list[str]:
    if line.counterpart is not None:
        reached = [exact(person.phone or person.email) for person in line.counterpart.contacts[:1]]
        return [plain(line.counterpart.company_name, 60), *reached]
    score = [] if line.score is None else [f"{line.score}/100"]
    return [line.heading, *score, *line.terms]


def _telephone(text: str) -> str:
    return " ".join(transliterate(text).split())


def _preheader(letter: Letter) -> str:
    if letter.as_coordinator:
        return letter.lead_in
    first = letter.sections[0]
    best = first.lines[0]
    return f"{', '.join((best.heading, *best.terms))}. {first.phrases.lead}"
