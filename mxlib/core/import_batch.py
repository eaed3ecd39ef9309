"""Input of validation, the same from page, API and draft: rows, choices, and the source of the rows."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Protocol

import pandas as pd

from mxlib.core import addresses, arrow_text, passwords
from mxlib.core.addresses import Addresses
from mxlib.core.invalid_body import InvalidBody
from mxlib.core.namesakes import SamePeople
from mxlib.core.notes import Note
from mxlib.core.vocabulary import OnExisting

#: Characters of the longest domain, with space for blanks around it.
_MAX_DEFAULT_DOMAIN = 300


class ImportSource(Protocol):
    """The source of the rows: a file, or the body of a request."""

    @property
    def file_name(self) -> str:
        """The name of the file; blank without one."""

    @property
    def file_digest(self) -> str:
        """The sha256 of the bytes of the file, in hex; blank without one."""

    @property
    def notes(self) -> tuple[Note, ...]:
        """Remarks for the reader of the results about how the rows were read."""

    @property
    def spells_out(self) -> bool | None:
        """True if its headers are in a language with `ae` for ä; None if unknown."""

    def cells(self, origin: int) -> Mapping[str, str]:
        """Return the own columns of a row, for the results; never a password."""


def parse_default_domain(text: str) -> str:
    """Return the domain for rows that name none; raise InvalidBody when it is too long.

    Every such row repeats it, so a long text would exist ten thousand times.
    """
    if len(text) > _MAX_DEFAULT_DOMAIN:
        long = f"over {_MAX_DEFAULT_DOMAIN} characters, which no domain has. Write one of the account's."
        raise InvalidBody("default_domain", f"default_domain: {long}")
    return addresses.domain(text)


@dataclass(frozen=True, eq=False)
class ImportBatch:
    """Rows to validate and import; those without a domain go to `domain`.

    With `generate`, rows that lack a password get one. `source` is None when all rows were added by hand.
    `existing` has usernames by domain that exist according to the sender: a preview trusts them, a run does not.
    Tables are never changed in place: other rows make another batch.
    """

    rows: pd.DataFrame = field(repr=False)
    domain: str
    on_existing: OnExisting = OnExisting.SKIP
    generate: bool = False
    source: ImportSource | None = None
    existing: Mapping[str, frozenset[str]] = field(default_factory=dict, repr=False)
    #: Usernames that were made of names, by origin, and the rows whose mailboxes a person said are theirs.
    made: Mapping[int, str] = field(default_factory=dict, repr=False)
    same_people: SamePeople = field(default=frozenset(), repr=False)
    #: Whether nobody ever sees the generated passwords, and whether former recovery emails get no notice: of programs.
    set_by_owners: bool = False
    without_notices: bool = False
    #: The addresses of the rows, if already parsed.
    parsed: Addresses | None = field(default=None, repr=False)

    @cached_property
    def addresses(self) -> Addresses:
        """The addresses of the rows, parsed once."""
        return addresses.read(self.rows, self.domain) if self.parsed is None else self.parsed

    @cached_property
    def domains(self) -> frozenset[str]:
        """The domains of the rows, normalised: validation needs their lists."""
        _, names = arrow_text.distinct(self.addresses.domain)
        return frozenset(names) - {""}

    @property
    def updates(self) -> bool:
        """Return whether rows of existing mailboxes update them."""
        return self.on_existing is OnExisting.UPDATE

    @property
    def file_name(self) -> str:
        """The name of the file that the rows came from; blank without one."""
        return self.source.file_name if self.source else ""

    @property
    def file_digest(self) -> str:
        """The sha256 of the bytes of that file, in hex; blank without one."""
        return self.source.file_digest if self.source else ""

    def with_passwords(self, validated: pd.DataFrame) -> "ImportBatch":
        """Fill in a password wherever one is missing; `validated` are these rows with their verdicts.

        The parsed addresses are kept.
        """
        return replace(self, rows=passwords.fill(validated), parsed=self.addresses)
