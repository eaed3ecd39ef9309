"""The parts of a workbook that the reader of cells ignores: formulas without a value, formats, merges, hidden rows."""

import html
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from mxlib.core.spreadsheet_marks import NO_VALUE

Rows = list[tuple[int, list[str]]]

#: The mark in front of a cell that holds a date or a time; a code point that no text has.
DATE_MARK = "\ufdd1"

#: Merged ranges, and cells filled in them, that are read; no list of people has more.
_MOST_RANGES, _MOST_FILLED = 20_000, 500_000

# Quantifiers are possessive and groups atomic, so that no tag is read twice.
_FORMULA = rb"<\1f\b(?:[^<>]*+(?<=/)>|[^<>]*+>[^<]*+</\1f>)"
_NO_TEXT = rb"(?:<\1v\s*+/>|<\1v[^<>]*+>\s*+</\1v>)"
_EMPTY_FORMULA = re.compile(rb"<((?:\w+:)?)c\b([^<>/]*+)>\s*+" + _FORMULA + rb"\s*+(" + _NO_TEXT + rb")?\s*+</\1c>")
_BLANK_TEXT = re.compile(
    rb"<((?:\w+:)?)c\b([^<>/]*+)>\s*+<\1is\s*+>\s*+<\1t\b[^<>]*+>(?:\s|\xc2\xa0)*+</\1t>\s*+</\1is>\s*+</\1c>"
)
_IS_TEXT = re.compile(rb"""\bt=["']str["']""")
_TYPE = re.compile(rb"""\s\bt=["'][^"']*["']""")
_NUMBER = re.compile(
    rb"""<((?:\w+:)?)c\b((?>[^<>/]*?\bs=["'](\d{1,5})["'])[^<>/]*+)>\s*+(?:"""
    + _FORMULA
    + rb""")?\s*+<\1v[^<>]*+>\s*+([^<\s]{1,40})\s*+</\1v>\s*+</\1c>"""
)
_MERGED = re.compile(rb"""<(?:\w+:)?mergeCell\b[^<>]*\bref=["']([A-Z]{1,3})(\d{1,7}):[A-Z]{1,3}(\d{1,7})["']""")
_HIDDEN = re.compile(rb"""<(?:\w+:)?row\b(?=[^<>]*\bhidden=["'](?:1|true)["'])[^<>]*\br=["'](\d{1,7})["']""")

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


def rewritten(content: bytes, formats: Mapping[bytes, Format]) -> bytes:
    """Return a worksheet with cells as a spreadsheet shows them.

    Blank texts become empty cells, formulas without a value become NO_VALUE, and formatted numbers become texts.
    """
    if b"f>" in content or b"f " in content:
        content = _EMPTY_FORMULA.sub(_calculated, content)
    if b"is>" in content:
        content = _BLANK_TEXT.sub(rb"<\1c\2/>", content)
    if formats:
        content = _NUMBER.sub(lambda found: _shown(found, formats), content)
    return content


def _calculated(found: re.Match[bytes]) -> bytes:
    prefix, attributes, value = found.groups()
    if value is not None and _IS_TEXT.search(attributes):
        return b"<%sc%s/>" % (prefix, attributes)
    bare = _TYPE.sub(b"", attributes)
    return b'<%sc%s t="str"><%sv>%s</%sv></%sc>' % (prefix, bare, prefix, NO_VALUE.encode(), prefix, prefix)


def _shown(found: re.Match[bytes], formats: Mapping[bytes, Format]) -> bytes:
    prefix, attributes, style, value = found.groups()
    shown = formats.get(style)
    if shown is None:
        return found[0]
    kind = _TYPE.search(attributes) if b"t=" in attributes else None
    if kind and kind[0].strip()[3:-1] != b"n":
        return found[0]
    text = html.escape(shown(value.decode(errors="replace"))).encode()
    return b'<%sc%s t="str"><%sv>%s</%sv></%sc>' % (prefix, _TYPE.sub(b"", attributes), prefix, text, prefix, prefix)


def parts_of(content: bytes, number_of: Callable[[str], int]) -> SheetParts:
    """Return the merged ranges and hidden rows of a worksheet."""
    merged = []
    for column, first, last in _MERGED.findall(content)[:_MOST_RANGES]:
        if int(last) > int(first):
            merged.append((number_of(column.decode()), int(first), int(last)))
    return SheetParts(tuple(merged), frozenset(int(row) for row in _HIDDEN.findall(content)))


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
    for line, cells in rows:
        for at, cell in enumerate(cells):
            if cell[:1] == DATE_MARK:
                cells[at] = cell[1:]
                found.setdefault(line, set()).add(at)
    return found
