"""The account's storage, at the foot of the sidebar; the page never waits for it."""

import streamlit as st

from mxlib import services
from mxlib.auth.permissions import Caller
from mxlib.mailboxes import words
from mxlib.services.storage import FRESH, AccountStorage
from mxlib.ui.figures import megabytes

_MB = 1024 * 1024

#: Seconds between looks while the first figures are awaited.
LOOK_EVERY = 2


def show(caller: Caller) -> None:
    """What is used of how much; nothing for who may view no domain."""
    storage = services.current().storage
    waits = storage.latest(caller) is None and not storage.problem
    st.fragment(_draw, run_every=LOOK_EVERY if waits else None)(caller)


def _draw(caller: Caller) -> None:
    house = services.current()
    known = house.storage.latest(caller)
    if known is None:
        return
    with st.container(key="storage", gap="xsmall"):
        st.caption("Account storage", help=_help(known))
        used = megabytes(known.used / _MB)
        if known.limit:
            st.progress(min(1.0, known.used / known.limit), text=f"{used} of {megabytes(known.limit / _MB)}")
        else:
            st.markdown(f"{used}, no limit")
        now = house.clock.now()
        if now - known.read_at > 2 * FRESH:
            st.caption(f"{words.read_ago(known.read_at, now)} {house.storage.problem}".strip())


def _help(known: AccountStorage) -> str:
    told = "All domains together. MXroute reckons it once an hour."
    if known.grace_until:
        told += f" The account is over its limit; MXroute's deadline is {known.grace_until}."
    return told
