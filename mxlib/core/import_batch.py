"""What the page, the API and a draft hand over for validation: rows, choices, and where the rows came from."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Protocol

import pandas as pd

from mxlib.core import addresses, arrow_text, passwords
from mxlib.core.addresses import Addresses
from mxlib.core.invalid_body import InvalidBody
from mxlib.core.vocabulary import OnExisting

#: Characters of a domain, and of blanks around it.
_MAX_DEFAULT_DOMAIN = 300


class ImportSource(Protocol):
    """Where rows came from: a file, or the body of a request."""

    @property
    def file_name(self) -> str:
        """The name of the file; blank without one."""

    @property
    def file_digest(self) -> str:
        """The sha256 of the bytes of the file, in hex; blank without one."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What the reader of the results should know of how the rows were read."""

    def cells(self, origin: int) -> Mapping[str, str]:
        """The own columns of a row, for the results; never a password."""


def parse_default_domain(text: str) -> str:
    """The domain of rows without one, which each of them repeats: a long text would be there ten thousand times."""
    if len(text) > _MAX_DEFAULT_DOMAIN:
        long = f"over {_MAX_DEFAULT_DOMAIN} characters, which no domain has. Write one of the account's."
        raise InvalidBody("default_domain", f"default_domain: {long}")
    return addresses.domain(text)


@dataclass(frozen=True, eq=False)
class ImportBatch:
    """Rows to validate and import; those without a domain go to `domain`.

    `generate`: rows that lack a password get one. `source` is missing where all rows were added by hand.
    `existing` are usernames by domain that the sender says exist: a preview trusts them, a run does not.
    Tables are never changed in place: other rows make another batch.
    """

    rows: pd.DataFrame = field(repr=False)
    domain: str
    on_existing: OnExisting = OnExisting.SKIP
    generate: bool = False
    source: ImportSource | None = None
    existing: Mapping[str, frozenset[str]] = field(default_factory=dict, repr=False)
    #: The addresses of the rows, where they are parsed already.
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
        """Whether rows of mailboxes that exist change them."""
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

        The addresses stay as they are parsed.
        """
        return replace(self, rows=passwords.fill(validated), parsed=self.addresses)
