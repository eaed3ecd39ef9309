"""The signed-in user, and the way to sign out."""

from html import escape
from typing import NoReturn

import streamlit as st

from mxlib import services
from mxlib.auth.middleware import ADDRESS, SESSION
from mxlib.auth.permissions import LOCAL, Caller
from mxlib.auth.sign_in_pages import SIGN_OUT, cookie_name
from mxlib.core.text import sign_ins
from mxlib.ui.widgets.format import escaped


def caller() -> Caller:
    """Return the caller that the middleware named, or the local operator while sign-in is off.

    Raises Forbidden.
    """
    name, headers = st.user.get("email"), st.context.headers
    address, opened_in = (headers.get(key.decode()) or "" for key in (ADDRESS, SESSION))
    return services.current().authenticator.caller(str(name or ""), address, opened_in)


def session() -> str:
    """Return the id of this page's session; blank without one.

    With it a user can end all other sessions.
    """
    cookies = st.context.cookies
    return next(filter(None, (cookies.get(cookie_name(secure)) for secure in (True, False))), "")


def known_as() -> str:
    """Return the name of this page's session (`Session.known_as`); blank without one."""
    return st.context.headers.get(SESSION.decode()) or ""


def show(who: Caller) -> None:
    """Say who is signed in, when they signed in last, and the way out."""
    if who.name == LOCAL.name:
        return
    before = services.current().own_sessions.sign_in_before(who, known_as())
    last = sign_ins.last_sign_in(before.at, before.address, before.refused) if before and before.at else ""
    st.html(
        f'<p class="mxm-signed-in">Signed in as <strong>{escape(who.name)}</strong>'
        f'<br><a href="{SIGN_OUT}" target="_self">Sign out</a></p>'
        + (f'<p class="mxm-last-sign-in">{escape(last)}</p>' if last else "")
    )


def turn_away(why: str) -> NoReturn:
    """Say why this caller gets no page."""
    st.set_page_config(page_title="MXM")
    st.error(escaped(why), icon=":material/lock:")
    st.html(f'<p><a href="{SIGN_OUT}" target="_self">Sign out, or sign in as another user</a></p>')
    st.stop()
