"""Search or jump: one live search over pages, people, domains, clients and runs, in a dialog.

It reads only the lists that are stored: typing sends nothing to MXroute.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape

import streamlit as st

from mxlib import services
from mxlib.auth.page_scripts import FOCUS_SEARCH
from mxlib.core.clients import key_of
from mxlib.runs.run_view import RunView
from mxlib.services.clients import Client
from mxlib.services.search import Found, Hit
from mxlib.ui.app import session
from mxlib.ui.widgets import dialogs, progress
from mxlib.ui.widgets.actions import act
from mxlib.ui.widgets.format import escaped, megabytes

#: Hits of a kind.
_MOST, _MOST_OTHERS = 8, 4

_TARGET = "jump-target"

_KEYS = (
    ("Ctrl K, on a Mac ⌘ K", "Search or jump to a mailbox, domain, client, run or page"),
    ("N", "New mailbox, on Email accounts"),
    ("I", "Import, on Email accounts"),
    ("S", "Search, on Email accounts"),
    ("H", "These keys"),
    ("Esc", "Close a dialog"),
)


@dataclass(frozen=True, slots=True)
class Place:
    """A page of the navigation, by its name in the code and its title."""

    name: str
    title: str
    icon: str


@dataclass(frozen=True, slots=True)
class Ways:
    """The pages that the caller may open, and the ways to them."""

    places: Sequence[Place]
    go: Callable[[str, dict[str, str]], None]
    open_mailbox: Callable[[str], None]


def show(ways: Ways) -> None:
    """Show the buttons that open the search and the list of keys."""
    with st.container(horizontal=True, gap="small", key="jump"):
        st.button(
            "Search or jump to…", key="jump-open", icon=":material/search:", shortcut="Mod+K", width="stretch",
            on_click=act(_search, ways),
        )  # fmt: skip
        st.button(
            "Keys", key="keys-open", icon=":material/keyboard:", shortcut="H", type="tertiary", on_click=act(_ask_keys)
        )


def _ask_keys() -> None:
    """Show the keys, unless a dialog is open: an H that was typed there was meant for it."""
    if not dialogs.is_open():
        _keys()


@dialogs.dialog("Keys")
def _keys() -> None:
    st.table({"Key": [key for key, _ in _KEYS], "What it does": [what for _, what in _KEYS]}, border="horizontal")
    st.caption("Keys work while no field has the focus; all else is reached by Tab.")


@dialogs.dialog("Search or jump to…")
def _search(ways: Ways) -> None:
    query = st.text_input(
        "Search",
        key="jump-query",
        placeholder="A name, an address, a domain, a client, a run or a page",
        icon=":material/search:",
        type="search",
        live=True,
        label_visibility="collapsed",
    )
    # A dialog focuses itself; typed text would be lost, or press keys of the page.
    st.html(f"<script>{FOCUS_SEARCH}</script>", unsafe_allow_javascript=True, width="content")
    if target := st.session_state.pop(_TARGET, None):
        name, parameters = target
        if name == "mailbox":
            dialogs.close()
            ways.open_mailbox(parameters["address"])
            st.rerun()  # the whole page, at whose end the drawer is drawn
        ways.go(name, parameters)
    words = query.casefold().split()
    places = [place for place in ways.places if all(word in place.title.casefold() for word in words)]
    if not words:
        _offer("Pages", places)
        return
    app, caller = services.current(), session.caller()
    found = app.search.find(caller, query, most=_MOST)
    others = app.jump.find(caller, query, most=_MOST_OTHERS)
    clients = app.clients.find(caller, query, most=_MOST_OTHERS)
    typed = " ".join(words)
    groups: list[tuple[bool, Callable[[], None]]] = [
        (any(place.title.casefold() == typed for place in places), lambda: _offer("Pages", places)),
        (found.hits[:1] != () and found.hits[0].address == typed, lambda: _mailboxes(found)),
        (others.names_domain, lambda: _domains(others.domains)),
        (any(key_of(client.details.name) == key_of(typed) for client in clients), lambda: _clients(clients)),
        (others.names_run, lambda: _runs(others.runs)),
    ]
    # What was typed in full comes first, whatever it is.
    for _, draw in sorted(groups, key=lambda group: not group[0]):
        draw()
    if not (places or found.hits or clients or others.domains or others.runs):
        st.caption(f"Nothing matches {escaped(query.strip())}.")
    _say_what_was_searched(found)
    # The hits are those of this text: a script that presses the first one waits for it.
    st.html(f'<span data-jump-query="{escape(query.strip())}"></span>', width="content")


def _mailboxes(found: Found) -> None:
    with _group("Mailboxes", shown=bool(found.hits)):
        for hit in found.hits:
            icon = ":material/lock:" if hit.is_locked else ":material/block:" if hit.suspended else ":material/mail:"
            _hit(f"jump-to-{hit.address}", hit.address, _figures(hit), icon, "mailbox", address=hit.address)
        if found.total > len(found.hits):
            st.caption(f"{found.total - len(found.hits):,} more. Keep typing.")


def _domains(names: Sequence[str]) -> None:
    with _group("Domains", shown=bool(names)):
        for name in names:
            _hit(f"jump-to-domain-{name}", name, "", ":material/language:", "email_accounts", domain=name)


def _clients(found: Sequence[Client]) -> None:
    with _group("Clients", shown=bool(found)):
        for client in found:
            own = ", ".join(client.details.domains[:3])
            place = {"client": str(client.id)}
            _hit(
                f"jump-to-client-{client.id}", client.details.name, own, ":material/domain:", "email_accounts", **place
            )


def _runs(views: Sequence[RunView]) -> None:
    with _group("Runs", shown=bool(views)):
        for view in views:
            about = f"{view.title} · {view.status.value}"
            _hit(f"jump-to-run-{view.id}", f"Run {view.id}", about, ":material/play_circle:", "jobs", run=str(view.id))


def _say_what_was_searched(found: Found) -> None:
    """Say which lists were searched if not all were, and offer to load the others."""
    if not found.never_read:
        return
    st.caption(escaped(found.describe(services.current().clock.now())))
    if st.button("Load them", icon=":material/refresh:", key="find_read"):
        with progress.shown() as on_progress:
            services.current().search.read(session.caller(), on_progress=on_progress)
        dialogs.redraw()


def _figures(hit: Hit) -> str:
    """Return the person, the use and the state of a mailbox."""
    use = f"{megabytes(hit.usage)} of {megabytes(hit.quota)}" if hit.quota else f"{megabytes(hit.usage)}, unlimited"
    full = "over quota" if hit.quota and hit.usage >= hit.quota else ""
    state = "locked" if hit.is_locked else "suspended" if hit.suspended else ""
    return " · ".join(filter(None, (hit.name, use, full, state)))


@contextmanager
def _group(title: str, *, shown: bool) -> Iterator[None]:
    """Put hits of one kind under their title; without any, nothing is shown."""
    with st.container(gap="xsmall", key=f"jump-group-{title.lower()}"):
        if shown:
            st.caption(title)
        yield


def _offer(title: str, places: Sequence[Place]) -> None:
    with _group(title, shown=bool(places)):
        for place in places:
            _hit(f"jump-to-page-{place.name}", place.title, "", place.icon, place.name)


def _hit(key: str, title: str, about: str, icon: str, name: str, **parameters: str) -> None:
    """Show a hit as a button; pressed, it opens the page `name`."""
    label = f"**{escaped(title)}**" + (f" · {escaped(about)}" if about else "")
    st.button(label, key=key, type="tertiary", icon=icon, on_click=act(_go, name, parameters))


def _go(name: str, parameters: dict[str, str]) -> None:
    st.session_state[_TARGET] = (name, parameters)
