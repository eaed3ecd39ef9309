"""Saved views: filters of Email accounts that a person keeps under a name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mxlib.core.mailbox_filter import MailboxFilter

#: Most views of a person, and characters of the longest name.
MAX_VIEWS, MAX_NAME_LENGTH = 30, 60

#: Most characters of a filter in an address: browsers and proxies refuse longer ones.
_MAX_FILTER_LENGTH = 4_000


class InvalidView(ValueError):
    """A view that cannot be saved; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class SavedView:
    """A view of a person: its name, and the parameters of its address."""

    name: str
    parameters: Mapping[str, Sequence[str]]

    @property
    def key(self) -> str:
        """Return what two views of a person may not share."""
        return key_of(self.name)

    @property
    def filter(self) -> MailboxFilter:
        """Return the filter of the view."""
        return MailboxFilter.read(self.parameters)


def key_of(name: str) -> str:
    """Return the name of a view as it is compared: in any case."""
    return name.casefold()


def checked(name: str, chosen: MailboxFilter) -> SavedView:
    """Return the view of this name.

    Raises InvalidView for a name or a filter that cannot be kept.
    """
    parameters = chosen.parameters()
    if sum(len(name) + len(value) + 2 for name, values in parameters.items() for value in values) > _MAX_FILTER_LENGTH:
        raise InvalidView("These filters are too long for an address. Choose fewer domains, or a client.")
    return SavedView(checked_name(name), parameters)


def checked_name(name: str) -> str:
    """Return a name without blanks around it; raises InvalidView for one that cannot be kept."""
    name = " ".join(name.split())
    if not name:
        raise InvalidView("Give the view a name.")
    if len(name) > MAX_NAME_LENGTH:
        raise InvalidView(f"The name has {len(name):,} characters. Use up to {MAX_NAME_LENGTH}.")
    if not name.isprintable():
        raise InvalidView("The name has characters that cannot be shown. Type it again.")
    return name
