"""Dialogs about what a user leaves: unfinished runs and drafts, and passwords that they could have read."""

from collections.abc import Sequence
from datetime import datetime

import pandas as pd
import streamlit as st

from mxlib import services
from mxlib.core.format import count
from mxlib.core.text.dated_deletions import ASKS_WITHOUT_ASKER
from mxlib.services import changes
from mxlib.services.access import REFUSALS
from mxlib.services.departures import DatedDeletion, Departure, KnownPasswords, Unfinished
from mxlib.ui.app import layout
from mxlib.ui.widgets import dialogs
from mxlib.ui.widgets.format import escaped

_LEFT = "departure"
_GIVE, _END = "Another user takes them over", "Stop the runs, discard the drafts"


def forget() -> None:
    """Drop what the dialogs hold."""
    st.session_state.pop(_LEFT, None)


def of(number: int) -> Departure:
    """Return what a user leaves behind, read once while a dialog is open."""
    held: tuple[int, Departure] | None = st.session_state.get(_LEFT)
    if held is None or held[0] != number:
        held = number, services.current().departures.of(layout.caller(), number)
        st.session_state[_LEFT] = held
    return held[1]


def ask_about(number: int, unfinished: Unfinished) -> tuple[str, bool]:
    """Ask what happens to open runs and drafts.

    Returns the name of the successor, and whether everything ends instead.
    """
    if not unfinished:
        return "", False
    names = [f"run {run.id}" for run in unfinished.runs] + [
        f"the draft {draft.file_name or 'of rows added manually'}" for draft in unfinished.drafts
    ]
    st.markdown(f"Unfinished: {escaped(', '.join(names))}.")
    if st.radio("What happens to these runs and drafts?", [_GIVE, _END], key="unfinished", horizontal=True) == _END:
        st.caption("Runs stop after the request in flight. Drafts are discarded with their rows.")
        return "", True
    able = services.current().departures.successors(layout.caller(), number)
    return st.selectbox("User who takes them over", able, key="successor") or "", False


def show_dated(dated: Sequence[DatedDeletion]) -> None:
    """Show the dated deletions that a user asked for."""
    if not dated:
        return
    st.markdown(
        f"**{count(len(dated), 'deletion')}** that they asked for {'has' if len(dated) == 1 else 'have'} a date:"
    )
    st.dataframe(
        pd.DataFrame(
            {
                "Mailbox": [each.mailbox for each in dated],
                "Day": [datetime.fromtimestamp(each.due_at).date() for each in dated],
                "Asked": [datetime.fromtimestamp(each.asked_at) for each in dated],
            }
        ),
        hide_index=True,
        height=min(250, 38 + 35 * len(dated)),
        alt="Dated deletions that they asked for",
        column_config={
            "Day": st.column_config.DateColumn(format="D MMM YYYY"),
            "Asked": st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm"),
        },
    )
    st.caption(ASKS_WITHOUT_ASKER)


def show_passwords(known: KnownPasswords) -> None:
    """Show unchanged passwords that a user could have read, and what sets more."""
    if known.unchanged:
        them = count(len(known.unchanged), "password")
        st.markdown(f"**{them}** that they could have read {'is' if len(known.unchanged) == 1 else 'are'} unchanged:")
        st.dataframe(
            pd.DataFrame(
                {
                    "Mailbox": [each.address for each in known.unchanged],
                    "Set": [None if each.at is None else datetime.fromtimestamp(each.at) for each in known.unchanged],
                    "By": ["Manually" if each.run is None else f"run {each.run}" for each in known.unchanged],
                }
            ),
            hide_index=True,
            height=min(250, 38 + 35 * len(known.unchanged)),
            alt="Mailboxes whose passwords they could have read",
            column_config={"Set": st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm")},
        )
    if known.open_runs:
        runs = ", ".join(f"run {int(number)}" for number in known.open_runs)
        st.caption(
            f"Passwords that they know are still being set ({escaped(runs)}). Look here again when that has ended."
        )


def offer(number: int, name: str) -> None:
    """Offer the passwords that a disabled user could have read."""
    hint = "Passwords of mailboxes that they could have read and that are unchanged since."
    if st.button("Passwords they knew…", icon=":material/key:", key="known-passwords", help=hint):
        forget()
        passwords(number, name)


@dialogs.dialog("Passwords they knew", width="large", icon=":material/key:", forget=forget)
def passwords(number: int, name: str) -> None:
    """Show the passwords in a dialog."""
    show_reset(number, name)


def show_reset(number: int, name: str) -> None:
    """Show the unchanged passwords, with a button that resets them as a run."""
    services.current().departures.user(layout.caller(), number)  # what is held here is for admins alone
    known = of(number).passwords
    if not known.unchanged and not known.open_runs:
        st.markdown(f"MXM knows of no unchanged password that **{escaped(name)}** could have read.")
        return
    st.markdown(f"**{escaped(name)}** is disabled. What they wrote down or saved elsewhere still opens mailboxes.")
    show_passwords(known)
    if not known.unchanged:
        return
    st.caption("Their owners need the new passwords: until then their mail programs cannot sign in.")
    label = f"Reset {'this password' if len(known.unchanged) == 1 else f'these {len(known.unchanged)} passwords'}"
    if not st.button(label, type="primary", icon=":material/password:", key="reset-known"):
        return
    try:
        started = services.current().departures.reset(
            layout.caller(), number, [each.address for each in known.unchanged]
        )
    except (*REFUSALS, *changes.REFUSALS) as refusal:
        st.error(escaped(changes.not_done(refusal)))
        st.session_state.pop(_LEFT, None)
        return
    forget()
    layout.navigate("jobs", run=str(started.run))
