"""Reading of the lists in view: at once for few domains, by the background reader or on request for many."""

from collections.abc import Sequence

import streamlit as st

from mxlib import services
from mxlib.core.format import count
from mxlib.services.mailbox_lists import LONG_MAX_WAIT_S, MAX_WAIT_S
from mxlib.ui.app import layout
from mxlib.ui.widgets import progress
from mxlib.ui.widgets.format import escaped

#: Most domains in view whose lists a visit reads when they are old; the background reader reads those of more.
_AT_ONCE = 5

#: Most lists that one press of *Refresh* reads, those read longest ago first.
_MOST = 60


def read(domains: Sequence[str], *, refresh: bool) -> float | None:
    """Read what is due, show failures, and return when the oldest list was read.

    None when no list was ever read. `refresh` reads again what is newer, too.
    """
    lists, caller = services.current().lists, layout.caller()
    if len(domains) == 1:
        with st.spinner(f"Reading the mailboxes of {escaped(domains[0])} from MXroute…", show_time=True):
            one = lists.mailboxes(caller, domains[0], refresh=refresh)
        if one.problem:
            st.warning(escaped(one.problem), icon=":material/cloud_off:")
        return one.read_at
    if refresh or len(domains) <= _AT_ONCE:
        _read_many(domains, refresh=refresh)
    states = [state for state in lists.states(layout.caller()) if state.domain in domains]
    if problems := [state for state in states if state.problem]:
        which = escaped(problems[0].domain) if len(problems) == 1 else count(len(problems), "domain")
        st.warning(f"{escaped(problems[0].problem)} Not updated: {which}.", icon=":material/cloud_off:")
    if never := [state for state in states if state.read_at is None]:
        st.info(
            f"{count(len(never), 'domain')} not loaded yet. Press *Refresh* to load them now.",
            icon=":material/hourglass:",
        )
    return min((state.read_at for state in states if state.read_at is not None), default=None)


def _read_many(domains: Sequence[str], *, refresh: bool) -> None:
    app = services.current()
    if not refresh:
        app.lists.refresh(domains, patience=MAX_WAIT_S)
        return
    read_at = {state.domain: state.read_at or 0.0 for state in app.lists.states(layout.caller())}
    due = sorted(domains, key=lambda name: read_at.get(name, 0.0))[:_MOST]
    with progress.shown() as on_progress:
        app.lists.refresh(due, newer_than=app.clock.now(), patience=LONG_MAX_WAIT_S, on_progress=on_progress)
