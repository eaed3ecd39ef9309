"""Tokens of the HTTP API, for admins: what each may do, how long, and whether it is used."""

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from mxlib import services
from mxlib.auth.permissions import EVERY_DOMAIN
from mxlib.core.format import age, count, day, moment
from mxlib.services.access import REFUSALS, TokenRecord, describe_mark, maker, marks, works
from mxlib.ui.admin import permissions, users
from mxlib.ui.app import layout
from mxlib.ui.widgets import actions, confirm_identity, dialogs, single_select
from mxlib.ui.widgets.actions import act
from mxlib.ui.widgets.format import escaped

RIGHTS = "rights-of-token"
_ONCE = "made-token"
_ENDS = {30: "30 days", 90: "90 days", 365: "1 year", 0: "Never"}
_NEVER = "It never ends by itself: anyone who finds it can use it until it is revoked. The audit log records that."


def show() -> None:
    """All tokens in a table; a click on one shows what can be done."""
    access, now = services.current().access, services.current().clock.now()
    tokens, clients = access.tokens(layout.caller()), access.clients(layout.caller())
    with st.container(horizontal=True, vertical_alignment="center"):
        working = sum(works(token, now) for token in tokens)
        st.markdown(f"**{count(working, 'token works', 'tokens work')}**", width="stretch")
        if st.button("Create token", icon=":material/add:", type="primary", key="add-token"):
            permissions.begin(RIGHTS)
            _forget()
            _make()
    if not tokens:
        st.caption("Scripts use tokens: see docs/api.md.")
        return
    selected = single_select.choose(
        "tokens",
        pd.DataFrame([_row(token, now, clients) for token in tokens]),
        [token.id for token in tokens],
        alt="All tokens, newest first",
        column_config={
            "Token": st.column_config.NumberColumn(width=60, format="%d"),
            "Name": st.column_config.TextColumn(width=150),
            "May": st.column_config.TextColumn(width=230),
            "State": st.column_config.TextColumn(width=155),
            "Last used": st.column_config.TextColumn(width=95),
            "Look at": st.column_config.TextColumn(width=150, help="Ends within 30 days, or unused for 90"),
            "Made": st.column_config.TextColumn(width=205),
        },
    )
    for token in tokens:
        if token.id == selected:
            _card(token, now, clients)
    if selected is None:
        st.caption("Choose a token in the table (by keyboard: Shift+Space) to revoke it.")


def _row(token: TokenRecord, now: float, clients: Mapping[int, str]) -> dict[str, object]:
    return {
        "Token": token.id,
        "Name": token.name,
        "May": permissions.describe(token.admin, token.permissions, clients),
        "State": _state(token, now),
        "Last used": f"{age(now - token.last_used_at)} ago" if token.last_used_at else "never",
        "Look at": ", ".join(describe_mark(token, mark, now) for mark in marks(token, now)).capitalize(),
        "Made": f"{day(token.created_at, now)} by {maker(token)}",
    }


def _state(token: TokenRecord, now: float) -> str:
    if token.revoked_at is not None:
        return f"Revoked {moment(token.revoked_at, now)}"
    if token.owner is not None and token.owner.disabled_at is not None:
        return "Ended: its owner is disabled"
    if token.expires_at is None:
        return "Works, never ends"
    return f"{'Works until' if token.expires_at > now else 'Ended'} {day(token.expires_at, now)}"


def _card(token: TokenRecord, now: float, clients: Mapping[int, str]) -> None:
    with st.container(border=True, key="token"):
        st.header(escaped(f"{token.name} (token {token.id})"), anchor=False)
        permissions.explain(token.admin, token.permissions, clients)
        st.caption(escaped(f"{_state(token, now)}."))
        if works(token, now):
            with st.popover("Revoke…", icon=":material/block:", key="revoke-open"):
                st.markdown("Scripts that use it are refused from now on. This cannot be undone.")
                st.button("Revoke it now", type="primary", key="revoke", on_click=act(_revoke, token.id))
            _handing_over(token)


def _revoke(number: int) -> None:
    services.current().access.revoke_token(layout.caller(), number)


def _handing_over(token: TokenRecord) -> None:
    """Let another admin answer for a token; it ends when that one is disabled."""
    owner = token.owner.id if token.owner else 0
    with st.popover("Hand over…", icon=":material/forward:", key="token-hand-over-open"):
        st.markdown(f"Made by {escaped(maker(token))}. A token ends when the admin who answers for it is disabled.")
        admins = services.current().access.admins(layout.caller(), besides=owner)
        if not admins:
            st.caption("No other admin can answer for it.")
            return
        st.selectbox("Admin who answers for it from now on", admins, key="token-owner")
        st.button("Hand it over", key="token-hand-over", on_click=act(_hand_over, token.id))


def _hand_over(number: int) -> None:
    services.current().access.hand_token_over(layout.caller(), number, str(st.session_state["token-owner"]))


def _forget() -> None:
    st.session_state.pop(_ONCE, None)


@dialogs.dialog("Create token", width="large", icon=":material/key:", forget=_forget)
def _make() -> None:
    access, caller = services.current().access, layout.caller()
    actions.notice("" if caller.admin else users.ONLY_ADMINS)
    if caller.admin and (made := st.session_state.get(_ONCE)):
        st.markdown("The token. Copy it now: it is shown this once, and MXM keeps only what it hashes to.")
        st.code(made, language=None, wrap_lines=True)
        st.caption("Send it as: Authorization: Bearer mxm_…")
        if st.button("Done", type="primary", key="done"):
            dialogs.leave()
        return
    left, right = st.columns([3, 2])
    name = left.text_input("What it is for", key="token-name", placeholder="nightly import", max_chars=100)
    days = right.segmented_control(
        "Ends after", list(_ENDS), default=365, format_func=lambda days: _ENDS[days], required=True, key="token-ends"
    )
    places = {key: label for key, label in access.places(caller).items() if key != EVERY_DOMAIN}
    admin, given = permissions.ask(
        RIGHTS, places, admin="Admin: everything in every domain, but neither people nor tokens"
    )
    if days == 0:
        st.warning(_NEVER, icon=":material/all_inclusive:")
    pressed = st.button("Make the token", type="primary", icon=":material/key:", key="make-token")

    def make() -> None:
        st.session_state[_ONCE] = access.create_token(
            layout.caller(), name, admin=admin, given=given, days=days or None
        )

    try:
        made = confirm_identity.carried_out("make-token", pressed, make)
    except REFUSALS as refusal:
        st.error(escaped(str(refusal)))
        return
    if made:
        dialogs.redraw()
