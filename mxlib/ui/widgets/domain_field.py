"""A field for one domain, kept in the address of its page."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

_PARAMETER = "domain"


def choose(label: str, names: Sequence[str], *, key: str, first: str = "", **look: Any) -> str:
    """Let the user choose one of `names`; return it, or blank without any. One name needs no field.

    The address decides when it was changed, then the field, then `first`. Streamlit's own binding to the address does
    not work here: `st.switch_page` refuses to touch a bound parameter.
    """
    if not names:
        return ""
    asked, written = st.query_params.get(_PARAMETER, ""), f"{key}-written"
    if asked in names and asked != st.session_state.get(written):
        st.session_state[key] = asked
    elif st.session_state.get(key) not in names:
        st.session_state[key] = next(name for name in (asked, first, names[0]) if name in names)
    if len(names) > 1:
        st.selectbox(label, names, key=key, **look)
    chosen = str(st.session_state[key])
    write(chosen, key=key)
    return chosen


def write(domain: str, *, key: str) -> None:
    """Put a domain into the address."""
    if st.query_params.get(_PARAMETER, "") != domain:
        st.query_params[_PARAMETER] = domain
    st.session_state[f"{key}-written"] = domain
