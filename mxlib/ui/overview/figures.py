"""Totals of the Overview, each with a link to the mailboxes that it counts."""

from math import floor
from typing import Any
from urllib.parse import quote

import pandas as pd
import streamlit as st

from mxlib.core.text import overview as texts
from mxlib.services.mailbox_totals import Totals
from mxlib.services.overview import ClientUse, Figures
from mxlib.ui.app import layout
from mxlib.ui.widgets.format import escaped, megabytes

#: Clients in the table of storage.
_MOST_CLIENTS = 10


def show_totals(figures: Figures) -> None:
    """Show the totals in one row; a total of mailboxes links to them."""
    totals = figures.totals
    with st.container(horizontal=True, key="totals"):
        _total("Mailboxes", f"{totals.mailboxes:,}", "mailboxes", {}, totals.mailboxes)
        _storage(totals)
        _total("Full or over quota", f"{totals.over_quota:,}", "over_quota", {"state": "over_quota"}, totals.over_quota)
        _total("90 % or more", f"{totals.nearly_full:,}", "nearly_full", {"state": "nearly_full"}, totals.nearly_full)
        _total(
            "Near send limit", f"{totals.near_send_limit:,}", "near_send_limit", {"state": "near_send_limit"},
            totals.near_send_limit,
        )  # fmt: skip
        _total("Suspended", f"{totals.suspended:,}", "suspended", {"state": "suspended"}, totals.suspended)
        _total("Locked", f"{figures.locked:,}", "locked", {"state": "locked"}, figures.locked)


def _total(label: str, value: str, name: str, query: dict[str, str], mailboxes: int) -> None:
    with st.container(border=True, width=168, height="stretch", key=f"total-{name}", gap="xsmall"):
        st.metric(label, value)
        if mailboxes:
            shown = f"Show {mailboxes:,}"
            st.page_link(
                layout.page("email_accounts"), label=shown, icon=":material/arrow_forward:", query_params=query
            )


def _storage(totals: Totals) -> None:
    """Show the use of limited mailboxes within their quota, and that of unlimited ones apart."""
    with st.container(border=True, width=250, height="stretch", key="total-storage", gap="xsmall"):
        if totals.quota:
            share = totals.limited_usage / totals.quota
            st.metric("Storage used", f"{share:.0%}")
            st.progress(min(1.0, share), text=f"{megabytes(totals.limited_usage)} of {megabytes(totals.quota)}")
        else:
            st.metric("Storage used", megabytes(totals.usage))
        if totals.unlimited:
            st.caption(escaped(texts.unlimited(totals.unlimited, megabytes(totals.unlimited_usage))))


def show_fullest(totals: Totals) -> None:
    """Show the mailboxes that use most of their quota."""
    st.subheader("Fullest mailboxes", anchor=False)
    if not totals.fullest:
        st.caption("No mailbox with a quota holds mail.")
        return
    shares = [floor(each.share * 100) for each in totals.fullest]  # 100 % is full, and nothing less
    frame = pd.DataFrame(
        {
            "address": [f"/mailbox?address={quote(each.address)}" for each in totals.fullest],
            "share": shares,
            "usage": [megabytes(each.usage) for each in totals.fullest],
            "quota": [megabytes(each.quota) for each in totals.fullest],
        }
    )
    bar = st.column_config.ProgressColumn("Used", format="%.0f %%", min_value=0, max_value=max(100, *shares))
    columns: dict[str, Any] = {
        "address": st.column_config.LinkColumn("Address", display_text=r"address=(.+)$"),
        "share": bar,
        "usage": "Storage",
        "quota": "Quota",
    }
    st.dataframe(frame, hide_index=True, column_config=columns, key="fullest")


def show_clients(by_client: tuple[ClientUse, ...]) -> None:
    """Show what each client uses, the most first."""
    st.subheader("Storage by client", anchor=False)
    shown = by_client[:_MOST_CLIENTS]
    frame = pd.DataFrame(
        {
            "client": [each.name if each.number else "Without a client" for each in shown],
            "usage": [each.usage for each in shown],
            "text": [megabytes(each.usage) for each in shown],
            "mailboxes": [each.mailboxes for each in shown],
        }
    )
    most = max([1.0, *frame["usage"]])
    columns: dict[str, Any] = {
        "client": "Client",
        "usage": st.column_config.ProgressColumn("Share of the most", format=" ", min_value=0, max_value=most),
        "text": "Storage",
        "mailboxes": st.column_config.NumberColumn("Mailboxes", format="%d"),
    }
    st.dataframe(frame, hide_index=True, column_config=columns, key="by-client")
    if len(by_client) > len(shown):
        st.caption(f"{len(by_client) - len(shown):,} more clients use less.")
