"""Downloads that leave through this project's own routes, never through Streamlit's shared media store."""

from html import escape

import streamlit as st


def download(label: str, href: str, *, key: str, may_ask: bool = False) -> None:
    """Show a link that looks like a button and saves the response at `href`. `key` names the link.

    `may_ask`: the server may answer with a page that asks for a confirmation first, which must not be saved.
    """
    how = 'target="_self"' if may_ask else "download"
    st.html(
        f'<a class="mxm-download" href="{escape(href)}" {how} data-testid="{escape(key)}">{escape(label)}</a>',
        width="content",
    )
