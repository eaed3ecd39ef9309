"""Lists of clients as files: read them, compare them with the clients that exist, and write them."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any

from mxlib.core import addresses, headers, quotas
from mxlib.core.client_versions import changed_parts, version_of
from mxlib.core.clients import LANGUAGES, ClientDetails, Contact, InvalidClient, Terms, checked, key_of
from mxlib.core.files.errors import FileRefused
from mxlib.core.files.sheet import Sheet
from mxlib.core.formula_guard import plain
from mxlib.core.text import client_lists as texts
from mxlib.core.vocabulary import CLEAR

#: The columns of a list, and the letters of other headers that mean them.
_COLUMNS: Mapping[str, str] = {
    "client": "clientname customer customername company organisation organization kunde klant",
    "domains": "domain domainname domainnames domein domeinen",
    "contact_name": "contact contactperson ansprechpartner contactpersoon",
    "contact_address": "contactemail contactmail email emailaddress mail",
    "contact_language": "languageofcontact",
    "language": "lang sprache taal",
    "quota_of_new_mailboxes": "quotaofanewmailbox defaultquota newquota quota",
    "largest_quota": "maxquota maximumquota",
    "most_mailboxes": "mailboxesinall maxmailboxes maximummailboxes numberofmailboxes mailboxes",
    "self_service": "selfservicereset reset passwordreset selfservicepasswordreset",
    "notes": "note remarks comments bemerkungen opmerkingen",
}
COLUMNS = tuple(_COLUMNS)

_MEANINGS = {headers.letters(alias): name for name, others in _COLUMNS.items() for alias in (name, *others.split())}

_TERMS = {
    "quota_of_new_mailboxes": "default_quota",
    "largest_quota": "max_quota",
    "most_mailboxes": "max_mailboxes",
}

#: Rows among which the header is searched.
_SEARCHED = 20
_BETWEEN = re.compile(r"[\s,;]+")
_THOUSANDS = re.compile(r"[0-9]{1,3}(?:[ ,.'’][0-9]{3})+|[0-9]{1,9}")
_SWITCHES = {
    **dict.fromkeys(("yes", "on", "true", "1", "ja", "oui", "si", "sí", "x"), True),
    **dict.fromkeys(("no", "off", "false", "0", "nein", "nee", "non"), False),
}
_LANGUAGES = {**{code: code for code in LANGUAGES}, **{name.lower(): code for code, name in LANGUAGES.items()}}


class ListVerdict(StrEnum):
    """The outcome that a client of a list would have."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class ListedClient:
    """One client of a list, on one line or several.

    Cells that it leaves blank are missing in `given`.
    """

    name: str
    lines: tuple[int, ...]
    given: Mapping[str, Any] = field(repr=False)
    contacts: tuple[Contact, ...] | None = field(default=None, repr=False)
    errors: tuple[str, ...] = ()

    def over(self, before: ClientDetails | None) -> ClientDetails:
        """Return the client with what the list says of it."""
        old = before or ClientDetails(self.name, ())
        terms = {name: self.given.get(name, getattr(old.terms, name)) for name in asdict(old.terms)}
        return ClientDetails(
            old.name,
            self.given.get("domains", old.domains),
            old.contacts if self.contacts is None else self.contacts,
            self.given.get("language", old.language),
            Terms(**terms),
            self.given.get("notes", old.notes),
            bool(self.given.get("self_service", old.self_service)),
        )


@dataclass(frozen=True, slots=True)
class PlannedClient:
    """One client of a list: its lines, the verdict, and why or what changes.

    `number` is that of the client that exists, `before` its details, and `details` those after the import.
    """

    name: str
    lines: tuple[int, ...]
    verdict: ListVerdict
    sentences: tuple[str, ...] = ()
    number: int | None = None
    before: ClientDetails | None = field(default=None, repr=False)
    details: ClientDetails | None = field(default=None, repr=False)

    @property
    def is_ready(self) -> bool:
        """Return whether an import adds or changes this client."""
        return self.verdict in (ListVerdict.NEW, ListVerdict.CHANGED)


# Reading.


def read(sheet: Sheet) -> tuple[ListedClient, ...]:
    """Return the clients of a table that was read without a header.

    Raises FileRefused when no line names the columns.
    """
    columns = {at: plain(sheet.table.column(at)).to_pylist() for at in range(len(sheet.header))}
    rows = list(zip(*columns.values(), strict=True))
    at, meanings = _header(rows)
    found: dict[str, _Lines] = {}
    for position in range(at + 1, len(rows)):
        cells = {name: rows[position][column] for name, column in meanings.items() if rows[position][column]}
        line = int(sheet.table.lines[position])
        if cells:
            name = " ".join(cells.get("client", "").split())
            found.setdefault(key_of(name) or str(line), _Lines(name)).add(line, cells)
    if not found:
        raise FileRefused(texts.NO_ROWS)
    return tuple(lines.merged() for lines in found.values())


def _header(rows: Sequence[Sequence[str]]) -> tuple[int, dict[str, int]]:
    """Return the position of the header, and the column of each meaning."""
    best: tuple[int, dict[str, int]] = (0, {})
    for at, cells in enumerate(rows[:_SEARCHED]):
        meanings: dict[str, int] = {}
        for column, cell in enumerate(cells):
            if meaning := _MEANINGS.get(headers.letters(cell)):
                meanings.setdefault(meaning, column)
        if "client" in meanings and len(meanings) > len(best[1]):
            best = at, meanings
    if len(best[1]) < 2:
        raise FileRefused(texts.NO_HEADER)
    return best


class _Lines:
    """The lines of one client."""

    def __init__(self, name: str) -> None:
        self.name, self._lines = name, list[int]()
        self._said: dict[str, tuple[int, object]] = {}
        self._domains: dict[str, None] = {}
        self._contacts: dict[Contact, None] = {}
        self._clears = set[str]()
        self._errors: list[str] = [] if name else [texts.NO_NAME]

    def add(self, line: int, cells: Mapping[str, str]) -> None:
        """Take in one line."""
        self._lines.append(line)
        for name, cell in cells.items():
            if name == "domains":
                self._domains |= dict.fromkeys(addresses.domain(each) for each in _BETWEEN.split(cell) if each)
            elif name not in ("client", "contact_name", "contact_address", "contact_language"):
                self._say(line, name, cell)
        if cells.get("contact_address") == CLEAR:
            self._clears.add("contacts")
            return
        language = self._read(line, "contact_language", cells.get("contact_language", ""), _language)
        contact = Contact(cells.get("contact_name", ""), cells.get("contact_address", ""), str(language or ""))
        if contact.name or contact.address:
            self._contacts[contact] = None

    def _say(self, line: int, name: str, cell: str) -> None:
        value = self._read(line, name, cell, _READ[name])
        first, said = self._said.setdefault(name, (line, value))
        if said != value:
            self._errors.append(texts.two_values(name, first, line))

    def _read(self, line: int, name: str, cell: str, reading: Callable[[str], object]) -> object:
        if cell == CLEAR:
            return {"notes": "", "language": next(iter(LANGUAGES)), "self_service": False}.get(name)
        try:
            return reading(cell)
        except ValueError:
            self._errors.append(texts.not_understood(name, line, cell))
            return None

    def merged(self) -> ListedClient:
        """Return the client that the lines describe."""
        given = {_TERMS.get(name, name): value for name, (_, value) in self._said.items()}
        if self._domains:
            given["domains"] = tuple(self._domains)
        contacts = tuple(self._contacts) if self._contacts or self._clears else None
        return ListedClient(self.name, tuple(self._lines), given, contacts, tuple(dict.fromkeys(self._errors)))


def _quota(cell: str) -> int:
    megabytes = quotas.quota(cell)
    if megabytes is None:
        raise ValueError(cell)
    return megabytes


def _number(cell: str) -> int:
    if not _THOUSANDS.fullmatch(cell):
        raise ValueError(cell)
    return int("".join(filter(str.isdigit, cell)))


def _language(cell: str) -> str:
    if cell and cell.lower() not in _LANGUAGES:
        raise ValueError(cell)
    return _LANGUAGES[cell.lower()] if cell else ""


def _switch(cell: str) -> bool:
    if cell.lower() not in _SWITCHES:
        raise ValueError(cell)
    return _SWITCHES[cell.lower()]


_READ: Mapping[str, Callable[[str], object]] = {
    "language": _language,
    "quota_of_new_mailboxes": _quota,
    "largest_quota": _quota,
    "most_mailboxes": _number,
    "self_service": _switch,
    "notes": str,
}


# Comparing.

#: Sentences about what is wrong with one client, of those about its domains.
_MOST_SENTENCES = 5


def plan(
    clients: Iterable[ListedClient],
    existing: Mapping[str, tuple[int, ClientDetails]],
    account: Collection[str] | None,
) -> tuple[PlannedClient, ...]:
    """Return what an import of these clients does.

    `existing` are number and details by the key of the name, `account` the domains of the account; None is unknown.
    """
    planned = [_compared(client, existing.get(key_of(client.name)), account) for client in clients]
    stored = dict(existing.values())
    owners = {domain: number for number, details in existing.values() for domain in details.domains}
    claims: dict[str, list[int]] = {}
    for at, client in enumerate(planned):
        for domain in client.details.domains if client.details else ():
            claims.setdefault(domain, []).append(at)
    changing = {client.number for client in planned if client.details}
    kept = [number for number in stored if number not in changing]

    def refuse(at: int, sentence: str) -> None:
        client = planned[at]
        if client.details and client.number is not None:
            kept.append(client.number)
        said = (*client.sentences, sentence) if client.verdict is ListVerdict.ERROR else (sentence,)
        said = client.sentences if len(client.sentences) >= _MOST_SENTENCES else said
        planned[at] = replace(client, verdict=ListVerdict.ERROR, sentences=said, details=None)

    for domain, places in claims.items():
        first, *others = sorted(
            places, key=lambda at: (planned[at].number is None or planned[at].number != owners.get(domain), at)
        )
        for at in others:
            is_owner = planned[first].number is not None and planned[first].number == owners.get(domain)
            refuse(
                at,
                texts.belongs_to(domain, planned[first].name)
                if is_owner
                else texts.is_twice(domain, planned[first].lines[0]),
            )
    while kept:  # a client that stays as it is keeps its domains, which may refuse the next one
        number = kept.pop()
        for domain in stored[number].domains:
            for at in claims.get(domain, ()):
                if planned[at].number != number and planned[at].details:
                    refuse(at, texts.belongs_to(domain, stored[number].name))
    return tuple(planned)


def _compared(
    client: ListedClient, found: tuple[int, ClientDetails] | None, account: Collection[str] | None
) -> PlannedClient:
    """Return what an import makes of one client, whatever the others claim."""
    number, before = found or (None, None)
    errors = list(client.errors)
    details = None
    try:
        details = checked(client.over(before))
    except InvalidClient as error:
        errors += [str(error)] if not errors else []
    if details and account is not None:
        known = frozenset(before.domains) if before else frozenset[str]()
        if unknown := [name for name in details.domains if name not in account and name not in known]:
            errors.append(texts.unknown_domains(unknown))
    if errors or details is None:
        return PlannedClient(client.name, client.lines, ListVerdict.ERROR, tuple(errors), number, before)
    if before is None:
        return PlannedClient(client.name, client.lines, ListVerdict.NEW, (), None, None, details)
    parts = changed_parts(details, version_of(before))
    verdict = ListVerdict.CHANGED if parts else ListVerdict.UNCHANGED
    sentences = (texts.changes(before, details, parts),) if parts else ()
    return PlannedClient(before.name, client.lines, verdict, sentences, number, before, details)


# Writing.


def rows_of(clients: Iterable[ClientDetails]) -> Iterator[tuple[str, ...]]:
    """Yield the rows of a list that `read` reads as these clients.

    Further contacts have a line each.
    """
    for details in clients:
        terms = details.terms
        figures = (terms.default_quota, terms.max_quota, terms.max_mailboxes)
        first, *others = details.contacts or (Contact(),)
        yield (
            details.name,
            " ".join(details.domains),
            first.name,
            first.address,
            first.language,
            details.language,
            *("" if figure is None else str(figure) for figure in figures),
            "yes" if details.self_service else "no",
            details.notes,
        )
        blank = [""] * (len(COLUMNS) - 5)
        for contact in others:
            yield (details.name, "", contact.name, contact.address, contact.language, *blank)
