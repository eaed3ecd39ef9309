"""Events of sign-ins: an admin came from a browser and a network that they did not come from before."""

import hashlib
from typing import Any

from mxlib.core.events.vocabulary import Event, EventCode, Rule
from mxlib.store import events
from mxlib.store.events import State
from mxlib.store.transaction import Tx

#: Browsers that are remembered of one admin: those used last.
_MOST = 50


def note(tx: Tx, name: str, browser: str, network: str, address: str, at: float) -> None:
    """Store the sign-in of an admin; an event if browser and network are new together.

    The first sign-in that is noted makes no event: nothing is known to compare it with.
    """
    mark = hashlib.sha256(f"{browser}\n{network}".encode()).hexdigest()[:16]
    state = events.states_of(tx, "", [Rule.ADMIN_SIGN_IN]).get((Rule.ADMIN_SIGN_IN, name))
    seen: dict[str, Any] = dict(state.state["seen"]) if state else {}
    # Each new one is worse by a class than the one before: a notice within a week hides none.
    number = int(state.state["number"]) if state else 0
    is_new = mark not in seen
    seen[mark] = at
    newest = dict(sorted(seen.items(), key=lambda each: each[1])[-_MOST:])
    stored = {"seen": newest, "number": number + is_new}
    events.put_state(tx, Rule.ADMIN_SIGN_IN, name, "", State(0, stored), at)
    if is_new and state is not None:
        figures = {"browser": browser, "address": address}
        events.add(tx, Event(Rule.ADMIN_SIGN_IN, EventCode.ADMIN_NEW_BROWSER, name, number + 1, figures), "", at)
