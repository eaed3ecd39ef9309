"""Detect the encoding and the delimiter of a text file."""

import codecs
import re

from mxlib.core.files.errors import FileRefused, no_delimiter, not_in, nul_bytes, refuse_binary
from mxlib.core.format import readable

#: The encodings that can be chosen, with their labels.
ENCODINGS = {
    "utf-8": "UTF-8",
    "utf-16-le": "UTF-16 LE",
    "utf-16-be": "UTF-16 BE",
    "windows-1252": "Windows-1252",
    "windows-1250": "Windows-1250",
    "windows-1251": "Windows-1251",
    "shift_jis": "Shift-JIS",
    "mac-roman": "Mac Roman",
}

#: The delimiters that can be chosen, with their labels; the first is used where nothing favours another.
DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}

_MARKS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_QUOTED = re.compile(r'"[^"]*(?:"|$)')

#: Bytes that are inspected to choose among encodings from before Unicode.
_LOOKED_AT = 65_536
_REPLACEMENT, _CTRL_Z = "\ufffd", "\x1a"
_BEYOND_ASCII = re.compile(r"[\x00-\x7f]+")
_BEYOND_ASCII_BYTES = re.compile(rb"[\x80-\xff]+")
#: Two or more characters of Shift-JIS in a row, of two bytes each. One alone may be an accented letter and the next.
_JAPANESE = re.compile(rb"(?:[\x81-\x9f\xe0-\xea\xfa-\xfc][\x40-\x7e\x80-\xfc]){2,}")
#: Bytes that begin rare characters of Shift-JIS, and are accented letters in Windows-1252: `Hélène` has two of them.
_ACCENTED = bytes(range(0xE0, 0x100))
_ASCII_LETTERS = re.compile(rb"[A-Za-z]")

#: Words that may be of Windows-1250 or of Windows-1252.
_WORDS = re.compile(
    rb"[A-Za-z\x8a\x8c-\x8f\x9a\x9c-\x9f\xa3\xa5\xaa\xaf\xb2\xb3\xb9\xba\xbc\xbe-\xd6\xd8-\xf6\xf8-\xff]+"
)
#: The letters beyond ASCII that occur in the words of one language, for each group of languages.
_WESTERN = tuple(map(frozenset, (
    "àâæçéèêëîïôûüÿ", "äöüßé", "áéíóúüçªº", "áâàçéêíóôúüªº", "àèéîòóª", "æøåéäö", "åäöéü", "áéíóúýþæöð", "éèëïöüêç",
    "àèéíïòóúüç",
)))  # fmt: skip
#: Further ones that occur only at such places: `Peña`, `cœur`, `João`, `Simões`, `Forlì`.
_IN_PLACE = re.compile("ñ(?=[aeiouáéíóúü])|œ(?=[uitd])|ã(?=[oe]|s?$)|õ(?=e)|[ìù]$")
_CENTRAL = tuple(map(frozenset, (
    "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "ąćęłńóśźż", "áéíóöőúüű", "čćžšđ", "ăâîşţ",
)))  # fmt: skip
#: Signs of Windows-1252 that touch words: `¿qué`, `cm²`.
_SIGNS = re.compile(r"^¿|(?<=^.)[¹²³]$|(?<=^..)[¹²³]$")

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
        text = _decoded(data, used, chosen=encoding is not None)
    except UnicodeDecodeError:
        raise FileRefused(not_in(name, ENCODINGS[used])) from None
    if "\0" in text:
        raise FileRefused(nul_bytes(name))
    return without_end_mark(text.removeprefix("\ufeff")), used


def without_end_mark(text: str) -> str:
    """Return a text without the Ctrl-Z with which DOS programs end a file."""
    bare = text.rstrip(f"{_CTRL_Z}\r\n")
    return bare if _CTRL_Z in text[len(bare) :] else text


def lines_with_stray_bytes(text: str, most: int = 100) -> tuple[int, ...]:
    """Return the first lines of a text that have a replacement character."""
    found: list[int] = []
    line, at = 1, 0
    while len(found) < most and (place := text.find(_REPLACEMENT, at)) >= 0:
        line += text.count("\n", at, place) + text.count("\r", at, place) - text.count("\r\n", at, place)
        if not found or found[-1] != line:
            found.append(line)
        at = place + 1
    return tuple(found)


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
        return "utf-8" if _is_damaged_utf_8(data) else _older_encoding_of(data[:_LOOKED_AT])
    return "utf-8"


def _is_damaged_utf_8(data: bytes) -> bool:
    """Return whether data is UTF-8 but for a few stray bytes."""
    start = data[:_LOOKED_AT] if len(data) > _LOOKED_AT and not data[:_LOOKED_AT].isascii() else data
    text = start.decode("utf-8", "replace")
    stray = text.count(_REPLACEMENT) - start.count(_REPLACEMENT.encode())
    foreign = len(_BEYOND_ASCII.sub("", text)) if stray else 0
    return foreign - stray >= 2 * stray


def _older_encoding_of(data: bytes) -> str:
    """Return the encoding from before Unicode that the letters fit best."""
    high = _BEYOND_ASCII_BYTES.findall(data)
    signs = sum(map(len, high))
    leads = b"".join(word[::2] for word in _JAPANESE.findall(data))
    common = len(leads.translate(None, _ACCENTED))
    if common >= 4 and 4 * common >= len(leads) and 3 * len(leads) >= signs:  # the second byte may be ASCII
        return "shift_jis"
    if sum(len(run) for run in high if len(run) >= 3 and sum(sign >= 0xC0 for sign in run) * 2 > len(run)) * 2 > signs:
        return "windows-1251"
    return "windows-1250" if _is_central_european(data) else "windows-1252"


def _is_central_european(data: bytes) -> bool:
    """Return whether more words fit a language of Windows-1250 alone than one of Windows-1252 alone."""
    western = central = 0
    maps = (_charmap("windows-1252"), _charmap("windows-1250"))
    for word in set(_WORDS.findall(data)):
        if word.isascii() or not _ASCII_LETTERS.search(word):  # such as a run of bytes that are no text
            continue
        one, other = (codecs.charmap_decode(word, "strict", charmap)[0] for charmap in maps)
        if one == other:
            continue
        one = _SIGNS.sub("", one).replace("Ÿ", "ÿ")  # a Mac writes ü as this letter, and is neither
        fits, fits_other = _fits(one, _WESTERN, _IN_PLACE), _fits(other, _CENTRAL)
        western += fits and not fits_other
        central += fits_other and not fits
    return central > western


def _fits(word: str, languages: tuple[frozenset[str], ...], in_place: re.Pattern[str] | None = None) -> bool:
    """Return whether a word may be of one of the languages, by letters and capitals."""
    has_shape = word.islower() or word.isupper() or (word[:1].isupper() and word[1:].islower()) or len(word) == 1
    small = word.lower()
    letters = {sign for sign in (in_place.sub("", small) if in_place else small) if sign > "\x7f"}
    return has_shape and any(letters <= language for language in languages)


def _decoded(data: bytes, encoding: str, *, chosen: bool) -> str:
    if encoding == "shift_jis":
        return data.decode("cp932", "replace")
    if encoding.startswith("windows"):
        return codecs.charmap_decode(data.removeprefix(codecs.BOM_UTF8), "strict", _charmap(encoding))[0]
    if encoding == "utf-8" and not chosen:
        return data.decode(encoding, "replace")
    return data.decode(encoding)


def _charmap(encoding: str) -> str:
    """Return the characters of a Windows code page.

    The few bytes without a character become control characters, as in browsers.
    """
    return "".join(bytes([byte]).decode(encoding, "ignore") or chr(byte) for byte in range(256))
