"""Letters with passwords as a PDF, one page a person, in DejaVu: Latin, Greek and Cyrillic."""

import io
import logging
import unicodedata
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import cast

import segno
from fontTools.ttLib import TTFont
from fpdf import FPDF
from fpdf.enums import MethodReturnValue, WrapMode
from fpdf.fonts import TTFFont

from mxlib.core.text import letters as texts
from mxlib.core.text.letters import LetterWords

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

#: Millimetres: the margins at the sides and at top and foot, a logo's height and most width, and the side of a QR code.
_MARGIN, _EDGE, _LOGO, _LOGO_WIDTH, _QR = 25.0, 16.0, 18.0, 80.0, 26.0

#: Characters of the agency's text, and the lines that it takes in the letter, so that this stays one page.
MAX_TEXT, MAX_LINES = 1_200, 10

#: Characters of the address for help.
MAX_HELP = 200

#: Points of the agency's text.
_TEXT = 10.0

#: Characters above which a name, an address or a password is set smaller.
_LONG = 40

#: Bytes of a logo.
MAX_LOGO = 1_000_000


class Paper(StrEnum):
    """The size of a page."""

    A4 = "A4"
    LETTER = "Letter"


@dataclass(frozen=True, slots=True)
class Recipient:
    """A person who gets a letter. The name may be blank."""

    name: str
    address: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Letterhead:
    """Additions of the agency: a text, a logo (PNG or JPEG) and an address for help.

    Each may be blank.
    """

    text: str = ""
    logo: bytes = field(default=b"", repr=False)
    help_address: str = ""


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


def make(
    recipients: Iterable[Recipient], server: str, letterhead: Letterhead, paper: Paper, words: LetterWords
) -> Letters:
    """Return a PDF with one page for each recipient.

    `server` is the host of the mail server. Raises ValueError when nobody has a letter, or when the letterhead breaks
    a bound or cannot be printed.
    """
    _check(letterhead)
    recipients = tuple(recipients)
    unprinted = check(recipients)
    lacking, left_out = frozenset(unprinted.without_name), frozenset(unprinted.left_out)
    with closing(_Document(paper, letterhead, words, server)) as document:
        for each in recipients:
            if each.address not in left_out:
                name = "" if each.address in lacking else each.name
                document.add(name, each.address, each.password)
        if not document.pages:
            raise ValueError("no letter can be printed")
        return Letters(document.bytes(), unprinted)


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


def _check(letterhead: Letterhead) -> None:
    if len(letterhead.text) > MAX_TEXT:
        raise ValueError(f"the text of a letter has over {MAX_TEXT:,} characters")
    if len(letterhead.help_address) > MAX_HELP:
        raise ValueError(f"the address for help has over {MAX_HELP} characters")
    if len(letterhead.logo) > MAX_LOGO:
        raise ValueError(f"the logo has over {MAX_LOGO:,} bytes")
    if not is_printable(letterhead.text.replace("\n", " ")) or not is_printable(letterhead.help_address):
        raise ValueError("the text of a letter has characters that cannot be printed")


def _has_glyphs(text: str, family: str) -> bool:
    return _glyphs(family).issuperset(map(ord, _composed(text)))


@cache
def _glyphs(family: str) -> frozenset[int]:
    """Return the characters that every style of a family has."""
    found = []
    for file in (file for name, _, file in _FILES if name == family):
        with TTFont(_FONTS / file, lazy=True) as font:
            found.append(frozenset(font.getBestCmap()))
    return frozenset.intersection(*found)


class _Document:
    def __init__(self, paper: Paper, letterhead: Letterhead, words: LetterWords, server: str) -> None:
        self._pdf = pdf = FPDF("portrait", "mm", paper.value)
        pdf.set_auto_page_break(False)
        pdf.set_margins(_MARGIN, _EDGE)
        pdf.set_title(words.title)
        for family, style, name in _FILES:
            pdf.add_font(family, style, _FONTS / name)
        self._letterhead, self._words = letterhead, words
        self._settings = texts.settings_lines(words, server)
        self._qr = _qr_code(letterhead.help_address) if letterhead.help_address else None
        self._lines: dict[tuple[str, float, str], list[str]] = {}
        self.pages = 0

    def add(self, name: str, address: str, password: str) -> None:
        """Add the page of one person."""
        pdf, words = self._pdf, self._words
        pdf.add_page()
        self.pages += 1
        y = _EDGE
        if self._letterhead.logo:
            pdf.image(io.BytesIO(self._letterhead.logo), _MARGIN, y, _LOGO_WIDTH, _LOGO, keep_aspect_ratio=True)
            y += _LOGO + 8
        pdf.set_y(y)
        self._write(words.title, 18, "B", after=5)
        if self._letterhead.text and self._write(self._letterhead.text, _TEXT, after=5) > MAX_LINES:
            raise ValueError(f"the text of a letter takes over {MAX_LINES} lines")
        if name:
            self._entry(words.name, name)
        self._entry(words.address, address)
        self._label(words.password)
        size, height = (17, 8) if len(password) <= _LONG else (11, 5.5)
        pdf.set_font(_PASSWORD, "", size)
        pdf.multi_cell(
            0, height, _composed(password), border=1, padding=2, align="L", wrapmode=WrapMode.CHAR,
            new_x="LMARGIN", new_y="NEXT",
        )  # fmt: skip
        pdf.ln(1.5)
        self._write(words.look_alikes, 8, after=6)
        self._write(words.settings, 11, "B", after=1)
        self._write("\n".join(self._settings), 10, after=6)
        self._help()

    def bytes(self) -> bytes:
        """Return the document."""
        return bytes(self._pdf.output())

    def close(self) -> None:
        """Close the files of the fonts, which the library leaves open."""
        for font in self._pdf.fonts.values():
            if isinstance(font, TTFFont):
                font.ttfont.close()

    def _entry(self, label: str, value: str) -> None:
        self._label(label)
        size = 13.0 if len(value) <= _LONG else 9.0
        self._pdf.set_font(_BODY, "B", size)
        self._draw(self._wrapped(_composed(value), WrapMode.CHAR), size * 0.5, after=3)

    def _label(self, label: str) -> None:
        self._write(label, 9, after=0.5)

    def _write(self, text: str, size: float, style: str = "", *, after: float) -> int:
        """Write a text that every letter has, and return its lines.

        They are broken once, which would take most of the time.
        """
        self._pdf.set_font(_BODY, style, size)
        lines = self._lines.get((text, size, style))
        if lines is None:
            self._lines[text, size, style] = lines = self._wrapped(_composed(text), WrapMode.WORD)
        self._draw(lines, size * 0.5, after=after)
        return len(lines)

    def _wrapped(self, text: str, mode: WrapMode) -> list[str]:
        found = self._pdf.multi_cell(0, text=text, dry_run=True, output=MethodReturnValue.LINES, wrapmode=mode)
        return cast(list[str], found)

    def _draw(self, lines: Iterable[str], height: float, *, after: float) -> None:
        pdf = self._pdf
        for line in lines:
            pdf.text(_MARGIN, pdf.get_y() + 0.75 * height, line)
            pdf.set_y(pdf.get_y() + height)
        pdf.set_y(pdf.get_y() + after)

    def _help(self) -> None:
        """Put the address for help at the foot, as text and QR code."""
        if self._qr is None:
            return
        pdf = self._pdf
        top = max(pdf.get_y(), pdf.h - _EDGE - _QR)
        pdf.image(self._qr, _MARGIN, top, _QR, _QR)
        pdf.set_font(_BODY, "B", 11)
        pdf.text(_MARGIN + _QR + 6, top + 5, self._words.help)
        pdf.set_font(_BODY, "", 10)
        pdf.set_xy(_MARGIN + _QR + 6, top + 8)
        pdf.multi_cell(0, 5, self._letterhead.help_address, align="L", wrapmode=WrapMode.CHAR)


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _qr_code(text: str) -> io.BytesIO:
    picture = io.BytesIO()
    segno.make(text, error="m", micro=False).save(picture, kind="png", scale=8, border=2)
    return picture
