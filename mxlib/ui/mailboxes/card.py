"""The card of one mailbox: its figures, what can be done to it, how it is reached, and its past."""

from collections.abc import Mapping
from math import floor

import pandas as pd
import streamlit as st

from mxlib import services
from mxlib.core.format import moment
from mxlib.core.locks import Lock
from mxlib.core.plans.change_text import size
from mxlib.core.schema import NAME, RECOVERY_EMAIL, Column
from mxlib.core.text import locks
from mxlib.core.text import self_service as resets
from mxlib.services.history import Event, MailboxHistory
from mxlib.ui.app import layout
from mxlib.ui.links import of_mailbox
from mxlib.ui.mailboxes import change_dialogs, client_setup, trend
from mxlib.ui.runs import dated
from mxlib.ui.widgets.format import escaped, megabytes, verbatim

NO_DOMAIN = "This MXroute account has no such domain."


def show(boxes: pd.DataFrame) -> None:
    """Show figures, stored values and actions of a mailbox, given its row of the list."""
    box = boxes.iloc[0]
    quota, usage, domain = int(box["quota"]), float(box["usage"]), str(box["address"]).rpartition("@")[2]
    with st.container(horizontal=True, key="card-figures"):
        st.metric("Storage used", megabytes(usage), border=True)
        st.metric("Quota", megabytes(quota) if quota else "unlimited", border=True)
        st.metric("Sent today", f"{int(box['sent']):,}", border=True)
        st.metric("Daily send limit", f"{int(box['limit']):,}", border=True)
    if quota:
        _bar(usage, quota)
    show_state(box)
    for column in (NAME, RECOVERY_EMAIL):
        st.markdown(_stored(box, column))
    caller = layout.caller()
    with st.container(horizontal=True, key="card-actions"):
        for action in change_dialogs.actions(boxes):
            if caller.may(action.needs, domain) and st.button(
                action.title,
                icon=action.icon,
                key=f"card_{action.name}",
                help=action.description,
                type="primary" if action.name == "link" else "secondary",
            ):
                change_dialogs.forget()
                action.ask()
    trend.show(box, place="card")
    of_mailbox.show(str(box["address"]), "card")
    show_resets(str(box["address"]), place="card")
    st.header("Mail app settings", anchor=False)
    client_setup.show(str(box["address"]))


def show_resets(address: str, *, place: str) -> None:
    """Show the outcomes of requests to reset the password; nothing while none was made.

    `place` is the card or the drawer.
    """
    app, (username, _, domain) = services.current(), address.rpartition("@")
    asked = app.self_service.asked(layout.caller(), domain, username)
    if not asked:
        return
    st.header(resets.TITLE, anchor=False)
    with st.container(key=f"{place}-resets", gap="xsmall"):
        for each in asked:
            st.markdown(escaped(each.text))
            if each.code:
                st.caption(escaped(resets.code(each.code)), help=resets.CODE_HELP)


def show_use(box: pd.Series) -> None:
    """Show how full the mailbox is, and what it sent."""
    quota, usage = int(box["quota"]), float(box["usage"])
    sent = f"{int(box['sent']):,} of {int(box['limit']):,} sent today"
    if not quota:
        st.markdown(f"**{size(usage)}**, unlimited · {sent}")
        return
    st.markdown(f"**{size(usage)} of {size(quota)}** · {sent}")
    _bar(usage, quota)


def _bar(usage: float, quota: int) -> None:
    """Show a share as a bar; its part over the quota has another color."""
    share = 100 * usage / quota
    over = share > 100
    text = f"{floor(share)} % of the quota" + (": no new mail comes in." if over else "")
    full, rest = (100 * 100 / share, 100 - 100 * 100 / share) if over else (share, 0)
    st.html(
        f'<div class="mxm-use" role="img" aria-label="{text}"><span style="width:{full:.1f}%"></span>'
        f'<span class="mxm-over" style="width:{rest:.1f}%"></span></div>'
        f'<p class="mxm-use-text">{text}</p>'
    )


def show_state(box: pd.Series, *, place: str = "card") -> None:
    """Show a suspension, a lock and a dated deletion.

    `place` is the card or the drawer.
    """
    if box["suspended"]:
        st.warning(
            "MXroute has suspended this mailbox. It takes changes, and stays suspended.", icon=":material/block:"
        )
    _lock(box)
    domain, username = str(box["address"]).rpartition("@")[2], str(box["username"])
    if deletion := services.current().dated_deletions.of_mailbox(layout.caller(), domain, username):
        dated.show_one(deletion, place)


def show_stored(box: pd.Series, may: Mapping[str, change_dialogs.Action]) -> None:
    """Show name and recovery email, each with a button for those who may edit it."""
    asked = None
    for column, name in ((NAME, "name"), (RECOVERY_EMAIL, "recovery")):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(_stored(box, column), width="content")
            edits = f"Edit the {column.noun}"
            if name in may and st.button("Edit", type="tertiary", key=f"drawer_edit_{name}", help=edits):
                asked = may[name]
    if asked:
        change_dialogs.forget()
        asked.ask()


def _stored(box: pd.Series, column: Column) -> str:
    return f"{escaped(column.label)}: {verbatim(box[column.name]) if box[column.name] else 'none'}"


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


def show_past(domain: str, username: str, *, there: bool, key: str = "history") -> None:
    """Show who did what to it, when, and by which run and file.

    `key` names the table.
    """
    app = services.current()
    past, now = app.histories.of(layout.caller(), domain, username), app.clock.now()
    st.header("History", anchor=False)
    if there and (origin := past.origin(now)):
        st.caption(escaped(origin))
    if past.events:
        _table(past, now, key)


def _table(past: MailboxHistory, now: float, key: str) -> None:
    visible = {run for run in {event.run for event in past.events} if run and _may_see(run)}
    st.container(key=key).dataframe(
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
        "From": event.file if event.run else "Manually",
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
