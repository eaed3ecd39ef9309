"""Texts to the owners of mailboxes: their kinds, their placeholders, what is wrong with one, and filling it.

A placeholder is a word in braces, such as {address}, or the header of an own column, such as {own:Department}. It is
looked up in a table and replaced once: no text is a format string of Python, and a value that looks like a placeholder
stays as it is.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

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

    SALUTATION = "salutation"
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
    TOO_MANY_COLUMNS = "too_many_columns"


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
    #: Whether the own columns of a row can be written into it.
    has_own_columns: bool = False

    def allowed(self, part: Part) -> tuple[Placeholder, ...]:
        """Return the placeholders of one part."""
        return _IN_SUBJECT if part is Part.SUBJECT else self.placeholders


#: A subject is one line that many may read.
_IN_SUBJECT = (Placeholder.NAME, Placeholder.ADDRESS, Placeholder.AGENCY)
_ABOUT_LINKS = frozenset({Placeholder.LINK, Placeholder.EXPIRES})
_IN_MESSAGE = tuple(each for each in Placeholder if each not in _ABOUT_LINKS)
#: A mail is not made of a row of a file, which may have a form of address.
_NEVER_MAILED = frozenset({Placeholder.PASSWORD, Placeholder.SALUTATION})
_IN_MAIL = tuple(each for each in _IN_MESSAGE if each not in _NEVER_MAILED)
_WITH_LINK = tuple(each for each in Placeholder if each not in _NEVER_MAILED)

#: Letters show the password in a frame and in a face of its own, since this one has look-alikes.
RULES: Mapping[TextKind, KindRules] = {
    TextKind.LETTER: KindRules(
        (
            Placeholder.SALUTATION,
            Placeholder.NAME,
            Placeholder.ADDRESS,
            Placeholder.SERVER,
            Placeholder.HELP,
            Placeholder.AGENCY,
        ),
        (Placeholder.ADDRESS,),
        1_200,
        has_own_columns=True,
    ),
    TextKind.MESSAGE: KindRules(_IN_MESSAGE, (Placeholder.ADDRESS,), 4_000, has_own_columns=True),
    TextKind.MAIL: KindRules(_IN_MAIL, (Placeholder.ADDRESS,), 4_000, has_subject=True),
    TextKind.LINK: KindRules(_WITH_LINK, (Placeholder.ADDRESS, Placeholder.LINK), 4_000, has_subject=True),
    TextKind.RESET: KindRules(_WITH_LINK, (Placeholder.ADDRESS, Placeholder.LINK), 4_000, has_subject=True),
}

MAX_SUBJECT = 150

#: The own cells of a person whose row is not known.
NO_CELLS: Mapping[str, str] = MappingProxyType({})

#: Findings of one text; the others show when these are corrected.
MAX_FINDINGS = 20

#: Placeholders whose lines are left out where they have no value; own columns are others.
_OPTIONAL = frozenset({Placeholder.HELP, Placeholder.AGENCY, Placeholder.SALUTATION})

#: Values of people and of the agency, whose line breaks and double blanks would break a line of the text.
_ONE_LINE = frozenset({Placeholder.NAME, *_OPTIONAL})

#: What begins the placeholder of an own column, the characters of its header, and those of a value that a text has.
_OWN, MAX_HEADER, MAX_OWN = "own:", 60, 100

#: Own columns in a text, so that long cells leave a letter on its page.
MAX_OWN_COLUMNS = 5

#: Headers of the own column that has the form of address.
SALUTATIONS = ("Salutation", "Form of address", "Anrede", "Aanhef", "Civilité", "Tratamiento")

_TOKEN = re.compile(r"\{([^{}\n]*)\}")
#: Looked for at the first blank of a row only, so that many blanks take linear time.
_IN_TEXT = re.compile(r"(?<![ \t])([ \t]*+)\{(" + "|".join(Placeholder) + rf"|{_OWN}[^{{}}\n]+)\}}")

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
    own = len(re.findall(rf"\{{{_OWN}", text.body)) if rules.has_own_columns else 0
    if own > MAX_OWN_COLUMNS:
        found.append(TextFinding(TextProblem.TOO_MANY_COLUMNS, Part.BODY, (own, MAX_OWN_COLUMNS)))
    return tuple(found[:MAX_FINDINGS])


def own_columns(text: Text) -> tuple[str, ...]:
    """Return the headers of the own columns that a text has, each once."""
    found = (token.removeprefix(_OWN).strip() for _, token in _IN_TEXT.findall(text.body) if token.startswith(_OWN))
    return tuple({_plain(header): header for header in found}.values())


def salutation_of(cells: Mapping[str, str]) -> str:
    """Return the form of address among the own cells of a row; blank without one."""
    own = _by_header(cells)
    return next((value for header in SALUTATIONS if (value := own.get(_plain(header), ""))), "")


def fill(text: Text, values: Mapping[Placeholder, str], cells: Mapping[str, str] = NO_CELLS) -> Text:
    """Return a text with its placeholders replaced. `cells` are the own cells of a row, by their headers.

    A blank value takes away the blank before it; lines of optional placeholders alone go where these are blank.
    """
    lookup = _lookup(values, cells)
    lines, is_shorter = [], False
    for line in text.body.split("\n"):
        if _blanks(line, lookup):
            is_shorter = True
        else:
            lines.append(_filled(line, lookup))
    body = "\n".join(lines)
    if is_shorter:
        body = re.sub(r"\n{3,}", "\n\n", body)
    return Text(body.strip("\n"), " ".join(_filled(text.subject, lookup).split()))


def left_out(text: Text, values: Mapping[Placeholder, str], cells: Mapping[str, str] = NO_CELLS) -> tuple[str, ...]:
    """Return the placeholders, as the text has them, whose lines `fill` leaves out."""
    lookup = _lookup(values, cells)
    found = (f"{{{token}}}" for line in text.body.split("\n") for token in _blanks(line, lookup))
    return tuple(dict.fromkeys(found))


def _lookup(values: Mapping[Placeholder, str], cells: Mapping[str, str]) -> Callable[[str], str]:
    """Return what gives the value of a placeholder, on one line if needed."""
    own = _by_header(cells)

    def value_of(token: str) -> str:
        if token.startswith(_OWN):
            return own.get(_plain(token.removeprefix(_OWN)), "")
        placeholder = Placeholder(token)
        value = values.get(placeholder, "")
        return " ".join(value.split()) if placeholder in _ONE_LINE else value

    return value_of


def _by_header(cells: Mapping[str, str]) -> dict[str, str]:
    """Return own cells by their plain headers, each short and on one line."""
    return {_plain(header): " ".join(cell[: MAX_OWN * 2].split())[:MAX_OWN] for header, cell in cells.items()}


def _plain(header: str) -> str:
    """Return a header without what people see no difference in."""
    return " ".join(header.split()).casefold()


def _blanks(line: str, value_of: Callable[[str], str]) -> tuple[str, ...]:
    """Return the placeholders of a line if all are optional and blank; else nothing."""
    tokens = tuple(token for _, token in _IN_TEXT.findall(line))
    is_left_out = all(token.startswith(_OWN) or token in _OPTIONAL for token in tokens) and not any(
        map(value_of, tokens)
    )
    return tokens if is_left_out else ()


def _filled(line: str, value_of: Callable[[str], str]) -> str:
    blanked = False

    def replaced(token: re.Match[str]) -> str:
        nonlocal blanked
        value = value_of(token[2])
        blanked = blanked or not value
        return f"{token[1]}{value}" if value else ""

    filled = _IN_TEXT.sub(replaced, line)
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
        if token.startswith(_OWN) and 0 < len(token.removeprefix(_OWN).strip()) <= MAX_HEADER:
            if part is Part.SUBJECT or not RULES[kind].has_own_columns:
                yield TextFinding(TextProblem.MISPLACED, part, (number, f"{{{token}}}"))
        elif token not in set(Placeholder):
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
