"""The audit log on a page: what is asked for, its entries, and the way to older ones."""

from dataclasses import asdict, replace
from datetime import datetime, timedelta
from urllib.parse import urlencode

import pandas as pd
import streamlit as st

from mxlib import services
from mxlib.core.format import count, moment
from mxlib.core.text import audit_texts
from mxlib.services.audit_labels import ACTION_FAMILIES, ACTION_LABELS, action_label, actions_matching
from mxlib.services.audit_log import AuditFilter, Page
from mxlib.ui.app import layout
from mxlib.ui.widgets import links
from mxlib.ui.widgets.actions import act
from mxlib.ui.widgets.format import escaped

MOST = 100
_COUNTED = 10_000
_ROW = 33
_DAYS = {"Any time": None, "Today": 0, "Last 7 days": 7, "Last 30 days": 30}
_CHOSEN = "Choose days…"
#: Digits beyond which no number of a run goes.
_LONG = 10
_NO_RUN = "Runs have numbers, such as 41. Type one, or leave it blank."
_NOBODY = "No entries match."


def asked() -> AuditFilter:
    """Draw and read the filter; `?address=` and `?run=` fill it when the page opens."""
    for name in ("address", "run"):
        st.session_state.setdefault(f"audit-{name}", st.query_params.get(name, ""))
    with st.container(horizontal=True, vertical_alignment="bottom", key="audit-filter"):
        address = st.text_input(
            "Address", key="audit-address", placeholder="Mailbox, domain or name", icon=":material/search:", width=230
        )
        who = st.text_input("Who", key="audit-who", placeholder="Operator or token", width=170)
        what = st.selectbox(
            "What", ["", *ACTION_FAMILIES, *ACTION_LABELS], key="audit-what", width=215,
            format_func=lambda it: actions_matching(it) if it else "Anything",
        )  # fmt: skip
        client = _client()
        run = st.text_input("Run", key="audit-run", placeholder="Number", width=90)
        period = st.selectbox("When", [*_DAYS, _CHOSEN], key="audit-period", width=145)
        days = st.date_input("Days", [], key="audit-days", width=240) if period == _CHOSEN else ()
    filters = AuditFilter(address.strip(), who.strip(), what, _run(run.strip()), client=client)
    return _within(filters, period, days if isinstance(days, tuple) else (days,))


def _client() -> int | None:
    """Let the user choose a client, where there is one to see; return its number."""
    named = {client.id: client.details.name for client in services.current().clients.list_all(layout.caller())}
    if not named:
        return None
    chosen: int = st.selectbox(
        "Client", [0, *named], key="audit-client", width=170,
        format_func=lambda number: named.get(number, "All clients"),
    )  # fmt: skip
    return chosen or None


def _run(text: str) -> int | None:
    """Return the number of the run to filter by. Text that is not a number gives 0, which matches no run."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < _LONG else 0 if text else None


def _within(filters: AuditFilter, period: str, days: tuple[object, ...]) -> AuditFilter:
    """Return the filter within a period; days are the server's."""
    back = _DAYS.get(period)
    if back is not None:
        midnight = datetime.fromtimestamp(services.current().clock.now()).replace(hour=0, minute=0, second=0)
        return replace(filters, since=(midnight.replace(microsecond=0) - timedelta(days=back)).timestamp())
    if period == _CHOSEN and days:
        first, last = (datetime.fromisoformat(str(day)) for day in (days[0], days[-1]))
        return replace(filters, since=first.timestamp(), until=(last + timedelta(days=1)).timestamp())
    return filters


def show_check() -> None:
    """Say to admins what the last check of the hashes found."""
    app = services.current()
    known = app.audit_proof.latest(layout.caller())
    if known is None:
        return
    at, found = known
    if found.intact:
        st.caption(escaped(audit_texts.checked(found, moment(at, app.clock.now()))))
        return
    st.error(escaped(" ".join(audit_texts.problems(found))), icon=":material/gpp_bad:")
    st.button(audit_texts.ACCEPT, key="audit-accept", help=audit_texts.ACCEPT_HELP, on_click=act(_accept, at))


def _accept(at: float) -> None:
    services.current().audit_proof.accept(layout.caller(), at)


def show(filters: AuditFilter) -> None:
    """Show the entries, newest first, a page at a time."""
    app, caller = services.current(), layout.caller()
    if st.session_state.get("audit-asked") != filters:
        st.session_state["audit-asked"], st.session_state["audit-before"] = filters, []
    before: list[int] = st.session_state["audit-before"]
    page = app.audit_log.entries(caller, filters, before=before[-1] if before else None, most=MOST)
    found = app.audit_log.count(caller, filters, most=_COUNTED + 1)
    with st.container(horizontal=True, vertical_alignment="center", key="audit-bar"):
        st.markdown(_figures(found, len(before), page), width="stretch")
        query = urlencode(_parameters(filters))
        links.download("Download CSV", f"/audit.csv?{query}", key="audit-csv")
        links.download("Download JSONL", f"/audit.jsonl?{query}", key="audit-jsonl")
        if caller.admin:
            links.download("Evidence report", "/evidence.xlsx", key="evidence")
    if not page.entries:
        st.info(_NO_RUN if filters.run == 0 else _NOBODY, icon=":material/search_off:")
        return
    _table(page)
    with st.container(horizontal=True, horizontal_alignment="right"):
        if before:
            st.button("Newer", icon=":material/chevron_left:", key="newer", on_click=act(_newer))
        if page.older is not None:
            st.button("Older", icon=":material/chevron_right:", key="older", on_click=act(before.append, page.older))


def _newer() -> None:
    st.session_state["audit-before"].pop()


def _figures(found: int, pages: int, page: Page) -> str:
    if found > _COUNTED:
        entry_count = f"**More than {_COUNTED:,} entries**"
    else:
        entry_count = f"**{count(found, 'entry', 'entries')}**"
    if not pages and page.older is None:
        return entry_count
    return f"{entry_count}, {pages * MOST + 1:,} to {pages * MOST + len(page.entries):,} shown"


def _parameters(filters: AuditFilter) -> dict[str, str]:
    times = {
        name: datetime.fromtimestamp(value).astimezone().isoformat()
        for name, value in (("since", filters.since), ("until", filters.until))
        if value is not None
    }
    named = {name: str(value) for name, value in asdict(filters).items() if value not in ("", None)}
    return named | times


def _table(page: Page) -> None:
    caller, seen = layout.caller(), services.current().runs
    runs = {run for run in {entry.run for entry in page.entries} if run and seen.get(caller, run)}
    table = pd.DataFrame(
        {
            "when": [datetime.fromtimestamp(entry.at) for entry in page.entries],
            "who": [entry.who for entry in page.entries],
            "what": [action_label(entry.what) for entry in page.entries],
            "on": [entry.on for entry in page.entries],
            "run": [f"/jobs?run={entry.run}" if entry.run in runs else None for entry in page.entries],
            "outcome": [entry.outcome for entry in page.entries],
            "from": [entry.address for entry in page.entries],
        }
    )
    st.container(key="audit-table").dataframe(
        table,
        hide_index=True,
        lazy=False,
        height=len(table) * _ROW + _ROW + 3 if len(table) < MOST else 620,
        alt="Entries of the audit log, newest first",
        placeholder="",
        column_config={
            "when": st.column_config.DatetimeColumn("When", format="D MMM YYYY, HH:mm:ss", width=145, pinned=True),
            "who": st.column_config.TextColumn("Who", width=140),
            "what": st.column_config.TextColumn("What", width=155),
            "on": st.column_config.TextColumn("Target", width=185),
            "outcome": st.column_config.TextColumn("Details", width=145),
            "run": st.column_config.LinkColumn("Run", display_text=r"run=(\d+)", width=45),
            "from": st.column_config.TextColumn("From", width=105, help="The address that it was asked from."),
        },
    )
