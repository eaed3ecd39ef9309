"""Suggested values: what a faulty cell evidently means; blank where nothing is evident.

A suggestion is always valid by itself. A cell that may hide a password, or holds two addresses, has none.
"""

import re
from collections.abc import Collection

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import OSA

from mxlib.core import addresses, quotas
from mxlib.core.address_forms import holds_several
from mxlib.core.arrow_text import BLANKS
from mxlib.core.mapping.secret_cells import hides_one
from mxlib.core.mapping.usernames import spell_out
from mxlib.core.schema import MAX_SENDS_PER_DAY, NAME

#: Pairs of texts that are compared at most for one table: some forty milliseconds.
_MOST_PAIRS = 200_000

# ruff: noqa: SIM905 - lists of words are read more easily as one text

#: Domains of large providers that people type wrong, and others so close to them that they must not be taken for one.
PROVIDERS = frozenset(
    "gmail.com googlemail.com hotmail.com hotmail.nl hotmail.de hotmail.fr hotmail.it hotmail.es hotmail.co.uk "
    "outlook.com outlook.de outlook.fr outlook.es live.com live.nl live.de live.fr yahoo.com yahoo.de yahoo.fr "
    "yahoo.es yahoo.it yahoo.co.uk icloud.com freenet.de t-online.de protonmail.com proton.me ziggo.nl kpnmail.nl "
    "hetnet.nl planet.nl telenet.be skynet.be orange.fr wanadoo.fr laposte.net libero.it bluewin.ch btinternet.com "
    "web.de gmx.de gmx.net gmx.at gmx.ch arcor.de aol.com".split()
)
_LIKE_THEM = frozenset("mail.com email.com ymail.com rocketmail.com tmail.com hmail.com fmail.com outlook.nl".split())
#: Endings that are typed for `com`. Any other of two letters may be a country in which the provider is: `hotmail.be`.
_CUT_SHORT = frozenset({"co", "cm", "om"})
#: A shorter domain is close to too many others.
_SHORTEST_PROVIDER = 9
_LONG_PROVIDERS = sorted(name for name in PROVIDERS if len(name) >= _SHORTEST_PROVIDER)
_LONGEST_PROVIDER = max(map(len, PROVIDERS))
_PROVIDER_NAMES = frozenset(name.partition(".")[0] for name in PROVIDERS)
_COUNTRY_LENGTH = 2

_SHORTEST_DOMAIN = 6
#: Characters of a name without its ending from which one typing error, and two, may be in it.
_LONG_ENOUGH = (9, 14)
_MOST_ERRORS = len(_LONG_ENOUGH)
_UNREADABLE_DOT = re.compile(r"[0-9]{1,3}(?:[.][0-9]{3}){1,2}")
_BYTES = re.compile(r"[0-9]{1,3}(?:[ ,.'’\xa0\u2009\u202f]?[0-9]{3}){3,5}")
_NUMBER = re.compile(r"[0-9]{1,3}(?:[ ,.'’][0-9]{3})*|[0-9]{1,9}")
_UNLIMITED = frozenset({"unlimited", "unbegrenzt", "onbeperkt", "max", "maximum"})
#: What separates a domain from a text behind it, unless it means a dot; and a remark in brackets at the end.
_PARTING = re.compile(r"([\s,;]+)")
_REMARK_BEHIND = re.compile(r"(?<!\s)\s*+(?:\([^()@]*+\)|\[[^\[\]@]*+\])\s*+\Z")
#: Endings that a domain may have after its parts were joined; another word is probably text.
_JOINED_ENDING = re.compile(r"[a-z]{2}|com|net|org|info|example", re.IGNORECASE)
_AROUND = " .,;:<>()[]'\""
_HIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]+")


def username(name: str, *, spelled: bool = False) -> str:
    """Return the username that an invalid one means.

    With `spelled`, ä becomes `ae` and ø becomes `oe`.
    """
    if not name or hides_one(name) or holds_several(name) or addresses.foreign_letter(name):
        return ""
    spell = spelled and len(name) <= 2 * addresses.MAX_USERNAME_LENGTH
    return addresses.suggestion(spell_out(name) if spell else name)


def nearest_domains(unknown: Collection[str], suggestable: Collection[str]) -> dict[str, str]:
    """Map unknown domains to the one of `suggestable` that each evidently means, if any.

    It is the only one of the same name and another ending, or the nearest one by up to two typing errors. Digits must
    agree: `client1.nl` is not `client2.nl`. Only so many pairs are compared for typing errors: those of the unknown
    domains that come first by name, whatever the order of the rows.
    """
    wanted = sorted({name for name in unknown if len(name) >= _SHORTEST_DOMAIN and addresses.is_domain(name)})
    by_stem, by_length = dict[str, list[str]](), dict[int, list[str]]()
    for known in sorted(suggestable) if wanted else ():
        by_stem.setdefault(_stem(known), []).append(known)
        by_length.setdefault(len(known), []).append(known)
    found = {}
    mistyped = dict[int, list[str]]()
    pairs = 0
    for name in wanted:
        if same := by_stem.get(_stem(name)):
            if len(same) == 1:
                found[name] = same[0]
        elif _errors(name):
            pairs += sum(len(by_length.get(length, ())) for length in _lengths_near(len(name)))
            if pairs > _MOST_PAIRS:
                break
            mistyped.setdefault(len(name), []).append(name)
    for length, names in mistyped.items():
        among = [known for near in _lengths_near(length) for known in by_length.get(near, ())]
        found |= _nearest(names, among) if among else {}
    return found


def _lengths_near(length: int) -> range:
    return range(length - _MOST_ERRORS, length + _MOST_ERRORS + 1)


def _nearest(names: list[str], among: list[str]) -> dict[str, str]:
    """Map mistyped domains to the one of `among` that is nearer than any other."""
    distances = process.cdist(names, among, scorer=OSA.distance, score_cutoff=_MOST_ERRORS, dtype=np.uint8)
    found = {}
    for name, row in zip(names, distances, strict=True):
        at = int(row.argmin())
        is_only_one = int((row == row[at]).sum()) == 1
        if is_only_one and row[at] <= _errors(name) and _digits(name) == _digits(among[at]):
            found[name] = among[at]
    return found


def _stem(domain: str) -> str:
    """Return a domain without `www.` and its ending."""
    return domain.removeprefix("www.").rpartition(".")[0] or domain


def _errors(domain: str) -> int:
    """Return how many typing errors a domain may have: none in a short name, which may be that of another client."""
    return sum(len(_stem(domain)) >= length for length in _LONG_ENOUGH)


def _digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))


def either(in_name: str, in_column: str, suggestable: Collection[str]) -> str:
    """Return that one of two different domains which is among `suggestable`."""
    known = [name for name in (in_name, in_column) if name in suggestable]
    return known[0] if len(known) == 1 else ""


def mistyped_providers(domains: Collection[str]) -> dict[str, str]:
    """Map domains to the large provider that is one typing error away.

    Where several are, none is meant. Only so many domains are compared: the first by name.
    """
    wanted = sorted({name for name in domains if _may_be_mistyped(name)})[: _MOST_PAIRS // len(_LONG_PROVIDERS)]
    if not wanted:
        return {}
    distances = process.cdist(wanted, _LONG_PROVIDERS, scorer=OSA.distance, score_cutoff=1, dtype=np.uint8)
    near = distances <= 1
    found = {wanted[at]: _LONG_PROVIDERS[int(near[at].argmax())] for at in np.flatnonzero(near.sum(axis=1) == 1)}
    return {name: meant for name, meant in found.items() if _digits(name) == _digits(meant)}


def _may_be_mistyped(domain: str) -> bool:
    if domain in PROVIDERS or domain in _LIKE_THEM or not addresses.is_domain(domain):
        return False
    name, _, ending = domain.partition(".")
    has_country = len(ending.rpartition(".")[2]) == _COUNTRY_LENGTH and ending not in _CUT_SHORT
    is_whole = name in _PROVIDER_NAMES and has_country
    return not is_whole and _SHORTEST_PROVIDER - 1 <= len(domain) <= _LONGEST_PROVIDER + 1


def recovery_email(cell: str) -> str:
    """Return the address that an invalid recovery email means.

    A blank within the name may mean a dot or for nothing, and what follows a whole domain may be a text: then
    nothing is evident. Only a remark in brackets is left out.
    """
    if len(cell) > addresses.MAX_EMAIL_LENGTH or cell.count("@") != 1 or hides_one(cell) or holds_several(cell):
        return ""
    typed = "".join(sign for sign in cell if sign.isspace() or sign not in BLANKS)
    before, _, after = _REMARK_BEHIND.sub("", typed).partition("@")
    name = _dotted(before.strip(_AROUND).replace(",", "."))
    meant = addresses.email(f"{name}@{_joined(after.strip(_AROUND))}")
    name, _, at = meant.rpartition("@")
    meant = f"{name}@{mistyped_providers([at]).get(at, at)}"
    return meant if addresses.is_email(meant) else ""


def _joined(domain: str) -> str:
    """Return a domain without blanks, and with dots for commas.

    It is blank where a text may follow the domain.
    """
    parts = _PARTING.split(domain)
    joined = parts[0]
    for sign, part in zip(parts[1::2], parts[2::2], strict=True):
        if "." in joined.strip("."):
            return ""
        joined += f".{part}" if sign.strip() else part
    joined = _dotted(joined)
    is_plain = len(parts) == 1 or _JOINED_ENDING.fullmatch(joined.rpartition(".")[2])
    return joined if is_plain else ""


def _dotted(text: str) -> str:
    """Return a text with one dot for each run of dots."""
    return ".".join(filter(None, text.split(".")))


def quota(cell: str) -> str:
    """Return the quota that an unreadable one means: `1.024` is 1024, and bytes become MB."""
    text = cell.strip(BLANKS)
    if len(text) > 40 or hides_one(text):
        return ""
    if text.lower() in _UNLIMITED:
        return "unlimited"
    if _BYTES.fullmatch(text):
        return from_bytes(int(_digits(text)))
    return text.replace(".", "") if _UNREADABLE_DOT.fullmatch(text) and not text.startswith("0") else ""


def from_bytes(amount: int) -> str:
    """Return bytes as a quota in MB; blank for an amount that no mailbox has."""
    megabytes = amount // 1_048_576
    return f"{megabytes} MB" if 0 < megabytes < quotas.HUGE else ""


def limit(cell: str) -> str:
    """Return the limit that an invalid one means: more than MXroute's highest is the highest."""
    text = cell.strip(BLANKS)
    if len(text) > 40:
        return ""
    if text.lower() in _UNLIMITED:
        return str(MAX_SENDS_PER_DAY)
    amount = int(_digits(text)) if _NUMBER.fullmatch(text) else 0
    return str(min(amount, MAX_SENDS_PER_DAY)) if amount else ""


def full_name(cell: str) -> str:
    """Return a name without line breaks and characters that no page shows."""
    if hides_one(cell) or len(cell) > NAME.max_length:
        return ""
    return " ".join(_HIDDEN.sub(" ", cell).split())
