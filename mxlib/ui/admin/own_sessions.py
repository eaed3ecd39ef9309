"""The browsers in which a user is signed in, and the way out of each."""

import streamlit as st

from mxlib import services
from mxlib.auth.sign_in_pages import SIGN_OUT
from mxlib.core.format import age
from mxlib.services.own_sessions import OwnSession
from mxlib.ui.admin import users
from mxlib.ui.app import layout, session
from mxlib.ui.widgets.actions import act
from mxlib.ui.widgets.format import escaped

#: Seconds after its last use for which a browser counts as in use; use is noted once a minute.
_IN_USE_S = 120.0


def show(number: int) -> None:
    """Show the browsers of the user of that number, this one first."""
    own = services.current().own_sessions.list_all(layout.caller(), session.known_as())
    with st.container(border=True, key="own-sessions"):
        st.header("Where you are signed in", anchor=False)
        for each in own:
            _row(each)
        with st.container(horizontal=True):
            if any(not each.here for each in own):
                st.button(
                    "Sign out everywhere else", icon=":material/logout:", key="own-sign-out-others",
                    on_click=act(_sign_out_elsewhere), help="In every browser but this one.",
                )  # fmt: skip
            st.button(
                "Sign out everywhere", icon=":material/logout:", key="own-sign-out",
                on_click=act(users.sign_out, number), help="In this browser too.",
            )  # fmt: skip


def _row(own: OwnSession) -> None:
    browser, address, used, way_out = st.columns([4, 3, 3, 2], vertical_alignment="center")
    browser.markdown(f"**{escaped(own.browser)}**" + (" (this browser)" if own.here else ""))
    address.markdown(escaped(own.address))
    since = services.current().clock.now() - own.used_at
    used.markdown("in use" if since < _IN_USE_S else f"last used {age(since)} ago")
    if own.here:
        way_out.html(f'<a class="mxm-download" href="{SIGN_OUT}" target="_self">Sign out</a>')
    else:
        way_out.button("Sign out", key=f"own-end-{own.name[:16]}", on_click=act(_sign_out, own.name))


def _sign_out(name: str) -> None:
    services.current().own_sessions.sign_out(layout.caller(), name)


def _sign_out_elsewhere() -> None:
    services.current().own_sessions.sign_out_elsewhere(layout.caller(), session.known_as())
