"""The links of one mailbox: the living one with what can be done, and earlier ones."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from mxlib import services
from mxlib.auth.permissions import Permission
from mxlib.core.format import moment
from mxlib.core.links import LinkStatus
from mxlib.core.text import links as texts
from mxlib.services.sent_links import LinkPerson
from mxlib.ui.app import layout
from mxlib.ui.links import copy
from mxlib.ui.widgets import flash
from mxlib.ui.widgets.actions import act
from mxlib.ui.widgets.format import escaped

_ENDED = frozenset({LinkStatus.SET, LinkStatus.EXPIRED, LinkStatus.REVOKED})


def show(address: str, place: str) -> None:
    """Show the links that a mailbox has had, to callers who may send one.

    `place` keeps its buttons apart: a drawer may lie over a card.
    """
    username, _, domain = address.rpartition("@")
    if not layout.caller().may(Permission.SUPPORT, domain):
        return
    found = services.current().sent_links.of_mailbox(layout.caller(), domain, username)
    if not found:
        return
    st.header("Links", anchor=False)
    for each in found:
        if each.status not in _ENDED:
            _living(each, place)
    if earlier := [each for each in found if each.status in _ENDED]:
        _table(earlier, place)


def _living(link: LinkPerson, place: str) -> None:
    now = services.current().clock.now()
    said = [texts.living(link.status, link.recipient, link.send_at, link.sent_at, now)]
    said += [f"opened {moment(link.opened_at, now)}"] if link.opened_at is not None else []
    said += [f"works from {moment(link.valid_from, now)}"] if link.valid_from > now else []
    said += [f"ends {moment(link.expires_at, now)}"]
    with st.container(border=True, key=f"living-link-{place}-{link.id}", gap="small"):
        st.markdown(escaped("; ".join(said) + "."))
        if link.happened:
            st.warning(escaped(link.happened), icon=":material/warning:")
        with st.container(horizontal=True):
            if link.recipient:
                st.button(
                    "Resend", icon=":material/forward_to_inbox:", key=f"link-resend-{place}-{link.id}",
                    help=texts.RESEND_HELP, on_click=act(resend, link.id),
                )  # fmt: skip
            st.button(
                "Revoke", icon=":material/link_off:", key=f"link-revoke-{place}-{link.id}", help=texts.REVOKE_HELP,
                on_click=act(revoke, link.id),
            )  # fmt: skip
            if st.button(
                "Copy link", icon=":material/content_copy:", key=f"link-copy-{place}-{link.id}", help=texts.COPY_HELP
            ):
                copy.ask(link.id, link.address)


def resend(number: int) -> None:
    """Send a new link in place of this one."""
    flash.set_next(services.current().sent_links.resend(layout.caller(), number))


def revoke(number: int) -> None:
    """End a link."""
    flash.set_next(services.current().sent_links.revoke(layout.caller(), number))


def _table(links: Sequence[LinkPerson], place: str) -> None:
    now = services.current().clock.now()
    text = st.column_config.TextColumn
    st.dataframe(
        pd.DataFrame(
            {
                "sent": [moment(each.sent_at or each.send_at, now) for each in links],
                "status": [texts.STATUSES[each.status] for each in links],
                "details": [each.happened for each in links],
                "set": ["" if each.set_at is None else moment(each.set_at, now) for each in links],
                "to": [each.recipient for each in links],
            }
        ),
        hide_index=True,
        placeholder="",
        height=(min(len(links), 5) + 1) * 33 + 4,
        key=f"earlier-links-{place}",
        alt="Earlier links of this mailbox, newest first",
        column_config={
            "sent": text("Sent", width=85),
            "status": text("State", width=65),
            "details": text("Details", width=230),
            "set": text("Set", width=85),
            "to": text("To", width=180),
        },
    )
