"""The part of the dialog of recovery emails that asks owners for one."""

import secrets

import pandas as pd
import streamlit as st

from mxlib import services
from mxlib.core.links import LinkOptions, LinkPurpose
from mxlib.core.text import recovery_requests as texts
from mxlib.services.runs import REFUSALS
from mxlib.ui.app import layout
from mxlib.ui.widgets.format import escaped

_KEY = "ask-recovery-key"


def forget() -> None:
    """Forget what the dialog held."""
    st.session_state.pop(_KEY, None)


def show(boxes: pd.DataFrame) -> None:
    """Offer to ask the owners of those mailboxes that have no recovery email."""
    lacking = [str(address) for address in boxes.loc[boxes["recovery_email"] == "", "address"]]
    if not lacking:
        return
    app, caller = services.current(), layout.caller()
    plan = app.link_plans.plan(caller, emails=lacking, options=LinkOptions(purpose=LinkPurpose.RECOVERY_EMAIL))
    st.divider()
    st.caption(escaped(texts.lacking(len(lacking))))
    if refused := texts.refused(each.reason for each in plan.refused):
        st.caption(escaped(refused))
    if unread := texts.unread(plan.unread):
        st.warning(escaped(unread), icon=":material/mark_email_unread:")
    if not app.outbox.is_set:
        st.caption(texts.NOT_SET)
    pressed = st.button(
        escaped(texts.ask(len(plan.people) or 1)), key="ask_recovery", icon=":material/outgoing_mail:",
        disabled=not plan.people or not app.outbox.is_set,
    )  # fmt: skip
    if not pressed:
        return
    key = st.session_state.setdefault(_KEY, f"ask {secrets.token_hex(16)}")
    try:
        run = app.link_plans.start(caller, plan, key=key)
    except REFUSALS as refusal:
        st.error(escaped(str(refusal)), icon=":material/block:")
        return
    layout.navigate("jobs", run=str(run))
