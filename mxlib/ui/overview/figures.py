"""The five figures of the Overview, each with a line and a link."""

from collections.abc import Mapping, Sequence
from typing import Literal

import streamlit as st

from mxlib.core.mailbox_filter import LABELS, MailboxFilter, MailboxOrder, MailboxState
from mxlib.core.text import overview as texts
from mxlib.core.text import usage as usage_texts
from mxlib.core.usage import NEEDED_DAYS
from mxlib.services.overview import Figures, Line
from mxlib.ui.app import layout
from mxlib.ui.widgets.format import escaped, megabytes

#: Days over which a figure is compared.
_A_WEEK = 7

_Chart = Literal["area", "bar"]


def show(figures: Figures) -> None:
    """Show the figures in one row."""
    with st.grid(5, min_column_width=150, gap="small", key="totals"):
        _figure(
            "Mailboxes", "mailboxes", f"{figures.mailboxes.now:,.0f}", figures.mailboxes, "area", MailboxFilter(),
            figures.mailboxes.now,
        )  # fmt: skip
        _figure(
            "Storage used", "storage", megabytes(figures.usage.now), figures.usage, "area",
            MailboxFilter(order=MailboxOrder.USED), figures.mailboxes.now, note=_of_quota(figures), in_mb=True,
        )  # fmt: skip
        _figure(
            "Full or over quota", "over_quota", f"{figures.over_quota.now:,.0f}", figures.over_quota, "bar",
            _by(MailboxState.OVER_QUOTA, MailboxOrder.FULLEST), figures.over_quota.now, is_bad=True,
        )  # fmt: skip
        collecting = "" if figures.foresees else usage_texts.collecting(figures.known_days, NEEDED_DAYS)
        _figure(
            LABELS[MailboxState.FULL_SOON], "full_soon", f"{figures.full_soon.now:,.0f}", figures.full_soon, "bar",
            _by(MailboxState.FULL_SOON, MailboxOrder.SOONEST), figures.full_soon.now, is_bad=True, note=collecting,
        )  # fmt: skip
        _figure(
            LABELS[MailboxState.NEAR_SEND_LIMIT], "near_send_limit", f"{figures.near_send_limit.now:,.0f}",
            figures.near_send_limit, "bar", _by(MailboxState.NEAR_SEND_LIMIT, MailboxOrder.SENT),
            figures.near_send_limit.now, is_bad=True,
        )  # fmt: skip
    _further(figures)


def _figure(
    label: str, name: str, value: str, line: Line, chart: _Chart, chosen: MailboxFilter, mailboxes: float, *,
    note: str = "", is_bad: bool = False, in_mb: bool = False,
) -> None:  # fmt: skip
    """Show one figure; it links to `mailboxes` rows, those that `chosen` lets through."""
    with st.container(border=True, height="stretch", key=f"total-{name}", gap="xsmall"):
        change = line.change(_A_WEEK)
        shown = _change(change, in_mb=in_mb) if change is not None and round(change) else None
        st.metric(
            label, value, shown, delta_color="inverse" if is_bad else "off",
            delta_description="this week" if shown else None,
            chart_data=_drawn(line.points) if len(line.points) > 1 else None, chart_type=chart,
        )  # fmt: skip
        if note:
            st.caption(escaped(note))
        with st.container(height="stretch", vertical_alignment="bottom"):
            if mailboxes:
                st.page_link(
                    layout.page("email_accounts"), label=f"Show {mailboxes:,.0f}", icon=":material/arrow_forward:",
                    query_params=_query(chosen.parameters()),
                )  # fmt: skip
            else:
                st.caption("None now")


def _by(state: MailboxState, order: MailboxOrder) -> MailboxFilter:
    return MailboxFilter(states=(state,), order=order)


def _query(parameters: Mapping[str, Sequence[str]]) -> dict[str, str]:
    return {name: values[0] for name, values in parameters.items()}


def _change(change: float, *, in_mb: bool) -> str:
    sign = "-" if change < 0 else ""
    return sign + (megabytes(abs(change)) if in_mb else f"{abs(change):,.0f}")


def _drawn(points: Sequence[float]) -> list[float]:
    return [round(point, 1) for point in points]


def _of_quota(figures: Figures) -> str:
    """Say how much of the quotas is used; unlimited mailboxes have no part in it."""
    parts = []
    if figures.quota:
        parts.append(f"{figures.limited_usage / figures.quota:.0%} of {megabytes(figures.quota)} quota")
    if figures.unlimited:
        parts.append(texts.unlimited(figures.unlimited, megabytes(figures.unlimited_usage)))
    return "; ".join(parts)


def _further(figures: Figures) -> None:
    """Link to mailboxes of further states that there are."""
    counts = {
        MailboxState.NEARLY_FULL: figures.nearly_full,
        MailboxState.SUSPENDED: figures.suspended,
        MailboxState.LOCKED: figures.locked,
    }
    there = {state: number for state, number in counts.items() if number}
    if not there:
        return
    with st.container(horizontal=True, key="further", gap="medium"):
        for state, number in there.items():
            st.page_link(
                layout.page("email_accounts"), label=f"{LABELS[state]}: {number:,}", icon=":material/arrow_forward:",
                query_params=_query(MailboxFilter(states=(state,)).parameters()), width="content",
            )  # fmt: skip
