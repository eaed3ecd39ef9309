"""Downloads that leave through this project's own routes, never through Streamlit's shared media store."""

from html import escape

import streamlit as st

_LOOK = (
    "display:inline-flex;align-items:center;justify-content:center;gap:.4rem;min-height:2.5rem;padding:.25rem .75rem;"
    "border-radius:.5rem;border:1px solid color-mix(in srgb,currentColor 22%,transparent);color:inherit;"
    "text-decoration:none;white-space:nowrap;line-height:1.6;"
)


def download(label: str, href: str, *, key: str) -> None:
    """A link that looks like a button and saves what the route answers."""
    st.html(
        f'<a class="mxm-download" style="{_LOOK}" href="{escape(href)}" download data-testid="{escape(key)}">{escape(label)}</a>',
        width="content",
    )
