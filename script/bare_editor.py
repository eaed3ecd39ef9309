"""A page with a table and one figure of it, and nothing else: what Streamlit itself takes for an edit."""

import io

import pandas as pd
import streamlit as st

from mxlib.core.editing.editor import PAGE_SIZE
from script.bench_validation import spreadsheet


@st.cache_data
def _rows(count: int) -> pd.DataFrame:
    cells = pd.read_csv(io.BytesIO(spreadsheet(count)), dtype=str, keep_default_na=False)[:PAGE_SIZE]
    cells.insert(0, "line", range(2, 2 + len(cells)))
    return cells


st.set_page_config(layout="wide")
figure = st.container(key="rows_filter")
with st.container(key="preview-grid"):
    edited = st.data_editor(
        _rows(int(st.query_params.get("rows", PAGE_SIZE))),
        key="bare",
        num_rows="fixed",
        hide_index=True,
        height=500,
        column_config={"line": st.column_config.NumberColumn("line", width=60)},
    )
figure.markdown(f"Errors {int(edited['username'].str.contains(' ').sum())}")
