"""Texts about lists of clients: errors with their place and a way out, and what an import changes."""

from collections.abc import Sequence

from mxlib.core.clients import ClientDetails
from mxlib.core.format import listed, quoted

NO_HEADER = (
    "None of the first 20 lines names a column client and another column of a list of clients. Download the list of "
    "clients for the columns."
)
NO_ROWS = "The list has a header and no clients. Write one client a line below it."
NO_NAME = "The line names no client. Write the client in the column client."

#: Domains that a sentence names.
_MOST = 5

_EXPECTED = {
    "quota_of_new_mailboxes": "an amount such as 2 GB",
    "largest_quota": "an amount such as 10 GB",
    "most_mailboxes": "a whole number",
    "language": "a language such as nl",
    "contact_language": "a language such as nl",
    "self_service": "yes or no",
}


def not_understood(column: str, line: int, cell: str) -> str:
    """Return the error of a cell that is not of its kind."""
    return f"{column} in line {line}: {quoted(cell)} is not {_EXPECTED[column]}. Write one, or leave it blank."


def two_values(column: str, first: int, second: int) -> str:
    """Return the error of lines that contradict each other."""
    return f"{column}: lines {first} and {second} differ. Write it in one of them."


def unknown_domains(domains: Sequence[str]) -> str:
    """Return the error of domains that are not on the account."""
    names, are = listed(domains, most=_MOST), "is" if len(domains) == 1 else "are"
    return f"{names} {are} not on the MXroute account. Correct the list, or add the domain at MXroute first."


def belongs_to(domain: str, client: str) -> str:
    """Return the error of a domain that another client keeps."""
    return f"{domain} belongs to {client}. Remove it there first."


def is_twice(domain: str, line: int) -> str:
    """Return the error of a domain that the list gives to two clients."""
    return f"{domain} is in line {line} for another client, too. Remove it from one of them."


def changes(before: ClientDetails, after: ClientDetails, parts: Sequence[str]) -> str:
    """Describe what changes in a client, with the domains by name."""
    added = [name for name in after.domains if name not in before.domains]
    removed = [name for name in before.domains if name not in after.domains]
    moves = [*(f"+ {name}" for name in added), *(f"- {name}" for name in removed)]
    said = {
        "domains": f"domains ({', '.join(moves) or 'in another order'})",
        "self-service reset": f"self-service reset {'on' if after.self_service else 'off'}",
    }
    return ", ".join(said.get(part, part) for part in parts)
