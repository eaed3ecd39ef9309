"""The last look before anything is sent."""

import pandas as pd
import streamlit as st

from mxlib import services
from mxlib.core.editing.editor import Editor
from mxlib.core.text import confirmations
from mxlib.core.validation.row_kinds import UNCHANGED, UPDATE
from mxlib.core.vocabulary import Verdict
from mxlib.runs.manager import SameImport
from mxlib.services.imports import PreparedImport, counts
from mxlib.services.runs import REFUSALS, PreviousImport
from mxlib.ui.app import layout
from mxlib.ui.imports.editor import discard
from mxlib.ui.widgets import dialogs, progress
from mxlib.ui.widgets.format import escaped

#: The runs of the same import that the dialog has named, and when it was opened.
_NAMED = "named_runs"

RETENTION = {1: "1 day", 7: "7 days", 30: "30 days"}


def show(editor: Editor, validated: pd.DataFrame) -> None:
    """Show the button under the grid; it counts the rows that would be sent."""
    figures = counts(validated)
    creates, updates = figures[Verdict.READY], figures[UPDATE]
    label = f"{confirmations.to_do(creates, updates)}…"
    if st.button(label, type="primary", icon=":material/play_arrow:", key="create", disabled=not creates + updates):
        with st.spinner("Comparing with MXroute once more…", show_time=True):
            ready = _prepare(editor, validated)
        named = frozenset(earlier.run for earlier in ready.earlier)
        st.session_state[_NAMED] = (named, services.current().clock.now())
        _ask(editor, ready)
    elif not creates + updates and figures[UNCHANGED]:
        st.caption(confirmations.nothing_to_change(figures[UNCHANGED]))
    elif not creates + updates:
        st.caption("No row is ready. Fix the rows above, or generate passwords for those that only lack one.")


def _prepare(editor: Editor, validated: pd.DataFrame) -> PreparedImport:
    with progress.shown() as on_progress:
        return services.current().imports.confirm(
            layout.caller(), editor.batch, before=validated, on_progress=on_progress
        )


@dialogs.dialog("Start the run", width="medium", icon=":material/play_circle:")
def _ask(editor: Editor, ready: PreparedImport) -> None:
    app = services.current()
    now = app.clock.now()
    question = st.empty()
    for change in ready.changes:
        st.warning(escaped(change), icon=":material/sync_problem:")
    for warning in ready.capacity_warnings:
        st.warning(escaped(warning), icon=":material/data_usage:")
    for name in ready.unchecked:
        st.warning(escaped(confirmations.start_waits(name)), icon=":material/cloud_off:")
    named, opened_at = st.session_state[_NAMED]
    meanwhile = sorted(named - {earlier.run for earlier in ready.earlier})
    for earlier in ready.earlier[:3]:
        st.warning(escaped(_imported_before(ready, earlier, now)), icon=":material/history:")
    for run in meanwhile:
        st.warning(escaped(confirmations.same_import(run)), icon=":material/history:")
    agreed = not named or st.checkbox("Import it again", key="-".join(["again", *map(str, meanwhile)]))
    days = retention() if ready.sets_passwords else app.settings.retention_days
    question.markdown(_loud(ready, now + days * 86_400))
    with st.container(horizontal=True):
        possible = agreed and not ready.unchecked and ready.figures.mailboxes > 0
        start = st.button("Start", type="primary", icon=":material/play_arrow:", key="start", disabled=not possible)
        if st.button("Back to the rows", key="back"):
            dialogs.leave()
    if not start:
        return
    try:
        run = app.runs.start(layout.caller(), ready.plan, days=days, allowed=named, since=opened_at)
    except SameImport as rival:
        st.session_state[_NAMED] = (named | {rival.run}, opened_at)
        st.rerun(scope="fragment")
    except REFUSALS as refusal:
        st.error(escaped(str(refusal)))
        return
    discard()
    layout.navigate("runs", run=str(run))


def retention() -> int:
    """For how many days the passwords of the run stay readable."""
    days = services.current().settings.retention_days
    return st.segmented_control(
        "Passwords stay readable here for",
        list(RETENTION),
        default=days if days in RETENTION else 7,
        format_func=lambda count: RETENTION[count],
        required=True,
        key="retention",
        help="For you and admins, until Handed over is pressed or this time is over.",
    )


def _loud(ready: PreparedImport, until: float) -> str:
    """Return the question, with the part that locks people out in bold."""
    question = ready.question(until)
    loud = f":red[**{escaped(question.loud)}**]" if question.loud else ""
    return " ".join(filter(None, (escaped(question.start), loud, escaped(question.end))))


def _imported_before(ready: PreparedImport, earlier: PreviousImport, now: float) -> str:
    return confirmations.imported_before(
        ready.plan.file_name,
        earlier.domains,
        earlier.operator,
        earlier.at,
        earlier.run,
        earlier.created,
        now,
        earlier.updated,
    )
