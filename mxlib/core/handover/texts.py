"""Texts to the owners of mailboxes: their kinds, their placeholders, what is wrong with one, and filling it.

A placeholder is a word in braces, such as {address}. It is looked up in a table and replaced once: no text is a format
string of Python, and a value that looks like a placeholder stays as it is.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from rapidfuzz import process


class TextKind(StrEnum):
    """The kinds of texts: for a printed letter, a message to copy, or mails. Stored and public."""

    LETTER = "letter"
    MESSAGE = "message"
    MAIL = "mail"
    #: A mail with a link to set the first password, or a new one after a reset was asked for.
    LINK = "link"
    RESET = "reset"

    @property
    def is_mailed(self) -> bool:
        """Return whether MXM sends it by mail, so that it never has a password."""
        return self in {TextKind.MAIL, TextKind.LINK, TextKind.RESET}


class Placeholder(StrEnum):
    """A word that is filled in for each person."""

    NAME = "name"
    ADDRESS = "address"
    PASSWORD = "password"  # noqa: S105 - a word, not a secret
    SERVER = "server"
    PORTS = "ports"
    HELP = "help"
    AGENCY = "agency"
    LINK = "link"
    EXPIRES = "expires"

    @property
    def written(self) -> str:
        """Return the placeholder as it stands in a text."""
        return f"{{{self}}}"


class Part(StrEnum):
    """The parts of a text; only a mail has a subject."""

    SUBJECT = "subject"
    BODY = "body"


class TextProblem(StrEnum):
    """Codes of what is wrong with a text. They are public, and never change."""

    EMPTY = "empty"
    TOO_LONG = "too_long"
    LINE_BREAK = "line_break"
    INVISIBLE = "invisible"
    STRAY_BRACE = "stray_brace"
    UNKNOWN_PLACEHOLDER = "unknown_placeholder"
    MISPLACED = "misplaced"
    NEVER_PASSWORD = "never_password"  # noqa: S105 - a code, not a secret
    MISSING = "missing"
    UNPRINTABLE = "unprintable"
    TOO_MANY_LINES = "too_many_lines"


@dataclass(frozen=True, slots=True)
class TextFinding:
    """Something wrong with a text: its code, its part, and the figures that fill the sentence."""

    code: TextProblem
    part: Part
    figures: tuple[str | int, ...] = ()


@dataclass(frozen=True, slots=True)
class Text:
    """A text to a person; the subject is blank unless it is a mail."""

    body: str
    subject: str = ""

    def of(self, part: Part) -> str:
        """Return one part."""
        return self.subject if part is Part.SUBJECT else self.body


@dataclass(frozen=True, slots=True)
class KindRules:
    """The rules of one kind: what its texts may hold, must hold, and how long they may be."""

    placeholders: tuple[Placeholder, ...]
    required: tuple[Placeholder, ...]
    max_length: int
    has_subject: bool = False

    def allowed(self, part: Part) -> tuple[Placeholder, ...]:
        """Return the placeholders of one part."""
        return _IN_SUBJECT if part is Part.SUBJECT else self.placeholders


#: A subject is one line that many may read.
_IN_SUBJECT = (Placeholder.NAME, Placeholder.ADDRESS, Placeholder.AGENCY)
_ABOUT_LINKS = frozenset({Placeholder.LINK, Placeholder.EXPIRES})
_IN_MESSAGE = tuple(each for each in Placeholder if each not in _ABOUT_LINKS)
_IN_MAIL = tuple(each for each in _IN_MESSAGE if each is not Placeholder.PASSWORD)
_WITH_LINK = tuple(each for each in Placeholder if each is not Placeholder.PASSWORD)

#: Letters show the password in a frame and in a face of its own, since this one has look-alikes.
RULES: Mapping[TextKind, KindRules] = {
    TextKind.LETTER: KindRules(
        (Placeholder.NAME, Placeholder.ADDRESS, Placeholder.SERVER, Placeholder.HELP, Placeholder.AGENCY),
        (Placeholder.ADDRESS,),
        1_200,
    ),
    TextKind.MESSAGE: KindRules(_IN_MESSAGE, (Placeholder.ADDRESS,), 4_000),
    TextKind.MAIL: KindRules(_IN_MAIL, (Placeholder.ADDRESS,), 4_000, has_subject=True),
    TextKind.LINK: KindRules(_WITH_LINK, (Placeholder.ADDRESS, Placeholder.LINK), 4_000, has_subject=True),
    TextKind.RESET: KindRules(_WITH_LINK, (Placeholder.ADDRESS, Placeholder.LINK), 4_000, has_subject=True),
}

MAX_SUBJECT = 150

#: Findings of one text; the others show when these are corrected.
MAX_FINDINGS = 20

#: Placeholders whose lines are left out where they have no value.
_OPTIONAL = frozenset({Placeholder.HELP, Placeholder.AGENCY})

#: Values of people and of the agency, whose line breaks and double blanks would break a line of the text.
_ONE_LINE = frozenset({Placeholder.NAME, *_OPTIONAL})

_TOKEN = re.compile(r"\{([^{}\n]*)\}")
#: Looked for at the first blank of a row only, so that many blanks take linear time.
_IN_TEXT = re.compile(r"(?<![ \t])([ \t]*+)\{(" + "|".join(Placeholder) + r")\}")

#: Characters of an unknown placeholder that a finding keeps, and how similar one must be to be suggested.
_MAX_TOKEN, _SIMILAR = 100, 60.0


def normalized(text: Text) -> Text:
    """Return a text as it is stored: one kind of line break, no blanks at the ends of lines, no blank ends."""
    lines = text.body.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return Text("\n".join(line.expandtabs(4).rstrip() for line in lines).strip("\n"), text.subject.strip())


def check(kind: TextKind, text: Text) -> tuple[TextFinding, ...]:
    """Return what is wrong with a text; one with a finding is not stored.

    Whether a letter can be printed is found by `letters.check_text`.
    """
    rules = RULES[kind]
    parts = (Part.SUBJECT, Part.BODY) if rules.has_subject else (Part.BODY,)
    found: list[TextFinding] = []
    for part in parts:
        limit = MAX_SUBJECT if part is Part.SUBJECT else rules.max_length
        found += _check_part(text.of(part), part, kind, limit)
    if not found or all(each.code is not TextProblem.EMPTY or each.part is not Part.BODY for each in found):
        found += (
            TextFinding(TextProblem.MISSING, Part.BODY, (each.written,))
            for each in rules.required
            if each.written not in text.body
        )
    return tuple(found[:MAX_FINDINGS])


def fill(text: Text, values: Mapping[Placeholder, str]) -> Text:
    """Return a text with its placeholders replaced.

    A blank value takes away the blank before it; lines of {help} and {agency} alone go where these are blank.
    """
    values = {each: " ".join(value.split()) if each in _ONE_LINE else value for each, value in values.items()}
    lines, left_out = [], False
    for line in text.body.split("\n"):
        needed = {Placeholder(token) for _, token in _IN_TEXT.findall(line)}
        if needed and needed <= _OPTIONAL and not any(values.get(each) for each in needed):
            left_out = True
        else:
            lines.append(_filled(line, values))
    body = "\n".join(lines)
    if left_out:
        body = re.sub(r"\n{3,}", "\n\n", body)
    return Text(body.strip("\n"), " ".join(_filled(text.subject, values).split()))


def _filled(line: str, values: Mapping[Placeholder, str]) -> str:
    blanked = False

    def value_of(token: re.Match[str]) -> str:
        nonlocal blanked
        value = values.get(Placeholder(token[2]), "")
        blanked = blanked or not value
        return f"{token[1]}{value}" if value else ""

    filled = _IN_TEXT.sub(value_of, line)
    return filled.lstrip(" ,") if blanked else filled


def _check_part(text: str, part: Part, kind: TextKind, limit: int) -> Iterator[TextFinding]:
    if not text.strip():
        yield TextFinding(TextProblem.EMPTY, part)
        return
    if len(text) > limit:
        yield TextFinding(TextProblem.TOO_LONG, part, (len(text), limit))
        return
    if part is Part.SUBJECT and "\n" in text:
        yield TextFinding(TextProblem.LINE_BREAK, part)
    for number, line in enumerate(text.split("\n"), 1):
        if odd := next((char for char in line if unicodedata.category(char) in ("Cc", "Cs")), ""):
            yield TextFinding(TextProblem.INVISIBLE, part, (number, f"U+{ord(odd):04X}"))
        yield from _check_line(line, number, part, kind)


def _check_line(line: str, number: int, part: Part, kind: TextKind) -> Iterator[TextFinding]:
    allowed = RULES[kind].allowed(part)
    for token in _TOKEN.findall(line):
        if token in allowed:
            continue
        if token not in set(Placeholder):
            similar = process.extractOne(token[:_MAX_TOKEN], allowed, score_cutoff=_SIMILAR)
            suggestion = Placeholder(similar[0]).written if similar else ""
            yield TextFinding(TextProblem.UNKNOWN_PLACEHOLDER, part, (number, f"{{{token[:_MAX_TOKEN]}}}", suggestion))
        elif token == Placeholder.PASSWORD and kind.is_mailed:
            yield TextFinding(TextProblem.NEVER_PASSWORD, part, (number,))
        else:
            yield TextFinding(TextProblem.MISPLACED, part, (number, Placeholder(token).written))
    rest = _TOKEN.sub("", line)
    if brace := next((char for char in rest if char in "{}"), ""):
        yield TextFinding(TextProblem.STRAY_BRACE, part, (number, brace))
