"""Choices about notices: which mails a person gets, and for admins when notices go out."""

import streamlit as st

from mxlib import services
from mxlib.core.events.notices import Preferences
from mxlib.core.events.vocabulary import Rule, Severity
from mxlib.core.text import events as texts
from mxlib.ui.app import layout
from mxlib.ui.widgets import flash
from mxlib.ui.widgets.actions import act
from mxlib.ui.widgets.format import escaped

_MAILS, _QUIET_FROM, _QUIET_UNTIL, _DIGEST = "notice-mails", "quiet-from", "quiet-until", "digest-hour"

#: Rules in one row of their severities.
_A_ROW = 4

#: Choices of nothing. A box with the value None would show the words of a box without a choice instead.
_NO_HOUR, _NONE = -1, ""


def show_mails() -> None:
    """Show which mails go to the caller, and let them choose."""
    app, caller = services.current(), layout.caller()
    if not app.notices.has_address(caller):
        st.caption(escaped(texts.NO_ADDRESS))
        return
    st.caption(escaped(texts.MAILS_HELP.format(address=caller.name)))
    if not app.outbox.is_set:
        st.warning(escaped(texts.NO_MAIL_SERVER), icon=":material/unsubscribe:")
    st.session_state.setdefault(_MAILS, app.notices.mails(caller) or _NONE)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox(
            "Mails to me", [_NONE, *texts.LEAST], key=_MAILS, width=320,
            format_func=lambda each: texts.LEAST.get(each, "None"),
        )  # fmt: skip
        st.button("Save", icon=":material/save:", key="save-mails", on_click=act(_save_mails))


def _save_mails() -> None:
    least: Severity | None = st.session_state[_MAILS] or None
    services.current().notices.set_mails(layout.caller(), least)
    flash.set_next(texts.mails_saved(least))


def show_preferences() -> None:
    """Show quiet hours, the hour of the digest and severities, and let admins choose."""
    app = services.current()
    chosen = app.notices.preferences(layout.caller())
    st.caption(escaped(texts.PREFERENCES_HELP.format(zone=app.settings.timezone)))
    for key, value in (
        (_QUIET_FROM, _NO_HOUR if chosen.quiet_from is None else chosen.quiet_from),
        (_QUIET_UNTIL, chosen.quiet_until),
        (_DIGEST, chosen.digest_hour),
    ):
        st.session_state.setdefault(key, value)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox("Quiet from", [_NO_HOUR, *range(24)], key=_QUIET_FROM, width=160, format_func=_hour)
        st.selectbox("Quiet until", list(range(24)), key=_QUIET_UNTIL, width=160, format_func=_hour)
        st.selectbox("Digest at", list(range(24)), key=_DIGEST, width=160, format_func=_hour)
    with st.expander("Severities", key="severities"):
        st.caption(escaped(texts.SEVERITIES_HELP))
        rules = list(Rule)
        for begin in range(0, len(rules), _A_ROW):
            for column, rule in zip(st.columns(_A_ROW), rules[begin : begin + _A_ROW], strict=False):
                st.session_state.setdefault(_key(rule), chosen.severities.get(rule, _NONE))
                column.selectbox(
                    texts.RULES[rule], [_NONE, *texts.SEVERITIES], key=_key(rule),
                    format_func=lambda each: texts.SEVERITIES.get(each, "Standard"),
                )  # fmt: skip
    st.button("Save", icon=":material/save:", key="save-preferences", on_click=act(_save_preferences))


def _save_preferences() -> None:
    held = st.session_state
    severities = {rule: held[_key(rule)] for rule in Rule if held[_key(rule)] != _NONE}
    begin = None if held[_QUIET_FROM] == _NO_HOUR else held[_QUIET_FROM]
    chosen = Preferences(begin, held[_QUIET_UNTIL], held[_DIGEST], severities)
    services.current().notices.set_preferences(layout.caller(), chosen)
    flash.set_next(texts.PREFERENCES_SAVED)


def _hour(hour: int) -> str:
    return "No quiet hours" if hour == _NO_HOUR else f"{hour}:00"


def _key(rule: Rule) -> str:
    return f"severity-{rule}"
