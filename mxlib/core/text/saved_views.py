"""Texts of saved views."""

from collections.abc import Sequence

from mxlib.core.format import count
from mxlib.core.mailbox_filter import LABELS, ORDER_LABELS, MailboxFilter, MailboxOrder

ALL = "All mailboxes"
SAVE = "Save this view…"
EDIT = "Rename or delete…"
MENU = "Views"
#: Said in the dialog that saves one.
OWN = "Only you see your views. A view keeps filters, search and order, not a list of mailboxes."
NO_PERMISSION = "You have no permission to view any domain. Ask an admin for it."

_LONGEST_LABEL = 24


def menu(name: str) -> str:
    """Return the label of the menu: the view that is open, or that there are views."""
    return MENU if not name else name if len(name) <= _LONGEST_LABEL else f"{name[: _LONGEST_LABEL - 1].rstrip()}…"


def described(chosen: MailboxFilter, clients: Sequence[str]) -> str:
    """Return what a filter lets through, in words; `clients` are the names of its clients."""
    domains = chosen.domains
    parts = [
        "" if not domains else domains[0] if len(domains) == 1 else count(len(domains), "domain"),
        "" if not clients else clients[0] if len(clients) == 1 else count(len(clients), "client"),
        *(LABELS[state] for state in chosen.states),
        f"'{chosen.text}'" if chosen.text else "",
    ]
    label = ORDER_LABELS[chosen.order].lower()
    order = "" if chosen.order is MailboxOrder.DOMAIN else label if label.endswith(" first") else f"by {label}"
    return " · ".join(filter(None, (*(parts if any(parts) else [ALL]), order)))


def saved(name: str, *, replaced: bool) -> str:
    """Return that a view was saved."""
    return f"View {name} replaced." if replaced else f"View {name} saved."


def too_many(number: int) -> str:
    """Refuse one view more than are kept."""
    return f"You have {number} views, the most that are kept. Delete one first."


def name_taken(name: str) -> str:
    """Refuse the name of another view."""
    return f"You have a view {name} already. Choose another name."


def gone(name: str) -> str:
    """Say that a view does not exist any longer."""
    return f"There is no view {name} any longer."
