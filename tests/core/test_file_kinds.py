"""Files of other kinds: recognised by their first bytes, named, and never confused with a text that begins alike."""

import pytest

from mxlib.core.files import errors
from mxlib.core.files.errors import Crowded, FileRefused, TooCostly, Unread

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
BINARY = bytes(range(64)) * 4


def refusal(data: bytes) -> str:
    with pytest.raises(FileRefused) as refused:
        errors.refuse_foreign(data)
    return str(refused.value)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"\x89PNG\r\n\x1a\n", "a picture"),
        (b"\xff\xd8\xff\xe0", "a picture"),
        (b"II*\x00", "a picture"),
        (b"%PDF-1.7", "a PDF"),
        (b"{\\rtf1 username", "a text document (RTF)"),
        (b"\x1f\x8b\x08", "a packed file (gzip)"),
        (b"Rar!\x1a\x07\x01", "a packed file (RAR)"),
        (b"SQLite format 3\x00", "a database"),
        (b"\x7fELF\x02", "a program"),
        (b"GIF89a" + BINARY, "a picture"),
        (b"BM" + BINARY, "a picture"),
        (b"RIFF" + BINARY, "a picture or a sound"),
        (b"BZh9" + BINARY, "a packed file (bzip2)"),
        (b"MZ" + BINARY, "a program"),
        (b"<!DOCTYPE html>\n<p>Sign in", "a web page"),
        (b"\xef\xbb\xbf \n<HTML lang=nl>", "a web page"),
    ],
)
def test_a_file_of_another_kind_is_refused_by_name(data: bytes, kind: str) -> None:
    assert refusal(data) == f"This is {kind}, not a table: a CSV or .xlsx is needed."


@pytest.mark.parametrize("letters", ["BM", "MZ", "RIFF", "GIF8", "BZh"])
def test_a_header_that_begins_like_another_kind_is_no_reason_to_refuse_a_text(letters: str) -> None:
    errors.refuse_foreign(f"{letters},username\n1,alice\n".encode())


@pytest.mark.parametrize("text", ["username\nalice\n", "note,username\n<html>,alice\n", " %PDF-,username\n"])
def test_a_table_that_only_speaks_of_other_kinds_is_not_refused(text: str) -> None:
    errors.refuse_foreign(text.encode())


def test_an_old_workbook_and_a_locked_one_are_distinguished() -> None:
    assert refusal(OLE + bytes(500)) == "This is an old Excel workbook (.xls): save it as .xlsx or CSV."
    locked = OLE + bytes(500) + "EncryptedPackage".encode("utf-16-le")
    assert refusal(locked) == "This workbook is locked with a password: save it without one, or as CSV."


@pytest.mark.parametrize(
    "data",
    [
        b"",
        "Größe,Jörg\n".encode("windows-1252"),
        b"a\tb\r\nc\x0b\x0c\x1a" * 20,
        b"\x01" + b"a" * 49,
        b"a" * 65_536 + b"\x01" * 65_536,
    ],
)
def test_text_with_few_control_characters_is_not_binary(data: bytes) -> None:
    errors.refuse_binary(data)


@pytest.mark.parametrize("data", [b"\x01" + b"a" * 48, b"\x01" * 2_000 + b"a" * 90_000, bytes(10)])
def test_more_than_one_control_character_in_fifty_bytes_is_binary(data: bytes) -> None:
    with pytest.raises(FileRefused, match=r"^This is a binary file, not a table: a CSV or \.xlsx is needed\.$"):
        errors.refuse_binary(data)


def test_a_refusal_names_the_line_at_fault_where_there_is_one() -> None:
    assert (FileRefused("No.").line, FileRefused("No.", 7).line) == (0, 7)


@pytest.mark.parametrize(
    ("refused", "sentence"),
    [
        (
            TooCostly(1_200.4),
            "Reading this took over 1,200 seconds or too much memory, so it was stopped. "
            "Save the table alone as CSV, or split it.",
        ),
        (Crowded(), "As many files are being read as this server reads at a time. Try again in a minute."),
    ],
)
def test_a_file_that_was_not_read_for_its_cost_says_what_to_do(refused: Unread, sentence: str) -> None:
    assert isinstance(refused, FileRefused)
    assert (str(refused), refused.line) == (sentence, 0)
