"""The table of a preview: what the operator sees of it, and types into it."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from mxlib.core.editing import columns
from mxlib.core.editing.columns import GridColumns
from mxlib.core.editing.editor import Editor
from mxlib.core.fixes.groups import FixGroup
from mxlib.core.schema import COLUMNS, MASK, SHOWN, USERNAME
from mxlib.core.text import findings, labels
from mxlib.core.validation.row_kinds import KINDS, UNCHANGED, UPDATE, kinds
from mxlib.core.vocabulary import Verdict
from mxlib.ui.imports import filters
from mxlib.ui.imports.editor import OpenDraft, change, take_in, validated

COLOURS = {
    Verdict.READY: "#1a7f5a",
    UPDATE: "#0b7285",
    UNCHANGED: "#6b7b83",
    Verdict.NEEDS_PASSWORD: "#b26a00",
    Verdict.DUPLICATE: "#7a4fbf",
    Verdict.EXISTS: "#4a6fa5",
    Verdict.INVALID: "#c0392b",
}
_EXCLUDED = filters.EXCLUDED
#: The columns of validated rows that the grid is drawn from.
_SHOWN_OF_VALIDATION = ("ticked", "verdict", "action", "change_codes", "changes", "reasons", "warnings")
#: Key of the columns that the grid was drawn with.
_DRAWN = "grid-columns"
_NO_MATCH = "No rows match. Choose another filter, or Show all rows."
_NO_ROW = "There is no row left. Undo, add or paste some, or choose another file."
#: Pixels of a row, and of one that wraps text: Streamlit wraps above 64.
_ROW, _WRAPPED_ROW = 33, 66
#: Pixels that the rows in view take.
_MOST_HEIGHT = 520
#: Pixels of the problems: a character, the least and the most, and where they are wrapped.
_CHARACTER, _NARROW, _WIDE, _WRAPPED = 6.2, 260, 520, 340


def _columns(editor: Editor, table: pd.DataFrame, found: Sequence[FixGroup]) -> GridColumns:
    """Return the columns of the grid.

    They stay until another grid is drawn, so that no cell moves while one types.
    """
    drawn: tuple[str, GridColumns] | None = st.session_state.get(_DRAWN)
    if drawn is None or drawn[0] != editor.key:
        drawn = (editor.key, columns.choose(table, editor.shown, found, every=editor.every_column))
        st.session_state[_DRAWN] = drawn
    return drawn[1]


def _view(editor: Editor, table: pd.DataFrame, chosen: GridColumns, found: Sequence[FixGroup]) -> pd.DataFrame:
    """Return the rows for the grid: editable cells from the draft, status and findings from validation."""
    base = editor.draft.rows.iloc[editor.shown]
    now = table[list(_SHOWN_OF_VALIDATION)].iloc[editor.shown]
    password = base["password"] if editor.passwords_shown else base["password"].where(base["password"] == "", MASK)
    status = kinds(now).map({kind: labels.kind(kind) for kind in KINDS}).where(now["ticked"], _EXCLUDED)
    diff = editor.compare_with_file() if editor.changes_shown else None
    # What is wrong is next to the cells that fix it. It is not pinned: Streamlit draws pinned text in grey.
    order = ["status", *(["suggestion"] if chosen.suggests else []), "fix", *chosen.names, "ticked", "line", "remove"]
    if editor.updates:
        order.insert(order.index(USERNAME.name) + 1, "changes")
    if diff is not None:
        order.insert(-1, "was")
    cells = {
        "status": [[label] for label in status],
        "fix": columns.problems(now).astype("string"),
        "ticked": base["ticked"].astype("boolean"),  # Streamlit cannot show a cleared cell in a plain column
        "line": base["line"].where(base["line"] > 0).astype("Int64"),
        **{name: base[name] for name in COLUMNS},
        "password": password.astype("str"),
        "was": pd.Series(diff.describe(editor.shown) if diff else "", index=base.index, dtype="string"),
        "remove": pd.Series(":material/delete:", index=base.index, dtype="string"),
    }
    if chosen.suggests:
        cells["suggestion"] = columns.suggestions(found, base["origin"])
    if editor.updates:
        cells["changes"] = now["changes"].map(findings.in_one_line).astype("string")
    return pd.DataFrame({name: cells[name] for name in order}, index=base.index)


def show(held: OpenDraft) -> None:
    """Draw the rows in view."""
    editor, rows = held.editor, validated(held)
    if not editor.shown:
        message = _NO_MATCH if editor.filtered else _NO_ROW
        st.info(message, icon=":material/filter_alt_off:")
        return
    chosen = _columns(editor, rows.table, rows.groups)
    view = _view(editor, rows.table, chosen, rows.groups)
    row = _WRAPPED_ROW if chosen.wraps else _ROW
    wide = _WRAPPED if chosen.wraps else min(max(_NARROW, int(chosen.longest * _CHARACTER) + 20), _WIDE)

    def remove() -> None:
        click = st.session_state.get(f"remove-{editor.generation}")
        if click is not None:
            editor.delete_shown(click.row)

    def suggest() -> None:
        click = st.session_state.get(f"suggest-{editor.generation}")
        if click is not None:
            editor.fix_shown(click.row)

    text = st.column_config.TextColumn
    with st.container(key="preview-grid"):
        st.data_editor(
            view,
            key=editor.key,
            on_change=take_in(held),
            num_rows="fixed",
            placeholder="",
            hide_index=True,
            row_height=row,
            height=min(len(view) * row, _MOST_HEIGHT) + _ROW + 3,
            alt="Rows to import; status and problem are read-only",
            column_config={
                "status": st.column_config.MultiselectColumn(
                    "Status",
                    options=[*map(labels.kind, KINDS), _EXCLUDED],
                    color=[*(COLOURS[kind] for kind in KINDS), "#7d8688"],
                    disabled=True,
                    pinned=True,
                    width=112,
                ),
                "fix": text("Problem", disabled=True, width=wide),
                "suggestion": st.column_config.ButtonColumn(
                    "Suggestion", key=f"suggest-{editor.generation}", on_click=change(editor, suggest), width=170
                ),
                "ticked": st.column_config.CheckboxColumn("Include", width=84, help="Untick to exclude the row."),
                "line": st.column_config.NumberColumn("Line", disabled=True, width=56, format="%d"),
                "changes": text("Changes", disabled=True, width=220),
                **{each.name: text(each.label, width=each.width, help=each.grid_help) for each in SHOWN},
                "was": text("Changed from the file", disabled=True, width=320),
                "remove": st.column_config.ButtonColumn(
                    "", key=f"remove-{editor.generation}", on_click=change(editor, remove), type="tertiary", width=48
                ),
            },
        )
