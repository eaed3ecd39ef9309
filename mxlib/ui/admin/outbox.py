"""The outbox, for admins: a test mail, all mails in a table, and what can be done with the selected one."""

import pandas as pd
import streamlit as st

from mxlib import services
from mxlib.core.addresses import MAX_EMAIL_LENGTH
from mxlib.core.format import count, moment
from mxlib.core.mails import MailStatus
from mxlib.core.text import mails as texts
from mxlib.services.outbox import LISTED, OutboxMail
from mxlib.ui.app import layout
from mxlib.ui.widgets import flash, single_select
from mxlib.ui.widgets.actions import act
from mxlib.ui.widgets.format import escaped

_TO = "outbox-test-to"


def show() -> None:
    """Show whether mail leaves, the test mail, and all mails."""
    app = services.current()
    if app.outbox.catches:
        st.info(texts.SANDBOX, icon=":material/science:")
    elif not app.outbox.is_set:
        st.warning(texts.NOT_SET, icon=":material/unsubscribe:")
    if app.backups.held() is not None:
        st.info(texts.HELD, icon=":material/pause_circle:")
    for problem in app.outbox.problems():
        st.warning(escaped(problem), icon=":material/schedule_send:")
    if app.outbox.is_set:
        _test()
    _all_mails()


def _test() -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input(
            "Send a test mail to", key=_TO, placeholder="you@agency.example", width=360, max_chars=MAX_EMAIL_LENGTH
        )
        st.button("Send a test mail", icon=":material/send:", key="outbox-test", on_click=act(_send_test))


def _send_test() -> None:
    flash.set_next(services.current().outbox.send_test(layout.caller(), str(st.session_state.get(_TO, ""))))


def _all_mails() -> None:
    app, now = services.current(), services.current().clock.now()
    found, counts = app.outbox.list_all(layout.caller()), app.outbox.counts(layout.caller())
    if not found:
        st.caption(texts.EMPTY)
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        parts = [f"{counts[status]:,} {label.lower()}" for status, label in texts.STATUSES.items() if status in counts]
        st.markdown(f"**{', '.join(parts)}**", width="stretch")
        st.caption(texts.paced(app.settings.mails_per_hour), width="content")
        st.button("Refresh", icon=":material/refresh:", key="refresh")
    selected = single_select.choose(
        "outbox",
        pd.DataFrame([_row(mail, now) for mail in found]),
        [mail.id for mail in found],
        alt="All mails, those that wait first, then the newest",
        column_config={
            "To": st.column_config.TextColumn(width=190),
            "About": st.column_config.TextColumn(width=205),
            "State": st.column_config.TextColumn(width=105),
            "Result": st.column_config.TextColumn(width=195),
            "Queued": st.column_config.TextColumn(width=95),
            "By": st.column_config.TextColumn(width=100),
        },
    )
    if (listed := sum(counts.values())) > LISTED:
        st.caption(f"The newest {LISTED:,} of {count(listed, 'mail')}.")
    for mail in found:
        if mail.id == selected:
            _card(mail)
    if selected is None:
        st.caption("Select a mail in the table (by keyboard: Shift+Space) to see what can be done.")


def _row(mail: OutboxMail, now: float) -> dict[str, object]:
    return {
        "To": mail.to,
        "About": mail.about,
        "State": texts.STATUSES[mail.status],
        "Result": mail.happened,
        "Queued": moment(mail.queued_at, now),
        "By": mail.who,
    }


def _card(mail: OutboxMail) -> None:
    with st.container(border=True, key="outbox-mail"):
        st.header(escaped(f"{mail.about} to {mail.to}"), anchor=False)
        show_result = st.warning if mail.status in _IN_VAIN or (mail.tries and mail.waits) else st.markdown
        show_result(escaped(mail.happened))
        if mail.waits:
            with st.container(horizontal=True):
                retry, drop = act(_try_again, mail.id), act(_discard, mail.id)
                st.button("Try again now", icon=":material/send:", key="outbox-try", on_click=retry)
                st.button("Discard", icon=":material/delete:", key="outbox-discard", on_click=drop)
        if mail.is_readable:
            parts = services.current().outbox.read(layout.caller(), mail.id)
            st.markdown(f"**{escaped(parts.subject)}**")
            st.code(parts.text, language=None, wrap_lines=True)


_IN_VAIN = frozenset({MailStatus.REFUSED, MailStatus.NOT_DELIVERED})


def _try_again(number: int) -> None:
    flash.set_next(services.current().outbox.try_again(layout.caller(), number))


def _discard(number: int) -> None:
    flash.set_next(services.current().outbox.discard(layout.caller(), number))
