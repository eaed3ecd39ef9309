"""Words that this project avoids, and docstrings that say in one short sentence what something does."""

import ast
import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]

#: Expressions of the house's own dialect; docs/glossary.md says what to write instead.
AVOIDED = re.compile(
    r"\b(told|anew|amid|whoever|whomever|somebody|somebody's|can not|(?-i:is none)|are none(?! to)|mend(s|ed|ing)?|"
    r"reckon(s|ed|ing)?|all the same|what (be)?came of|goes on with|tak(e|es|en|ing) back|"
    r"no more(?! (than|mail|rows|open|room|mailboxes|of))|"
    r"(it|this|that|which|response|answer|host|MXroute|list|file|journal|log|store|header) tells?|wants? (a|an|no) )\b",
    re.IGNORECASE,
)
#: Strings that are stored, or sent by others, and so keep their words.
KEPT = {"somebody"}

CODE = [
    ROOT / "app.py",
    *(ROOT / "pages").glob("*.py"),
    *(ROOT / "mxlib").rglob("*.py"),
    *(ROOT / "script").glob("*.py"),
]
TESTS = [path for path in (ROOT / "tests").rglob("*.py") if path != Path(__file__)]
PAGES = [
    *ROOT.glob("*.md"),
    *(path for path in (ROOT / "docs").glob("*.md") if path.name != "glossary.md"),
    ROOT / "tests" / "files" / "README.md",
    *(path for path in (ROOT / "mxlib").rglob("assets/*") if path.suffix != ".svg"),
]
MOST_WORDS = 15


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def docstrings(path: Path) -> Iterator[tuple[int, str]]:
    """Yield each docstring of a file with its line."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            text = ast.get_docstring(node)
            if text:
                yield node.body[0].lineno, text


def texts(path: Path) -> Iterator[tuple[int, str]]:
    """Yield each string and comment of a file with its line."""
    source = path.read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value not in KEPT:
            yield node.lineno, node.value
    yield from comments(path)


def comments(path: Path) -> Iterator[tuple[int, str]]:
    """Yield each comment of a file with its line."""
    for token in tokenize.generate_tokens(io.StringIO(path.read_text(encoding="utf-8")).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def names(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the names that a file defines: its own, and those of functions and classes."""
    yield 1, path.stem
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.lineno, node.name


def test_no_avoided_word_is_in_the_code() -> None:
    found = [
        f"{named(path)}:{line}: {hit[0]}"
        for path in CODE
        for line, text in texts(path)
        for hit in AVOIDED.finditer(text)
    ]
    assert not found, "\n".join(found)


def test_no_name_of_a_module_function_or_class_has_an_avoided_word() -> None:
    found = [
        f"{named(path)}:{line}: {name}"
        for path in (*CODE, *TESTS)
        for line, name in names(path)
        if AVOIDED.search(name.replace("_", " "))
    ]
    assert not found, "\n".join(found)


def test_no_avoided_word_is_in_the_docstrings_and_comments_of_the_tests() -> None:
    found = [
        f"{named(path)}:{line}: {hit[0]}"
        for path in TESTS
        for line, text in (*docstrings(path), *comments(path))
        for hit in AVOIDED.finditer(text)
    ]
    assert not found, "\n".join(found)


def test_no_avoided_word_is_in_the_documentation() -> None:
    found = [
        f"{named(path)}:{number}: {hit[0]}"
        for path in PAGES
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        for hit in AVOIDED.finditer(line)
    ]
    assert not found, "\n".join(found)


def test_the_first_sentence_of_a_docstring_is_short() -> None:
    found = []
    for path in CODE:
        for line, text in docstrings(path):
            first = re.split(r"(?<=[.:])\s", text.replace("\n", " ").strip(), maxsplit=1)[0]
            if len(first.split()) > MOST_WORDS:
                found.append(f"{named(path)}:{line}: {len(first.split())} words: {first}")
    assert not found, "\n".join(found)


def test_no_docstring_begins_with_a_question_word() -> None:
    questions = re.compile(r"(What|That|Whether|How|Who|Whom|Whose|Which|Why|Where)\b")
    found = [
        f"{named(path)}:{line}: {text.splitlines()[0]}"
        for path in CODE
        for line, text in docstrings(path)
        if questions.match(text)
    ]
    assert not found, "\n".join(found)


def test_spelling() -> None:
    checked = subprocess.run(
        [sys.executable, "-m", "codespell_lib"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout
