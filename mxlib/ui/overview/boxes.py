"""Tables of single mailboxes on the Overview: which are full soon, and which send much."""

from collections.abc import Sequence
from math import floor
from typing import Any

import pandas as pd
import streamlit as st

from mxlib.core.text import overview as texts
from mxlib.core.text import usage as usage_texts
from mxlib.core.usage import KB_PER_MB, NEEDED_DAYS
from mxlib.services.overview import LINE_DAYS, Figures
from mxlib.ui.mailboxes import mailbox_drawer
from mxlib.ui.widgets.actions import act
from mxlib.ui.widgets.format import escaped

#: Pixels of a row, of the header with the border, and of the tables; rows beyond are scrolled to.
_ROW, _HEADER, _HEIGHT = 33, 38, 420

#: Most percent that a bar is scaled to; one huge excess leaves the others readable.
_LONGEST_BAR = 200


def show_full_soon(figures: Figures) -> None:
    """Show the mailboxes that are full, or will be soon, with the line of each."""
    with st.container(border=True, height="stretch", key="full-soon"):
        st.header("Full soon", anchor=False, help=usage_texts.FULL_SOON_HELP)
        if not figures.soonest:
            st.caption("No mailbox is full, nearly full or full within 30 days.")
            return
        rows = figures.soonest
        shares = [floor(100 * each.box.share) for each in rows]  # 100 % is full, and nothing less
        frame = pd.DataFrame(
            {
                "address": [each.box.address for each in rows],
                "left": [usage_texts.short(each.forecast) for each in rows],
                "share": shares,
                "line": [[round(point / KB_PER_MB, 1) for point in each.line] for each in rows],
                "open": "Details",
            }
        )
        _table(
            frame, "full-soon-table", [each.box.address for each in rows],
            "Mailboxes that are full, or will be soon, the most urgent first",
            {
                "address": st.column_config.TextColumn("Address", width=185),
                "left": st.column_config.TextColumn("Full in", width=85),
                "share": _bar(shares, "Used"),
                "line": st.column_config.LineChartColumn(f"Last {LINE_DAYS} days", y_min=0, width=85),
            },
        )  # fmt: skip
        if not figures.foresees:
            st.caption(escaped(f"Full in: {usage_texts.collecting(figures.known_days, NEEDED_DAYS)}."))
        if text := texts.listed_of(len(rows), figures.urgent):
            st.caption(escaped(text))


def show_senders(figures: Figures) -> None:
    """Show the mailboxes that sent most of their limit today."""
    with st.container(border=True, height="stretch", key="senders"):
        st.header("Sent today against the limit", anchor=False)
        if not figures.senders:
            st.caption("No mailbox has sent anything today.")
            return
        rows = figures.senders
        shares = [floor(100 * each.sent / each.limit) for each in rows]
        frame = pd.DataFrame(
            {
                "address": [each.address for each in rows],
                "sent": [each.sent for each in rows],
                "limit": [each.limit for each in rows],
                "share": shares,
                "open": "Details",
            }
        )
        _table(
            frame, "senders-table", [each.address for each in rows], "Mailboxes that sent most of their limit today",
            {
                "address": st.column_config.TextColumn("Address", width=148),
                "sent": st.column_config.NumberColumn("Sent", format="localized", width=56),
                "limit": st.column_config.NumberColumn("Limit", format="localized", width=56),
                "share": _bar(shares, "Share"),
            },
        )  # fmt: skip


def _bar(shares: Sequence[int], label: str) -> Any:
    longest = min(max([100, *shares]), _LONGEST_BAR)
    return st.column_config.ProgressColumn(label, format="%.0f %%", min_value=0, max_value=longest, width=95)


def _table(frame: pd.DataFrame, key: str, addresses: Sequence[str], alt: str, columns: dict[str, Any]) -> None:
    """Show a table whose button opens the drawer of a mailbox."""

    def opened() -> None:
        click = st.session_state.get(f"open-box-{key}")
        if click is not None and click.row < len(addresses):
            mailbox_drawer.open(addresses[click.row])

    button = st.column_config.ButtonColumn(
        "Mailbox", key=f"open-box-{key}", on_click=act(opened), type="tertiary", width=68
    )
    st.container(key=key).dataframe(
        frame, hide_index=True, lazy=False, height=min(_HEIGHT, _HEADER + _ROW * len(frame)), alt=escaped(alt),
        column_config=columns | {"open": button},
    )  # fmt: skip
