"""Letters with passwords, or with links to set one, as a PDF: one page a person, in Latin, Greek and Cyrillic."""

import io
import logging
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cache, lru_cache
from itertools import accumulate, islice, takewhile
from pathlib import Path

import segno

from mxlib.core.handover import logos, texts
from mxlib.core.handover.help_addresses import MAX_HELP
from mxlib.core.handover.stationery import Letterhead, Stationery
from mxlib.core.handover.texts import RULES, Part, Text, TextFinding, TextKind, TextProblem
from mxlib.core.text import letters as words_of_letters
from mxlib.core.text.letters import LetterWords
from mxlib.core.text.link_mails import moment

# The library logs the table of every font at INFO, once a document.
logging.getLogger("fontTools").setLevel(logging.WARNING)

_FONTS = Path(__file__).parent / "fonts"
_BODY, _PASSWORD = "DejaVu", "DejaVuMono"
_FILES = (
    (_BODY, "", "DejaVuSans.ttf"),
    (_BODY, "B", "DejaVuSans-Bold.ttf"),
    (_PASSWORD, "", "DejaVuSansMono-Bold.ttf"),
)

#: Alphabets whose letters are set as they should be; others need shaping or another direction.
_SCRIPTS = ("LATIN", "GREEK", "CYRILLIC")

#: Millimetres: the margins at the sides and at top and foot, a logo's height and most width, the side of a QR code and
#: the gap beside it.
_MARGIN, _EDGE, _LOGO, _LOGO_WIDTH, _QR, _GAP = 25.0, 16.0, 18.0, 80.0, 26.0, 6.0

#: The side of the QR code of a link, which is the point of its letter.
_LINK_QR = 34.0

#: Lines that a text takes in the letter of a person with a usual name and address, so that this stays one page.
MAX_LINES = 10

#: Points of the text, and of one that a long name or address makes longer than MAX_LINES.
_TEXT, _SMALL_TEXT = 10.0, 8.0

#: A person with a usual name and address.
_USUAL = ("Alexandra van den Berg", "alexandra.vandenberg@example-company.com")

#: Characters above which a name, an address or a password is set smaller.
_LONG = 40

#: Kinds of characters that a finding names.
_MAX_NAMED = 5


class Paper(StrEnum):
    """The size of a page."""

    A4 = "A4"
    LETTER = "Letter"


@dataclass(frozen=True, slots=True)
class PrintedLink:
    """A link by which a person sets their password; times in Unix seconds.

    `valid_from` is None for one that works already.
    """

    url: str = field(repr=False)
    expires_at: float
    valid_from: float | None = None


@dataclass(frozen=True, slots=True)
class Recipient:
    """A person who gets a letter, with a password or a link. The name may be blank; `cells` are their row's own."""

    name: str
    address: str
    password: str = field(default="", repr=False)
    link: PrintedLink | None = None
    cells: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Unprinted:
    """Addresses whose letters lack the name, and those whose passwords cannot be printed: they have no letter."""

    without_name: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Letters:
    """The letters, and what they could not print."""

    pdf: bytes = field(repr=False)
    unprinted: Unprinted


def make(recipients: Iterable[Recipient], stationery: Mapping[str, Stationery], paper: Paper) -> Letters:
    """Return a PDF with one page for each recipient, on the stationery of their domain.

    Raises ValueError when nobody has a letter, or when the stationery breaks a bound or cannot be printed.
    """
    recipients = tuple(recipients)
    unprinted = check(recipients)
    lacking, left_out = frozenset(unprinted.without_name), frozenset(unprinted.left_out)
    with closing(_Document(paper)) as document:
        for used in {id(each): each for each in stationery.values()}.values():
            _check(used, document)
        for each in recipients:
            if each.address not in left_out:
                shown = replace(each, name="") if each.address in lacking else each
                document.add(shown, stationery[each.address.rpartition("@")[2]])
        if not document.pages:
            raise ValueError("no letter can be printed")
        return Letters(document.bytes(), unprinted)


def check_text(body: str, letterhead: Letterhead) -> tuple[TextFinding, ...]:
    """Return why a letter could not show this text: a character without a glyph, or too many lines.

    The letterhead fills its placeholders.
    """
    with closing(_Document(Paper.A4)) as document:
        return _text_findings(body, letterhead, document)


def _text_findings(body: str, letterhead: Letterhead, document: "_Document") -> tuple[TextFinding, ...]:
    odd = dict.fromkeys(char for char in _composed(body) if char != "\n" and not is_printable(char))
    if odd:
        named = " ".join(islice(odd, _MAX_NAMED))
        return (TextFinding(TextProblem.UNPRINTABLE, Part.BODY, (named,)),)
    written = Text(body)
    cells = {header: header for header in (*texts.own_columns(written), texts.SALUTATIONS[0])}
    text = Stationery(written, "en", letterhead, "mail.example.com").filled(*_USUAL, cells=cells).body
    lines = document.count_lines(text)
    if lines > MAX_LINES:
        return (TextFinding(TextProblem.TOO_MANY_LINES, Part.BODY, (lines, MAX_LINES)),)
    return ()


def check(recipients: Iterable[Recipient]) -> Unprinted:
    """Return what letters for these people cannot print."""
    without_name, left_out = [], []
    for each in recipients:
        if not _has_glyphs(each.password, _PASSWORD):
            left_out.append(each.address)
        elif not is_printable(each.name):
            without_name.append(each.address)
    return Unprinted(tuple(without_name), tuple(left_out))


def is_printable(text: str) -> bool:
    """Return whether a letter shows this text as it is: every letter is Latin, Greek or Cyrillic and has a glyph."""
    text = _composed(text)
    return _has_glyphs(text, _BODY) and all(
        unicodedata.name(char, "").startswith(_SCRIPTS) for char in text if char.isalpha()
    )


def _check(stationery: Stationery, document: "_Document") -> None:
    head = stationery.letterhead
    if len(stationery.text.body) > RULES[TextKind.LETTER].max_length:
        raise ValueError("the text of a letter is too long")
    if max(len(head.help_address), len(head.agency)) > MAX_HELP:
        raise ValueError(f"the address for help or the name of the agency has over {MAX_HELP} characters")
    if head.logo and logos.check(head.logo) is not None:
        raise ValueError("the logo is no picture that fits")
    if _text_findings(stationery.text.body, head, document) or not (
        is_printable(head.help_address) and is_printable(head.agency)
    ):
        raise ValueError("the text of a letter has characters that cannot be printed, or too many lines")


def _has_glyphs(text: str, family: str) -> bool:
    return _glyphs(family).issuperset(map(ord, _composed(text)))


@cache
def _glyphs(family: str) -> frozenset[int]:
    """Return the characters that every style of a family has."""
    from fontTools.ttLib import TTFont  # slow to import, and few processes need it

    found = []
    for file in (file for name, _, file in _FILES if name == family):
        with TTFont(_FONTS / file, lazy=True) as font:
            found.append(frozenset(font.getBestCmap()))
    return frozenset.intersection(*found)


class _Document:
    def __init__(self, paper: Paper) -> None:
        from fpdf import FPDF  # slow to import, and few processes need it

        self._pdf = pdf = FPDF("portrait", "mm", paper.value)
        pdf.set_auto_page_break(False)
        pdf.set_margins(_MARGIN, _EDGE)
        for family, style, name in _FILES:
            pdf.add_font(family, style, _FONTS / name)
        self._lines: dict[tuple[str, float, str], list[str]] = {}
        self._widths: dict[tuple[str, float, str], float] = {}
        self.pages = 0

    def add(self, person: Recipient, stationery: Stationery) -> None:
        """Add the page of one person."""
        pdf, words, head = self._pdf, stationery.words, stationery.letterhead
        pdf.add_page()
        if not self.pages:
            pdf.set_title(words.title)
        self.pages += 1
        y = _EDGE
        if head.logo:
            pdf.image(io.BytesIO(head.logo), _MARGIN, y, _LOGO_WIDTH, _LOGO, keep_aspect_ratio=True)
            y += _LOGO + 8
        pdf.set_y(y)
        self._write(words.title, 18, "B", after=5)
        cells = {header: cell for header, cell in person.cells.items() if is_printable(" ".join(cell.split()))}
        text = stationery.filled(person.name, person.address, cells=cells).body
        self._write(text, _TEXT if self.count_lines(text) <= MAX_LINES else _SMALL_TEXT, after=5)
        if person.name:
            self._entry(words.name, person.name)
        self._entry(words.address, person.address)
        if person.link is None:
            self._password(person.password, words)
        else:
            self._link(person.link, stationery)
        self._write(words.settings, 11, "B", after=1)
        self._write("\n".join(words_of_letters.settings_lines(words, stationery.server)), 10, after=6)
        codes = ((words.help, head.help_address), (words.settings_page, stationery.settings_page))
        self._codes([(label, address) for label, address in codes if address])

    def _password(self, password: str, words: LetterWords) -> None:
        """Put a password in a frame."""
        from fpdf.enums import WrapMode

        pdf = self._pdf
        self._label(words.password)
        size, height = (17, 8) if len(password) <= _LONG else (11, 5.5)
        pdf.set_font(_PASSWORD, "", size)
        pdf.multi_cell(
            0, height, _composed(password), border=1, padding=2, align="L", wrapmode=WrapMode.CHAR,
            new_x="LMARGIN", new_y="NEXT",
        )  # fmt: skip
        pdf.ln(1.5)
        self._write(words.look_alikes, 8, after=6)

    def _link(self, link: PrintedLink, stationery: Stationery) -> None:
        """Put a link as text and QR code, with how long it lives."""
        from fpdf.enums import WrapMode

        pdf, words, language = self._pdf, stationery.words, stationery.language
        top, left = pdf.get_y() + 1, _MARGIN + _LINK_QR + _GAP
        pdf.image(io.BytesIO(_qr_picture(link.url)), _MARGIN, top, _LINK_QR, _LINK_QR)
        life = words.link_until.format(until=moment(link.expires_at, language))
        if link.valid_from is not None:
            life = f"{words.link_from.format(from_=moment(link.valid_from, language))} {life}"
        pdf.set_y(top + 1)
        for text, style, size, wrap in (
            (words.link, "B", 12.0, WrapMode.WORD), (link.url, "", 9.0, WrapMode.CHAR), (life, "", 9.0, WrapMode.WORD),
            (words.link_care, "", 9.0, WrapMode.WORD),
        ):  # fmt: skip
            pdf.set_font(_BODY, style, size)
            pdf.set_x(left - pdf.c_margin)
            pdf.multi_cell(0, size * 0.5, _composed(text), align="L", wrapmode=wrap, new_x="LEFT", new_y="NEXT")
            pdf.ln(1.5)
        pdf.set_y(max(pdf.get_y(), top + _LINK_QR) + 4)

    def count_lines(self, text: str) -> int:
        """Return how many lines a text takes."""
        self._pdf.set_font(_BODY, "", _TEXT)
        return sum(len(self._broken(line, _TEXT, "")) for line in text.split("\n"))

    def bytes(self) -> bytes:
        """Return the document."""
        return bytes(self._pdf.output())

    def close(self) -> None:
        """Close the files of the fonts, which the library leaves open."""
        from fpdf.fonts import TTFFont

        for font in self._pdf.fonts.values():
            if isinstance(font, TTFFont):
                font.ttfont.close()

    def _entry(self, label: str, value: str) -> None:
        self._label(label)
        size = 13.0 if len(value) <= _LONG else 9.0
        self._pdf.set_font(_BODY, "B", size)
        self._draw(self._broken(value, size, "B"), size * 0.5, after=3)

    def _label(self, label: str) -> None:
        self._write(label, 9, after=0.5)

    def _write(self, text: str, size: float, style: str = "", *, after: float) -> None:
        """Write a text of one or more lines."""
        self._pdf.set_font(_BODY, style, size)
        lines = [part for line in text.split("\n") for part in self._broken(line, size, style)]
        self._draw(lines, size * 0.5, after=after)

    def _broken(self, line: str, size: float, style: str) -> list[str]:
        """Return a line as the lines that fit; the font is set.

        Each is broken once, for all letters that have it.
        """
        found = self._lines.get((line, size, style))
        if found is None:
            self._lines[line, size, style] = found = self._wrapped(_composed(line), size, style)
        return found

    def _wrapped(self, text: str, size: float, style: str) -> list[str]:
        """Return a text as lines that fit, broken at blanks; longer words are broken, too.

        The library would measure each sign of each person's text, which takes most of the time.
        """
        room, blank = self._pdf.epw, self._width(" ", size, style)
        lines, line, taken = [], "", 0.0
        for word in text.split(" "):
            width = self._width(word, size, style)
            if line and taken + blank + width <= room:
                line, taken = f"{line} {word}", taken + blank + width
                continue
            if line:
                lines.append(line)
            while width > room:
                fits = self._fitting(word, room, size, style)
                lines.append(word[:fits])
                word = word[fits:]
                width = self._width(word, size, style)
            line, taken = word, width
        return [*lines, line]

    def _fitting(self, word: str, room: float, size: float, style: str) -> int:
        """Return how many signs of a word fit, at least one."""
        ends = accumulate(self._width(sign, size, style) for sign in word)
        return max(1, sum(1 for _ in takewhile(lambda end: end <= room, ends)))

    def _width(self, text: str, size: float, style: str) -> float:
        """Return the width of a text in millimetres; the font is set."""
        found = self._widths.get((text, size, style))
        if found is None:
            self._widths[text, size, style] = found = float(self._pdf.get_string_width(text))
        return found

    def _draw(self, lines: Iterable[str], height: float, *, after: float) -> None:
        pdf = self._pdf
        for line in lines:
            if line:
                pdf.text(_MARGIN, pdf.get_y() + 0.75 * height, line)
            pdf.set_y(pdf.get_y() + height)
        pdf.set_y(pdf.get_y() + after)

    def _codes(self, codes: Sequence[tuple[str, str]]) -> None:
        """Put labelled addresses at the foot, as text and QR code."""
        from fpdf.enums import WrapMode

        pdf = self._pdf
        top = max(pdf.get_y(), pdf.h - _EDGE - _QR)
        room, is_alone = pdf.epw / max(1, len(codes)), len(codes) == 1
        for number, (label, address) in enumerate(codes):
            left, size = _MARGIN + number * room, 10.0
            if not is_alone:
                size = 8.0 if len(address) <= _LONG * 2 else 6.0
            pdf.image(io.BytesIO(_qr_code(address)), left, top, _QR, _QR)
            beside = room - _QR - _GAP * (1 if is_alone else 1.5)
            pdf.set_font(_BODY, "B", size + 1)
            pdf.set_xy(left + _QR + _GAP - pdf.c_margin, top + 1)
            pdf.multi_cell(beside, size * 0.5, label, align="L", new_x="LEFT", new_y="NEXT")
            pdf.ln(1)
            pdf.set_font(_BODY, "", size)
            pdf.set_x(left + _QR + _GAP - pdf.c_margin)
            pdf.multi_cell(beside, size * 0.5, address, align="L", wrapmode=WrapMode.CHAR)


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)


@lru_cache(maxsize=64)
def _qr_code(text: str) -> bytes:
    """Return the QR code of an address that many letters have."""
    return _qr_picture(text)


def _qr_picture(text: str) -> bytes:
    """Return a QR code; one of a link is a secret, and kept nowhere."""
    picture = io.BytesIO()
    segno.make(text, error="m", micro=False).save(picture, kind="png", scale=8, border=2)
    return picture.getvalue()
