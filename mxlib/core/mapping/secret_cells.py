"""Detect and mask passwords in the columns and cells of a file.

They are detected by headers and by their looks. A password may be anywhere: under another header, under no header,
behind a colon in an address. Text that looks like one is neither stored as a row's own cell nor quoted in a sentence.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from string import ascii_lowercase, digits

import pyarrow as pa
import pyarrow.compute as pc

from mxlib.core import arrow_text, quotas
from mxlib.core.addresses import domain, fold_case, is_domain
from mxlib.core.arrow_text import BLANKS
from mxlib.core.passwords import looks_like_one
from mxlib.core.schema import MASK, MEANINGS, Masking

_NAMELESS = re.compile(r"Column \d+")
_WORDS = re.compile(r"[^\W\d_]+|\d+")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
_LONGEST_HEADER = 200


def _words(name: str) -> tuple[frozenset[str], str]:
    """Return the words of a header without accents and case, and all its letters joined."""
    words = _WORDS.findall(fold_case(_HUMP.sub(" ", name[:_LONGEST_HEADER])).casefold())
    return frozenset(words), "".join(word for word in words if not word.isdigit())


def _listed(words: str) -> tuple[str, ...]:
    """Return the words of a list, each normalised as `_words` normalises a header's letters."""
    return tuple(_words(word)[1] for word in words.split())


#: Parts of headers that name secrets.
_SECRET = _listed(
    "passw passphrase passcode pwd pswd kennwort losungswort zugangsdaten zugangscode wachtwoord motdepasse "
    "motdepass contrasena contrasenya palavrapasse palavrachave palabraclave senha parolachiave haslo heslo jelszo "
    "lozinka zaporka geslo salasana losenord passord adgangskode kodeord slaptazodis katasandi katalaluan matkhau "
    "sifre lykilord credential geheim secret segreto secreto apikey accesskey privatekey recoverykey recoverycode "
    "backupcode securityanswer pincode pinkod pinnummer пароль 密码 密碼 口令 パスワード 暗証番号 비밀번호 암호 "
    "κωδικός συνθηματικό סיסמה كلمةالمرور كلمةالسر รหัสผ่าน पासवर्ड"
)

#: Whole words of headers that name secrets.
_SECRET_WORDS = frozenset(
    _listed("pin pins puk pw psw pass wachtw mdp otp totp mfa token hash clave parola parole parool пин")
)

#: Parts of headers of columns that never hold secrets: text there that looks like a password is not one.
_HARMLESS = _listed(
    "department afdeling abteilung departement departamento reparto dzial phone telefo telephone mobile mobiel fax "
    "firstname lastname displayname fullname surname givenname voornaam achternaam vorname nachname prenom nombre "
    "apellido cognome titel title functie funktion jobrole position office kantoor buero location locatie standort "
    "adres address adresse direccion indirizzo street straat strasse city country postal postcode zipcode company "
    "bedrijf firma organi orgunit manager employee personeel personal number nummer numero costcenter kostenplaats "
    "kostenstelle license licence lizenz language sprache building floor website created updated lastlogin lastsignin "
    "usage size objectid metadata status groups product model device laptop computer hardware software asset vehicle "
    "course order bestel inventory inventar referen ticket project projekt"
)
_HARMLESS_WORDS = frozenset(_listed("id nr no name naam nom team group groep gruppe role rol tel gsm url date datum"))

#: Values that describe a password without being one, such as those of "Change password at next sign-in".
_ABOUT = frozenset(
    _listed(
        "true false yes no y n ja nein nee oui non si ne never always nie nooit jamais nunca on off "
        "md sha crypt bcrypt base plain active blocked enabled disabled"
    )
)
_DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[T ][\d:.,+Z-]+)?")

_HASH = re.compile(
    r"\$[0-9a-z-]{1,12}\$\S{8,}|\{[A-Za-z0-9.-]{2,16}\}\S{4,}|(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64,128})"
)
_PLACE = re.compile(r"\w+://|/|[A-Za-z]:\\|(?:CN|OU|DC|O|UID)=", re.IGNORECASE)
_LONGEST = 64
_SHORTEST = 8

#: The length, or the characters, that distinguish a hash without capitals from other words.
_SHORTEST_HASH, _OF_HASHES = 32, frozenset("${")

#: Characters that a mail address may have besides letters and digits; a password may have others, too.
_OF_ADDRESSES = frozenset("._-+'@")

#: A clock time: a mailbox may be named like one.
_CLOCK_TIME = re.compile(r"\d{1,2}:\d{2}(?::\d{2})?")
_SCHEME = re.compile(r"(?:smtp|mailto|sip|eum|x500):", re.IGNORECASE)
_WHOLE_ADDRESS = re.compile(r"[^\s@<>();:,|]+@[^\s@<>();:,|]+\.[^\s@<>();:,|]+")
_BETWEEN_ADDRESSES = re.compile(r"[\s<>();:,|]+")
_BEHIND = re.compile(r"([^:;|]*[^\s:;|])(\s*[:;|]\s*)(\S.*)", re.DOTALL)
_PARTS = re.compile(r"([\s:;|,]+)")
_BLANKS = re.compile(r"(\s+)")

#: The number of different cells of a column that are inspected.
_SAMPLED = 1_000

#: The number of characters of a cell that are inspected; a longer cell is text.
_LOOKED_AT = 2_000

#: Signs of cells that may hold more than a plain value: any but those of plain addresses and figures.
_SUSPECT = "".join(sorted(set(map(chr, range(0x80))) - set(f"{ascii_lowercase}{digits}._@-"))) + arrow_text.BEYOND_ASCII

#: Of these, single words with the letters and signs of usernames, which `masked_cell` keeps; and whole addresses, which
#: every column keeps. Both are plain enough to pass over by whole columns.
_USERNAME = r"[A-Za-zÀ-ÖØ-öø-ɏ0-9._+'-]+"
_PLAIN_ADDRESS = r"[A-Za-z0-9][A-Za-z0-9._+-]*@[A-Za-z0-9.-]*[A-Za-z0-9]\.[A-Za-z]+"

#: The same for a text: passwords and hashes have a digit or one of these signs, in a word that is long enough.
_SUSPECT_TEXT = f"{digits}${{"
_LONG_WORD = rf"\S{{{_SHORTEST}}}"


@lru_cache(maxsize=4_096)
def is_secret_header(name: str) -> bool:
    """Return whether a header names passwords, PINs or the like, or looks like a password.

    It knows the words of many languages.
    """
    words, letters = _words(name)
    return (
        any(part in letters for part in _SECRET)
        or not _SECRET_WORDS.isdisjoint(words)
        or looks_secret(name.strip(BLANKS))
    )


def holds_secrets(name: str, cells: pa.Array) -> bool:
    """Return whether a column without a meaning here holds passwords, by its header and cells."""
    bare = arrow_text.stripped(cells)
    found = pc.unique(bare.filter(pc.not_equal(bare, "")))
    if is_secret_header(name):
        return len(found) > _SAMPLED or not len(found) or not all(map(_is_about_a_password, found.to_pylist()))
    if not len(found) or _is_harmless_header(name):
        return False
    long = found.filter(pc.greater_equal(pc.utf8_length(found), _SHORTEST))
    if 2 * len(long) < len(found):
        return False
    looks = _looks_loosely if not name.strip(BLANKS) or _NAMELESS.fullmatch(name) else looks_secret
    sampled = long.slice(0, _SAMPLED).to_pylist()
    return 2 * sum(map(looks, sampled)) * len(long) >= len(found) * len(sampled)


def secret_names(columns_by_name: Iterable[tuple[str, list[str]]]) -> frozenset[str]:
    """Return the names of those columns that hold passwords."""
    return frozenset(name for name, cells in columns_by_name if holds_secrets(name, arrow_text.texts(cells)))


def looks_secret(text: str) -> bool:
    """Return whether a text without blanks looks like a password or the hash of one."""
    if _HASH.fullmatch(text):
        return True
    if not _SHORTEST <= len(text) <= _LONGEST or not looks_like_one(text.replace("@", "")):
        return False
    return not (_PLACE.match(text) or _is_name(text))


def own_cell(name: str, cell: str) -> str:
    """Return a row's own cell as it is stored.

    Passwords in it are masked, unless its header shows that the column holds none.
    """
    return cell if _is_harmless_header(name) else masked(cell)


def masked(text: str) -> str:
    """Return a text for people; mask each part that looks like a password."""
    if len(text) < _SHORTEST or (text == text.lower() and len(text) < _SHORTEST_HASH and not _OF_HASHES & {*text}):
        return text
    return "".join(map(_masked_word, _BLANKS.split(text)))


def _masked_word(word: str) -> str:
    if looks_secret(_bare(word)):
        return MASK
    return "".join(MASK if looks_secret(_bare(part)) else part for part in _PARTS.split(word))


def masked_header(name: str) -> str:
    """Mask a header cell so that nothing in it can reveal a password.

    What was taken for the header may be the first row.
    """
    covered = masked_cell(name)
    bare = covered.strip(BLANKS)
    plain = bare.isalpha() or re.fullmatch(r"[^\W\d]+[ _-]?\d{1,2}", bare) or not any(map(str.isdigit, bare))
    return covered if plain or " " in bare or MASK in bare or len(bare) < 4 else MASK


def masked_cell(cell: str) -> str:
    """Mask a password inside a cell for a name, an address or a figure."""
    text = cell.strip(BLANKS)
    if not text or _CLOCK_TIME.fullmatch(text):
        return cell
    scheme = _SCHEME.match(text)
    start = scheme.end() if scheme else 0
    body = text[start:]
    if behind := _BEHIND.fullmatch(body[:_LOOKED_AT]):
        before, sign, rest = behind.groups()
        if not _has_address(rest):
            return f"{text[:start]}{masked_cell(before)}{sign}{MASK}"
    first, *others = _PARTS.split(body[:_LOOKED_AT])
    if others:
        addressed = _WHOLE_ADDRESS.fullmatch(first) is not None
        return (
            text[:start]
            + _masked_name(first)
            + "".join(MASK if index % 2 and _is_extra(part, addressed) else part for index, part in enumerate(others))
        )
    return text[:start] + _masked_name(body) if _masked_name(body) != body else cell


def masked_value(cell: str) -> str:
    """Mask a cell that names no mailbox, as `masked_cell` does.

    The whole cell is masked where it could only be a password.
    """
    text = masked_cell(cell)
    bare = text.strip(BLANKS)
    if MASK in bare or _is_name(bare) or quotas.quota(bare) is not None:
        return text
    return MASK if looks_secret(bare) or ("@" not in bare and _looks_loosely(bare)) else text


_MASKED = {Masking.ADDRESS: masked_cell, Masking.VALUE: masked_value, Masking.TEXT: masked}


def masked_in(column: str, cell: str) -> str:
    """Mask passwords in a cell of one of our columns, except the password column."""
    return _MASKED[MEANINGS[column].masking](cell)


def cover(cells: pa.Array, column: str) -> pa.Array:
    """Apply `masked_in` to every cell of a column."""
    read = _MASKED[MEANINGS[column].masking]
    if MEANINGS[column].masking is Masking.TEXT:
        suspect = arrow_text.contain_sign(cells, _SUSPECT_TEXT)
        suspect[suspect] = arrow_text.contain(cells.filter(pa.array(suspect)), _LONG_WORD)
    else:
        suspect = arrow_text.contain_sign(cells, _SUSPECT)
        plain = f"{_USERNAME}|{_PLAIN_ADDRESS}" if read is masked_cell else _PLAIN_ADDRESS
        suspect[suspect] = ~arrow_text.match(cells.filter(pa.array(suspect)), plain)
    if not suspect.any():
        return cells
    return pc.replace_with_mask(cells, pa.array(suspect), arrow_text.each(cells.filter(pa.array(suspect)), read))


def hides_one(text: str) -> bool:
    """Return whether a text contains a mask."""
    return MASK in text


def _masked_name(text: str) -> str:
    """Mask a single word of an address cell if it may be a password.

    A word may be one if it has characters that no address has.
    """
    bare = _bare(text)
    if _WHOLE_ADDRESS.fullmatch(bare) or not looks_secret(bare):
        return text
    odd = any(not sign.isalnum() and sign not in _OF_ADDRESSES for sign in bare)
    return MASK if odd or "@" in bare else text


def _is_extra(part: str, addressed: bool) -> bool:
    """Return whether a word next to a name or an address is a password.

    A second address or a part of a name is not.
    """
    bare = _bare(part)
    if not bare or _has_address(part):
        return False
    return looks_secret(bare) or (addressed and part == bare and _looks_loosely(bare))


def _has_address(text: str) -> bool:
    return any(_WHOLE_ADDRESS.fullmatch(word) for word in _BETWEEN_ADDRESSES.split(text) if "@" in word)


def _looks_loosely(text: str) -> bool:
    """Return whether a text could be a password at all.

    It must have no blank, some letters, and a digit or an unusual character.
    """
    if looks_secret(text):
        return True
    if not _SHORTEST <= len(text) <= _LONGEST or any(map(str.isspace, text)):
        return False
    if not any(map(str.isalpha, text)) or not any(sign.isdigit() or sign in "!$%^&*=?~#" for sign in text):
        return False
    return not (_PLACE.match(text) or _is_name(text))


def _is_name(text: str) -> bool:
    """Return whether a text is an address, a domain or a date."""
    if _WHOLE_ADDRESS.fullmatch(text) or _DATE.fullmatch(text):
        return True
    top = text.rpartition(".")[2]  # distinguishes a domain from a password with a dot in it
    written = top.isalpha() and (top.islower() or top.isupper())
    return (written or top.lower().startswith("xn--")) and is_domain(domain(text))


def _bare(part: str) -> str:
    """Return a word without brackets and quotes around it."""
    return part.strip("()[]<>\"'“”‘’,.")


def _is_about_a_password(text: str) -> bool:
    return _words(text)[1] in _ABOUT or _DATE.fullmatch(text) is not None


@lru_cache(maxsize=4_096)
def _is_harmless_header(name: str) -> bool:
    words, letters = _words(name)
    return bool(letters) and (any(part in letters for part in _HARMLESS) or not _HARMLESS_WORDS.isdisjoint(words))
