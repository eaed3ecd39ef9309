"""The question which line has the column names, where no line shows it."""

from dataclasses import replace

import pandas as pd
import streamlit as st

from mxlib.core.files.reader import FileRefused
from mxlib.core.format import readable
from mxlib.core.mapping.secret_cells import masked_header
from mxlib.ui.imports import mapping_encoding
from mxlib.ui.imports.mapping_state import Step
from mxlib.ui.widgets.actions import act

#: Lines and columns to choose from, and characters of a cell.
_LINES, _COLUMNS, _LONGEST = 8, 8, 40
_NONE = "none"
_NO_NAMES = "No line: the first one is a row already"


def ask(step: Step) -> None:
    """Ask for the line by a click on it, if unsure."""
    if not step.asks_header:
        return
    lines = dict(list(mapping_encoding.first_lines(step).items())[:_LINES])
    if not lines:
        return
    numbers = [0, *lines]
    now = step.sheet.options.header_line or 0
    with st.container(border=True, key="mapping-header"):
        st.markdown("**Which line has the column names?** Click it.")
        st.dataframe(
            _table(step, lines),
            hide_index=True,
            key=step.key("header_row"),
            on_select=act(_clicked, step, numbers),
            selection_mode=["single-row-required", "single-cell"],
            selection_default={"selection": {"rows": [numbers.index(now)] if now in numbers else [0]}},
            column_config={"Line": st.column_config.TextColumn(width="small", pinned=True)},
            alt="The first lines of the file, to choose the one with the column names",
        )


def read_with_header(step: Step, line: int) -> None:
    """Read the file with a line as its header; 0 means that it has none."""
    options = replace(step.sheet.options, header_line=line)
    try:
        mapping_encoding.read_with(step, options)
    except FileRefused as refusal:
        step.refuse(str(refusal))


def _clicked(step: Step, numbers: list[int]) -> None:
    selection = st.session_state[step.key("header_row")]["selection"]
    # A click on a cell means its row; the row that was chosen at first stays among the rows then.
    rows = [row for row, _ in selection.get("cells", [])] or selection["rows"]
    if rows and rows[0] < len(numbers) and numbers[rows[0]] != step.sheet.options.header_line:
        read_with_header(step, numbers[rows[0]])


def _table(step: Step, lines: dict[int, list[str]]) -> pd.DataFrame:
    """Return the lines as rows, after a row to choose none of them."""
    width = min(_COLUMNS, max(map(len, lines.values())))
    now = step.sheet.options.header_line
    rows = [[_NONE, _NO_NAMES, *[""] * (width - 1)]]
    for line, cells in lines.items():
        shown = list(map(masked_header, cells)) if line == now else step.shown(cells)
        rows.append([f"{line}", *[readable(cell, _LONGEST) for cell in [*shown, *[""] * width][:width]]])
    return pd.DataFrame(rows, columns=["Line", *(f"{number}" for number in range(1, width + 1))])
