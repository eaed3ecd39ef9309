"""What comes in from outside never crashes, hangs or fills the memory: 50 MB and ten times its size are the most."""

import io
import random
import zipfile
from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.support.memory import Measurer, measurer
from tests.support.xlsx_files import SHEET, STAFF, book, refusal

MB = 1_000_000
HEADER = b"username,password,note\n"
SLOWEST = 30.0  # seconds, on a machine that does other things too

#: Texts of up to 10 MB that mean the most work for their size.
TEXTS = {
    "commas": HEADER + b"," * (9 * MB),
    "line ends": HEADER + b"\n" * (9 * MB) + b"a",
    "carriage returns": HEADER + b"\r" * (9 * MB) + b"a",
    "quotes": HEADER + b'"' * (9 * MB),
    "quotes that open": HEADER + b'"\n' * (3 * MB),
    "blank cells in quotes": HEADER + b'"",' * (3 * MB),
    "blank rows in quotes": HEADER + b'"",""\n' * MB,
    "one cell": HEADER + b"a" * (9 * MB),
    "one cell of many lines": HEADER + b'"' + b"a\n" * (4 * MB) + b'"',
    "a header of many lines": b'username,"' + b"a\n" * (4 * MB) + b'"\nb\n',
    "too many rows": HEADER + b"a\n" * (4 * MB),
    "a wide table, hardly filled": b"username" + b",x" * 990 + b"\n" + (b"a" + b"," * 990 + b"\n") * 10_000,
    "a wide table": b"username" + b",x" * 490 + b"\n" + (b"a" + b",b" * 490 + b"\n") * 10_000,
    "a wide table read row by row": b"username" + b",x" * 490 + b'\n"a"b\n' + (b"a" + b",b" * 490 + b"\n") * 9_999,
    "Windows-1252": b"username\n" + b"\xe9" * (9 * MB),
    "UTF-16": ("\ufeffusername\n" + "é" * (4 * MB)).encode("utf-16-le"),
    "four bytes a character": b"username\n" + "😀".encode() * (2 * MB),
    "noise": random.Random(7).randbytes(9 * MB),
    "separators declared": b"sep=" + b";" * (9 * MB),
    "comments": b"#a\n" * (3 * MB) + HEADER + b"a\n",
    "a title of one line": b"x" * (9 * MB) + b"\n" + HEADER + b"a\n",
}


SIGNS = [b'"', b",", b";", b"\n", b"\r", b"a", b"\t", b"\0", b"\xe9", b"#", b"user"]


@pytest.fixture(scope="module")
def here() -> Iterator[Measurer]:
    with measurer() as process:
        yield process


def within(here: Measurer, data: bytes, name: str, size: int) -> int:
    """Read `data`, of `size` bytes once unpacked, and hold it to what that may cost; how many rows came out."""
    cost = here.cost(data, name)
    if cost.memory > 50 * MB + 10 * size:  # threads that read ahead hold more on a busy machine: it is measured again
        cost = here.cost(data, name)
    assert cost.memory <= 50 * MB + 10 * size, f"{cost.memory / MB:.0f} MB for {size / MB:.1f} MB"
    assert cost.seconds < SLOWEST
    return cost.rows


@pytest.mark.parametrize("what", TEXTS)
def test_no_text_takes_more_than_its_share(here: Measurer, what: str) -> None:
    within(here, TEXTS[what], "staff.csv", len(TEXTS[what]))


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), database=None, derandomize=True)
@given(
    head=st.sampled_from([b"", HEADER, b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b'sep=";"\n', b"PK\x03\x04", b'"']),
    pattern=st.lists(st.sampled_from(SIGNS), min_size=1, max_size=6).map(b"".join) | st.binary(min_size=1, max_size=8),
    tail=st.binary(max_size=4),
)
@example(head=HEADER, pattern=b'a,"b""c",\n', tail=b'"')
@example(head=HEADER, pattern=b'"a"b\r', tail=b"")
def test_text_repeated_a_million_times_stays_within_its_share(
    here: Measurer, head: bytes, pattern: bytes, tail: bytes
) -> None:
    data = head + pattern * (2 * MB // len(pattern)) + tail
    within(here, data, "staff.csv", len(data))


def _column(number: int) -> bytes:
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters.encode()


def _sheet(cell: Callable[[bytes, int], bytes], rows: int, columns: int) -> bytes:
    """A worksheet with a header and so many cells."""
    names = [_column(number) for number in range(1, columns + 1)]
    body = b"".join(b'<row r="%d">%s</row>' % (at, b"".join(cell(name, at) for name in names)) for at in range(2, rows))
    return (
        b'<worksheet><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>username</t></is></c></row>'
        b"%s</sheetData></worksheet>" % body
    )


def _texts(content: bytes, count: int) -> bytes:
    return b'<sst uniqueCount="%d">%s</sst>' % (count, content)


def _numbers(name: bytes, row: int) -> bytes:
    return b'<c r="%s%d"><v>1</v></c>' % (name, row)


def _inline(name: bytes, row: int) -> bytes:
    return b'<c r="%s%d" t="inlineStr"><is><t>abc</t></is></c>' % (name, row)


def _shared(name: bytes, row: int) -> bytes:
    return b'<c r="%s%d" t="s"><v>0</v></c>' % (name, row)


TEXT_OF_30_000 = _texts(b"<si><t>" + b"a" * 30_000 + b"</t></si>", 1)
#: The worksheet and the shared texts of workbooks that mean the most work for their size; whether they are read.
WORKBOOKS: dict[str, tuple[Callable[[], bytes], bytes, bool]] = {
    "numbers": (lambda: _sheet(_numbers, 10_000, 25), b"", True),
    "texts in cells": (lambda: _sheet(_inline, 10_000, 12), b"", True),
    "a text of thirty thousand characters shared by all rows": (
        lambda: _sheet(_shared, 10_000, 1), TEXT_OF_30_000, False,
    ),
    "a text of thirty thousand characters shared by some rows": (
        lambda: _sheet(_shared, 150, 1), TEXT_OF_30_000, True,
    ),
    "a million texts": (lambda: _sheet(_shared, 10, 1), _texts(b"<si><t>a</t></si>" * MB, MB), True),
    "millions of blank texts": (lambda: _sheet(_shared, 10, 1), _texts(b"<si/>" * (2 * MB), 2 * MB), False),
    "cells without a place": (lambda: _sheet(lambda _name, _row: b"<c/>", 10_000, 100), b"", False),
    "blanks": (lambda: b"<worksheet><sheetData>" + b" " * (20 * MB) + b"</sheetData></worksheet>", b"", False),
}  # fmt: skip


@pytest.mark.parametrize("what", WORKBOOKS)
def test_no_workbook_takes_more_than_its_unpacked_share(here: Measurer, what: str) -> None:
    make, texts, is_read = WORKBOOKS[what]
    packed, size = io.BytesIO(), 0
    with zipfile.ZipFile(io.BytesIO(book(Staff=STAFF))) as whole, zipfile.ZipFile(packed, "w", 8) as copy:
        for name in whole.namelist():
            content = {SHEET: make(), "xl/sharedStrings.xml": texts}.get(name) or whole.read(name)
            copy.writestr(name, content)
            size += len(content)
    assert (within(here, packed.getvalue(), "staff.xlsx", size) >= 0) == is_read


def test_texts_that_would_fill_the_memory_are_refused_with_figures() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book(Staff=STAFF))) as whole, zipfile.ZipFile(packed, "w", 8) as copy:
        parts = {SHEET: _sheet(_shared, 10_000, 1), "xl/sharedStrings.xml": TEXT_OF_30_000}
        for name in whole.namelist():
            copy.writestr(name, parts.get(name) or whole.read(name))
    sentence = refusal(packed.getvalue())
    assert sentence.startswith("The texts that the cells of this workbook share come to 300.")
    assert sentence.endswith("Save the table alone, or as CSV.")
