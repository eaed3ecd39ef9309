"""The table of active mailboxes and the totals above it."""

import pandas as pd
import streamlit as st

from mxlib import services
from mxlib.auth.permissions import Caller, Permission
from mxlib.core.locks import Lock
from mxlib.core.plans import change_text
from mxlib.core.schema import MAX_CELL_LENGTH, NAME, STORED_HERE
from mxlib.core.text import locks
from mxlib.ui.app import layout
from mxlib.ui.mailboxes import selection, selection_bar
from mxlib.ui.widgets import permissions
from mxlib.ui.widgets.format import escaped, megabytes

_MOST_ROWS_IN_VIEW = 16
_ROW = 33


def show_no_domain(caller: Caller) -> None:
    """Say what to do when there is no domain to show."""
    if not caller.admin and services.current().lists.domains(caller).read_at is not None:
        permissions.say(permissions.NO_DOMAIN)
        return
    st.info(
        "No domain to show. When MXroute answers, its domains are listed here; add one at MXroute, then Refresh.",
        icon=":material/domain_disabled:",
    )


def show_totals(mailboxes: pd.DataFrame) -> None:
    """Four figures of the domain, all mailboxes counted."""
    limited = mailboxes.loc[mailboxes["quota"] > 0]
    unlimited = len(mailboxes) - len(limited)
    storage = f"of {megabytes(limited['quota'].sum())} quota" if len(limited) else "no quota"
    if unlimited and len(limited):
        storage += f", {unlimited:,} unlimited"
    suspended = int(mailboxes["suspended"].sum())
    with st.container(horizontal=True, key="totals"):
        st.metric("Mailboxes", f"{len(mailboxes):,}", border=True)
        st.metric("Storage used", megabytes(mailboxes["usage"].sum()), border=True, help=storage)
        st.metric(
            "Quota in all", megabytes(limited["quota"].sum()) if len(limited) else "none", border=True, help=storage
        )
        st.metric("Sent today", f"{int(mailboxes['sent'].sum()):,}", border=True)
        st.metric("Suspended", f"{suspended:,}", border=True)


def found(mailboxes: pd.DataFrame, query: str) -> pd.DataFrame:
    """Return the mailboxes whose address, name or recovery email contains `query`, ignoring case."""
    query = query.strip().lower()
    if not query:
        return mailboxes
    if len(query) > MAX_CELL_LENGTH:
        return mailboxes.iloc[:0]
    hit = mailboxes["address"].str.contains(query, regex=False)
    for column in STORED_HERE:
        hit |= mailboxes[column.name].str.lower().str.contains(query, regex=False)
    return mailboxes.loc[hit]


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


def show_table(mailboxes: pd.DataFrame, domain: str) -> None:
    """Show the table, searchable and sortable, with the actions on ticked mailboxes above it."""
    st.subheader("Active mailboxes", anchor=False)
    if mailboxes.empty:
        how = (
            " New mailbox makes the first one, Import CSV many."
            if layout.caller().may(Permission.IMPORT, domain)
            else ""
        )
        st.info(f"{escaped(domain)} has no mailbox yet.{how}", icon=":material/inbox:")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        query = st.text_input(
            "Search",
            key="search",
            placeholder="Address, name or recovery email",
            icon=":material/search:",
            type="search",
            live=True,
        )
        only = bool(selection.selected(domain)) and st.checkbox("Only picked", key="only_picked")
        locked = mailboxes["is_locked"] | mailboxes["being_locked"]
        only_locked = bool(locked.any()) and st.checkbox("Only locked", key="only_locked")
        if st.button("Pick by a list", icon=":material/checklist:", key="pick"):
            selection.by_list(mailboxes, domain)
    shown = found(mailboxes, query)
    if only:
        shown = shown.loc[shown["address"].isin(selection.selected(domain))]
    if only_locked:
        shown = shown.loc[locked.reindex(shown.index)]
    addresses = shown["address"].tolist()
    key = selection.table_key(addresses)
    selection.follow(domain, addresses, key)
    selection_bar.show(selection.chosen(mailboxes, domain), domain)
    if len(shown) < len(mailboxes):
        st.caption(change_text.shown(len(shown), len(mailboxes), len(selection.selected(domain) - set(addresses))))
    if shown.empty:
        st.info(f"No mailbox of {escaped(domain)} holds '{escaped(query.strip())}'.", icon=":material/search_off:")
        return
    table = pd.DataFrame(
        {
            "address": shown["address"],
            **({"locked": _locks(shown)} if locked.any() else {}),
            "name": shown["name"],
            "recovery_email": shown["recovery_email"],
            "used": (100 * shown["usage"] / shown["quota"].where(shown["quota"] > 0)).round(1),
            "usage": shown["usage"],
            "quota": shown["quota"].where(shown["quota"] > 0),
            "sent": shown["sent"],
            "limit": shown["limit"],
            "suspended": shown["suspended"],
        }
    )
    st.container(key="mailboxes").dataframe(
        table,
        hide_index=True,
        lazy=False,
        height=min(len(table), _MOST_ROWS_IN_VIEW) * _ROW + _ROW + 3,
        alt=f"Active mailboxes of {domain}",
        key=key,
        on_select="rerun",
        selection_mode="multi-row",
        selection_default={"selection": {"rows": selection.positions(domain, addresses)}},
        placeholder="unlimited",
        column_config={
            "address": st.column_config.TextColumn("Address", pinned=True, width="medium"),
            "name": st.column_config.TextColumn(NAME.label, width="medium", help="Kept here, for people to read."),
            "recovery_email": st.column_config.TextColumn(
                "Recovery email", width="medium", help="Kept for the day owners may reset their own password."
            ),
            "used": st.column_config.ProgressColumn(
                "Storage",
                format="%.0f %%",
                min_value=0,
                max_value=100,
                help="Used share of the quota; empty = unlimited.",
            ),
            "usage": st.column_config.NumberColumn("Used (MB)", format="localized"),
            "quota": st.column_config.NumberColumn("Quota (MB)", format="localized", help="Empty = unlimited."),
            "sent": st.column_config.NumberColumn("Sent today", format="localized"),
            "limit": st.column_config.NumberColumn("Daily send limit", format="localized"),
            "suspended": st.column_config.CheckboxColumn("Suspended", width="small"),
            "locked": st.column_config.TextColumn("Locked", width="medium", help="Since when, by whom, and why."),
        },
    )
