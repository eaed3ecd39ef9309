"""The account's storage, at the foot of the sidebar; the page never waits for it."""

import streamlit as st

from mxlib import services
from mxlib.core.text import list_ages
from mxlib.services.account_storage import MAX_AGE_S, AccountStorage
from mxlib.ui.app import session
from mxlib.ui.widgets import actions, auto_refresh
from mxlib.ui.widgets.format import escaped, megabytes

_MB = 1024 * 1024
_SCOPE = "All domains together. MXroute calculates it once an hour."

#: Seconds between looks while the first figures are awaited.
LOOK_EVERY = 2


def show() -> None:
    """Show the storage used and available; nothing for a caller who may view no domain."""
    storage = services.current().storage
    waits = storage.latest(session.caller()) is None and not storage.problem
    actions.live(_draw, every=LOOK_EVERY if waits else None)


def _draw() -> None:
    app = services.current()
    known, problem = app.storage.latest(session.caller()), app.storage.problem
    if known is not None or problem:
        auto_refresh.stop()
    if known is None and not (problem and app.storage.may_see(session.caller())):
        return
    with st.container(key="storage", gap="xsmall"):
        st.caption("Account storage", help=_help(known))
        if known is None:
            st.markdown("Not known")
            st.caption(escaped(problem))
            return
        if known.limit and known.used is not None:
            st.progress(min(1.0, known.used / known.limit), text=_use(known))
        else:
            st.markdown(_use(known))
        now = app.clock.now()
        if now - known.read_at > 2 * MAX_AGE_S:
            st.caption(f"{list_ages.read_ago(known.read_at, now)}. {escaped(problem)}".strip())


def _use(known: AccountStorage) -> str:
    used = "use not known" if known.used is None else megabytes(known.used / _MB)
    if known.limit:
        return f"{used}{',' if known.used is None else ''} of {megabytes(known.limit / _MB)}"
    return f"{used}, {'limit not known' if known.limit is None else 'no limit'}"


def _help(known: AccountStorage | None) -> str:
    if known is None or not known.grace_until:
        return _SCOPE
    return f"{_SCOPE} The account is over its limit; MXroute's deadline is {escaped(known.grace_until)}."
