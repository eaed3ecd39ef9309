"""Downloads that leave through this project's own routes, never through Streamlit's shared media store."""

from html import escape

import streamlit as st


def download(label: str, href: str, *, key: str) -> None:
    """Show a link that looks like a button and saves the response at `href`. `key` names the link."""
    st.html(
        f'<a class="mxm-download" href="{escape(href)}" download data-testid="{escape(key)}">{escape(label)}</a>',
        width="content",
    )
