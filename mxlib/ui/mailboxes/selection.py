"""The selected mailboxes, of any domains: by ticks in the table, or by a pasted list.

The ticks of a table are positions in what it shows. Here they become addresses, so that a search, a refresh or a
deletion in between never turns one mailbox into another: whenever the table shows others it has another key.
"""

import hashlib
from collections.abc import Sequence

import pandas as pd
import streamlit as st

from mxlib.core.files.clipboard import addresses_in
from mxlib.core.format import count
from mxlib.core.plans import change_text
from mxlib.ui.widgets import address_list, dialogs
from mxlib.ui.widgets.format import escaped

_SELECTED = "selected"

#: Characters of a list that is pasted: those of ten thousand addresses.
_LONGEST_LIST = 500_000


def selected() -> set[str]:
    """Return the selected addresses."""
    held = st.session_state.setdefault(_SELECTED, {"addresses": set(), "turn": 0})
    addresses: set[str] = held["addresses"]
    return addresses


def drop(addresses: Sequence[str]) -> None:
    """Deselect these mailboxes, which are gone."""
    if held := st.session_state.get(_SELECTED):
        held["addresses"] -= set(addresses)
        held["turn"] += 1


def put(addresses: Sequence[str]) -> None:
    """Select just these."""
    selected()
    held = st.session_state[_SELECTED]
    held["addresses"], held["turn"] = set(addresses), held["turn"] + 1


def table_key(shown: Sequence[str]) -> str:
    """Return the key of a table that shows these mailboxes."""
    digest = hashlib.blake2b("\n".join(shown).encode(), digest_size=8).hexdigest()
    held = st.session_state.get(_SELECTED) or {"turn": 0}
    return f"mailboxes-{digest}-{held['turn']}"


def positions(shown: Sequence[str]) -> list[int]:
    """Return the rows that a new table has ticked from the beginning."""
    chosen = selected()
    return [at for at, address in enumerate(shown) if address in chosen]


def follow(shown: Sequence[str], key: str) -> None:
    """Apply the ticks of the table with that key; hidden mailboxes stay selected."""
    state = st.session_state.get(key)
    if state is None:
        return
    rows = [row for row in state["selection"]["rows"] if 0 <= row < len(shown)]
    chosen = selected()
    chosen -= set(shown)
    chosen |= {shown[row] for row in rows}


def chosen(mailboxes: pd.DataFrame) -> pd.DataFrame:
    """Return the selected mailboxes as they are now, in the order of the list."""
    return mailboxes.loc[mailboxes["address"].isin(selected())]


@dialogs.dialog("Select from a list", width="medium", icon=":material/checklist:")
def by_list(mailboxes: pd.DataFrame, domain: str) -> None:
    """Select what a pasted text names.

    `domain` is that of bare usernames, blank when there are several.
    """
    example = domain or str(mailboxes.iloc[0]["domain"])
    text = st.text_area(
        "Addresses, as they come: one a line, or from a mail program",
        key="select_list",
        height=180,
        placeholder=f"anna.bakker@{example}\nJan Bos <jan.bos@{example}>",
    )
    if len(text) > _LONGEST_LIST:
        st.error(f"The list has over {_LONGEST_LIST:,} characters. Paste it in parts.", icon=":material/block:")
        return
    asked = addresses_in(text, domain)
    known = set(mailboxes["address"])
    found, missing = [one for one in asked if one in known], [one for one in asked if one not in known]
    if asked:
        st.markdown(escaped(change_text.addresses_found(len(found), len(missing), domain)))
    if missing:
        address_list.show(missing, key="missing-addresses", alt="Addresses that are no mailbox here")
    # The last typed text arrives with the click itself: missing addresses are shown before anything is selected.
    seen = not missing or st.session_state.get("select_seen") == missing
    if found and missing and seen:
        st.caption("Nothing is selected yet. Press the button again to continue without these.")
    label = f"Select {count(len(found), 'mailbox', 'mailboxes')}"
    if st.button(label, type="primary", key="select_go"):
        st.session_state["select_seen"] = missing
        if not found or not seen:
            dialogs.redraw()
        put(found)
        dialogs.leave()
