"""The filters and the order of Email accounts, kept in the address of the page."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from mxlib import services
from mxlib.auth.page_scripts import FOCUS_FILTER
from mxlib.core.mailbox_filter import LABELS, ORDER_LABELS, MailboxFilter, MailboxOrder, MailboxState, has_state
from mxlib.ui.app import layout
from mxlib.ui.widgets.format import escaped

_PARAMETERS = ("domain", "client", "state", "q", "sort")

#: The filter that the page has written into the address.
_WRITTEN = "filter-written"


def choose(names: Sequence[str]) -> tuple[MailboxFilter, tuple[str, ...]]:
    """Show the filters but for the states; return them with the domains in view.

    The address decides when it was changed, then the fields. `names` are the domains that can be chosen.
    """
    mine = {
        client.id: client.details
        for client in services.current().clients.list_all(layout.caller())
        if not set(names).isdisjoint(client.details.domains)
    }
    asked = MailboxFilter.read({name: st.query_params.get_all(name) for name in _PARAMETERS})
    # Back from another page the address is the one that was written, and the fields are gone.
    if asked != st.session_state.get(_WRITTEN) or "sort" not in st.session_state:
        st.session_state["domains"] = [name for name in asked.domains if name in names]
        st.session_state["clients"] = [number for number in asked.clients if number in mine]
        st.session_state["states"] = list(asked.states)
        st.session_state["search"] = asked.text
        st.session_state["sort"] = asked.order
    else:  # a domain or a client may be gone
        st.session_state["domains"] = [name for name in st.session_state.get("domains", ()) if name in names]
        st.session_state["clients"] = [number for number in st.session_state.get("clients", ()) if number in mine]
    with st.container(horizontal=True, vertical_alignment="bottom", key="filters"):
        st.text_input(
            "Search",
            key="search",
            placeholder="Address, name or recovery email",
            icon=":material/search:",
            type="search",
            live=True,
            label_visibility="collapsed",
            width=250,
        )
        if st.button("Search", key="search-focus", icon=":material/keyboard:", shortcut="S", type="tertiary"):
            # A browser runs no script again that is still there: that of each press has a number.
            number = st.session_state["search-presses"] = st.session_state.get("search-presses", 0) + 1
            script = f'<script data-press="{number}">{FOCUS_FILTER}</script>'
            st.html(script, unsafe_allow_javascript=True, width="content")
        if len(names) > 1:
            st.multiselect(
                "Domains",
                names,
                key="domains",
                placeholder=f"All {len(names):,} domains",
                label_visibility="collapsed",
                width=230,
            )
        if mine:
            st.multiselect(
                "Clients",
                list(mine),
                key="clients",
                placeholder="All clients",
                format_func=lambda number: mine[number].name if number in mine else str(number),
                label_visibility="collapsed",
                width=200,
            )
        st.selectbox(
            "Order by",
            list(MailboxOrder),
            key="sort",
            format_func=lambda order: f"By: {ORDER_LABELS[order]}",
            label_visibility="collapsed",
            width=185,
        )
    domains, clients = st.session_state["domains"], st.session_state["clients"]
    of_clients = {name for number in clients for name in mine[number].domains}
    text, order = str(st.session_state["search"] or "").strip(), MailboxOrder(st.session_state["sort"])
    chosen = MailboxFilter(tuple(domains), tuple(clients), _states(), text, order)
    shown = (name for name in (domains or names) if not clients or name in of_clients)
    return chosen, tuple(shown)


def _states() -> tuple[MailboxState, ...]:
    return tuple(state for state in MailboxState if state in (st.session_state.get("states") or ()))


def choose_states(mailboxes: pd.DataFrame) -> tuple[MailboxState, ...]:
    """Show the states of mailboxes in view with their number; return the chosen ones."""
    counts = {state: int(has_state(mailboxes, state).sum()) for state in MailboxState}
    offered = [state for state in MailboxState if counts[state] or state in _states()]
    if not offered:
        return ()
    st.pills(
        "States",
        offered,
        selection_mode="multi",
        key="states",
        format_func=lambda state: f"{LABELS[state]} {counts[state]:,}",
        label_visibility="collapsed",
    )
    return _states()


def write(chosen: MailboxFilter) -> None:
    """Put the filter into the address, so that a view can be bookmarked and sent."""
    wanted = chosen.parameters()
    for name in _PARAMETERS:
        if st.query_params.get_all(name) != wanted.get(name, []):
            if values := wanted.get(name):
                st.query_params[name] = values
            else:
                st.query_params.pop(name, None)
    st.session_state[_WRITTEN] = chosen


def described(domains: Sequence[str]) -> str:
    """Return the one domain in view, or their number, as Markdown."""
    return escaped(domains[0]) if len(domains) == 1 else f"{len(domains):,} domains"
