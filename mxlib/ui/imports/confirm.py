"""The footer of a preview, and the dialog with its figures before anything is sent."""

from collections.abc import Mapping

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from mxlib import services
from mxlib.core.editing.editor import Editor
from mxlib.core.invalid_body import InvalidBody
from mxlib.core.text import confirmations, self_service
from mxlib.core.text.confirmations import Confirmation
from mxlib.core.validation.row_kinds import UNCHANGED, UPDATE
from mxlib.core.vocabulary import OnExisting, Verdict
from mxlib.runs.manager import SameImport
from mxlib.services.drafts import DraftContent
from mxlib.services.imports import PreparedImport
from mxlib.services.runs import REFUSALS, PreviousImport
from mxlib.ui.app import layout
from mxlib.ui.imports import filters
from mxlib.ui.imports.editor import OpenDraft, change, discard, validated
from mxlib.ui.widgets import actions, dialogs, progress
from mxlib.ui.widgets.format import escaped

#: The runs of the same import that the dialog has named, and when it was opened.
_NAMED = "named_runs"

RETENTION = {1: "1 day", 7: "7 days", 30: "30 days"}

_ROW, _MOST_ROWS = 33, 5


def room() -> DeltaGenerator:
    """Return the room for the footer."""
    return st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", key="import-footer"
    )


def show(held: OpenDraft) -> None:
    """Show the footer, always in view: how many rows are ready, and the button that sends them."""
    editor, rows = held.editor, validated(held)
    figures = rows.figures
    creates, updates = figures[Verdict.READY], figures[UPDATE]
    ready = creates + updates
    label = confirmations.to_do(creates, updates)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        _state(editor, rows.table, figures, ready)
    pressed = st.button(label, type="primary", icon=":material/play_arrow:", key="create", disabled=not ready)
    if pressed:
        with st.spinner("Checking with MXroute…", show_time=True):
            prepared = _prepare(held, rows.table)
        named = frozenset(earlier.run for earlier in prepared.earlier)
        st.session_state[_NAMED] = (named, services.current().clock.now())
        _open(held, prepared)


def _state(editor: Editor, table: pd.DataFrame, figures: Mapping[str, int], ready: int) -> None:
    """Show how many rows are ready and in view, or why no row is."""
    said = f"**{ready:,} ready**"
    if left := len(table) - ready - figures[UNCHANGED]:
        said += f" · {left:,} not"
    st.markdown(said, width="content")
    filters.show_view(editor, table)
    if ready:
        return
    if figures[UNCHANGED]:
        st.caption(confirmations.nothing_to_change(figures[UNCHANGED]), width="content")
        return
    exist = figures[Verdict.EXISTS]
    alone = bool(exist) and exist == sum(figures[kind] for kind in Verdict)
    st.caption(confirmations.nothing_to_import(exist if alone else 0), width="content")
    if alone:
        update = change(editor, editor.choose_existing, OnExisting.UPDATE)
        st.button("Show what would change", icon=":material/edit:", key="show_update", type="primary", on_click=update)


def _prepare(held: OpenDraft, before: pd.DataFrame) -> PreparedImport:
    with progress.shown() as on_progress:
        return services.current().imports.confirm(
            layout.caller(), held.editor.batch, before=before, on_progress=on_progress
        )


def _open(held: OpenDraft, ready: PreparedImport) -> None:
    """Open the dialog, with the question as its title."""
    figures = ready.figures
    title = f"{confirmations.to_do(figures.new, figures.changed)}?"
    dialogs.dialog(title, width="large", dismissible=False)(_ask)(held, ready)
    if actions.draws_a_part():
        st.rerun()  # only a whole page draws its dialog


def _ask(held: OpenDraft, ready: PreparedImport) -> None:
    app, figures = services.current(), ready.figures
    _figures(figures)
    _domains(figures)
    named, opened_at = st.session_state[_NAMED]
    stops_mail = _stops_mail(ready)
    again = _warnings(ready, named)
    sends_notices = not ready.notices or ask_notices(ready.notices)
    days = app.settings.retention_days
    by_owners = figures.generated > 0 and st.checkbox(
        confirmations.SET_BY_OWNERS, key="set_by_owners", help=confirmations.SET_BY_OWNERS_HELP
    )
    if ready.sets_passwords and not (by_owners and figures.generated == figures.mailboxes):
        days = retention()
    st.caption(escaped(confirmations.details(figures)))
    possible = (stops_mail or not ready.stops_mail) and again and not ready.unchecked and figures.mailboxes > 0
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button("Back", key="back"):
            dialogs.leave()
        start = st.button(
            confirmations.to_do(figures.new, figures.changed), type="primary", key="start", disabled=not possible,
            shortcut="Mod+Enter",
        )  # fmt: skip
    if not start:
        return
    caller, work = layout.caller(), DraftContent(ready.batch, held.content, held.version, held.begun_by)
    # Outside of what is caught below: a fault of ours is no fault of the rows.
    also = app.drafts.replace_at_start(caller, held.number, work, ready.plan)
    try:
        run = app.imports.carry_out(
            caller,
            ready,
            days=days,
            stops_mail=stops_mail,
            allowed=named,
            since=opened_at,
            also=also,
            sends_notices=sends_notices,
            set_by_owners=by_owners,
        )
    except SameImport as rival:
        st.session_state[_NAMED] = (named | {rival.run}, opened_at)
        st.rerun(scope="fragment")
    except (*REFUSALS, InvalidBody) as refusal:
        st.error(escaped(str(refusal)))
        return
    discard()
    app.drafts.erase()
    layout.navigate("jobs", run=str(run))


def _figures(figures: Confirmation) -> None:
    shown = {
        "New": f"{figures.new:,}",
        "Changed": f"{figures.changed:,}",
        "Not included": f"{figures.not_included:,}",
        "Time": confirmations.time(figures),
    }
    for place, (label, value) in zip(st.columns(len(shown)), shown.items(), strict=True):
        place.metric(label, value, border=True)


def _domains(figures: Confirmation) -> None:
    """Show the figures of each domain as a table."""
    rows = figures.domains
    table = pd.DataFrame(
        {
            "Domain": [each.domain for each in rows],
            "Now": pd.array([each.now for each in rows], dtype="Int64"),
            "New": [each.new for each in rows],
            "Changed": [each.changed for each in rows],
            "After": pd.array([each.after for each in rows], dtype="Int64"),
        }
    )
    if not figures.changed:
        table = table.drop(columns="Changed")
    st.dataframe(
        table,
        hide_index=True,
        placeholder="unknown",
        height=min(len(rows), _MOST_ROWS) * _ROW + _ROW + 3,
        key="confirm-domains",
        alt="Mailboxes of each domain now, new, changed and after the run",
    )


def _stops_mail(ready: PreparedImport) -> bool:
    """Warn that mailboxes would stop receiving mail; return whether that is ticked."""
    if not ready.stops_mail:
        return False
    st.warning(escaped(ready.stops_mail), icon=":material/unsubscribe:")
    return st.checkbox(confirmations.STOPS_MAIL_AGREED, key="stops_mail")


def ask_notices(people: int) -> bool:
    """Say how many people get a mail about their recovery email; return whether they do."""
    st.info(escaped(self_service.notices(people)), icon=":material/outgoing_mail:")
    return not st.checkbox(self_service.LEAVE_OUT, key="leave_notices_out")


def _warnings(ready: PreparedImport, named: frozenset[int]) -> bool:
    """Show the other warnings; return whether the same rows may be imported again."""
    figures, now = ready.figures, services.current().clock.now()
    if figures.replaced:
        st.warning(escaped(confirmations.replaces_passwords(figures.replaced)), icon=":material/key:")
    if omitted := confirmations.left_out(figures):
        st.warning(escaped(omitted), icon=":material/warning:")
    for changed in ready.changes:
        st.warning(escaped(changed), icon=":material/sync_problem:")
    for warning in ready.capacity_warnings:
        st.warning(escaped(warning), icon=":material/data_usage:")
    for name in ready.unchecked:
        st.warning(escaped(confirmations.start_waits(name)), icon=":material/cloud_off:")
    meanwhile = sorted(named - {earlier.run for earlier in ready.earlier})
    for earlier in ready.earlier[:3]:
        st.warning(escaped(_imported_before(ready, earlier, now)), icon=":material/history:")
    for run in meanwhile:
        st.warning(escaped(confirmations.same_import(run)), icon=":material/history:")
    return not named or st.checkbox("Import it again", key="-".join(["again", *map(str, meanwhile)]))


def retention() -> int:
    """Ask for how many days MXM keeps the passwords of the run; return them."""
    days = services.current().settings.retention_days
    return st.segmented_control(
        "Keep MXM's copy of the passwords for",
        list(RETENTION),
        default=days if days in RETENTION else 7,
        format_func=lambda count: RETENTION[count],
        required=True,
        key="retention",
        help="For you and admins, until MXM's copy is erased on the page of the run, or this time is over.",
    )


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
