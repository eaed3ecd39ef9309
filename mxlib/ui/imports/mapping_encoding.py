"""The reading of a file: encoding, delimiter, sheet and header, each with an override, and its first rows."""

from dataclasses import replace
from typing import TypeVar

import pandas as pd
import streamlit as st

from mxlib import services
from mxlib.core.files.encoding import DELIMITERS, ENCODINGS
from mxlib.core.files.reader import FileRefused, ReadOptions
from mxlib.core.format import readable
from mxlib.core.mapping.mapping import detect_columns
from mxlib.core.mapping.secret_cells import masked_header
from mxlib.ui.app import layout
from mxlib.ui.imports.mapping_state import Step
from mxlib.ui.widgets.actions import act

T = TypeVar("T")

_ROWS = 5
_QUOTES = {True: "Stand around cells", False: "Are characters of a cell"}
_NO_HEADER = "No header: the first line is a row already"


def ask(step: Step) -> None:
    """Draw the read options, to be changed, and a live sample of the rows."""
    options = step.sheet.options
    with st.container(horizontal=True):
        if options.sheet is not None:
            _choice(step, "sheet", "Sheet", {name: name for name in step.sheet.sheets}, options.sheet)
        else:
            _choice(step, "encoding", "Encoding", ENCODINGS, options.encoding)
            signs = {sign: label.capitalize() for sign, label in DELIMITERS.items()}
            _choice(step, "delimiter", "Delimiter", signs, options.delimiter)
            if options.quoted is False or b'"' in step.upload.data:
                _choice(step, "quoted", "Quotes", _QUOTES, options.quoted is not False)
        _choice(step, "header_line", "Header", _headers(step), options.header_line)
    with st.container(key="mapping-sample"):
        st.dataframe(_sample(step), alt="The first rows of the file as they are read")


def _choice(step: Step, part: str, label: str, choices: dict[T, str], now: T | None) -> None:
    """Show one choice of how a file is read; an unusual detected value is included."""
    if now is not None and now not in choices:
        choices = {now: str(now), **choices}
    st.selectbox(
        label,
        list(choices),
        index=list(choices).index(now) if now is not None else None,
        format_func=lambda choice: choices.get(choice, ""),
        key=step.key(part),
        on_change=act(_read_again, step, part),
    )


def _read_again(step: Step, part: str) -> None:
    """Read the file with one part changed, and detect the dependent parts again."""
    now, chosen = step.sheet.options, st.session_state[step.key(part)]
    match part:
        case "sheet":
            options = ReadOptions(sheet=chosen)
        case "encoding":
            options = ReadOptions(encoding=chosen, quoted=now.quoted)
        case "quoted":
            options = ReadOptions(encoding=now.encoding, quoted=chosen)
        case "delimiter":
            options = ReadOptions(encoding=now.encoding, delimiter=chosen, quoted=now.quoted)
        case _:
            options = replace(now, header_line=chosen)
    try:
        read_with(step, options)
    except FileRefused as refusal:
        step.refuse(str(refusal))


def read_with(step: Step, options: ReadOptions) -> None:
    """Read the file of a step with other options; raises FileRefused."""
    files, upload = services.current().files, step.upload
    step.read_as(files.read_again(layout.caller(), upload.data, upload.name, options, step.domain))


def first_lines(step: Step) -> dict[int, list[str]]:
    """Return the first lines of the file by number."""
    if step.first_lines is None:
        read = services.current().files.first_lines
        step.first_lines = read(step.upload.data, step.upload.name, step.sheet.options)
    return step.first_lines


def _headers(step: Step) -> dict[int, str]:
    shown = {line: f"Line {line}: {_line(step, line, cells)}" for line, cells in first_lines(step).items()}
    return {**shown, 0: _NO_HEADER}


def _line(step: Step, line: int, cells: list[str]) -> str:
    shown = map(masked_header, cells) if line == step.sheet.options.header_line else step.shown(cells)
    return readable(" · ".join(filter(None, map(str.strip, shown))), 70)


def _sample(step: Step) -> pd.DataFrame:
    """Show the first rows, or those at the faulty line. They have line numbers, and no passwords."""
    table = step.sheet.table
    first = max(0, min(int(table.lines.searchsorted(step.line, "right")) - 2, len(table) - _ROWS))
    shown = range(first, min(first + _ROWS, len(table)))
    names = detect_columns([masked_header(name) for name in step.sheet.header]).names
    rows = [[*step.shown(table.row(at)), *[""] * len(names)][: len(names)] for at in shown]
    return pd.DataFrame(rows, columns=list(names), index=pd.Index(table.lines[shown.start : shown.stop], name="Line"))
