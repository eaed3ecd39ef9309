"""The table of a preview: what the operator sees of it, and types into it."""

import pandas as pd
import streamlit as st

from mxlib.core.editing.editor import Editor
from mxlib.core.editing.filters import LEFT_OUT
from mxlib.core.schema import COLUMNS, MASK, SHOWN
from mxlib.core.text import findings, labels
from mxlib.core.validation.row_kinds import KINDS, UNCHANGED, UPDATE, kinds
from mxlib.core.vocabulary import Verdict
from mxlib.ui.imports import draft_copy, drafts, filters, toolbar
from mxlib.ui.imports.editor import OpenDraft, change, validated_rows
from mxlib.ui.widgets.format import escaped

#: Shown in this order. Streamlit lets go of all pinned columns when they take more than 60 % of the width, so they are
#: few and narrow: at 200 % zoom the problem of a row stays next to the cells that fix it.
GRID = (
    "status",
    "fix",
    "ticked",
    "line",
    "changes",
    *(column.name for column in SHOWN),
    "was",
    "remove",
)
COLOURS = {
    Verdict.READY: "#1a7f5a",
    UPDATE: "#0b7285",
    UNCHANGED: "#6b7b83",
    Verdict.NEEDS_PASSWORD: "#b26a00",
    Verdict.DUPLICATE: "#7a4fbf",
    Verdict.EXISTS: "#4a6fa5",
    Verdict.INVALID: "#c0392b",
}
_LEFT_OUT = filters.LABELS[LEFT_OUT]
_NO_MATCH = "No row is so. Choose another badge, or Show all rows."
_NO_ROW = "There is no row left. Undo, add or paste some, or choose another file."
_ROW = 33
_MOST_ROWS_IN_VIEW = 14


def show(held: OpenDraft) -> pd.DataFrame:
    """Draw badges, tools and grid; the rows as they are now, validated."""
    editor = held.editor
    validated = validated_rows(editor)
    trouble = st.empty()
    filters.badges(editor, validated)
    toolbar.show(editor, validated)
    if editor.notice:
        st.markdown(f":material/info: {escaped(editor.notice)}")
    filters.show_view(editor, validated)
    _grid(editor, validated)
    filters.pages(editor)
    draft_copy.keep(held)  # now that the new counts are on their way
    if held.conflict:
        with trouble.container():
            drafts.offer_both(held)
    elif held.not_kept:
        trouble.warning(escaped(held.not_kept), icon=":material/save:")
    return validated


def _view(editor: Editor, validated: pd.DataFrame) -> pd.DataFrame:
    """Return the rows for the grid: editable cells from the draft, status and findings from validation."""
    base, now = editor.draft.rows.iloc[editor.shown], validated.iloc[editor.shown]
    password = base["password"] if editor.passwords_shown else base["password"].where(base["password"] == "", MASK)
    status = kinds(now).map({kind: labels.kind(kind) for kind in KINDS}).where(now["ticked"], _LEFT_OUT)
    fix = (now["reasons"] + " " + now["warnings"]).str.strip().str.replace("\n", " ", regex=False)
    diff = editor.compare_with_file() if editor.changes_shown else None
    hidden = {"changes"} if not editor.updates else set()
    hidden |= {"was"} if diff is None else set()
    cells = {
        "status": [[label] for label in status],
        "fix": fix.astype("string"),
        "ticked": base["ticked"].astype("boolean"),  # Streamlit cannot show a cleared cell in a plain column
        "line": base["line"].where(base["line"] > 0).astype("Int64"),
        "changes": now["changes"].map(findings.in_one_line).astype("string"),
        **{name: base[name] for name in COLUMNS},
        "password": password.astype("str"),
        "was": pd.Series(diff.describe(editor.shown) if diff else "", index=base.index, dtype="string"),
        "remove": pd.Series(":material/delete:", index=base.index, dtype="string"),
    }
    return pd.DataFrame({name: cells[name] for name in GRID if name not in hidden}, index=base.index)


def _grid(editor: Editor, validated: pd.DataFrame) -> None:
    if not editor.shown:
        message = _NO_MATCH if editor.filtered else _NO_ROW
        st.info(message, icon=":material/filter_alt_off:")
        return
    view = _view(editor, validated)

    def remove() -> None:
        click = st.session_state.get(f"remove-{editor.generation}")
        if click is not None:
            editor.delete_shown(click.row)

    text = st.column_config.TextColumn
    with st.container(key="preview-grid"):
        st.data_editor(
            view,
            key=editor.key,
            num_rows="fixed",
            placeholder="",
            hide_index=True,
            height=min(len(view), _MOST_ROWS_IN_VIEW) * _ROW + _ROW + 3,
            alt="Rows to import; status and what to fix are read-only",
            column_config={
                "status": st.column_config.MultiselectColumn(
                    "Status",
                    options=[*map(labels.kind, KINDS), _LEFT_OUT],
                    color=[*(COLOURS[kind] for kind in KINDS), "#7d8688"],
                    disabled=True,
                    pinned=True,
                    width=118,
                ),
                "fix": text("What to fix", disabled=True, pinned=True, width=246),
                "ticked": st.column_config.CheckboxColumn("Send", width=74, help="Untick to leave it out."),
                "line": st.column_config.NumberColumn("Line", disabled=True, width=56, format="%d"),
                "changes": text("Changes", disabled=True, width=220),
                **{each.name: text(each.label, width=each.width, help=each.grid_help) for each in SHOWN},
                "was": text("Changed from the file", disabled=True, width=320),
                "remove": st.column_config.ButtonColumn(
                    "", key=f"remove-{editor.generation}", on_click=change(editor, remove), type="tertiary", width=48
                ),
            },
        )
