"""Places that a search finds besides mailboxes: domains and runs, by words in any order."""

import re
from dataclasses import dataclass

from mxlib.auth.authority import resolves_callers
from mxlib.auth.permissions import Caller, Permission
from mxlib.core.mailbox_search import MAX_WORDS
from mxlib.core.schema import MAX_CELL_LENGTH
from mxlib.runs.run_view import RunView
from mxlib.services.run_watch import RunWatch
from mxlib.store import Store, mailbox_lists

#: A search for one run: its number, with or without the word.
_RUN = re.compile(r"(?:run\s*)?#?([0-9]{1,9})")


@dataclass(frozen=True, slots=True)
class Places:
    """The best domains, and the newest runs, that hold every word."""

    domains: tuple[str, ...]
    runs: tuple[RunView, ...]
    #: Whether the first domain, or the first run, is exactly what was typed.
    names_domain: bool = False
    names_run: bool = False


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
        typed = " ".join(words)
        domains.sort(key=lambda name: (name != typed, not name.startswith(words[0]), name))
        asked = _RUN.fullmatch(typed)
        number = int(asked[1]) if asked else None
        runs = [
            view
            for view in self._runs.all(caller)
            if view.id == number or _holds(f"run {view.id} {view.title}".casefold(), words)
        ]
        runs.sort(key=lambda view: view.id != number)
        return Places(
            tuple(domains[:most]), tuple(runs[:most]), domains[:1] == [typed], bool(runs) and runs[0].id == number
        )


def _words(text: str) -> list[str]:
    return text.casefold().split()[:MAX_WORDS] if len(text) <= MAX_CELL_LENGTH else []


def _holds(name: str, words: list[str]) -> bool:
    return all(word in name for word in words)
