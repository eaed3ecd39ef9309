"""The trend of one mailbox: its use and what it sent by the day, and when it is full, in words."""

import altair as alt
import pandas as pd
import streamlit as st

from mxlib import services
from mxlib.core.days import date_of
from mxlib.core.text import usage as texts
from mxlib.core.usage import KB_PER_MB, DayFigures, forecast
from mxlib.ui.app import layout
from mxlib.ui.widgets.format import escaped

#: Days that the charts can show.
_SPANS = (30, 90)

#: Pixels of the charts.
_USE_HEIGHT, _SENT_HEIGHT = 150, 110

_DAY = alt.X("Day:T", title=None, axis=alt.Axis(format="%-d %b", tickCount=5))
_DAY_TOOLTIP = alt.Tooltip("Day:T", format="%-d %b %Y")


def show(box: pd.Series, *, place: str) -> None:
    """Show the trend of a mailbox, given its row of the list.

    `place` is the card or the drawer.
    """
    username, _, domain = str(box["address"]).rpartition("@")
    use = services.current().usage.of_mailbox(layout.caller(), domain, username, max(_SPANS))
    left = forecast(float(box["usage"]) * KB_PER_MB, float(box["quota"]) * KB_PER_MB, use.trend)
    st.header("Trend", anchor=False)
    st.markdown(escaped(texts.of_mailbox(left, use.trend, use.today)))
    if len(use.days) < 2:
        return
    span = st.segmented_control(
        "Days", _SPANS, default=_SPANS[0], key=f"{place}-span", format_func=lambda days: f"{days:d} days",
        label_visibility="collapsed",
    )  # fmt: skip
    shown = [each for each in use.days if each.day > use.today - int(span or _SPANS[0])]
    _use(shown, int(box["quota"]), place)
    _sent(shown, place)


def _use(days: list[DayFigures], quota: int, place: str) -> None:
    """Show the storage of each day, and a quota that is near as a line."""
    known = [(date_of(each.day).isoformat(), each.usage / KB_PER_MB) for each in days if each.usage is not None]
    frame = pd.DataFrame(known, columns=["Day", "MB"])
    chart = (
        alt.Chart(frame, height=_USE_HEIGHT)
        .mark_area(line=True, opacity=0.35)
        .encode(
            x=_DAY,
            y=alt.Y("MB:Q", title="Storage (MB)", axis=alt.Axis(format=",d", tickCount=4)),
            tooltip=[_DAY_TOOLTIP, alt.Tooltip("MB:Q", format=",.0f")],
        )
    )
    if 0 < quota <= 2 * frame["MB"].max():  # far above it would flatten the line
        limit = alt.Chart(pd.DataFrame({"MB": [quota]}))
        chart += limit.mark_rule(strokeDash=[6, 4], color="#c2410c", size=2).encode(y="MB:Q")
    first, last = (frame["MB"].iloc[at] for at in (0, -1)) if len(frame) else (0.0, 0.0)
    text = f"Storage of each day, from {first:,.0f} MB to {last:,.0f} MB"
    st.altair_chart(chart, key=f"{place}-use", alt=text)


def _sent(days: list[DayFigures], place: str) -> None:
    known = [(date_of(each.day).isoformat(), each.sent) for each in days if each.sent is not None]
    frame = pd.DataFrame(known, columns=["Day", "Sent"])
    chart = (
        alt.Chart(frame, height=_SENT_HEIGHT)
        .mark_bar()
        .encode(
            x=_DAY,
            y=alt.Y("Sent:Q", title="Sent", axis=alt.Axis(format=",d", tickCount=3, tickMinStep=1)),
            tooltip=[_DAY_TOOLTIP, alt.Tooltip("Sent:Q", format=",d")],
        )
    )
    most = int(frame["Sent"].max()) if len(frame) else 0
    st.altair_chart(chart, key=f"{place}-sent", alt=f"Messages sent on each day, {most:,} at most")
