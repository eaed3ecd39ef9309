"""Charts of the Overview: storage by client, how full mailboxes are, and storage of the account."""

from collections.abc import Sequence

import altair as alt
import pandas as pd
import streamlit as st

from mxlib.core.days import date_of
from mxlib.core.overview_tables import ClientUse, FillGroup
from mxlib.core.text import overview as texts
from mxlib.core.text import usage as usage_texts
from mxlib.services.overview import AccountUse
from mxlib.ui.app import layout
from mxlib.ui.widgets.actions import act
from mxlib.ui.widgets.format import escaped, megabytes, spoken

#: Clients in the chart of storage.
_MOST_CLIENTS = 12

#: Characters of a name that its axis has room for.
_LONGEST_NAME = 26

_KB_PER_MB, _BYTES_PER_MB = 1024, 1024 * 1024


def show_clients(by_client: Sequence[ClientUse]) -> None:
    """Show what each client uses, the most first; a click opens its mailboxes."""
    with st.container(border=True, height="stretch", key="by-client"):
        st.header("Storage by client", anchor=False, help="Click a bar to open the mailboxes of the client.")
        shown = by_client[:_MOST_CLIENTS]
        if not shown:
            st.caption("No mailbox is listed yet.")
            return
        frame = pd.DataFrame(
            {
                "place": range(len(shown)),
                "client": [f"{_cut(each.name)}   {megabytes(each.usage)}" for each in shown],
                "usage": [each.usage for each in shown],
                "Client": [each.name for each in shown],
                "Storage": [megabytes(each.usage) for each in shown],
                "Mailboxes": [each.mailboxes for each in shown],
            }
        )
        picked = alt.selection_point(name="picked", fields=["place"])
        chart = (
            alt.Chart(frame, height=alt.Step(30))
            .mark_bar(cursor="pointer", cornerRadiusEnd=3)
            .encode(
                x=alt.X("usage:Q", axis=None),
                y=alt.Y("client:N", sort=None, title=None, axis=alt.Axis(labelLimit=320, ticks=False, domain=False)),
                tooltip=["Client:N", "Storage:N", alt.Tooltip("Mailboxes:Q", format=",d")],
            )
            .add_params(picked)
        )

        def opened() -> None:
            points = st.session_state["clients-chart"]["selection"].get("picked") or ()
            place = next((int(point["place"]) for point in points if "place" in point), None)
            if place is not None and place < len(shown):
                _open(shown[place])

        names = ", ".join(f"{spoken(each.name)} {megabytes(each.usage)}" for each in shown)
        st.altair_chart(
            chart, key="clients-chart", on_select=act(opened), selection_mode="picked",
            alt=f"Storage by client, the most first: {names}",
        )  # fmt: skip
        if rest := by_client[_MOST_CLIENTS:]:
            st.caption(escaped(texts.others(len(rest), megabytes(sum(each.usage for each in rest)))))


def _open(use: ClientUse) -> None:
    """Open the mailboxes of a client, or of a domain without one."""
    layout.navigate("email_accounts", **({"client": str(use.number)} if use.number else {"domain": use.name}))


def show_how_full(groups: Sequence[FillGroup]) -> None:
    """Show how many mailboxes use which share of their quota."""
    with st.container(border=True, height="stretch", key="how-full"):
        st.header("How full the mailboxes are", anchor=False)
        frame = pd.DataFrame(
            {
                "group": [f"{texts.group(each)}|{each.mailboxes:,}" for each in groups],
                "Share of the quota": [texts.group(each) for each in groups],
                "Mailboxes": [each.mailboxes for each in groups],
            }
        )
        chart = (
            alt.Chart(frame, height=325)
            .mark_bar(cornerRadiusEnd=3)
            .encode(
                x=alt.X(
                    "group:N", sort=None, title=None,
                    axis=alt.Axis(labelAngle=0, labelExpr="split(datum.label, '|')", ticks=False),
                ),
                y=alt.Y("Mailboxes:Q", title=None, axis=alt.Axis(tickMinStep=1, format=",d")),
                tooltip=["Share of the quota:N", alt.Tooltip("Mailboxes:Q", format=",d")],
            )
        )  # fmt: skip
        st.altair_chart(chart, key="how-full-chart", alt=texts.how_full(groups))


def show_account(use: AccountUse, today: int) -> None:
    """Show the storage of the whole account against its limit, and when it gets there."""
    with st.container(border=True, height="stretch", key="account"):
        st.header("Storage of the account", anchor=False)
        used = megabytes(use.used / _BYTES_PER_MB)
        of = f" of {megabytes(use.limit / _BYTES_PER_MB)}" if use.limit else ""
        st.markdown(f"**{used}{of}**")
        st.caption(escaped(usage_texts.of_account(use.forecast, today)))
        if len(use.days) < 2:
            return
        frame = pd.DataFrame(
            {
                "Day": [date_of(day).isoformat() for day, _ in use.days],
                "GB": [round(kb / _KB_PER_MB / 1024, 1) for _, kb in use.days],
            }
        )
        area = (
            alt.Chart(frame, height=190)
            .mark_area(line=True, opacity=0.35)
            .encode(
                x=alt.X("Day:T", title=None, axis=alt.Axis(format="%-d %b", tickCount=6)),
                y=alt.Y("GB:Q", title=None, axis=alt.Axis(format=",d", tickCount=4), scale=alt.Scale(zero=True)),
                tooltip=[alt.Tooltip("Day:T", format="%-d %b %Y"), alt.Tooltip("GB:Q", format=",.1f")],
            )
        )
        if use.limit:
            limit = pd.DataFrame({"GB": [round(use.limit / _BYTES_PER_MB / 1024, 1)]})
            area += alt.Chart(limit).mark_rule(strokeDash=[6, 4], color="#c2410c", size=2).encode(y="GB:Q")
        st.altair_chart(area, key="account-chart", alt=f"Storage of the account by the day: {used}{of}")


def _cut(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"
