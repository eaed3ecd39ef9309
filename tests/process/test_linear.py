"""No input costs more than its length explains: every pattern of the project, and what else looks into text."""

import ast
import importlib
import re
import time
import types
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from re import _constants as kinds
from re import _parser as parser
from typing import Any, NamedTuple, cast

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from starlette.datastructures import Headers

from mxlib.api import dependencies, responses
from mxlib.auth import middleware, request_checks
from mxlib.core import addresses, arrow_text, headers, passwords, quotas
from mxlib.core.editing import filters
from mxlib.core.files import clipboard, encoding, reader, writer
from mxlib.core.files.csv_reader import records
from mxlib.core.files.xlsx_parts import Patterns
from mxlib.core.format import quoted, readable
from mxlib.core.invalid_body import InvalidBody
from mxlib.core.mapping import json_rows, mapping, presets, usernames
from mxlib.core.plans.changes import NewQuota
from mxlib.core.schema import make_rows
from mxlib.core.validation import rules
from mxlib.core.validation.rules import AccountSnapshot, Defaults
from tests.support.source_tree import FILES, ROOT, named

#: CPU seconds below which growth is noise, how often each text is measured, and how much four times the text may cost.
JUDGED, TIMES, GROWTH = 0.030, 5, 8.0
#: Each is four times the one before, so that a slow work is found long before a text that it takes minutes for.
SIZES = (1_000, 4_000, 16_000, 64_000)
#: Texts that one judgement of rows is measured with.
TOGETHER = 8

_METHODS = {"match", "fullmatch", "search", "sub", "subn", "findall", "finditer", "split"}
_ARROW = {"match_substring_regex", "replace_substring_regex", "count_substring_regex", "match", "contain"}

#: Patterns that are put together while running, as they come out of it.
BY_HAND: dict[tuple[str, str], Sequence[tuple[str | bytes, str]]] = {
    ("mxlib/core/files/csv_reader.py", "_cells"): [
        (rf'(?:"(?P<inside>[^"]*+(?:""[^"]*+)*+)"|(?P<bare>[^{sign}\r\n]*+))(?P<end>{sign}|\r\n?|\n|$)', "match")
        for sign in (",", ";", "\\|")
    ],
    ("mxlib/core/arrow_text.py", "match"): [],  # whatever its callers hand over is found where they do
    ("mxlib/core/arrow_text.py", "contain"): [],
    ("mxlib/core/files/xlsx_parts.py", "of"): [
        (pattern.pattern, method)
        for prefix in (b"", b"x:")
        for pattern, method in zip(Patterns.of(prefix), ("sub", "sub", "sub", "findall", "findall", "sub"), strict=True)
    ],
    ("mxlib/sandbox/contract.py", "_password"): [("[A-Z]", "search")],
    ("mxlib/api/app.py", "__init__"): [("^/api(?:/|$)(?P<path>.*)$", "match")],
}

#: Kinds of texts that have been slow somewhere: runs, brackets, combining marks, letters that expand, half matches.
TEXTS = (
    "a", "A", "0", "9", " ", "\t", "\n", "\r", "\u2028", '"', "'", ",", ";", "|", "[", "(", "<", "{", "]", "@", ".",
    "-", "_", "#", "=", "\\", "&", "*", "`", "/", ":", "\u0301", "\u0315\u0300", "\ufdfa", "\u1e9b\u0323", "ß", "ı",
    "\u200b", "•", "😀", "=?", "a@", "a@b,", "a.", ". ", " -", '"a', 'a"', '""', '",', '"\n', '"",', "[a", "(a)", "<a@",
    "xn--", "ü.", "9,", "9 ", "quota ", "quota 1 → ", "kept: holds ", ";a=", '";', "a\\", "{w}", "\r\n", "# ",
)  # fmt: skip


class Case(NamedTuple):
    """A pattern, where it stands, and the method that it is used by."""

    where: str
    pattern: str | bytes
    method: str


def _calls(path: Any) -> Iterator[tuple[ast.Call, str]]:
    """Every call in a file, with the function that it stands in."""

    def walk(node: ast.AST, inside: str) -> Iterator[tuple[ast.Call, str]]:
        for child in ast.iter_child_nodes(node):
            within = child.name if isinstance(child, ast.FunctionDef) else inside
            if isinstance(child, ast.Call):
                yield child, inside
            yield from walk(child, within)

    yield from walk(ast.parse(path.read_text(encoding="utf-8")), "")


def _collected() -> tuple[list[Case], list[str]]:
    """Every pattern of the project with its methods, and the places of those that could not be had."""
    found: list[Case] = []
    unknown: list[str] = []
    for path in FILES:
        where = named(path)
        text = path.read_text(encoding="utf-8")
        if not re.search(r"\bre\.|_regex\(|columns\.(?:match|contain)\(|\bcontain\(", text):
            continue
        module = importlib.import_module(where.removesuffix(".py").replace("/", "."))
        used: dict[str, set[str]] = {}
        calls = list(_calls(path))
        for call, _ in calls:
            if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name):
                used.setdefault(call.func.value.id, set()).add(call.func.attr)
        for call, inside in calls:
            name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
            owner = getattr(getattr(call.func, "value", None), "id", "")
            if owner == "re" and name in {"compile", *_METHODS}:
                argument, methods = call.args[0], {name}
            elif (owner in {"pc", "columns"} and name in _ARROW) or (not owner and name == "contain"):
                argument, methods = call.args[1], {"arrow"}
            else:
                continue
            try:
                pattern = eval(compile(ast.Expression(argument), where, "eval"), vars(module))
            except NameError:
                if (where, inside) not in BY_HAND:
                    unknown.append(f"{where}:{call.lineno}")
                continue
            if "compile" in methods:
                known = [key for key, value in vars(module).items() if _is(value, pattern)]
                methods = set().union(*(used.get(key, set()) for key in known)) & _METHODS or {"match", "fullmatch"}
            found += [Case(f"{where}:{call.lineno}", pattern, method) for method in sorted(methods)]
    found += [Case(where, *case) for (where, _), cases in BY_HAND.items() for case in cases]
    return found, unknown


def _is(value: object, pattern: str | bytes) -> bool:
    return isinstance(value, re.Pattern) and value.pattern == pattern


CASES, UNKNOWN = _collected()


def _samples(tree: Any) -> Iterator[tuple[str, str]]:
    """A shortest match of a parsed pattern piece by piece: what it begins with, and what of it may go on for ever."""
    for operation, argument in tree:
        match operation:
            case kinds.LITERAL:
                yield chr(argument), ""
            case kinds.NOT_LITERAL:
                yield ("a" if argument != ord("a") else "b"), ""
            case kinds.ANY:
                yield "a", ""
            case kinds.IN:
                yield _one_of(argument), ""
            case kinds.BRANCH:
                yield from _samples(argument[1][0])
            case kinds.SUBPATTERN:
                yield from _samples(argument[3])
            case kinds.ATOMIC_GROUP:
                yield from _samples(argument)
            case kinds.MAX_REPEAT | kinds.MIN_REPEAT | kinds.POSSESSIVE_REPEAT:
                least, most, inner = argument
                once = "".join(piece for piece, _ in _samples(inner))
                yield once * least, once if most > 100 else ""
            case _:
                continue


def _one_of(choices: Any) -> str:
    for operation, argument in choices:
        match operation:
            case kinds.LITERAL:
                return chr(argument)
            case kinds.RANGE:
                return chr(argument[0])
            case kinds.CATEGORY:
                return " " if "SPACE" in str(argument) and "NOT" not in str(argument) else "a"
            case kinds.NEGATE:
                excluded = {chr(value) for kind, value in choices if kind is kinds.LITERAL}
                return next(sign for sign in "a1 -.,\x01" if sign not in excluded)
    return "a"


def _texts(pattern: str | bytes) -> list[tuple[str, str]]:
    """Beginnings and what to repeat after them: characters of the pattern, and every part of it that may go on."""
    text = pattern.decode("latin-1") if isinstance(pattern, bytes) else pattern
    found: dict[tuple[str, str], None] = dict.fromkeys(("", sign) for sign in TEXTS)
    before = ""
    for piece, pumped in _samples(parser.parse(text)):
        if pumped:
            found[before, pumped] = None
            found["", before + pumped] = None
        elif piece.strip():
            found["", piece] = None
        before += piece
    if before:
        found["", before] = None
    return list(found)


def _spent(run: Callable[[], object]) -> float:
    began = time.thread_time()
    run()
    return time.thread_time() - began


def grows_too_fast(work: Callable[[str], object], start: str, repeated: str, least: float = 0.0) -> str:
    """Why `work` is not linear in texts of this kind; blank when it is, or too quick to be judged.

    `least`: the CPU seconds that it takes for any text.
    """

    def cost(size: int, times: int) -> float:
        text = start + repeated * (size // len(repeated)) + "\x01"
        return min(_spent(lambda: work(text)) for _ in range(times)) - least

    before = cost(SIZES[0], 1)
    for quarter, size in pairwise(SIZES):
        whole = cost(size, 1)
        if whole >= JUDGED and whole > GROWTH * before:
            for times in (2, TIMES, 3 * TIMES):  # what grows only once was held up by something else
                before, whole = cost(quarter, times), cost(size, times)
                if whole < JUDGED or whole <= GROWTH * before:
                    break
            else:
                costs = f"{before * 1000:.0f} ms, four times as much {whole * 1000:.0f} ms"
                return f"{start!r} and {repeated!r} repeated: {costs}"
        before = whole
    return ""


def least(work: Callable[[str], object]) -> float:
    """The CPU seconds that `work` takes for any text."""
    return min(_spent(lambda: work("")) for _ in range(TIMES))


def test_every_pattern_of_the_project_is_tested() -> None:
    assert not UNKNOWN
    assert len({case.pattern for case in CASES}) > 40


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.where}-{case.method}")
def test_every_pattern_takes_linear_time(case: Case) -> None:
    if case.method == "arrow":
        work = _with_arrow(cast(str, case.pattern))
    else:
        compiled: Any = re.compile(case.pattern)
        encode = (lambda text: text.encode("latin-1", "ignore")) if isinstance(case.pattern, bytes) else str
        blank = encode("")
        work = _by_method(compiled, case.method, encode, blank)
    slow = [reason for start, repeated in _texts(case.pattern) if (reason := grows_too_fast(work, start, repeated))]
    assert not slow


def _with_arrow(pattern: str) -> Callable[[str], object]:
    return lambda text: pc.match_substring_regex(pa.array([text]), pattern)


def _by_method(compiled: Any, method: str, encode: Any, blank: Any) -> Callable[[str], object]:
    match method:
        case "sub" | "subn":
            return lambda text: compiled.sub(blank, encode(text))
        case "finditer":
            return lambda text: list(compiled.finditer(encode(text)))
        case _:
            return lambda text: getattr(compiled, method)(encode(text))


def _judged(**cells: Sequence[str]) -> pd.DataFrame:
    columns: dict[str, Sequence[str]] = {"username": ["a"], "password": ["Winter-2026"]} | cells
    count = max(map(len, columns.values()))
    rows = make_rows(
        {name: list(cells) if len(cells) == count else [cells[0]] * count for name, cells in columns.items()}
    )
    return rules.validate(rows, AccountSnapshot(frozenset({"a.nl"}), {"a.nl": frozenset()}), Defaults("a.nl"))


def _refusing(work: Callable[[str], object]) -> Callable[[str], object]:
    """`work`, whose refusal is an answer like any other."""

    def refuse(text: str) -> object:
        try:
            return work(text)
        except (reader.FileRefused, InvalidBody, responses.ApiError):
            return None

    return refuse


def _file(before: str = "", after: str = "") -> Callable[[str], object]:
    def read(text: str) -> object:
        sheet = reader.read(f"{before}{text}{after}".encode(), "staff.csv")
        return mapping.rows_from_sheet(sheet, mapping.detect_columns(sheet.header))

    return _refusing(read)


def _header(**given: str) -> Any:
    raw = [(name.replace("_", "-").encode(), value.encode("latin-1", "replace")) for name, value in given.items()]
    return types.SimpleNamespace(headers=Headers(raw=raw))


JUDGED_ROWS = _judged()
WHO = ("Anna", "Bakker")

#: Everything else that reads what a client sent.
WORK: dict[str, Callable[[str], object]] = {
    "a header as it is shown": headers.shown,
    "the meaning of a header": headers.meaning_of,
    "the unit of a header": headers.is_in_gigabytes,
    "the export that a header belongs to": lambda text: presets.find((text,)),
    "the columns of a header": lambda text: mapping.detect_columns((text, text)),
    "a domain": addresses.domain,
    "an email address": addresses.email,
    "a username that was meant": addresses.suggestion,
    "whether it is a username": addresses.is_username,
    "whether it is a domain": addresses.is_domain,
    "whether it is an email address": addresses.is_email,
    "a quota": quotas.quota,
    "a quota that is small": quotas.is_tiny,
    "a limit": quotas.limit,
    "a new quota": NewQuota.read,
    "a first name": lambda text: usernames.plain(_people(text, "Bakker"), usernames.UsernamePattern(spelled=True)),
    "a last name": lambda text: usernames.plain(_people("Anna", text), usernames.UsernamePattern(spelled=True)),
    "a full name": lambda text: usernames.people(*map(arrow_text.texts, ([""], [""], [""], [text]))),
    "marks in a name": lambda text: (_people(text, text).have_marks, _people(text, text).have_particles),
    "pasted rows": clipboard.to_file,
    "pasted addresses": lambda text: clipboard.addresses_in(text, "a.nl"),
    "bytes of some encoding": _refusing(lambda text: encoding.decode(text.encode("utf-16-le"), "staff.csv")),
    "a declared delimiter": encoding.declared_delimiter,
    "a line without its quotes": encoding.outside_quotes,
    "records": _refusing(lambda text: list(records(text, ","))),
    "a file of nothing else": _file(),
    "a file with such a header": _file("username,", "\njan,x\n"),
    "a file with such a cell": _file("username,note\njan,", "\n"),
    "a file with such a username": _file("username,note\n", ",x\n"),
    "a file with such a title": _file("", "\nusername\njan\n"),
    "a file with such a quoted cell": lambda text: _file('username,note\njan,"', '"\n')(text.replace('"', '""')),
    "a comment above the header": _file("#", "\nusername\njan\n"),
    "the name of a cell in JSON": lambda text: json_rows.rows_from_json([{text: "a"}]),
    "a cell in JSON": lambda text: json_rows.rows_from_json([{"username": text, "email": text, "quota GB": text}]),
    "rows that are searched": lambda text: filters.select_text(JUDGED_ROWS, text),
    "whether a cell is a password": passwords.looks_like_one,
    "whether a cell is a mask": passwords.is_masked,
    "whether a password is missing": passwords.is_missing,
    "a cell that is written": writer._quoted,
    "a file name": lambda text: writer.file_name(text, pd.Timestamp("2026-05-03").date()),
    "a readable text": lambda text: (readable(text), quoted(text)),
    "an origin": lambda text: middleware.Origin.parse(f"http://{text}"),
    "cookies": lambda text: request_checks.plain_cookies((b"cookie", text.encode())),
    "the kind of a body": lambda text: dependencies.kind_of(_header(content_type=text)),
    "the charset of a body": _refusing(lambda text: dependencies.charset_of(_header(content_type=f"text/csv;{text}"))),
    "the body of a request": _refusing(
        lambda text: dependencies.parse_body(_header(content_type="application/json"), text.encode())
    ),
    "a text in the body of a request": _refusing(
        lambda text: dependencies.parse_body(_header(content_type="application/json"), f'{{"a": "{text}"}}'.encode())
    ),
}


def _people(first: str, last: str) -> usernames.People:
    return usernames.People(arrow_text.texts([first]), arrow_text.texts([last]))


@pytest.mark.parametrize("what", WORK)
def test_every_reader_of_text_takes_linear_time(what: str) -> None:
    work = WORK[what]
    always = least(work)
    slow = [reason for text in TEXTS if (reason := grows_too_fast(work, "", text, always))]
    assert not slow


@pytest.mark.parametrize("column", ["username", "password", "quota", "limit", "recovery_email", "domain"])
def test_every_judged_column_takes_linear_time(column: str) -> None:
    """A judgement costs much for any cell, so that one judges the rows of several texts."""
    slow = []
    for first in range(0, len(TEXTS), TOGETHER):
        texts = TEXTS[first : first + TOGETHER]

        def work(text: str, texts: Sequence[str] = texts) -> object:
            return _judged(**{column: [kind * (len(text) // len(kind)) + "\x01" for kind in texts]})

        if reason := grows_too_fast(work, "", " ", least(work)):
            slow.append((texts, reason))
    assert not slow


def test_a_slow_pattern_and_slow_work_are_found() -> None:
    slow = re.compile(r"[(\[{<]([^)\]}>]*)[)\]}>]")
    assert grows_too_fast(lambda text: slow.sub("", text), "", "[")
    assert not grows_too_fast(lambda text: text.count("["), "", "[")


def test_the_project_files_are_found() -> None:
    assert any(case.where.startswith("mxlib/core/headers.py") for case in CASES)
    assert (ROOT / "mxlib").is_dir()
