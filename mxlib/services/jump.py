"""Places that a search finds besides mailboxes: domains and runs, by words in any order."""

from dataclasses import dataclass

from mxlib.auth.authority import resolves_callers
from mxlib.auth.permissions import Caller, Permission
from mxlib.core.mailbox_search import MAX_WORDS
from mxlib.core.schema import MAX_CELL_LENGTH
from mxlib.runs.run_view import RunView
from mxlib.services.run_watch import RunWatch
from mxlib.store import Store, mailbox_lists


@dataclass(frozen=True, slots=True)
class Places:
    """The best domains, and the newest runs, that hold every word."""

    domains: tuple[str, ...]
    runs: tuple[RunView, ...]


@resolves_callers
class JumpService:
    """Finds domains and runs that the caller may view, without a request to MXroute."""

    def __init__(self, store: Store, runs: RunWatch) -> None:
        self._store, self._runs = store, runs

    def find(self, caller: Caller, text: str, *, most: int) -> Places:
        """Return the domains and runs with every word of `text`; none for a blank one."""
        words = _words(text)
        if not words:
            return Places((), ())
        with self._store.read() as tx:
            known = mailbox_lists.domains(tx)
        domains = [
            name for name in (known.names if known else ()) if caller.may(Permission.VIEW, name) and _holds(name, words)
        ]
        domains.sort(key=lambda name: (not name.startswith(words[0]), name))
        runs = [view for view in self._runs.all(caller) if _holds(f"run {view.id} {view.title}".casefold(), words)]
        return Places(tuple(domains[:most]), tuple(runs[:most]))


def _words(text: str) -> list[str]:
    return text.casefold().split()[:MAX_WORDS] if len(text) <= MAX_CELL_LENGTH else []


def _holds(name: str, words: list[str]) -> bool:
    return all(word in name for word in words)
