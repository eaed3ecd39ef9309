"""Detect the encoding and the delimiter of a text file."""

import codecs
import re

from mxlib.core.files.errors import FileRefused, no_delimiter, not_in, nul_bytes, refuse_binary
from mxlib.core.format import readable

#: The encodings that can be chosen, with their labels; the first four are detected without asking.
ENCODINGS = {
    "utf-8": "UTF-8",
    "utf-16-le": "UTF-16 LE",
    "utf-16-be": "UTF-16 BE",
    "windows-1252": "Windows-1252",
    "windows-1250": "Windows-1250",
    "mac-roman": "Mac Roman",
}

#: The delimiters that can be chosen, with their labels; the first is used where nothing favours another.
DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}

_MARKS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_QUOTED = re.compile(r'"[^"]*(?:"|$)')

#: The first line that Excel understands. A spreadsheet may have padded it with delimiters.
_DECLARED = re.compile(r'"?sep=(?P<sign>[^"\w\r\n])"?(?P=sign)*+[ \t]*+(?:\r\n?|\n|$)', re.IGNORECASE)


def decode(data: bytes, name: str, encoding: str | None = None) -> tuple[str, str]:
    """Return the text of a file without its byte order mark, and the encoding used.

    Raises FileRefused for data that is not text, or is not in the chosen `encoding`.
    """
    used = encoding or _encoding_of(data)
    if used not in ENCODINGS:
        raise FileRefused(not_in(name, readable(used)))
    if not used.startswith("utf-16"):
        if b"\0" in data:
            raise FileRefused(nul_bytes(name))
        if used != "utf-8":
            refuse_binary(data)
    try:
        text = _decoded(data, used)
    except UnicodeDecodeError:
        raise FileRefused(not_in(name, ENCODINGS[used])) from None
    if "\0" in text:
        raise FileRefused(nul_bytes(name))
    return text.removeprefix("\ufeff"), used


def declared_delimiter(text: str) -> tuple[str, int]:
    """Return the delimiter that Excel's first line `sep=X` declares, and where the next line starts.

    Returns blank and 0 without such a line.
    """
    found = _DECLARED.match(text)
    return (found["sign"], found.end()) if found else ("", 0)


def checked(delimiter: str | None, name: str) -> str:
    """Return the chosen delimiter; blank if none was chosen.

    Raises FileRefused for one that cannot be a delimiter.
    """
    if delimiter and (len(delimiter) > 1 or delimiter in '"\r\n'):
        raise FileRefused(no_delimiter(delimiter, name))
    return delimiter or ""


def outside_quotes(line: str) -> str:
    """Return a line without its quoted parts."""
    return _QUOTED.sub("", line) if '"' in line else line


def _encoding_of(data: bytes) -> str:
    for mark, encoding in _MARKS.items():
        if data.startswith(mark) and encoding != "utf-8":
            return encoding
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return "windows-1252"
    return "utf-8"


def _decoded(data: bytes, encoding: str) -> str:
    if encoding.startswith("windows"):
        return codecs.charmap_decode(data.removeprefix(codecs.BOM_UTF8), "strict", _charmap(encoding))[0]
    return data.decode(encoding)


def _charmap(encoding: str) -> str:
    """Return the characters of a Windows code page.

    The few bytes without a character become control characters, as in browsers.
    """
    return "".join(bytes([byte]).decode(encoding, "ignore") or chr(byte) for byte in range(256))
