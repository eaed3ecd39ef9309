"""Events in tables: what is open, and what happened, each with a card of the selected one."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pandas as pd
import streamlit as st

from mxlib import services
from mxlib.core.events.vocabulary import OF_RUNS, WITH_MAILBOX, Rule, Severity
from mxlib.core.format import count, moment
from mxlib.core.text import events as texts
from mxlib.services.notices import EventQuery, EventRecord
from mxlib.ui.app import layout
from mxlib.ui.widgets import flash, single_select
from mxlib.ui.widgets.actions import act
from mxlib.ui.widgets.format import escaped

#: Events of one page, and rows of the table of what is open.
MOST, MOST_OPEN = 100, 500

#: Deliveries of its notice that the card of an event lists.
MOST_DELIVERIES = 20

#: Days for which a snooze is offered first.
_SNOOZE_DAYS = 7

_PERIODS = {"Any time": None, "Last 24 hours": 1, "Last 7 days": 7, "Last 30 days": 30}

_BEFORE, _ASKED = "notices-before", "notices-asked"


def show_open() -> None:
    """Show what is over its threshold now."""
    found = services.current().notices.open(layout.caller())
    if not found:
        st.caption(texts.NOTHING_OPEN)
        return
    st.markdown(f"**{count(len(found), 'event')} open**")
    _table("notices-open", found[:MOST_OPEN], "What is open, newest first")
    if len(found) > MOST_OPEN:
        st.caption(f"The newest {MOST_OPEN:,} of {len(found):,}.")


def show_history() -> None:
    """Show what happened, newest first, a page at a time."""
    app, caller = services.current(), layout.caller()
    query = _asked()
    if st.session_state.get(_ASKED) != query:
        st.session_state[_ASKED], st.session_state[_BEFORE] = query, []
    before: list[int] = st.session_state[_BEFORE]
    page = app.notices.events(caller, query, before=before[-1] if before else None, most=MOST)
    if not page.events:
        st.caption(texts.NONE_MATCH if query != EventQuery() or before else texts.NO_EVENTS)
    else:
        _table("notices-history", page.events, "What happened, newest first")
    with st.container(horizontal=True, horizontal_alignment="right"):
        if before:
            st.button("Newer", icon=":material/chevron_left:", key="newer", on_click=act(before.pop))
        if page.older is not None:
            st.button("Older", icon=":material/chevron_right:", key="older", on_click=act(before.append, page.older))


def _asked() -> EventQuery:
    """Draw and read the filter."""
    app, caller = services.current(), layout.caller()
    names = app.lists.domains(caller).names
    with st.container(horizontal=True, vertical_alignment="bottom"):
        domain: str = st.selectbox(
            "Domain", ["", *names], key="notices-domain", width=220, format_func=lambda name: name or "All domains"
        )
        rule: Rule | str = st.selectbox(
            "What", ["", *app.notices.rules(caller)], key="notices-rule", width=230,
            format_func=lambda each: texts.RULES.get(each, "Anything"),
        )  # fmt: skip
        severity: Severity | str = st.selectbox(
            "Severity", ["", *texts.SEVERITIES], key="notices-severity", width=150,
            format_func=lambda each: texts.SEVERITIES.get(each, "Any"),
        )  # fmt: skip
        period: str = st.selectbox("When", list(_PERIODS), key="notices-period", width=160)
    days = _PERIODS[period]
    since = None
    if days is not None:  # by the hour, so that the page of older ones stays where it is
        hour = datetime.fromtimestamp(app.clock.now()).replace(minute=0, second=0, microsecond=0)
        since = (hour - timedelta(days=days)).timestamp()
    return EventQuery(
        domain if domain in names else "", Rule(rule) if rule else None, Severity(severity) if severity else None, since
    )  # fmt: skip


def _table(name: str, found: Sequence[EventRecord], alt: str) -> None:
    now = services.current().clock.now()
    selected = single_select.choose(
        name,
        pd.DataFrame([_row(each, now) for each in found]),
        [each.number for each in found],
        alt=alt,
        column_config={
            "When": st.column_config.TextColumn(width=105),
            "Severity": st.column_config.TextColumn(width=90),
            "Event": st.column_config.TextColumn(width=520),
            "Notified": st.column_config.TextColumn(width=170),
        },
    )
    for each in found:
        if each.number == selected:
            _card(name, each)
            return
    st.caption("Select an event in the table (by keyboard: Shift+Space) to read it, and to see what can be done.")


def _row(each: EventRecord, now: float) -> dict[str, str]:
    event = each.event
    return {
        "When": moment(each.at, now),
        "Severity": texts.SEVERITIES[each.severity],
        "Event": texts.text(event, each.at),
        "Notified": texts.sent_in(each.notice, each.due_at, each.way, now),
    }


def _card(name: str, each: EventRecord) -> None:
    event, now = each.event, services.current().clock.now()
    with st.container(border=True, key=f"{name}-card"):
        st.subheader(escaped(texts.title(event)), anchor=False)
        show = st.warning if each.severity is Severity.URGENT and not event.is_recovery else st.markdown
        show(escaped(texts.text(event, each.at)))
        st.caption(escaped(f"{moment(each.at, now)}. {texts.notified(each.notice, each.due_at, each.way, now)}"))
        if each.notice is not None and layout.caller().admin:
            _went_to(each.notice)
        _ways_to_act(event.rule, event.subject)
        if services.current().notices.may_snooze(layout.caller(), each.domain):
            _snooze(name, each.number)


def _went_to(notice: int) -> None:
    """Say to which channels a notice went, and with what result.

    A channel may get a part of its events.
    """
    found = services.current().channels.of_notices(layout.caller(), [notice])[notice]
    for each in found[:MOST_DELIVERIES]:
        st.caption(escaped(f"{each.channel} ({count(each.events, 'event')} of it): {each.happened}"))
    if len(found) > MOST_DELIVERIES:
        st.caption(f"{len(found) - MOST_DELIVERIES:,} more deliveries are in the log of Channels.")


def _ways_to_act(rule: Rule, subject: str) -> None:
    """Lead to the page where something can be done; of a suspected hijack, to *Lock*."""
    if rule in OF_RUNS:
        st.page_link(
            layout.page("jobs"), label=escaped(f"Run {subject}"), icon=":material/arrow_forward:",
            query_params={"run": subject},
        )  # fmt: skip
    elif rule in WITH_MAILBOX:
        label = f"Lock {subject} on its page" if rule is Rule.SENT_JUMP else f"Open {subject}"
        icon = ":material/lock:" if rule is Rule.SENT_JUMP else ":material/arrow_forward:"
        st.page_link(layout.page("mailbox"), label=escaped(label), icon=icon, query_params={"address": subject})


def _snooze(name: str, number: int) -> None:
    today = datetime.fromtimestamp(services.current().clock.now()).date()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.date_input(
            "Say nothing of this until", today + timedelta(days=_SNOOZE_DAYS), key=f"{name}-until", width=220,
            min_value=today + timedelta(days=1), max_value=today + timedelta(days=365),
        )  # fmt: skip
        st.button("Snooze", icon=":material/snooze:", key=f"snooze-{name}", on_click=act(_put_snooze, name, number))


def _put_snooze(name: str, number: int) -> None:
    chosen = st.session_state[f"{name}-until"]
    until = datetime(chosen.year, chosen.month, chosen.day).timestamp()
    flash.set_next(services.current().notices.snooze(layout.caller(), number, until))
