"""The people who sign in, for admins: who there is, what each may do, and how to let them in."""

from collections.abc import Mapping
from datetime import datetime

import pandas as pd
import streamlit as st

from mxlib import services
from mxlib.core.format import age, count
from mxlib.core.text.sign_ins import temporary_password
from mxlib.services.access import POLICY, REFUSALS, Person
from mxlib.ui.admin import departure, disable_user, role_choice
from mxlib.ui.app import layout
from mxlib.ui.widgets import actions, confirm_identity, dialogs, single_select
from mxlib.ui.widgets.actions import act
from mxlib.ui.widgets.format import escaped, verbatim

RIGHTS = "rights-of-person"
_ONCE = "made-password"

ONLY_ADMINS = "Only admins manage people and tokens. Ask an admin."
_GENERATED, _TYPED, _ELSEWHERE = "a generated password", "a password that I type", "the provider"


def show() -> None:
    """Everybody in a table; a click on one shows what can be done."""
    access, caller = services.current().access, layout.caller()
    everybody, clients = access.people(caller), access.clients(caller)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{count(len(everybody), 'user')}**" if everybody else "**Nobody yet**", width="stretch")
        if st.button("Add a user…", icon=":material/person_add:", type="primary", key="add-user"):
            _begin()
            _add()
    if not everybody:
        return
    selected = single_select.choose(
        "people",
        pd.DataFrame([_row(person, clients) for person in everybody]),
        [person.user.id for person in everybody],
        alt="Everybody who may sign in",
        placeholder="never",
        column_config={
            "Name": st.column_config.TextColumn(width=230, pinned=True),
            "May": st.column_config.TextColumn(width=250),
            "Signs in with": st.column_config.TextColumn(width=140),
            "Last sign-in": st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm", width=140),
            "State": st.column_config.TextColumn(width=150),
        },
    )
    for person in everybody:
        if person.user.id == selected:
            _card(person, clients)
    if selected is None:
        st.caption("Choose a person in the table (by keyboard: Shift+Space) to change permissions, password or state.")


def _row(person: Person, clients: Mapping[int, str]) -> dict[str, object]:
    user = person.user
    signed_in = f"Signed in, {count(person.browsers, 'browser')}" if person.browsers else "Signed out"
    return {
        "Name": user.name + (" (you)" if person.you else ""),
        "May": role_choice.describe(user, clients),
        "Signs in with": ", ".join(_ways(person)) or "provider, not yet",
        "Last sign-in": datetime.fromtimestamp(user.last_sign_in_at) if user.last_sign_in_at else None,
        "State": "Disabled" if user.disabled_at is not None else signed_in,
    }


def _ways(person: Person) -> list[str]:
    user = person.user
    password = "password and code" if person.factor_since is not None else "password"
    return [password] * user.has_password + ["provider"] * (user.subject is not None)


def _card(person: Person, clients: Mapping[int, str]) -> None:
    user = person.user
    now = services.current().clock.now()
    with st.container(border=True, key="person"):
        st.header(escaped(user.name), anchor=False)
        role_choice.explain(user, clients)
        since = f"Added {age(now - user.created_at)} ago by {user.created_by}."
        if user.password_set_at:
            since += f" Password set {age(now - user.password_set_at)} ago."
        if user.password_ends_at:
            since += f" {temporary_password(user.password_ends_at, now)}"
        st.caption(escaped(since))
        with st.container(horizontal=True):
            if st.button("Change permissions…", icon=":material/tune:", key="change-rights"):
                role_choice.begin(RIGHTS, user.permissions, user.client_admin, admin=user.admin)
                _allow(person)
            if not person.you and st.button("New password…", icon=":material/password:", key="new-password"):
                st.session_state.pop(_ONCE, None)
                _new_password(person)
            if person.factor_since is not None and not person.you:
                hint = "For a person who lost the phone and the recovery codes. Signs them out everywhere."
                st.button(
                    "Reset second factor", icon=":material/phonelink_erase:", key="reset-factor", help=hint,
                    on_click=act(_reset_factor, user.id),
                )  # fmt: skip
            if person.browsers:
                out = act(sign_out, user.id)
                st.button("Sign out everywhere", icon=":material/logout:", key="sign-out", on_click=out)
            if user.subject:
                hint = "For a person who has a new account at the provider: the next one with this address is theirs."
                st.button(
                    "Forget provider account",
                    icon=":material/link_off:",
                    key="unlink",
                    on_click=act(_unlink, user.id),
                    help=hint,
                )
            if user.disabled_at is None:
                hint = "Signs them out everywhere, blocks sign-in and ends their tokens."
                if st.button("Disable…", icon=":material/block:", key="disable", help=hint):
                    disable_user.begin(user.id, user.name)
            else:
                st.button("Enable", icon=":material/check_circle:", key="enable", on_click=act(_enable, user.id))
                departure.offer(user.id, user.name)


def sign_out(number: int) -> None:
    """Sign a user out everywhere."""
    services.current().access.sign_out(layout.caller(), number)


def _reset_factor(number: int) -> None:
    services.current().access.reset_second_factor(layout.caller(), number)


def _unlink(number: int) -> None:
    services.current().access.unlink(layout.caller(), number)


def _enable(number: int) -> None:
    services.current().access.enable(layout.caller(), number)


def _begin() -> None:
    first = not services.current().access.sign_in_required()
    role_choice.begin(RIGHTS, admin=first)
    st.session_state.pop(_ONCE, None)


def _forget() -> None:
    st.session_state.pop(_ONCE, None)


@dialogs.dialog("Add a user", width="large", icon=":material/person_add:", forget=_forget)
def _add() -> None:
    access, caller = services.current().access, layout.caller()
    actions.notice("" if caller.admin else ONLY_ADMINS)
    if caller.admin and (made := st.session_state.get(_ONCE)):
        _show_password(*made)
        return
    first = not access.sign_in_required()
    name = st.text_input("Name", key="user-name", placeholder="kim or kim@agency.example", max_chars=254)
    ways = [_GENERATED, _TYPED, *([_ELSEWHERE] if access.by_provider() else [])]
    way = _TYPED if first else st.radio("Signs in with", ways, key="user-way", horizontal=True)
    chosen = role_choice.Chosen(True, {}) if first else role_choice.ask(RIGHTS, access.places(caller))
    rights = chosen.rights()
    if first:
        st.warning(
            "The first user is an admin. From then on everybody signs in, you too: as this user.",
            icon=":material/login:",
        )
    with st.form("user", border=False):  # a password field alone tells nothing when Tab leads from it to its own eye
        password, again = _typed() if way == _TYPED else ("", "")
        asked = st.form_submit_button("Add", type="primary", icon=":material/person_add:", key="add")

    def add() -> None:
        if way == _GENERATED:
            made_password = access.add_with_password(layout.caller(), name, **rights)
            st.session_state[_ONCE] = (name.strip().lower(), made_password)
        elif way == _TYPED:
            access.add_with_typed(layout.caller(), name, password, again, **rights)
        else:
            access.add(layout.caller(), name, None, **rights)

    try:
        if not confirm_identity.carried_out("add-user", asked, add):
            return
    except REFUSALS as refusal:
        st.error(escaped(str(refusal)))
        return
    if way == _GENERATED:
        dialogs.redraw()
    dialogs.leave()


def _typed() -> tuple[str, str]:
    """Ask for a password twice."""
    left, right = st.columns(2)
    return (
        left.text_input(
            "Password",
            help=POLICY,
            type="password",
            key="user-password",
            autocomplete="new-password",
        ),
        right.text_input("Once more", type="password", key="user-again", autocomplete="new-password"),
    )


def _show_password(name: str, password: str) -> None:
    st.markdown(f"The password of {verbatim(name)}:")
    st.code(password, language=None)
    st.markdown(
        "It is shown this once. Hand it over in private. At their first sign-in, within 7 days, they choose their own."
    )
    if st.button("Done", type="primary", key="done"):
        dialogs.leave()


@dialogs.dialog("Permissions", width="large", icon=":material/tune:")
def _allow(person: Person) -> None:
    access, caller, user = services.current().access, layout.caller(), person.user
    actions.notice("" if caller.admin else ONLY_ADMINS)
    st.markdown(f"What **{escaped(user.name)}** may do. It takes effect at once.")
    chosen = role_choice.ask(RIGHTS, access.places(caller, user.permissions))
    if user.admin and not chosen.admin and caller.admin and (tokens := access.tokens_of(caller, user.id)):
        st.caption(f"{count(len(tokens), 'token')} of theirs will allow no more than they may. Hand over which should.")
    pressed = st.button("Save", type="primary", icon=":material/check:", key="save-rights")

    def allow() -> None:
        access.allow(layout.caller(), user.id, **chosen.rights())

    try:
        if not confirm_identity.carried_out("save-rights", pressed, allow):
            return
    except REFUSALS as refusal:
        st.error(escaped(str(refusal)))
        return
    dialogs.leave()


@dialogs.dialog("New password", width="medium", icon=":material/password:", forget=_forget)
def _new_password(person: Person) -> None:
    access, caller, user = services.current().access, layout.caller(), person.user
    actions.notice("" if caller.admin else ONLY_ADMINS)
    if caller.admin and (made := st.session_state.get(_ONCE)):
        _show_password(*made)
        return
    st.markdown(
        f"{verbatim(user.name)} gets a generated password and is signed out everywhere. The old one no longer works, "
        "and the new one has to be replaced at the first sign-in, within 7 days."
    )
    pressed = st.button("Make a new password", type="primary", icon=":material/password:", key="make-password")

    def make() -> None:
        st.session_state[_ONCE] = (user.name, access.new_password(layout.caller(), user.id))

    try:
        if not confirm_identity.carried_out("make-password", pressed, make):
            return
    except REFUSALS as refusal:
        st.error(escaped(str(refusal)))
        return
    dialogs.redraw()
