"""Snoozes: a row for each, with a button that reports it again."""

import streamlit as st

from mxlib import services
from mxlib.core.format import full_day
from mxlib.core.text import events as texts
from mxlib.services.notices import Snooze
from mxlib.ui.app import layout
from mxlib.ui.widgets import flash
from mxlib.ui.widgets.actions import act
from mxlib.ui.widgets.format import escaped


def show() -> None:
    """Show the snoozes that hold."""
    app, caller = services.current(), layout.caller()
    found = app.notices.snoozed(caller)
    if not found:
        st.caption(texts.NOTHING_SNOOZED)
        return
    with st.container(border=True, key="snoozes"):
        for number, each in enumerate(found):
            what, button = st.columns((9, 2), vertical_alignment="center")
            with what.container(gap="xxsmall"):
                st.markdown(f"**{escaped(texts.silenced(each.subject, each.rule))}**")
                st.caption(escaped(f"Until {full_day(each.until)}, by {each.who}"))
            if app.notices.may_snooze(caller, each.domain):
                button.button("Report again", key=f"unsnooze-{number}", width="stretch", on_click=act(_end, each))


def _end(each: Snooze) -> None:
    flash.set_next(services.current().notices.end_snooze(layout.caller(), each.rule, each.subject))
