"""How far the reading of many lists has come, drawn while it goes on."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from mxlib.mailboxes import words
from mxlib.services.lists import Tell


@contextmanager
def shown() -> Iterator[Tell]:
    """What to hand to whatever reads lists: a bar that is there while there is more than one to read."""
    place = st.empty()

    def tell(done: int, total: int, wait: float) -> None:
        if total > 1:
            place.progress(done / total, text=words.reading_lists(done, total, wait))

    try:
        yield tell
    finally:
        place.empty()
