"""The table of mailboxes and the line of totals above it."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from mxlib import services
from mxlib.auth.permissions import Caller, Permission
from mxlib.core.locks import Lock
from mxlib.core.mailbox_filter import LABELS, MailboxFilter, MailboxState, has_state, in_order, with_states, with_text
from mxlib.core.plans import change_text
from mxlib.core.schema import NAME
from mxlib.core.text import locks
from mxlib.ui.app import layout
from mxlib.ui.mailboxes import filters, mailbox_drawer, selection, selection_bar
from mxlib.ui.widgets import actions, permissions
from mxlib.ui.widgets.actions import act
from mxlib.ui.widgets.format import escaped, megabytes

#: Pixels of a row, and of the header with the border.
_ROW, _HEADER = 33, 36

#: The table is as high as the window has room for, and shows this many rows at least.
_LEAST_ROWS_IN_VIEW = 16

#: Pixels of the window that the page needs above and below its table.
_AROUND = 335

#: Most percent that the bar of the storage is scaled to; one huge excess leaves the others readable.
_LONGEST_BAR = 200.0

#: Keys of the parts that a tick draws again.
_ONLY, _BAR = "selected-only", "selection-bar"

#: The states that the table shows as badges, with their color.
_BADGES = {
    MailboxState.OVER_QUOTA: "red",
    MailboxState.NEAR_SEND_LIMIT: "orange",
    MailboxState.SUSPENDED: "gray",
    MailboxState.LOCKED: "violet",
}


def show_no_domain(caller: Caller) -> None:
    """Say what to do when there is no domain to show."""
    if not caller.admin and services.current().lists.domains(caller).read_at is not None:
        permissions.say(permissions.NO_DOMAIN)
        return
    st.info(
        "No domain to show. When MXroute answers, its domains are listed here; add one at MXroute, then Refresh.",
        icon=":material/domain_disabled:",
    )


def totals(mailboxes: pd.DataFrame) -> str:
    """Return how many mailboxes there are, and what they hold."""
    return f"Active mailboxes: {len(mailboxes):,} · {megabytes(mailboxes['usage'].sum())}"


def _locks(boxes: pd.DataFrame) -> list[str]:
    """Return the state of each mailbox: who locked it, when and why; blank for one that is not locked."""
    now = services.current().clock.now()
    states = []
    for locked, under_way, since, by, why in zip(
        *(boxes[name].tolist() for name in ("is_locked", "being_locked", "locked_since", "locked_by", "lock_reason")),
        strict=True,
    ):
        states.append(locks.state(Lock(since, by, why), now) if locked else "being locked" if under_way else "")
    return states


def _states(boxes: pd.DataFrame) -> list[list[str]]:
    """Return the states of each mailbox that need attention."""
    found: list[list[str]] = [[] for _ in range(len(boxes))]  # of most of them nothing is to be said
    for state in _BADGES:
        for at in np.flatnonzero(has_state(boxes, state)):
            found[at].append(LABELS[state])
    return found


def _clients() -> dict[str, str]:
    """Return the name of the client of each domain that has one."""
    found = services.current().clients.list_all(layout.caller())
    return {domain: client.details.name for client in found for domain in client.details.domains}


def show_table(
    mailboxes: pd.DataFrame, chosen: MailboxFilter, domains: Sequence[str], selected: DeltaGenerator
) -> tuple[MailboxFilter, pd.DataFrame]:
    """Show the table and its states and, in `selected`, the actions on selected mailboxes.

    Returns the filter as it is now, and the mailboxes that it lets through.
    """
    if mailboxes.empty:
        caller = layout.caller()
        may_add = any(caller.may(Permission.IMPORT, domain) for domain in domains)
        how = " Create a mailbox or import a list." if may_add else ""
        verb = "has" if len(domains) == 1 else "have"
        st.info(f"{filters.described(domains)} {verb} no mailbox yet.{how}", icon=":material/inbox:")
        return chosen, mailboxes
    shown = with_text(mailboxes, chosen.text)
    with st.container(horizontal=True, vertical_alignment="center"):
        states = filters.choose_states(shown)
        with st.container(width="content", key="only-selected"):
            actions.live(_offer_only_selected, key=_ONLY)
        only = _shows_only_selected()
        if st.button("Select from a list", icon=":material/checklist:", key="select", type="tertiary"):
            selection.by_list(mailboxes, domains[0] if len(domains) == 1 else "")
    shown = in_order(with_states(shown, states), chosen.order)
    if only:
        shown = shown.loc[shown["address"].isin(selection.selected())]
    addresses = shown["address"].tolist()
    key = selection.table_key(addresses)
    selection.follow(addresses, key)
    number, now = len(mailboxes), [mailboxes]

    def bar() -> None:
        if len(addresses) < number:
            st.caption(change_text.shown(len(addresses), number, len(selection.selected() - set(addresses))))
        # A tab keeps no table of its own: after a tick the mailboxes are looked up again.
        stored = now.pop() if now else services.current().lists.in_all(layout.caller(), domains)
        selection_bar.show(selection.chosen(stored), domains)

    with selected:
        actions.live(bar, key=_BAR)
    if shown.empty:
        named = f" matches '{escaped(chosen.text)}'" if chosen.text else " matches these filters"
        st.info(f"No mailbox of {filters.described(domains)}{named}.", icon=":material/search_off:")
    else:
        _draw(shown, key, several=len(domains) > 1)
    return replace(chosen, states=states), shown


def _offer_only_selected() -> None:
    """Offer to show the selected mailboxes alone, if there are any."""
    if selection.selected():
        st.checkbox("Selected only", key="only_selected", on_change=act(st.rerun))


def _shows_only_selected() -> bool:
    return bool(selection.selected()) and bool(st.session_state.get("only_selected"))


def _fit_into_window(rows: int) -> None:
    """Let the table show all rows, as far as the window has room."""
    whole, least = (count * _ROW + _HEADER for count in (rows, _LEAST_ROWS_IN_VIEW))
    st.html(
        f"<style>.st-key-mailboxes {{ height: min({whole}px, max({least}px, calc(100vh - {_AROUND}px))) }}</style>",
        width="content",
    )


def _draw(shown: pd.DataFrame, key: str, *, several: bool) -> None:
    """Draw the table itself; a click on *Open* opens a mailbox."""
    addresses = shown["address"].tolist()
    locked = shown["is_locked"] | shown["being_locked"]
    names = _clients() if several else {}
    clients = shown["domain"].map(names).fillna("").astype("str") if names else pd.Series("", index=shown.index)
    share = 100 * shown["usage"] / shown["quota"].where(shown["quota"] > 0) // 1
    table = pd.DataFrame(
        {
            "address": shown["address"],
            "open": "Open",
            "name": shown["name"],
            "state": _states(shown),
            "used": share,
            **({"client": clients} if clients.any() else {}),
            "usage": shown["usage"].round(1),
            "quota": shown["quota"].where(shown["quota"] > 0),
            "sent": shown["sent"],
            "limit": shown["limit"],
            **({"locked": _locks(shown)} if locked.any() else {}),
            "recovery_email": shown["recovery_email"],
        }
    )

    def opened() -> None:
        click = st.session_state.get(f"open-box-{key}")
        if click is not None and click.row < len(addresses):
            mailbox_drawer.open(addresses[click.row])

    def ticked() -> None:
        """Take in a tick. The browser has drawn it: what depends on it is drawn again, not ten thousand rows."""
        selection.follow(addresses, key)
        if not _shows_only_selected():
            st.rerun([_ONLY, _BAR])

    _fit_into_window(len(table))
    st.container(key="mailboxes").dataframe(
        table,
        hide_index=True,
        lazy=False,
        height="stretch",
        alt="Active mailboxes of several domains" if several else f"Active mailboxes of {shown.iloc[0]['domain']}",
        key=key,
        on_select=act(ticked),
        selection_mode="multi-row",
        selection_default={"selection": {"rows": selection.positions(addresses)}},
        placeholder="unlimited",
        column_config={
            "address": st.column_config.TextColumn("Address", width=290),
            "name": st.column_config.TextColumn(NAME.label, width=130, help="Kept here, for people to read."),
            "state": st.column_config.MultiselectColumn(
                "State", options=[LABELS[state] for state in _BADGES], color=list(_BADGES.values()), width=210
            ),
            "used": st.column_config.ProgressColumn(
                "Storage",
                format="%.0f %%",
                min_value=0,
                max_value=min(max(100.0, share.max() if share.notna().any() else 0.0), _LONGEST_BAR),
                help="Used share of the quota, on one scale for all; empty = unlimited.",
                width=150,
            ),
            "client": st.column_config.TextColumn("Client", width=130),
            "usage": st.column_config.NumberColumn("Used (MB)", format="localized", width=90),
            "quota": st.column_config.NumberColumn(
                "Quota (MB)", format="localized", help="Empty = unlimited.", width=100
            ),
            "sent": st.column_config.NumberColumn("Sent today", format="localized", width=90),
            "limit": st.column_config.NumberColumn("Daily send limit", format="localized", width=120),
            "locked": st.column_config.TextColumn("Locked", width="medium", help="Since when, by whom, and why."),
            "recovery_email": st.column_config.TextColumn(
                "Recovery email", width="medium", help="Kept by MXM. Links to set or reset the password go there."
            ),
            "open": st.column_config.ButtonColumn(
                "Details", key=f"open-box-{key}", on_click=act(opened), type="tertiary", width=70
            ),
        },
    )
