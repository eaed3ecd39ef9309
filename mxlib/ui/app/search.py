"""Find, in the sidebar: a mailbox of any domain, by the kept lists."""

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from mxlib import services
from mxlib.services.search import Found, Hit
from mxlib.ui.app import session
from mxlib.ui.widgets import actions, progress
from mxlib.ui.widgets.actions import act
from mxlib.ui.widgets.format import escaped, verbatim

_MOST, _MOST_CLIENTS = 8, 3


@dataclass(frozen=True, slots=True)
class Ways:
    """The ways out of a search: to a mailbox by its address, and to the mailboxes of a domain."""

    to_mailbox: Callable[[str], None]
    to_domain: Callable[[str], None]


def show(ways: Ways) -> None:
    """Show the search box and its results; typing sends nothing to MXroute."""
    actions.live(lambda: _show(ways))


def _show(ways: Ways) -> None:
    app = services.current()
    query = st.text_input(
        "Find a mailbox",
        key="find",
        placeholder="In all domains",
        icon=":material/search:",
        type="search",
        live=True,
    )
    if address := st.session_state.pop("find_open", ""):
        ways.to_mailbox(address)
        st.rerun()  # the whole page, at whose end the drawer is drawn
    if domain := st.session_state.pop("find_open_domain", ""):
        ways.to_domain(domain)
    if not query.strip():
        return
    clients = app.clients.find(session.caller(), query, most=_MOST_CLIENTS)
    found = app.search.find(session.caller(), query, most=_MOST)
    with st.container(key="found", gap="small"):
        for client in clients:
            st.button(
                escaped(client.details.name),
                key=f"found-client-{client.id}",
                type="tertiary",
                icon=":material/domain:",
                on_click=act(_open_client, client.id),
                help=escaped(", ".join(contact.address for contact in client.details.contacts)) or None,
            )
        for hit in found.hits:
            st.button(
                escaped(hit.address),
                key=f"found-{hit.address}",
                type="tertiary",
                icon=":material/block:" if hit.suspended else ":material/mail:",
                on_click=act(_open, hit.address),
                help=_kept(hit) or None,
            )
        _summarise(found, query.strip(), app.clock.now())


def _kept(hit: Hit) -> str:
    """Describe the stored values of a mailbox, as one may be why it was found."""
    email = f"Recovery email {hit.recovery_email}" if hit.recovery_email else ""
    return escaped(", ".join(filter(None, (hit.name, email))))


def _summarise(found: Found, query: str, now: float) -> None:
    """Show how many more matches there are, and which lists the search covered."""
    if not found.total and found.domains > len(found.never_read):
        st.caption(f"No mailbox {'in the loaded domains ' if found.never_read else ''}matches {verbatim(query)}.")
    elif found.total > len(found.hits):
        st.caption(f"{found.total - len(found.hits):,} more. Keep typing.")
    st.caption(escaped(found.describe(now)))
    if found.never_read and st.button("Load them", icon=":material/refresh:", key="find_read"):
        with progress.shown() as on_progress:
            services.current().search.read(session.caller(), on_progress=on_progress)
        st.rerun()


def _open_client(number: int) -> None:
    """Open the first of a client's domains that the account has."""
    app, caller = services.current(), session.caller()
    own = app.clients.get(caller, number).details.domains
    names = [name for name in app.lists.domains(caller).names if name in own]
    st.session_state["find_open_domain"] = names[0] if names else ""


def _open(address: str) -> None:
    st.session_state["find_open"] = address
