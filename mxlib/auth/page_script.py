"""A script in Streamlit's page that shows the sign-in once the session is over.

Without it, the page would keep all that it shows under a box with "Connection error" and a status.
"""

from starlette.datastructures import MutableHeaders
from starlette.types import Message, Scope, Send

#: Served with the sign-in page. It has to run before Streamlit's own, so it comes first in the head.
SCRIPT = b'<script src="/sign-in/watch.js"></script>'

#: Headers that would make the response something else than the page, whole and readable.
_SHORTCUTS = frozenset({b"accept-encoding", b"if-modified-since", b"if-none-match", b"range"})


def without_partial_content(scope: Scope) -> Scope:
    """Remove the headers of a page request that allow for less than the page."""
    return {**scope, "headers": [pair for pair in scope["headers"] if pair[0].lower() not in _SHORTCUTS]}


def with_script(send: Send) -> Send:
    """Wrap `send` to insert the script into a page."""
    start: Message | None = None
    page = b""

    async def put_in(message: Message) -> None:
        nonlocal start, page
        if message["type"] == "http.response.start" and _is_page(message):
            start = message
        elif message["type"] == "http.response.body" and start is not None:
            page += message.get("body", b"")
            if message.get("more_body"):
                return
            page = page.replace(b"<head>", b"<head>\n    " + SCRIPT, 1)
            headers = MutableHeaders(scope=start)
            headers["content-length"] = str(len(page))
            for name in ("etag", "last-modified", "accept-ranges"):  # they belong to the file, not to the page
                del headers[name]
            await send(start)
            await send({**message, "body": page})
        else:
            await send(message)

    return put_in


def _is_page(message: Message) -> bool:
    headers = MutableHeaders(scope=message)
    return message["status"] == 200 and headers.get("content-type", "").startswith("text/html")
