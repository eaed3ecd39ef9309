"""The card of one mailbox: its figures, what can be done to it, how it is reached, and its past."""

import pandas as pd
import streamlit as st

from mxlib import services
from mxlib.core.format import moment
from mxlib.core.locks import Lock
from mxlib.core.schema import NAME, RECOVERY_EMAIL
from mxlib.core.text import locks
from mxlib.services.history import Event, MailboxHistory
from mxlib.ui.app import layout
from mxlib.ui.mailboxes import change_dialogs, client_setup
from mxlib.ui.runs import dated
from mxlib.ui.widgets.format import escaped, megabytes, verbatim


def show(box: pd.Series) -> None:
    """Figures, what is kept here, and actions of a mailbox that is there."""
    quota, usage = int(box["quota"]), float(box["usage"])
    with st.container(horizontal=True, key="card-figures"):
        st.metric("Storage used", megabytes(usage), border=True)
        st.metric("Quota", megabytes(quota) if quota else "unlimited", border=True)
        st.metric("Sent today", f"{int(box['sent']):,}", border=True)
        st.metric("Daily send limit", f"{int(box['limit']):,}", border=True)
    if quota:
        share = f"{100 * usage / quota:.0f} % of the quota" if usage <= quota else "Over quota: no new mail comes in."
        st.progress(min(1.0, usage / quota), text=share)
    if box["suspended"]:
        st.warning(
            "MXroute has suspended this mailbox. It takes changes, and stays suspended.", icon=":material/block:"
        )
    _lock(box)
    domain, username = str(box["address"]).rpartition("@")[2], str(box["username"])
    if deletion := services.current().dated_deletions.of_mailbox(layout.caller(), domain, username):
        dated.show_one(deletion)
    for column in (NAME, RECOVERY_EMAIL):
        st.markdown(f"{escaped(column.label)}: {verbatim(box[column.name]) if box[column.name] else 'none'}")
    address, domain = str(box["address"]), str(box["address"]).rpartition("@")[2]
    with st.container(horizontal=True, key="card-actions"):
        for action in change_dialogs.actions(pd.DataFrame([box])):
            if layout.caller().may(action.needs, domain) and st.button(
                action.label, icon=action.icon, key=f"card_{action.name}", help=action.description
            ):
                change_dialogs.forget()
                action.ask()
    st.subheader("Client setup", anchor=False)
    client_setup.show(address)


def _lock(box: pd.Series) -> None:
    """Show that it is locked, or being locked, and what a lock does not do."""
    if box["is_locked"]:
        lock = Lock(float(box["locked_since"]), str(box["locked_by"]), str(box["lock_reason"]))
        st.warning(escaped(locks.state(lock, services.current().clock.now())), icon=":material/lock:")
    elif box["being_locked"]:
        st.warning(escaped(locks.being_locked(str(box["address"]))), icon=":material/lock_clock:")
    else:
        return
    st.caption(locks.LIMITS)


def show_past(domain: str, username: str, *, there: bool) -> None:
    """Show who did what to it, when, and by which run and file."""
    app = services.current()
    past, now = app.histories.of(layout.caller(), domain, username), app.clock.now()
    st.subheader("History", anchor=False)
    if there and (origin := past.origin(now)):
        st.caption(escaped(origin))
    if past.events:
        _table(past, now)


def _table(past: MailboxHistory, now: float) -> None:
    visible = {event.run for event in past.events if event.run and _may_see(event.run)}
    st.container(key="history").dataframe(
        pd.DataFrame([_row(event, now, visible) for event in past.events]),
        hide_index=True,
        placeholder="",
        alt="What was done to this mailbox, newest first",
        column_config={
            "When": st.column_config.TextColumn(width=110),
            "Who": st.column_config.TextColumn(width=120),
            "What": st.column_config.TextColumn(width=150),
            "Run": st.column_config.LinkColumn(width=50, display_text=r"run=(\d+)"),
            "From": st.column_config.TextColumn(width=180),
            "Details": st.column_config.TextColumn(width="large"),
        },
    )


def _row(event: Event, now: float, visible: set[int]) -> dict[str, str | None]:
    return {
        "When": moment(event.at, now),
        "Who": event.who,
        "What": event.what,
        "Run": f"/jobs?run={event.run}" if event.run in visible else None,
        "From": event.file if event.run else "by hand",
        "Details": event.detail,
    }


def _may_see(run: int) -> bool:
    return services.current().runs.get(layout.caller(), run) is not None


def show_gone(address: str, domain: str, problem: str) -> None:
    """Say that there is no such mailbox, and what to do."""
    st.info(
        f"There is no mailbox {escaped(address)} in the list of {escaped(domain)}. {escaped(problem)}".strip(),
        icon=":material/person_off:",
    )
