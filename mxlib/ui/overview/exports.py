"""Files of the Overview: its tables, and a month of all clients."""

import streamlit as st

from mxlib import services
from mxlib.core.months import Month
from mxlib.core.text import month_report as texts
from mxlib.services.usage_exports import ACCOUNT, ACCOUNT_TITLE, TABLES
from mxlib.ui.app import layout
from mxlib.ui.widgets import links, permissions
from mxlib.ui.widgets.format import escaped


def offer() -> None:
    """Show the menu of files to those who may export anything."""
    app, caller = services.current(), layout.caller()
    if not permissions.exports_anything(caller, app.lists.domains(caller).names):
        return
    with st.popover("Export", icon=":material/download:", key="overview-exports"):
        st.caption("Tables of this page, of the domains that you may export")
        titles = {name: table.title for name, table in TABLES.items()}
        if app.storage.may_see(caller):
            titles[ACCOUNT] = ACCOUNT_TITLE
        for name, title in titles.items():
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(escaped(title), width="stretch")
                links.download("CSV", f"/export/overview/{name}.csv", key=f"export-{name}-csv")
                links.download("Excel", f"/export/overview/{name}.xlsx", key=f"export-{name}-xlsx")
        months = app.usage_exports.months()
        if not months:
            return
        st.caption(texts.MONTH_HELP)
        with st.container(horizontal=True, vertical_alignment="bottom"):
            month = st.selectbox(
                "Month", months, index=_usual(months), key="export-month", format_func=lambda each: each.label
            )
            links.download("Excel", f"/export/month/{month}.xlsx", key="export-month-xlsx")


def show_asked() -> None:
    """Link to the month in the address, which the mail on the 1st has."""
    month = Month.read(st.query_params.get("month", ""))
    app, caller = services.current(), layout.caller()
    if month is None or not permissions.exports_anything(caller, app.lists.domains(caller).names):
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="asked-month"):
        st.markdown(escaped(texts.ready(month)), width="stretch")
        links.download("Download Excel", f"/export/month/{month}.xlsx", key="asked-month-xlsx")


def _usual(months: tuple[Month, ...]) -> int:
    """Return the place of the last month that is over; of the only one else."""
    return min(1, len(months) - 1)
