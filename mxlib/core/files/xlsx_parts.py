"""The parts of a workbook that the reader of cells ignores: formulas without a value, formats, merges, hidden rows."""

import html
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

from mxlib.core.spreadsheet_marks import NO_VALUE

Rows = list[tuple[int, list[str]]]

#: The mark in front of a cell that holds a date or a time; a code point that no text has.
DATE_MARK = "\ufdd1"

#: Merged ranges, and cells filled in them, that are read; no list of people has more.
_MOST_RANGES, _MOST_FILLED = 20_000, 500_000

_TYPE = re.compile(rb"""\s\bt=["'][^"']*["']""")
_IS_TEXT = re.compile(rb"""\bt=["']str["']""")

_FORMAT = re.compile(
    rb"""<(?:\w+:)?numFmt\b(?>[^<>]*?\bnumFmtId=["'](\d{1,6})["'])[^<>]*?\bformatCode=["']([^"']*)["']"""
)
_STYLES_BEGIN = re.compile(rb"<(?:\w+:)?cellXfs\b[^<>]*+>")
_STYLES_END = re.compile(rb"</(?:\w+:)?cellXfs>")
_STYLE = re.compile(rb"""<(?:\w+:)?xf\b[^<>]*?\bnumFmtId=["'](\d{1,6})["']""")

#: What a format shows besides digits: texts in quotes, escaped signs, colours and conditions, widths and fillings.
_PIECES = re.compile(
    r'"(?P<text>[^"]*+)"|\\(?P<sign>.)|\[[^\[\]]*+\]|[_*].|(?P<digits>[0#?,.]+|General)|(?P<other>[^"\\\[_*0#?,.G]++|.)',
    re.DOTALL,
)
_LONGEST_FORMAT, _DIGITS = 100, re.compile(r"\d{1,30}")

Format = Callable[[str], str]


class Patterns(NamedTuple):
    """The patterns of a worksheet's tags with one prefix.

    A fixed prefix is found twice as fast as any prefix.
    """

    empty_formula: re.Pattern[bytes]
    blank_text: re.Pattern[bytes]
    number: re.Pattern[bytes]
    merged: re.Pattern[bytes]
    hidden: re.Pattern[bytes]
    error: re.Pattern[bytes]

    @classmethod
    def of(cls, prefix: bytes) -> Self:
        """Return the patterns for tags with this prefix, such as `x:`; blank for none.

        Quantifiers are possessive and groups atomic, so that no tag is read twice.
        """
        p = re.escape(prefix)
        formula = rb"<%bf\b(?:[^<>]*+(?<=/)>|[^<>]*+>[^<]*+</%bf>)" % (p, p)
        no_text = rb"(?:<%bv\s*+/>|<%bv[^<>]*+>\s*+</%bv>)" % (p, p, p)
        cell, end = rb"<%bc\b" % p, rb"\s*+</%bc>" % p
        return cls(
            re.compile(rb"%b([^<>/]*+)>\s*+%b\s*+(%b)?%b" % (cell, formula, no_text, end)),
            re.compile(
                rb"%b([^<>/]*+)>\s*+<%bis\s*+>\s*+<%bt\b[^<>]*+>(?:\s|\xc2\xa0)*+</%bt>\s*+</%bis>%b"
                % (cell, p, p, p, p, end)
            ),
            re.compile(
                rb"""%b((?>[^<>/]*?\bs=["'](\d{1,5})["'])[^<>/]*+)>\s*+(?:%b)?\s*+<%bv[^<>]*+>"""
                rb"""\s*+([^<\s]{1,40})\s*+</%bv>%b""" % (cell, formula, p, p, end)
            ),
            re.compile(rb"""<%bmergeCell\b[^<>]*\bref=["']([A-Z]{1,3})(\d{1,7}):[A-Z]{1,3}(\d{1,7})["']""" % p),
            re.compile(rb"""<%brow\b(?=[^<>]*\bhidden=["'](?:1|true)["'])[^<>]*\br=["'](\d{1,7})["']""" % p),
            re.compile(rb"""(<%bc\s[^<>]*?\bt=["'])e(["'])""" % p),
        )


@dataclass(frozen=True, slots=True)
class SheetParts:
    """Merged ranges as column, first and last row, and the numbers of hidden rows."""

    merged: tuple[tuple[int, int, int], ...] = ()
    hidden: frozenset[int] = frozenset()


def formats_of(styles: bytes) -> dict[bytes, Format]:
    """Return the formats that change the meaning of numbers, by style."""
    codes = {number: html.unescape(code.decode(errors="replace")) for number, code in _FORMAT.findall(styles)}
    begin = _STYLES_BEGIN.search(styles)
    end = _STYLES_END.search(styles, begin.end()) if begin else None
    named = enumerate(_STYLE.findall(styles, begin.end(), end.start()) if begin and end else ())
    return {b"%d" % at: shown for at, number in named if (shown := _format(codes.get(number, "")))}


def _format(code: str) -> Format | None:
    """Return how a format shows a number, where it shows more than its digits."""
    pieces = list(_pieces(code[:_LONGEST_FORMAT].partition(";")[0]))
    texts = [
        piece["text"] or piece["sign"] or (piece["other"] if not piece["digits"] else "") or "" for piece in pieces
    ]
    places = "".join(piece["digits"] or "" for piece in pieces)
    if re.search(r"[^\W\d]", "".join(piece["other"] or "" for piece in pieces)) or not places:
        return None  # a date, or nothing of the number
    if not (places.count("0") > 1 and places.isdigit()) and not any(map(str.isalpha, "".join(texts))):
        return None
    before = next(at for at, piece in enumerate(pieces) if piece["digits"])
    front, behind = "".join(texts[:before]), "".join(texts[before:])
    has_text = any(map(str.isalpha, front + behind))

    is_one_run = sum(piece["digits"] is not None for piece in pieces) == 1

    def shown(number: str) -> str:
        whole = _whole(number) if places.isdigit() else ""
        if whole:
            return f"{front}{whole.zfill(len(places))}{behind}" if is_one_run else _in_places(whole, pieces)
        return f"{front}{number}{behind}" if has_text else number

    return shown


def _whole(number: str) -> str:
    """Return the digits of a whole number, such as `5` of `5.0`, else a blank."""
    whole, _, decimals = number.partition(".")
    return whole if _DIGITS.fullmatch(whole) and not decimals.strip("0") else ""


def _pieces(code: str) -> Iterator[Mapping[str, str | None]]:
    at = 0
    while found := _PIECES.match(code, at):
        yield found.groupdict()
        at = found.end()


def _in_places(number: str, pieces: Sequence[Mapping[str, str | None]]) -> str:
    """Return a whole number in the places of a format, with its texts between them."""
    places = sum(len(piece["digits"] or "") for piece in pieces)
    rest = number.zfill(places)
    more, shown = len(rest) - places, ""
    for piece in pieces:
        if here := piece["digits"]:
            shown += rest[: len(here) + more]
            rest, more = rest[len(here) + more :], 0
        else:
            shown += piece["text"] or piece["sign"] or piece["other"] or ""
    return shown


def rewritten(content: bytes, prefix: bytes, formats: Mapping[bytes, Format]) -> bytes:
    """Return a worksheet with cells as a spreadsheet shows them; its tags have this prefix.

    Blank texts become empty cells, formulas without a value become NO_VALUE, and formatted numbers become texts.
    """
    patterns = Patterns.of(prefix)
    if b"f>" in content or b"f " in content:
        content = patterns.empty_formula.sub(lambda found: _calculated(found, prefix), content)
    if b"is>" in content:
        content = patterns.blank_text.sub(lambda found: b"<%bc%b/>" % (prefix, found[1]), content)
    if formats:
        content = patterns.number.sub(lambda found: _shown(found, prefix, formats), content)
    return content


def with_errors_as_text(content: bytes, prefix: bytes) -> bytes:
    """Return a worksheet whose cells with an error are texts: the reader of cells returns the others as blank."""
    if b't="e"' not in content and b"t='e'" not in content:
        return content
    return Patterns.of(prefix).error.sub(rb"\1str\2", content)


def _calculated(found: re.Match[bytes], prefix: bytes) -> bytes:
    attributes, value = found.groups()
    if value is not None and _IS_TEXT.search(attributes):
        return b"<%sc%s/>" % (prefix, attributes)
    bare = _TYPE.sub(b"", attributes)
    return b'<%sc%s t="str"><%sv>%s</%sv></%sc>' % (prefix, bare, prefix, NO_VALUE.encode(), prefix, prefix)


def _shown(found: re.Match[bytes], prefix: bytes, formats: Mapping[bytes, Format]) -> bytes:
    attributes, style, value = found.groups()
    shown = formats.get(style)
    if shown is None:
        return found[0]
    if b"t=" in attributes:
        kind = _TYPE.search(attributes)
        if kind and kind[0].strip()[3:-1] != b"n":
            return found[0]
        attributes = _TYPE.sub(b"", attributes)
    text = html.escape(shown(value.decode(errors="replace"))).encode()
    return b'<%sc%s t="str"><%sv>%s</%sv></%sc>' % (prefix, attributes, prefix, text, prefix, prefix)


def parts_of(content: bytes, prefix: bytes, number_of: Callable[[str], int]) -> SheetParts:
    """Return the merged ranges and hidden rows of a worksheet; its tags have this prefix."""
    patterns = Patterns.of(prefix)
    merged = []
    begin = content.find(b"mergeCells")  # they follow the rows
    for column, first, last in patterns.merged.findall(content, begin)[:_MOST_RANGES] if begin >= 0 else ():
        if int(last) > int(first):
            merged.append((number_of(column.decode()), int(first), int(last)))
    hidden = patterns.hidden.findall(content) if b"hidden=" in content else ()
    return SheetParts(tuple(merged), frozenset(map(int, hidden)))


def fill_merged(rows: Rows, parts: SheetParts, first_column: int) -> tuple[int, ...]:
    """Fill the value of each merged range into its rows; return their lines."""
    lines = [line for line, _ in rows]
    filled: set[int] = set()
    most = _MOST_FILLED
    for column, first, last in parts.merged:
        at = column - 1 - first_column
        start, end = bisect_left(lines, first), bisect_right(lines, last)
        if start == len(rows) or lines[start] != first or not 0 <= at < len(rows[start][1]):
            continue
        value = rows[start][1][at]
        for line, cells in rows[start + 1 : min(end, start + 1 + most)]:
            most -= 1
            if at < len(cells) and not cells[at]:
                cells[at] = value
                filled.add(line)
    return tuple(sorted(filled))


def take_dates(rows: Rows) -> dict[int, set[int]]:
    """Remove the marks of dates; return the columns that had one, by line."""
    found: dict[int, set[int]] = {}
    usual: tuple[int, ...] = ()
    for line, cells in rows:
        marks = "\0".join(cells).count(DATE_MARK)
        if not marks:
            continue
        # Dates fill a column: most rows have theirs where the row above has them.
        if len(usual) != marks or not all(at < len(cells) and cells[at][:1] == DATE_MARK for at in usual):
            usual = tuple(at for at, cell in enumerate(cells) if cell[:1] == DATE_MARK)
        for at in usual:
            cells[at] = cells[at][1:]
        if usual:
            found[line] = set(usual)
    return found
