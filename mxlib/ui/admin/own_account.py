"""The Team and API page: a user's own account, and whether sign-in is required."""

from html import escape

import streamlit as st

from mxlib import services
from mxlib.auth.sign_in_pages import RECOVERY_CODES, SECOND_FACTOR
from mxlib.core.format import age, count
from mxlib.services.access import POLICY, REFUSALS, Person
from mxlib.ui.admin import own_sessions, role_choice
from mxlib.ui.app import layout, session
from mxlib.ui.widgets.format import escaped

#: So few recovery codes are left that the page asks for new ones.
FEW_CODES = 3


def say_not_in_force() -> None:
    """Say that sign-in is off, and how to turn it on."""
    st.info(
        "No sign-in on this machine's sandbox: anyone who opens this page is an admin. Add a user to switch it on. The "
        "first one is an admin, and from then on everybody signs in.",
        icon=":material/lock_open:",
    )


def show_own(person: Person) -> None:
    """Show the caller's permissions, password and browsers."""
    user = person.user
    who, password = st.columns([2, 3], gap="large")
    with who.container(border=True, height="stretch"):
        st.header("You", anchor=False)
        st.markdown(f"Signed in as **{escaped(user.name)}**. You may:")
        role_choice.explain(user, services.current().access.clients(layout.caller()))
    with password.container(border=True, height="stretch"):
        if services.current().access.offers_second_factor(person):
            _own_factor(person)
        if user.has_password:
            _own_password()
        else:
            st.header("Your password", anchor=False)
            st.markdown("You sign in at the provider, and have no password here.")
    own_sessions.show(user.id)


def _own_factor(person: Person) -> None:
    """Show the second factor, with links to the pages that change it."""
    state, now = services.current().access.own_factor(person), services.current().clock.now()
    st.header("Your second factor", anchor=False)
    if state is None:
        st.markdown("You sign in with a password alone. With a code from your phone, a stolen password is not enough.")
        _link("Set it up", SECOND_FACTOR)
        return
    left = count(state.codes_left, "recovery code")
    st.markdown(f"An authenticator app, set up {age(now - state.enrolled_at)} ago. **{left} left.**")
    if state.codes_left <= FEW_CODES:
        st.warning("Make new recovery codes before you need them.", icon=":material/warning:")
    with st.container(horizontal=True):
        _link("Set up another phone", SECOND_FACTOR)
        _link("Make new recovery codes", RECOVERY_CODES)


def _link(label: str, address: str) -> None:
    st.html(f'<a class="mxm-download" href="{escape(address)}" target="_self">{escape(label)}</a>', width="content")


def _own_password() -> None:
    with st.form("own-password", border=False, clear_on_submit=True):
        st.header("Your password", anchor=False)
        current = st.text_input("Current password", type="password", autocomplete="current-password", key="own-current")
        left, right = st.columns(2)
        new = left.text_input(
            "New password",
            type="password",
            autocomplete="new-password",
            key="own-new",
            help=POLICY,
        )
        again = right.text_input("Once more", type="password", autocomplete="new-password", key="own-again")
        asked = st.form_submit_button("Change password", icon=":material/password:", key="own-change")
    if not asked:
        return
    try:
        services.current().access.change_own_password(layout.caller(), current, new, again, keep=session.session())
    except REFUSALS as refusal:
        st.error(escaped(str(refusal)))
    else:
        st.success("Changed. Your other browsers are signed out.", icon=":material/check_circle:")
